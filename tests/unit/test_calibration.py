import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import chi2

from nomoflow.calibration import (
    LOGIT_LIMIT,
    brier,
    hosmer_lemeshow,
    linear_predictor,
    observed_expected,
    recalibrate,
    recalibrate_weighted,
    smooth,
)


@pytest.fixture(scope="module")
def cohort():
    generator = np.random.default_rng(11)
    lp = generator.normal(0.5, 1.5, 120)
    return (generator.random(120) < expit(0.3 + 0.7 * lp)).astype(int), lp


def test_brier_and_observed_expected():
    assert brier([1, 0, 1], [1, 0, 0.5]) == pytest.approx(0.25 / 3)
    assert observed_expected([1, 0, 1, 0], [0.5, 0.5, 0.3, 0.3]) == pytest.approx(2 / 1.6)
    assert np.isnan(observed_expected([0, 1], [0, 0]))


def test_linear_predictor_of_certain_probabilities():
    lp = linear_predictor([0, 0.25, 1])
    assert lp.tolist() == [-LOGIT_LIMIT, pytest.approx(np.log(1 / 3)), LOGIT_LIMIT]
    assert 36 < LOGIT_LIMIT < 37


# --- Hosmer-Lemeshow


def test_hosmer_lemeshow_by_pandas(cohort):
    y, lp = cohort
    p = expit(lp)
    for groups in (5, 10, 13):
        test, table = hosmer_lemeshow(y, p, groups=groups)
        cut = pd.qcut(p, groups, duplicates="drop")  # quantiles of type 7, right-closed
        by_group = pd.DataFrame({"y": y, "p": p}).groupby(cut, observed=True)
        assert table["n"].tolist() == by_group.size().tolist()
        assert table["predicted"].tolist() == pytest.approx(by_group["p"].mean().tolist())
        assert table["observed"].tolist() == pytest.approx(by_group["y"].mean().tolist())
        n, o, e = by_group.size(), by_group["y"].sum(), by_group["p"].sum()
        statistic = ((o - e) ** 2 / (e * (1 - e / n))).sum()  # the textbook form
        assert test["chi2"] == pytest.approx(statistic, rel=1e-12)
        assert test["p"] == pytest.approx(chi2.sf(statistic, groups - 2), rel=1e-12)


def test_degrees_of_freedom_on_other_patients(cohort):
    y, lp = cohort
    own, other = (hosmer_lemeshow(y, expit(lp), lost_df=lost)[0] for lost in (2, 0))
    assert (own["df"], other["df"]) == (8, 10)
    assert other["p"] == pytest.approx(chi2.sf(own["chi2"], 10), rel=1e-12)


def test_ties_leave_fewer_groups():
    p = np.repeat([0.2, 0.4, 0.6, 0.8], 10)
    y = np.tile([0, 1, 0, 0, 1, 1, 0, 1, 1, 0], 4)
    test, table = hosmer_lemeshow(y, p)
    # R: levels(cut(p, unique(quantile(p, 0:10 / 10)), include.lowest = TRUE)) are
    # [0.2,0.4] (0.4,0.6] (0.6,0.8], and hoslem.test takes df = groups that remain - 2
    assert test["groups"] == len(table) == 3
    assert test["df"] == 1
    assert test["note"] == "ties leave 3 of 10 groups"
    assert table["n"].tolist() == [20, 10, 10]
    assert table["observed_count"].tolist() == [10, 5, 5]
    # by hand: (10-6)^2/6 + (10-6)^2/14 + (5-6)^2/6 + (5-6)^2/4 + (5-8)^2/8 + (5-8)^2/2
    assert test["chi2"] == pytest.approx(16 / 6 + 16 / 14 + 1 / 6 + 1 / 4 + 9 / 8 + 9 / 2)


# Two groups leave df = 0.
@pytest.mark.parametrize(("p", "groups"), [([0.3] * 8, 1), ([0.3] * 4 + [0.6] * 4, 2)])
def test_too_few_groups(p, groups):
    test, table = hosmer_lemeshow([0, 1] * 4, p)
    assert np.isnan(test["chi2"]) and np.isnan(test["p"])
    assert test["note"] == f"not defined: {groups} distinct group(s) of predicted risk"
    assert table["n"].sum() == 8


def test_certain_probabilities():
    p = [0.0] * 10 + list(np.linspace(0.1, 0.9, 30)) + [1.0] * 10
    test, table = hosmer_lemeshow([0] * 25 + [1] * 25, p)
    assert np.isnan(test["p"])
    assert "all 0 or all 1" in test["note"]
    assert table["n"].sum() == 50


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=60),
    st.integers(2, 12),
)
def test_every_patient_is_in_one_group(rows, groups):
    y, p = map(np.array, zip(*rows, strict=True))
    test, table = hosmer_lemeshow(y, p, groups=groups)
    assert table["n"].sum() == len(y)
    assert (table["n"] > 0).all()
    assert table["observed_count"].sum() == y.sum()
    assert table["expected_count"].sum() == pytest.approx(p.sum())
    assert test["groups"] <= groups
    assert np.isfinite(test["p"]) != test["note"].startswith("not defined")


@pytest.mark.parametrize(
    ("y", "p", "groups", "message"),
    [
        ([0, 1], [0.5], 10, "one probability a patient"),
        ([0, 1], [0.5, 1.1], 10, "between 0 and 1"),
        ([0, 1], [0.5, np.nan], 10, "between 0 and 1"),
        ([0, 1], [0.5, 0.6], 1, "at least 2 groups"),
    ],
)
def test_hosmer_lemeshow_bad_input(y, p, groups, message):
    with pytest.raises(ValueError, match=message):
        hosmer_lemeshow(y, p, groups)


# --- intercept and slope


def test_recalibrate_as_statsmodels(cohort):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the second program's import alone
        import statsmodels.api as sm
    y, lp = cohort
    found = recalibrate(y, lp)
    binomial = sm.families.Binomial()
    fit = sm.GLM(y, sm.add_constant(lp), family=binomial).fit(tol=1e-14)
    shift = sm.GLM(y, np.ones(len(y)), family=binomial, offset=lp).fit(tol=1e-14)
    assert found["intercept"] == pytest.approx(fit.params[0], rel=1e-10)
    assert found["slope"] == pytest.approx(fit.params[1], rel=1e-10)
    assert found["intercept_se"] == pytest.approx(fit.bse[0], rel=1e-8)
    assert found["slope_se"] == pytest.approx(fit.bse[1], rel=1e-8)
    assert found["intercept_in_the_large"] == pytest.approx(shift.params[0], rel=1e-10)
    assert found["intercept_in_the_large_se"] == pytest.approx(shift.bse[0], rel=1e-8)
    assert found["note"] == ""


@pytest.mark.parametrize(
    ("y", "lp", "why"),
    [
        ([0, 0, 1, 1], [1, 2, 3, 4], "separates the classes"),
        ([1, 1, 0, 0], [1, 2, 3, 4], "separates the classes"),
        ([0, 0, 1, 1], [1, 2, 2, 3], "separates the classes"),
        ([0, 1, 1, 0], [0.7] * 4, "is constant"),
    ],
)
def test_no_slope(y, lp, why):
    found = recalibrate(y, lp)
    assert found["note"] == f"intercept and slope not defined: the linear predictor {why}"
    assert np.isnan([found["intercept"], found["slope"], found["slope_se"]]).all()
    # still defined: the shift after which as many are expected as were observed
    assert expit(np.array(lp) + found["intercept_in_the_large"]).sum() == pytest.approx(sum(y))


def test_one_class():
    found = recalibrate([1, 1, 1], [0.1, 0.2, 0.3])
    assert found["note"] == "not defined: all patients are of one class"
    assert np.isnan(found["intercept_in_the_large"])


def test_infinite_linear_predictor_counts_as_the_furthest_finite():
    y = [0, 1, 0, 1, 1, 0]
    found = recalibrate(y, [-np.inf, np.inf, 1, -1, 2, np.inf])
    same = recalibrate(y, [-LOGIT_LIMIT, LOGIT_LIMIT, 1, -1, 2, LOGIT_LIMIT])
    assert found == same
    assert np.isfinite(found["slope"])


@settings(deadline=None)
@given(st.data())
def test_weighted_solution_satisfies_the_likelihood_equations(data):
    n = data.draw(st.integers(4, 25))
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    lp = np.array(data.draw(st.lists(st.floats(-20, 20), min_size=n, max_size=n)))
    weights = np.array(
        [data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)) for _ in range(3)]
    )
    intercept, slope = recalibrate_weighted(y, lp, weights)
    for a, b, w in zip(intercept, slope, weights, strict=True):
        x1, x0 = lp[(w > 0) & (y == 1)], lp[(w > 0) & (y == 0)]
        overlap = len(x1) and len(x0) and x1.max() > x0.min() and x0.max() > x1.min()
        if not overlap:
            assert np.isnan(a) and np.isnan(b)
        elif np.isfinite(b):
            rest = w * (y - expit(a + b * lp))
            assert rest.sum() == pytest.approx(0, abs=1e-6)
            assert (rest * lp).sum() == pytest.approx(0, abs=1e-5)


def test_far_patients_do_not_throw_the_iteration_off():
    """Undamped Newton steps leave for infinity here."""
    y = np.array([0, 1, 1, 1, 1, 0, 0, 0])
    lp = np.array([-1e3, 1e5, 1e5, 0.01, -0.1, -0.1, -0.01, -0.1])
    found = recalibrate(y, lp)
    # the far patients are predicted with certainty: the fit is that of the others
    near = recalibrate(y[3:], lp[3:])
    assert found["slope"] == pytest.approx(near["slope"], rel=1e-6)
    rest = y - expit(found["intercept"] + found["slope"] * lp)
    assert [rest.sum(), (rest * lp).sum()] == pytest.approx([0, 0], abs=1e-8)


def test_weights_are_copies(cohort):
    y, lp = cohort
    index = np.random.default_rng(2).integers(0, len(y), (50, len(y)))
    weights = np.array([np.bincount(row, minlength=len(y)) for row in index])
    together = np.array(recalibrate_weighted(y, lp, weights)).T
    for row, found in zip(index, together, strict=True):
        alone = recalibrate(y[row], lp[row])
        assert found == pytest.approx([alone["intercept"], alone["slope"]], rel=1e-9)


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0), (1e4, 0), (1.0, 500), (1e-3, -50)])
def test_slope_follows_the_scale(cohort, scale, shift):
    y, lp = cohort
    plain, other = recalibrate(y, lp), recalibrate(y, lp * scale + shift)
    assert other["slope"] * scale == pytest.approx(plain["slope"], rel=1e-7)


# --- smooth curve


def test_smooth_curve_of_points_on_a_line():
    p = np.linspace(0.05, 0.95, 40)
    curve = smooth(0.2 + 0.5 * p, p)
    assert curve["predicted"].tolist() == p.tolist()
    assert curve["observed"].tolist() == pytest.approx((0.2 + 0.5 * p).tolist(), abs=1e-12)


def test_smooth_curve_as_statsmodels(cohort):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.nonparametric.smoothers_lowess import lowess
    y, lp = cohort
    p = expit(lp)
    other = lowess(y, p, frac=2 / 3, it=0, delta=0.01 * np.ptp(p))
    curve = smooth(y, p)
    assert curve["predicted"].tolist() == other[:, 0].tolist()
    assert curve["observed"].to_numpy() == pytest.approx(other[:, 1], abs=1e-4)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.one_of(st.floats(0, 1), st.integers(0, 4).map(float))),
        min_size=1,
        max_size=40,
    )
)
def test_smooth_curve_is_always_finite(rows):
    y, p = map(np.array, zip(*rows, strict=True))
    curve = smooth(y, p)
    assert len(curve) == len(y)
    assert curve["predicted"].is_monotonic_increasing
    assert np.isfinite(curve["observed"]).all()


def test_smooth_curve_of_a_constant_is_the_share():
    assert smooth([0, 1, 1, 1], [0.4] * 4)["observed"].tolist() == [0.75] * 4


def test_logit_limit_is_the_largest():
    assert logit(np.nextafter(1, 0)) == LOGIT_LIMIT
