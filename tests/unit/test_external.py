import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from nomoflow.discrimination import delong
from nomoflow.external import ORDER, case_mix_auc, caveats_of_cohort, external_metrics


def cohort(n=300, seed=1, shift=0.0):
    random = np.random.default_rng(seed)
    lp = random.normal(0, 1.5, n)
    return (random.random(n) < expit(lp + shift)).astype(int), lp


def measured(y, lp, cut=0.0, **options):
    options = {"resamples": 60} | options
    return external_metrics(y, lp, expit(lp), cut, **options).set_index("metric")


def test_every_metric_once_and_every_interval_named():
    table = measured(*cohort())
    assert tuple(table.index) == ORDER
    bounded = table["ci_low"].notna()
    assert set(table.index[~bounded]) == {"cutoff", "auc_case_mix"}
    assert table["method"].notna().all()
    assert (table["ci_low"] <= table["estimate"])[bounded].all()
    assert (table["estimate"] <= table["ci_high"])[bounded].all()


def test_logit_auc_is_that_of_the_auc():
    y, lp = cohort()
    table = measured(y, lp)
    area, variance = (value.item() for value in delong(y, lp))
    assert expit(table.loc["auc_logit", "estimate"]) == pytest.approx(area)
    half = table.loc["auc_logit", "ci_high"] - table.loc["auc_logit", "estimate"]
    # delta method: d logit(a) / da = 1 / (a (1 - a))
    assert half == pytest.approx(1.959963984540054 * variance**0.5 / (area * (1 - area)))


def test_the_intervals_cover_what_they_should():
    """A model that is right but for a shift of 0.4: 95 % intervals over 120 cohorts."""
    truth = np.random.default_rng(0).normal(0, 1.5, 400_000)
    right, said = expit(truth + 0.4).mean(), expit(truth).mean()
    inside = {"oe": 0, "calibration_slope": 0, "calibration_in_the_large": 0}
    target = {"oe": right / said, "calibration_slope": 1, "calibration_in_the_large": 0.4}
    for seed in range(120):
        table = measured(*cohort(250, seed, shift=0.4), resamples=2)
        for metric, value in target.items():
            row = table.loc[metric]
            inside[metric] += row["ci_low"] <= value <= row["ci_high"]
    for metric in inside:
        # O:E takes the expected number as fixed: it is the more cautious for it, never the less
        assert 0.89 <= inside[metric] / 120 <= (1.0 if metric == "oe" else 0.99), metric


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_said_not_crashed(label):
    lp = np.linspace(-1, 2, 12)
    table = measured(np.full(12, label), lp, cut=0.5)
    assert tuple(table.index) == ORDER
    for metric in ("auc", "auc_logit", "calibration_slope", "brier_scaled", "ici"):
        assert np.isnan(table.loc[metric, "estimate"])
        assert "one class" in table.loc[metric, "method"]
    defined, absent = ("sensitivity", "specificity")[:: 1 if label else -1]
    assert table.loc[defined, ["ci_low", "ci_high"]].notna().all()
    assert "not defined: no" in table.loc[absent, "method"]
    assert table.loc["brier", "estimate"] == pytest.approx(((expit(lp) - label) ** 2).mean())
    assert table.loc["oe", "estimate"] == pytest.approx(12 * label / expit(lp).sum())
    assert caveats_of_cohort(np.full(12, label))[0]["code"] == "one_class"


@settings(max_examples=40)
@given(st.integers(2, 12), st.integers(0, 10_000))
def test_small_cohorts_do_not_crash(n, seed):
    random = np.random.default_rng(seed)
    y, lp = random.integers(0, 2, n), random.choice([-1.0, 0.0, 0.5, 2.0], n)
    table = measured(y, lp, resamples=15)
    assert tuple(table.index) == ORDER
    missing = table[table["estimate"].isna()]
    assert missing["method"].str.contains("not defined").all()
    assert table["method"].str.len().min() > 0


def test_perfect_and_reversed_scores_are_printed_as_they_are():
    y = np.repeat([0, 1], 6)
    table = measured(y, np.arange(12.0) - 5.5)
    assert table.loc["auc", "estimate"] == 1
    assert table.loc["auc_logit", "method"] == "not defined: the AUC is 1"
    assert "separates" in table.loc["calibration_slope", "method"]
    assert measured(y, 5.5 - np.arange(12.0)).loc["auc", "estimate"] == 0


@given(st.lists(st.sampled_from([0.05, 0.2, 0.2001, 0.5, 0.9, 1.0]), min_size=2, max_size=12))
def test_what_the_case_mix_promises_by_brute_force(risks):
    top = bottom = 0.0
    for i, p in enumerate(risks):
        for j, q in enumerate(risks):
            if i != j:
                bottom += p * (1 - q)
                top += p * (1 - q) * (0.5 if p == q else p > q)
    if bottom > 1e-9:
        assert case_mix_auc(risks) == pytest.approx(top / bottom, abs=1e-12)
    else:
        assert np.isnan(case_mix_auc(risks))


@pytest.mark.parametrize("spread", [0.5, 1.5, 3.0])
def test_a_right_model_reaches_what_the_case_mix_promises(spread):
    found = []
    for seed in range(60):
        lp = np.random.default_rng(seed).normal(-0.5, spread, 400)
        y = (np.random.default_rng(seed + 1000).random(400) < expit(lp)).astype(int)
        found.append(delong(y, lp)[0].item() - case_mix_auc(expit(lp)))
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(60)


def test_nobody_called():
    table = measured(*cohort(), cut=99.0)
    assert table.loc["ppv", "method"] == "not defined: no patient is called positive"
    assert table.loc["sensitivity", "estimate"] == 0


def test_bad_input():
    with pytest.raises(ValueError, match="one prediction a patient"):
        measured(np.array([]), np.array([]))
    with pytest.raises(ValueError, match="no prediction may be missing"):
        measured(np.array([0, 1]), np.array([0.2, np.nan]))


def test_warned_of_few():
    y = np.repeat([0, 1], [150, 99])
    assert "99 patients with and 150 without" in caveats_of_cohort(y)[0]["message"]
    assert caveats_of_cohort(np.repeat([0, 1], [100, 100])) == []
    assert "mean nothing" in caveats_of_cohort(np.repeat([0, 1], [9, 200]))[0]["message"]
    assert next(row["code"] for row in caveats_of_cohort(y, prescaled=True)) == "prescaled"
