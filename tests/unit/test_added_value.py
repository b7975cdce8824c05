"""Likelihood-ratio tests: by statsmodels, by brute force, and where there is none to make."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2
from synthetic_predictions import predictions

from nomoflow.added_value import likelihood_ratio, out_of_fold_radscore

SEEDS = st.integers(0, 300)


def cohort(seed=1, n=80):
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(n) % 2)
    return pd.DataFrame(
        {
            "radscore": random.normal(0.8 * y, 1),
            "age": random.normal(5.5, 1, n),
            "sex": (random.random(n) < 0.4 + 0.2 * y).astype(float),
        }
    ), y


def separated(seed=1, n=40):
    """A sign that only events have: no maximum likelihood estimate."""
    x, y = cohort(seed, n)
    x["sign"] = ((np.random.default_rng(seed).random(n) < 0.5) & (y == 1)).astype(float)
    return x, y


@pytest.mark.parametrize("added", [["radscore"], ["age", "sex"], ["sex", "radscore", "age"]])
def test_maximum_likelihood(added):
    x, y = cohort()
    test = likelihood_ratio(x, y, added)
    larger = sm.Logit(y, sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-12)
    rest = x.drop(columns=added).assign(const=1.0)
    smaller = sm.Logit(y, rest).fit(disp=0, method="newton", tol=1e-12)
    ratio = 2 * (larger.llf - smaller.llf)
    assert test.chi2 == pytest.approx(ratio, abs=1e-9)
    assert test.df == len(added)
    assert test.p == pytest.approx(chi2.sf(ratio, len(added)), rel=1e-8)
    assert test.note == "" and not test.fit.penalised


def penalised_maximum(x, y, added):
    """Largest penalised likelihood with the added coefficients at 0: the best simplex search."""
    design = np.column_stack([np.ones(len(y)), x])
    free = [0, *(1 + k for k, name in enumerate(x) if name not in added)]

    def depth(coefficients):
        beta = np.zeros(design.shape[1])
        beta[free] = coefficients
        eta = design @ beta
        mu = expit(eta)
        likelihood = -np.logaddexp(0, np.where(y == 1, -eta, eta)).sum()
        information = design.T @ ((mu * (1 - mu))[:, None] * design)
        return -likelihood - np.linalg.slogdet(information)[1] / 2

    random = np.random.default_rng(0)
    options = {"xatol": 1e-8, "fatol": 1e-11, "maxiter": 5000, "maxfev": 5000}
    starts = [k * random.normal(size=len(free)) for k in (0, 0.3, 1)]
    return -min(minimize(depth, s, method="Nelder-Mead", options=options).fun for s in starts)


@pytest.mark.parametrize("added", [["sign"], ["radscore"], ["age", "sign"]])
@pytest.mark.parametrize("seed", [1, 2])
def test_where_the_classes_are_separated_the_likelihood_is_penalised(added, seed):
    x, y = separated(seed)
    test = likelihood_ratio(x, y, added)
    ratio = 2 * (penalised_maximum(x, y, []) - penalised_maximum(x, y, added))
    assert test.chi2 == pytest.approx(ratio, abs=1e-6)
    assert test.df == len(added)
    assert test.note == "penalised likelihood ratio (Firth): separated by sign"
    assert test.fit.penalised


def test_without_firth_a_separated_model_has_no_test():
    x, y = separated()
    test = likelihood_ratio(x, y, ["radscore"], separated="ml")
    assert np.isnan([test.chi2, test.p]).all() and test.df is None
    assert test.note == "not defined: sign separate the classes"
    with pytest.raises(ValueError, match="allowed: firth, ml"):
        likelihood_ratio(x, y, ["radscore"], separated="probit")


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_units_do_not_matter_nor_does_separation_by_a_score(scale):
    x, y = cohort(n=30)
    x["radscore"] = scale * (2 * y - 1) * np.random.default_rng(0).uniform(0.2, 1, 30)
    plain = x.assign(radscore=x["radscore"] / scale)
    test, same = (likelihood_ratio(each, y, ["radscore"]) for each in (x, plain))
    assert "separated by radscore" in test.note
    assert test.chi2 == pytest.approx(same.chi2, rel=1e-8)
    # splitting 30 patients without an error is no accident
    assert test.p < 1e-6


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_a_constant_score_adds_nothing(value):
    x, y = cohort()
    x["radscore"] = value
    test = likelihood_ratio(x, y, ["radscore"])
    assert test.note.startswith("not defined: radscore constant")
    assert test.fit is None and np.isnan(test.chi2)
    # but the others can still be tested beside it
    others = likelihood_ratio(x, y, ["age", "sex"])
    assert others.chi2 == likelihood_ratio(x[["age", "sex"]], y, ["age", "sex"]).chi2
    assert others.note == "constant or following from others, left out: radscore"


def test_an_added_term_that_follows_from_others_has_no_degree_of_freedom():
    x, y = cohort()
    x["twice"] = 2 * x["radscore"]
    test = likelihood_ratio(x, y, ["twice", "sex"])
    assert test.df == 1
    assert test.chi2 == pytest.approx(likelihood_ratio(x.drop(columns="twice"), y, ["sex"]).chi2)
    assert "left out: twice" in test.note


@given(SEEDS, st.booleans())
def test_a_larger_model_never_fits_worse_and_order_is_nothing(seed, firth):
    x, y = separated(seed, 30) if firth else cohort(seed, 30)
    one, two = likelihood_ratio(x, y, ["age"]), likelihood_ratio(x, y, ["age", "sex"])
    assert 0 <= one.chi2 <= two.chi2 + 1e-9
    assert 0 <= two.p <= 1
    turned = likelihood_ratio(x[x.columns[::-1]], y, ["sex", "age"])
    assert turned.chi2 == pytest.approx(two.chi2, abs=1e-8)
    flipped = likelihood_ratio(x, 1 - y, ["age", "sex"])
    assert flipped.chi2 == pytest.approx(two.chi2, abs=1e-8)


def test_under_the_null_p_is_uniform():
    """A term of noise is called significant at 5 % as often as it should be."""
    ps = []
    for seed in range(300):
        x, y = cohort(seed, 100)
        x["noise"] = np.random.default_rng(1000 + seed).normal(size=100)
        ps.append(likelihood_ratio(x, y, ["noise"]).p)
    share = np.mean(np.array(ps) < 0.05)
    assert abs(share - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 300)


def test_out_of_fold_radscore_is_the_mean_held_out_score():
    rows = predictions(repeats=3)
    rows["baseline"] = rows["fold"] / 10
    patients = sorted(set(rows["patient"]))[::-1]
    found = out_of_fold_radscore(rows.sample(frac=1, random_state=1), patients)
    for patient, score in zip(patients, found, strict=True):
        own = rows[
            (rows["patient"] == patient)
            & (rows["model"] == "radiomics")
            & (rows["sample"] == "cross_validated")
        ]
        assert len(own) == 3
        assert score == pytest.approx((own["linear_predictor"] - own["fold"] / 10).mean())


def test_an_empty_signatures_score_is_constant_out_of_fold():
    rows = predictions()
    rows["baseline"] = np.random.default_rng(0).normal(size=len(rows))
    rows["linear_predictor"] = rows["baseline"] + 1e-16
    assert (out_of_fold_radscore(rows, sorted(set(rows["patient"]))) == 0).all()


def test_a_patient_without_a_held_out_score_is_an_error():
    with pytest.raises(ValueError, match=r"1 patients have no cross-validated Radscore.*NEW"):
        out_of_fold_radscore(predictions(), ["P000", "NEW"])
