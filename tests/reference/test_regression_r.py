"""Logistic regression against R 4.2.2's glm on three models of three real cohorts, and Firth's
against logistf on the same cohorts and on its own example data."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from nomoflow import firth
from nomoflow.regression import coefficient_table, fit_logistic

COHORTS = ["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"]
MODELS = {
    "rad": ["radscore"],
    "clin": ["age", "sign1", "sign2", "sex"],
    "comb": ["radscore", "age", "sign1", "sign2", "sex"],
}


@pytest.fixture(scope="module", params=[(c, m) for c in COHORTS for m in MODELS], ids=str)
def case(request, reference):
    cohort, model = request.param
    data = pd.read_csv(reference / f"{cohort}.model.csv")
    x, y = data[MODELS[model]], data["y"].to_numpy()
    fit = fit_logistic(x, y)
    result = json.loads((reference / f"{cohort}.json").read_bytes())["models"][model]
    return x, y, fit, coefficient_table(fit, x, y), result


# R: g <- glm(f, data=D, family=binomial, control=glm.control(epsilon=1e-14, maxit=100)); coef(g)
def test_coefficients(case):
    x, _, fit, table, r = case
    assert list(table["term"]) == r["terms"]
    assert table["coefficient"].to_numpy() == pytest.approx(r["coef"], rel=2e-14, abs=0)
    assert table["odds_ratio"].to_numpy() == pytest.approx(r["or"], rel=1e-13, abs=0)
    assert 1 / (1 + np.exp(-fit.linear_predictor(x))) == pytest.approx(r["prob"], abs=1e-14)


# R: logLik(g); AIC(g)
def test_likelihood(case):
    _, _, fit, _, r = case
    assert fit.log_likelihood == pytest.approx(r["loglik"], rel=1e-14)
    aic = 2 * len(fit.names) - 2 * fit.log_likelihood
    assert aic == pytest.approx(r["aic"], rel=1e-14)


# R: summary(g)$coefficients; confint.default(g). R takes the weights of the step before the last,
# so its standard errors are off by up to 4e-9; those of the final estimate stand below.
def test_wald(case):
    *_, table, r = case
    columns = {"se": "se", "z": "z", "ci_low": "wald_lo", "ci_high": "wald_hi"}
    for ours, theirs in columns.items():
        unit = np.maximum(table["se"], 1.0) if ours == "z" else table["se"]
        assert (np.abs(table[ours] - r[theirs]) / unit).max() < 2e-8
    assert table["p"].to_numpy() == pytest.approx(r["p"], rel=2e-7, abs=0)


def test_standard_errors_at_the_estimate_itself(case):
    x, y, fit, table, _ = case
    design = sm.add_constant(x)
    hessian = sm.Logit(y, design).hessian(fit.coefficients)
    expected = np.sqrt(np.diag(np.linalg.inv(-np.asarray(hessian))))
    assert table["se"].to_numpy() == pytest.approx(expected, rel=1e-11, abs=0)


# R: confint(g), which interpolates a spline through the profile: good to 3e-4 of a standard error
# here. That our limits are the roots themselves is shown in the unit test.
def test_profile_limits(case):
    *_, table, r = case
    for ours, theirs in (("profile_low", "profile_lo"), ("profile_high", "profile_hi")):
        difference = (table[ours] - np.array(r[theirs])) / table["se"]
        assert np.abs(difference).max() < 5e-4


# R: f <- logistf(y ~ radscore + age + sep, data=D,
#                 control=logistf.control(maxit=5000, xconv=1e-10, gconv=1e-10, lconv=1e-10),
#                 plcontrol=logistpl.control(maxit=5000, xconv=1e-10, lconv=1e-10))
#    coef(f); sqrt(diag(f$var)); f$ci.lower; f$ci.upper; f$prob; f$loglik["full"]
@pytest.mark.parametrize("cohort", COHORTS)
def test_firth(cohort, reference):
    data = pd.read_csv(reference / f"{cohort}.model.csv")
    r = json.loads((reference / f"{cohort}.json").read_bytes())["firth"]
    x, y = data[r["terms"][1:]], data["y"].to_numpy()
    fit = firth.fit_firth(x, y)
    assert fit.converged and fit.separated
    table = firth.coefficient_table(fit, x, y)
    for ours, theirs in (("coefficient", "coef"), ("profile_low", "lo"), ("profile_high", "hi")):
        assert table[ours].to_numpy() == pytest.approx(r[theirs], abs=1e-11, rel=0)
    assert table["se"].to_numpy() == pytest.approx(r["se"], abs=1e-10, rel=0)
    # the smallest P, 8e-9, is 1 - pchisq() in R
    assert table["p"].to_numpy() == pytest.approx(r["p"], abs=1e-13, rel=0)
    assert fit.log_likelihood == pytest.approx(r["loglik_full"], abs=1e-11)


# R: logistf(case ~ age + oc + vic + vicl + vis + dia, data=sex2), at logistf's own tolerances
def test_firth_on_logistfs_example(reference):
    r = json.loads((reference / "canonical.json").read_bytes())["sex2"]
    data = pd.DataFrame(r["data"])
    x, y = data[r["terms"][1:]], data["case"].to_numpy()
    table = firth.coefficient_table(firth.fit_firth(x, y), x, y)
    assert table["coefficient"].to_numpy() == pytest.approx(r["coef"], abs=5e-7)
    assert table["se"].to_numpy() == pytest.approx(r["se"], abs=5e-6)
    for ours, theirs in (("profile_low", "lo"), ("profile_high", "hi"), ("p", "p")):
        assert table[ours].to_numpy() == pytest.approx(r[theirs], abs=1e-10)
