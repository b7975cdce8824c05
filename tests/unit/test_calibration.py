import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from nomoflow.calibration import (
    LOGIT_LIMIT,
    brier,
    linear_predictor,
    observed_expected,
    recalibrate,
    recalibrate_weighted,
    shift_weighted,
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


def test_logit_limit_is_the_largest():
    assert logit(np.nextafter(1, 0)) == LOGIT_LIMIT


def test_shift_under_weights_is_the_shift_of_the_copies(cohort):
    y, lp = cohort
    index = np.random.default_rng(4).integers(0, len(y), (30, len(y)))
    weights = np.array([np.bincount(row, minlength=len(y)) for row in index])
    for row, found in zip(index, shift_weighted(y, lp, weights), strict=True):
        # the definition: as many are expected as were observed
        assert expit(lp[row] + found).sum() == pytest.approx(y[row].sum(), rel=1e-12)


@given(st.data())
def test_shift_meets_its_equation_however_far_the_predictions_lie(data):
    n = data.draw(st.integers(2, 15))
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    lp = np.array(data.draw(st.lists(st.floats(-300, 300), min_size=n, max_size=n)))
    found = shift_weighted(y, lp, np.ones((1, n)))[0]
    if y.min() == y.max():
        assert np.isnan(found)
    else:
        assert expit(lp + found).sum() == pytest.approx(y.sum(), abs=1e-9)
