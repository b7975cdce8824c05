import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from statsmodels.stats.meta_analysis import combine_effects

from nomoflow.pooling import COLUMNS, POOLED, pool, pooled_table, tau2_interval, tau2_reml

effects = st.floats(-3, 3).map(lambda x: round(x, 4))
variances = st.floats(0.01, 2).map(lambda x: round(x, 4))
centres = st.lists(st.tuples(effects, variances), min_size=3, max_size=8)


@settings(max_examples=40, deadline=None)
@given(centres, st.randoms(use_true_random=False))
def test_order_of_centres_does_not_matter(rows, random):
    turned = list(rows)
    random.shuffle(turned)
    first, second = (pool(*np.array(list(zip(*some, strict=True)))) for some in (rows, turned))
    for name in ("estimate", "se", "ci_low", "prediction_high", "tau2", "i2", "q"):
        assert first[name] == pytest.approx(second[name], rel=1e-6, abs=1e-7), name


@settings(max_examples=25, deadline=None)
@given(effects, st.lists(variances, min_size=2, max_size=9))
def test_centres_that_are_all_the_same_have_no_heterogeneity(effect, spread):
    found = pool(np.full(len(spread), effect), np.array(spread))
    assert found["tau2"] == 0 and found["i2"] == 0
    assert found["estimate"] == pytest.approx(effect, abs=1e-12)
    assert found["se"] == pytest.approx(math.sqrt(1 / np.sum(1 / np.array(spread))))


@settings(max_examples=25, deadline=None)
@given(centres, st.floats(-2, 2), st.floats(0.2, 5))
def test_shift_and_scale(rows, shift, scale):
    effect, variance = np.array(list(zip(*rows, strict=True)))
    one, other = pool(effect, variance), pool(shift + scale * effect, scale**2 * variance)
    # tau2 comes off a scan: where the likelihood is flat near 0 both sides may be chosen
    assert other["estimate"] == pytest.approx(shift + scale * one["estimate"], abs=1e-4)
    assert other["tau2"] == pytest.approx(scale**2 * one["tau2"], rel=1e-4, abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(centres)
def test_mean_and_hartung_knapp_are_statsmodels_own_at_this_tau2(rows):
    """The second way: statsmodels' generic weighted regression, WLS of a constant."""
    from statsmodels.api import WLS

    effect, variance = np.array(list(zip(*rows, strict=True)))
    found = pool(effect, variance)
    fit = WLS(effect, np.ones(len(effect)), weights=1 / (variance + found["tau2"])).fit()
    assert found["estimate"] == pytest.approx(fit.params[0], abs=1e-9)
    usual = math.sqrt(1 / np.sum(1 / (variance + found["tau2"])))
    assert found["se"] == pytest.approx(max(usual, fit.bse[0]), rel=1e-7)
    assert found["weights"].sum() == pytest.approx(100)


def test_reml_is_close_to_what_statsmodels_finds_by_paule_and_mandel():
    # equal variances: REML and Paule-Mandel are both s2 - v (R: var(yi) - vi)
    effect, variance = np.array([0.1, 0.9, 1.4, 2.5]), np.full(4, 0.2)
    exact = np.var(effect, ddof=1) - 0.2
    assert tau2_reml(effect, variance) == pytest.approx(exact, rel=1e-9)
    assert combine_effects(effect, variance, "pm").tau2 == pytest.approx(exact, rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(centres)
def test_intervals_are_in_order(rows):
    effect, variance = np.array(list(zip(*rows, strict=True)))
    found = pool(effect, variance)
    assert found["prediction_low"] < found["ci_low"] < found["estimate"]
    assert found["estimate"] < found["ci_high"] < found["prediction_high"]
    low, high = tau2_interval(effect, variance)
    assert (np.isnan(low) and np.isnan(high)) or 0 <= low <= high
    wide = pool(effect, variance, confidence=0.99)
    assert wide["ci_low"] < found["ci_low"]


def test_one_centre_keeps_its_own_interval():
    found = pool([1.0], [0.25])
    assert found["ci_high"] == pytest.approx(1 + 1.959963984540054 * 0.5, rel=1e-9)
    assert math.isnan(found["tau2"]) and math.isnan(found["prediction_low"])
    assert "one centre" in found["method"]


@pytest.mark.parametrize("effect, variance", [([1, 2], [1]), ([1], [0]), ([np.nan], [1]), ([], [])])
def test_what_cannot_be_pooled_is_refused(effect, variance):
    with pytest.raises(ValueError):
        pool(effect, variance)


def figures(**changed):
    rows = [
        {"metric": "auc", "model": "nomogram", "centre": name, "n": n, "events": e,
         "effect": x, "se": s, "estimate": float(expit(x)), "reason": why}
        for name, n, e, x, s, why in (
            ("C", 90, 40, 1.1, 0.3, ""), ("B", 60, 20, 2.0, 0.4, ""), ("D", 70, 30, 1.4, 0.2, ""),
            ("E", 20, 10, math.nan, math.nan, "the classes are separated"),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**changed)


def test_the_table_is_on_the_figures_own_scale():
    table = pooled_table(figures())
    assert list(table.columns) == list(COLUMNS)
    assert list(table["centre"]) == ["B", "C", "D", "E", POOLED]
    by = table.set_index("centre")
    assert by.loc["C", "estimate"] == pytest.approx(expit(1.1))
    assert by.loc["C", "ci_low"] == pytest.approx(expit(1.1 - 1.959963984540054 * 0.3))
    whole = pool([2.0, 1.1, 1.4], [0.16, 0.09, 0.04])
    assert by.loc[POOLED, "estimate"] == pytest.approx(expit(whole["estimate"]))
    assert by.loc[POOLED, "prediction_low"] == pytest.approx(expit(whole["prediction_low"]))
    assert (by.loc[POOLED, "n"], by.loc[POOLED, "events"]) == (220, 90)
    assert by.loc["E", "method"] == "not pooled: the classes are separated"
    assert np.isnan(by.loc["E", "weight"]) and by["weight"][["B", "C", "D"]].sum() == 100


def test_without_any_usable_centre_nothing_is_pooled():
    table = pooled_table(figures(se=math.nan))
    assert "not defined" in table["method"].iloc[-1]
    assert table["estimate"].iloc[-1:].isna().all()
