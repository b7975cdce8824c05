"""Calibration against R: ResourceSelection 0.3-6, rms 6.5-0, stats::lowess and glm.fit."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from nomoflow.calibration import (
    brier,
    hosmer_lemeshow,
    linear_predictor,
    recalibrate,
    recalibrate_weighted,
    smooth,
)

COHORTS = ["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"]
MODELS = ["rad", "clin", "comb"]
TERMS = ["radscore", "age", "sign1", "sign2", "sex"]


@pytest.fixture(scope="module", params=COHORTS)
def cohort(request, reference):
    result = json.loads((reference / f"{request.param}.json").read_text())
    data = pd.read_csv(reference / f"{request.param}.model.csv")
    indices = pd.read_csv(reference / f"{request.param}.boot_idx.csv.gz", header=None)
    return data, result, indices.to_numpy() - 1


@pytest.mark.parametrize("model", MODELS)
def test_hosmer_lemeshow(cohort, model):
    data, result, _ = cohort
    p = result["models"][model]["prob"]
    # R: hoslem.test(y, p, g = 10)
    expected = result["models"][model]["hl"]
    test, table = hosmer_lemeshow(data["y"], p)
    assert test["chi2"] == pytest.approx(expected["stat"], rel=4e-13)
    assert test["df"] == expected["df"]
    assert test["p"] == pytest.approx(expected["p"], abs=4e-14)
    assert test["groups"] == len(expected["groups"])
    assert table["observed_count"].tolist() == expected["obs1"]
    assert (table["n"] - table["observed_count"]).tolist() == expected["obs0"]
    assert table["expected_count"].tolist() == pytest.approx(expected["exp1"], abs=1e-12)
    assert (table["n"] * table["predicted"]).tolist() == pytest.approx(expected["exp1"], abs=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_a_fitted_model_is_calibrated_on_its_own_patients(cohort, model):
    data, result, _ = cohort
    p = result["models"][model]["prob"]
    # R: val.prob(p, y)[c("Intercept", "Slope")], which lrm leaves within 1e-7 of 0 and 1
    expected = result["models"][model]["val_prob"]
    found = recalibrate(data["y"], linear_predictor(p))
    assert found["intercept"] == pytest.approx(expected["Intercept"], abs=1e-6)
    assert found["slope"] == pytest.approx(expected["Slope"], abs=1e-6)
    # likelihood equations of the fit: the truth is 0, 1 and 0
    assert found["intercept"] == pytest.approx(0, abs=1e-10)
    assert found["slope"] == pytest.approx(1, abs=1e-10)
    assert found["intercept_in_the_large"] == pytest.approx(0, abs=1e-10)
    # R: val.prob(p, y)["Brier"]; mean((p - y)^2)
    assert brier(data["y"], p) == pytest.approx(expected["Brier"], abs=1e-14)
    assert brier(data["y"], p) == pytest.approx(result["models"][model]["brier"], abs=1e-14)


def logistic(x, y):
    """Coefficients by iteratively reweighted least squares, as glm.fit."""
    beta = np.zeros(x.shape[1])
    for _ in range(100):
        p = expit(x @ beta)
        step = np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]), x.T @ (y - p))
        beta += step
        if np.abs(step).max() < 1e-13:
            return beta
    raise AssertionError("no convergence")


# Not C4KC-KiTS: one of its resamples is separated, so R's mean depends on where R gave up.
@pytest.mark.parametrize("cohort", COHORTS[1:], indirect=True)
def test_slope_of_resampled_models_on_the_whole_cohort(cohort):
    data, result, indices = cohort
    x = np.column_stack([np.ones(len(data)), data[TERMS]])
    y = data["y"].to_numpy()
    found = [recalibrate(y, x @ logistic(x[index], y[index])) for index in indices]
    # R: for each row i of boot_idx: b <- glm.fit(cbind(1, X[i,]), y[i], binomial(),
    #    control = glm.control(epsilon = 1e-12))$coefficients; lp <- cbind(1, X) %*% b;
    #    glm.fit(cbind(1, lp), y, binomial())$coefficients  (epsilon 1e-8 bounds the agreement)
    expected = result["optimism_fixed_indices"]
    assert np.mean([row["slope"] for row in found]) == pytest.approx(
        expected["mean_slope"], rel=1e-7
    )
    assert np.mean([row["intercept"] for row in found]) == pytest.approx(
        expected["mean_intercept"], abs=1e-7
    )


def test_resampled_patients_as_weights(cohort):
    data, result, indices = cohort
    y = data["y"].to_numpy()
    lp = linear_predictor(result["models"]["clin"]["prob"])
    weights = np.array([np.bincount(index, minlength=len(y)) for index in indices])
    intercept, slope = recalibrate_weighted(y, lp, weights)
    design = np.column_stack([np.ones(len(y)), lp])
    one_by_one = np.array([logistic(design[index], y[index]) for index in indices])
    assert intercept.tolist() == pytest.approx(one_by_one[:, 0].tolist(), abs=1e-9)
    assert slope.tolist() == pytest.approx(one_by_one[:, 1].tolist(), abs=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_smooth_curve(cohort, model):
    data, result, _ = cohort
    # R: lowess(p, y, iter = 0)
    expected = result["models"][model]["lowess_iter0"]
    found = smooth(data["y"], result["models"][model]["prob"])
    assert found["predicted"].tolist() == pytest.approx(expected["x"], abs=1e-14)
    assert found["observed"].tolist() == pytest.approx(expected["y"], abs=1e-11)
