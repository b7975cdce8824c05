"""Firth's penalised regression: against the library firthmodels, closed forms, and extremes."""

import numpy as np
import pandas as pd
import pytest
from firthmodels import FirthLogisticRegression
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from nomoflow.firth import coefficient_table, fit_firth
from nomoflow.regression import AliasedPredictorsError

NUMBERS = ["coefficient", "se", "z", "p", "ci_low", "ci_high", "profile_low", "profile_high"]


def separated(seed, n=40, scale=1.0, signs=2):
    """A score that splits the classes, up to ``scale`` large, and binary signs."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(n) % 2)
    x = pd.DataFrame({"radscore": scale * (2 * y - 1) * random.uniform(0.2, 1, n)})
    for k in range(signs):
        x[f"sign{k}"] = (random.random(n) < 0.3 + 0.4 * y).astype(float)
    return x, y


@pytest.mark.parametrize("seed", range(4))
def test_the_library_agrees(seed):
    x, y = separated(seed)
    fit = fit_firth(x, y)
    assert fit.converged and fit.separated and fit.penalised
    # its Fisher scoring stops at a step of 1e-6, some 1e-6 before the maximum
    theirs = FirthLogisticRegression(gtol=1e-6, xtol=1e-6, max_iter=500).fit(x, y).lrt()
    limits = theirs.conf_int(method="pl", max_iter=200, tol=1e-8)
    table = coefficient_table(fit, x, y)
    # the library has the intercept last
    assert fit.coefficients == pytest.approx([theirs.intercept_, *theirs.coef_], abs=1e-5)
    assert table["se"].to_numpy() == pytest.approx(np.roll(theirs.bse_, 1), abs=1e-5)
    assert table["p"].to_numpy() == pytest.approx(np.roll(theirs.lrt_pvalues_, 1), rel=1e-6)
    ours, theirs = table[["profile_low", "profile_high"]].to_numpy(), np.roll(limits, 1, axis=0)
    # the far limit of the term that separates is another matter: see the next test
    assert np.delete(ours, 3) == pytest.approx(np.delete(theirs, 3), abs=1e-5)


def highest(x, y, fit, value):
    """The penalised likelihood with the first slope held: the best of simplex searches all over."""
    design = np.column_stack([np.ones(len(y)), x])

    def depth(others):
        eta = design @ [others[0], value, *others[1:]]
        mu = expit(eta)
        information = design.T @ ((mu * (1 - mu))[:, None] * design)
        likelihood = -np.logaddexp(0, np.where(y == 1, -eta, eta)).sum()
        return -likelihood - np.linalg.slogdet(information)[1] / 2

    near, random = np.delete(fit.coefficients, 1), np.random.default_rng(0)
    options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000}
    searches = [
        minimize(depth, near + k * random.normal(size=3), method="Nelder-Mead", options=options)
        for k in range(12)
    ]
    return -min(search.fun for search in searches)


@pytest.mark.parametrize("seed", [3, 12])
def test_the_far_limit_of_a_separating_term_is_at_the_highest_of_several_peaks(seed):
    """Where a search from one start ends in a lower peak, as firthmodels' does."""
    x, y = separated(seed)
    fit = fit_firth(x, y)
    limit = coefficient_table(fit, x, y)["profile_high"][1]
    ratio = 2 * (fit.log_likelihood - highest(x, y, fit, limit))
    assert ratio == pytest.approx(3.841458820694124, abs=1e-6)  # R: qchisq(0.95, 1)


@settings(max_examples=50, deadline=None)
@given(*[st.integers(0, 30)] * 4)
def test_a_two_by_two_table_gets_half_a_patient_in_each_cell(a, b, c, d):
    """Closed form of the saturated model (Haldane 1956, Anscombe 1956; Firth 1993, section 3.3)."""
    if a + b == 0 or c + d == 0:
        return
    x = pd.DataFrame({"sign": np.repeat([1.0, 1.0, 0.0, 0.0], [a, b, c, d])})
    y = np.repeat([1, 0, 1, 0], [a, b, c, d])
    fit = fit_firth(x, y)
    absent = np.log((c + 0.5) / (d + 0.5))
    present = np.log((a + 0.5) / (b + 0.5))
    assert fit.converged
    assert fit.coefficients == pytest.approx([absent, present - absent], abs=1e-9)
    assert fit.separated == (0 in (a, b, c, d))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([12, 30, 60]), st.sampled_from([1.0, 5.0, 50.0, 1e3]))
def test_every_separated_cohort_has_a_finite_converged_fit(seed, n, scale):
    x, y = separated(seed, n, scale, signs=seed % 4)
    try:
        fit = fit_firth(x, y)
    except AliasedPredictorsError:
        return
    design = np.column_stack([np.ones(n), x])
    mu = expit(design @ fit.coefficients)
    root = np.sqrt(mu * (1 - mu))[:, None]
    h = (np.linalg.qr(design * root)[0] ** 2).sum(axis=1)
    # the modified score equations (Heinze and Schemper 2002, equation 2)
    score = (design / np.abs(design).max(axis=0)).T @ (y - mu + h * (0.5 - mu))
    assert fit.converged and score == pytest.approx(np.zeros(len(score)), abs=1e-6)
    assert np.abs(design @ fit.coefficients).max() < 50
    table = coefficient_table(fit, x, y)
    assert np.isfinite(table[NUMBERS]).all(axis=None)
    assert table["profile_low"].lt(table["coefficient"]).all()
    assert table["profile_high"].gt(table["coefficient"]).all()


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_test_and_limits_belong_together(confidence):
    """0 lies outside the profile limits exactly where P is below 1 - confidence."""
    for seed in range(6):
        x, y = separated(seed, n=20)
        table = coefficient_table(fit_firth(x, y), x, y, confidence)
        outside = table["profile_low"].gt(0) | table["profile_high"].lt(0)
        assert (outside == table["p"].lt(1 - confidence)).all()


def test_units_do_not_matter():
    x, y = separated(3)
    fit, table = fit_firth(x, y), coefficient_table(fit_firth(x, y), x, y)
    scaled = x * [1e4, 1e-3, 1.0]
    other = coefficient_table(fit_firth(scaled, y), scaled, y)
    factor = np.array([1, 1e4, 1e-3, 1.0])
    for column in ("coefficient", "se", "profile_low", "profile_high"):
        assert other[column].to_numpy() * factor == pytest.approx(
            table[column].to_numpy(), rel=1e-7
        )
    assert other["p"].to_numpy() == pytest.approx(table["p"].to_numpy(), rel=1e-7)
    mirrored = fit_firth(x, 1 - y)
    assert mirrored.coefficients == pytest.approx(-fit.coefficients, abs=1e-9)


def test_the_note_names_what_separates():
    x, y = separated(1)
    table = coefficient_table(fit_firth(x, y), x, y)
    assert (table["note"] == "Firth's penalised likelihood: separated by radscore").all()
    signs = x[["sign0"]]
    assert (coefficient_table(fit_firth(signs, y), signs, y)["note"] == "Firth").all()


def test_aliased_columns_are_named():
    x, y = separated(1)
    with pytest.raises(AliasedPredictorsError, match="twice"):
        fit_firth(x.assign(twice=2 * x["radscore"]), y)
