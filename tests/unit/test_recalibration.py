import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from nomoflow.recalibration import COLUMNS, UPDATES, recalibration, updated


def cohort(n=400, seed=1, intercept=-0.8, slope=0.6):
    random = np.random.default_rng(seed)
    lp = random.normal(0.3, 1.5, n)
    return (random.random(n) < expit(intercept + slope * lp)).astype(int), lp


def test_what_was_put_in_is_found():
    y, lp = cohort(n=40_000)
    table = recalibration(y, lp).set_index("update")
    row = table.loc["logistic"]
    assert abs(row["intercept"] + 0.8) < 3 * row["intercept_se"] < 0.06
    assert abs(row["slope"] - 0.6) < 3 * row["slope_se"] < 0.06
    assert table.loc["logistic", "ici"] < 0.01 < table.loc["raw", "ici"]
    assert table.loc[["in_the_large", "logistic"], "p"].max() < 1e-6


def test_a_second_way():
    y, lp = cohort()
    row = recalibration(y, lp).set_index("update").loc["logistic"]
    fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(lp[:, None], y)
    assert row["slope"] == pytest.approx(fit.coef_[0, 0], rel=1e-5)
    p = fit.predict_proba(lp[:, None])[:, 1]
    assert updated(lp, row["intercept"], row["slope"]) == pytest.approx(p, abs=1e-5)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(0.2, 3))
def test_raw_is_untouched_and_updates_never_fit_worse(seed, shift, factor):
    y, lp = cohort(80, seed)
    table = recalibration(y, shift + factor * lp).set_index("update")
    assert list(table.index) == list(UPDATES)
    assert table.loc["raw", ["intercept", "slope"]].tolist() == [0, 1]
    assert table["deviance"].is_monotonic_decreasing
    assert table.loc[["in_the_large", "logistic"], "oe"].to_numpy() == pytest.approx(1, abs=1e-8)
    # a model that is already updated is not updated again
    row = table.loc["logistic"]
    again = recalibration(y, row["intercept"] + row["slope"] * (shift + factor * lp))
    assert again["intercept"].to_numpy() == pytest.approx(0, abs=1e-6)
    assert again["slope"].to_numpy() == pytest.approx(1, abs=1e-6)


def test_a_constant_prediction_has_a_closed_form():
    y = np.repeat([1, 0], [30, 70])
    table = recalibration(y, np.full(100, 0.5)).set_index("update")
    assert table.loc["in_the_large", "intercept"] == pytest.approx(logit(0.3) - 0.5)
    assert table.loc["in_the_large", "intercept_se"] == pytest.approx((100 * 0.3 * 0.7) ** -0.5)
    assert table.loc["logistic", ["intercept", "slope", "brier"]].isna().all()
    assert "is constant" in table.loc["logistic", "note"]


def test_one_class_and_separation_are_said():
    table = recalibration(np.ones(5, int), np.arange(5.0)).set_index("update")
    assert list(table.reset_index().columns) == COLUMNS
    assert table.loc["raw", "brier"] > 0
    assert table.loc[["in_the_large", "logistic"], "note"].str.contains("one class").all()
    table = recalibration(np.repeat([0, 1], 5), np.arange(10.0)).set_index("update")
    assert "separates" in table.loc["logistic", "note"]
    assert np.isfinite(table.loc["in_the_large", "intercept"])


def test_bad_input():
    with pytest.raises(ValueError, match="a patient is needed"):
        recalibration([], [])
    with pytest.raises(ValueError, match="1 linear predictors are missing"):
        recalibration([0, 1], [0.2, np.nan])
