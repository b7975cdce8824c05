"""Calibration against R: ResourceSelection 0.3-6, rms 6.5-0, stats::lowess and glm.fit."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from nomoflow.calibration import (
    brier,
    linear_predictor,
    observed_expected,
    recalibrate,
    recalibrate_weighted,
    shift_weighted,
)
from nomoflow.hosmer_lemeshow import hosmer_lemeshow, sweep
from nomoflow.smoothing import calibration_errors, smooth

COHORTS = ["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"]
MODELS = ["rad", "clin", "comb"]
TERMS = ["radscore", "age", "sign1", "sign2", "sex"]


@pytest.fixture(scope="module", params=COHORTS)
def cohort(request, reference):
    result = json.loads((reference / f"{request.param}.json").read_bytes())
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


# R: q <- unique(quantile(p, seq(0, 1, 1/g))); k <- cut(p, q, include.lowest = TRUE)
#    o <- xtabs(cbind(1 - y, y) ~ k); e <- xtabs(cbind(1 - p, p) ~ k)
#    x <- sum((o - e)^2 / e); c(x, pchisq(x, nrow(o) - 2, lower.tail = FALSE))   with R 4.2.2,
# the textbook's statistic in base R, which gives hoslem.test's figures at g = 10
BY_GROUPS = {
    ("C4KC-KiTS", "clin"): {
        5: (1.37911938279417, 0.710436480105215), 6: (1.39610007529336, 0.844872558271378),
        8: (1.88909116433446, 0.929610896644279), 12: (5.02877330162356, 0.889247658197467),
        13: (6.64985947046055, 0.826688634921844), 15: (9.10939617366592, 0.764632030787309),
    },
    ("C4KC-KiTS", "comb"): {
        5: (1.5503365862574, 0.670702334470095), 6: (0.815144300144487, 0.936406305892036),
        8: (1.48233028642215, 0.960659645047361), 12: (6.14912889492674, 0.802582267042739),
        13: (6.42645796909914, 0.84344993618568), 15: (6.43332144570197, 0.92895215195429),
    },
    ("Head-Neck-Radiomics-HN1", "clin"): {
        5: (0.538218600451013, 0.910418206655791), 6: (2.12087800134622, 0.713537751293622),
        8: (9.75223280599347, 0.135481317679071), 12: (5.35990940901628, 0.865876458695033),
        13: (8.17092963080814, 0.697915304545679), 15: (8.64282206400762, 0.799352815517427),
    },
    ("Head-Neck-Radiomics-HN1", "comb"): {
        5: (2.8096302095622, 0.42191706571573), 6: (1.60903556372987, 0.807167250387687),
        8: (4.05355138378212, 0.66942945458692), 12: (5.24703715714882, 0.874076481021028),
        13: (13.3803327041053, 0.26919535847544), 15: (10.8180182781823, 0.626059677766698),
    },
    ("WORC-GIST", "clin"): {
        5: (2.0075709394319, 0.570836815642881), 6: (2.52865825253669, 0.63951154644526),
        8: (2.14739574953657, 0.90565559460687), 12: (5.2623095300245, 0.872980785087155),
        13: (6.78352105376056, 0.816333634041388), 15: (12.404970919659, 0.494748348668554),
    },
    ("WORC-GIST", "comb"): {
        5: (5.94442500456304, 0.114345598133043), 6: (7.56597953802562, 0.108834821703057),
        8: (5.32822131324184, 0.502456595188808), 12: (13.0872275063311, 0.218835651609016),
        13: (12.6609974875293, 0.31605853618349), 15: (18.0263423976273, 0.156521815931727),
    },
}  # fmt: skip


@pytest.mark.parametrize("model", ["clin", "comb"])
def test_hosmer_lemeshow_over_other_numbers_of_groups(cohort, model):
    data, result, _ = cohort
    found = sweep(data["y"], result["models"][model]["prob"]).set_index("groups")
    for groups, (chi2, p) in BY_GROUPS[result["meta"]["dataset"], model].items():
        assert found.loc[groups, "chi2"] == pytest.approx(chi2, rel=1e-12)
        assert found.loc[groups, "p"] == pytest.approx(p, abs=1e-13)
        assert found.loc[groups, "df"] == groups - 2


@pytest.mark.parametrize("model", MODELS)
def test_distance_from_the_smooth_curve(cohort, model):
    data, result, _ = cohort
    # R: val.prob(p, y, pl = FALSE)[c("Eavg", "E90", "Emax")], which are
    #    er <- abs(p - approx(lowess(p, y, iter = 0), xout = p)$y); mean(er); quantile(er, .9); max
    expected = result["models"][model]["val_prob"]
    found = calibration_errors(data["y"], result["models"][model]["prob"])
    for key, name in (("ici", "Eavg"), ("e90", "E90"), ("emax", "Emax")):
        assert found[key].item() == pytest.approx(expected[name], abs=2e-14)
    # R: median(er), from the curve that R stored
    p = np.sort(result["models"][model]["prob"])
    error = np.abs(p - result["models"][model]["lowess_iter0"]["y"])
    assert found["e50"].item() == pytest.approx(np.median(error), abs=2e-14)


@pytest.mark.parametrize("model", MODELS)
def test_as_many_expected_as_observed(cohort, model):
    data, result, _ = cohort
    p = np.array(result["models"][model]["prob"])
    assert observed_expected(data["y"], p) == pytest.approx(1, abs=1e-13)
    shift = shift_weighted(data["y"], linear_predictor(p) + 0.7, np.ones((1, len(p))))
    assert shift.item() == pytest.approx(-0.7, abs=1e-12)


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
