"""Optimism against R 4.2.2: three real cohorts, with R's own resamples and with ours.

R (make_reference.R): comb = y ~ radscore + age + sign1 + sign2 + sex; for each row i of a matrix of
200 x n drawn positions, g <- glm.fit(cbind(1, XX[i, ]), y[i], family = binomial(), control =
glm.control(epsilon = 1e-12, maxit = 100)), judged on i (train) and on all patients (test); st() =
AUC by ranks and Brier score; slope and intercept: coef(glm.fit(cbind(1, lp), y, binomial())).
"""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from nomoflow import regression
from nomoflow.bootstrap import refit, resample_models
from nomoflow.dataset import Dataset
from nomoflow.models import Choices, fit_study
from nomoflow.optimism import CORRECTED, correct
from nomoflow.resample_metrics import Scores, as_scores, measure
from nomoflow.validation import predictions

COHORTS = ["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"]
TERMS = ["radscore", "age", "sign1", "sign2", "sex"]
NAMES = ["image_features"]
THRESHOLD = 0.5


@pytest.fixture(scope="module", params=COHORTS)
def study(request, reference):
    """A study whose clinical predictors, all kept, are the terms of R's model; and R's results."""
    table = pd.read_csv(reference / f"{request.param}.model.csv")
    patients = np.array([f"P{i:04d}" for i in range(len(table))], dtype=object)
    data = Dataset(patients, table["y"].to_numpy(), table[TERMS], table[[]], None)
    predictors = [{"name": name, "kind": "continuous"} for name in TERMS]
    choices = Choices([], predictors, 10, "min", "refit", "all", 0.05, "ml")
    fitted = fit_study(data, choices, [1], NAMES)
    same = {"sample": "apparent", "repeat": 0, "fold": 0}
    rows = predictions(data, fitted.design(data), fitted.models, NAMES, data.y, **same)
    own = Scores(
        rows["linear_predictor"].to_numpy()[None],
        rows["probability"].to_numpy()[None],
        rows["cutoff"].to_numpy()[:1],
    )
    r = json.loads((reference / f"{request.param}.json").read_bytes())
    return data, choices, own, r, reference / f"{request.param}.boot_idx.csv.gz"


@pytest.fixture(scope="module")
def fixed(study):
    """Our predictions in R's resamples, and our corrected table."""
    data, choices, own, r, path = study
    # Eight resamples of C4KC-KiTS are separated: the figures depend on where R stopped, so we stop
    # there as well.
    patch = pytest.MonkeyPatch()
    patch.setattr(regression, "EPSILON", 1e-12)
    patch.setattr(regression, "MAX_ITERATIONS", 100)
    with gzip.open(path, "rt") as file:
        drawn = np.loadtxt(file, delimiter=",", dtype=int) - 1
    parts = [refit(data, row, choices, NAMES, [1], k + 1)[0] for k, row in enumerate(drawn)]
    patch.undo()
    scores, counts = as_scores(pd.concat(parts, ignore_index=True), data.patients)
    corrected = correct(data.y, own, scores, counts, THRESHOLD)
    of_harrell = corrected[corrected["sample"] == CORRECTED].set_index("metric")["estimate"]
    return data.y, own, scores, counts, of_harrell, r["optimism_fixed_indices"]


# R: per_resample_auc_train = rs[, 1], per_resample_auc_test = rs[, 3]
def test_auc_of_each_resample(fixed):
    y, _, scores, counts, _, r = fixed
    assert r["B"] == len(counts) == 200
    train = measure(y, scores, counts, THRESHOLD)["auc"]
    test = measure(y, scores, np.ones_like(counts), THRESHOLD)["auc"]
    np.testing.assert_allclose(train, r["per_resample_auc_train"], rtol=0, atol=1e-14)
    np.testing.assert_allclose(test, r["per_resample_auc_test"], rtol=0, atol=1e-14)


# R: colMeans(rs[, 1:2]), colMeans(rs[, 3:4]), app, app - (mean_train - mean_test)
@pytest.mark.parametrize("metric, tolerance", [("auc", 1e-12), ("brier", 4e-12)])
def test_optimism(fixed, metric, tolerance):
    y, own, scores, counts, corrected, r = fixed
    everyone = np.ones_like(counts)
    found = {
        "apparent": measure(y, own, everyone[:1], THRESHOLD)[metric][0],
        "mean_train": measure(y, scores, counts, THRESHOLD)[metric].mean(),
        "mean_test": measure(y, scores, everyone, THRESHOLD)[metric].mean(),
        "corrected": corrected[metric],
    }
    for name, value in found.items():
        assert value == pytest.approx(r[name][metric], abs=tolerance), name
    assert found["apparent"] - found["corrected"] == pytest.approx(
        r["optimism"][metric], abs=tolerance
    )


def glm_of_one(y, lp, epsilon):
    """coef(glm.fit(cbind(1, lp), y, family = binomial(), control = glm.control(epsilon)))."""
    x, mu = np.column_stack([np.ones(len(y)), lp]), (y + 0.5) / 2
    eta, deviance = logit(mu), np.inf
    for _ in range(100):
        weight = mu * (1 - mu)
        z = eta + (y - mu) / weight
        beta = np.linalg.solve(x.T @ (weight[:, None] * x), x.T @ (weight * z))
        eta = x @ beta
        mu, before = expit(eta), deviance
        deviance = 2 * np.logaddexp(0, np.where(y == 1, -eta, eta)).sum()
        if abs(deviance - before) / (abs(deviance) + 0.1) < epsilon:
            break
    return beta


# R: mean(rs[, 6]), mean(rs[, 5]). R stops at its default epsilon of 1e-8, ours goes on. Where
# models are separated (C4KC-KiTS) an iteration more moves the slope, while AUC and Brier rest.
def test_calibration(fixed):
    y, _, scores, _, corrected, r = fixed
    theirs = [r["mean_intercept"], r["mean_slope"]]
    of_r, exact = (
        np.mean([glm_of_one(y, lp, epsilon) for lp in scores.lp], axis=0)
        for epsilon in (1e-8, 1e-14)
    )
    separated = np.abs(scores.lp).max() > 20
    assert of_r == pytest.approx(theirs, abs=3e-5 if separated else 1e-10)
    ours = corrected[["calibration_intercept", "calibration_slope"]].to_numpy()
    assert ours == pytest.approx(exact, abs=1e-10)
    assert ours == pytest.approx(theirs, abs=3e-5 if separated else 1e-8)


# R: rms::validate(fit$comb, method = "boot", B = 400): index.corrected of Dxy = 2 AUC - 1, Brier
# score (B), Slope, Intercept. Two means of independent draws differ by the error of both.
def test_our_own_draws_agree_with_rms_within_monte_carlo_error(study):
    data, choices, own, r, _ = study
    resamples, r = 400, r["rms_validate_B400"]
    table, selected, penalties = resample_models(
        data, choices, NAMES, range(1, resamples + 1), seed=20260101
    )
    assert selected.empty and penalties.empty
    scores, counts = as_scores(table, data.patients)
    corrected = correct(data.y, own, scores, counts, THRESHOLD)
    corrected = corrected[corrected["sample"] == CORRECTED].set_index("metric")["estimate"]
    everyone = np.ones_like(counts)
    train = measure(data.y, scores, counts, THRESHOLD)
    test = measure(data.y, scores, everyone, THRESHOLD)
    expected = dict(zip(r["rows"], r["index_corrected"], strict=True))
    expected = {
        "auc": (expected["Dxy"] + 1) / 2,
        "brier": expected["B"],
        "calibration_slope": expected["Slope"],
        "calibration_intercept": expected["Intercept"],
    }
    for metric, value in expected.items():
        spread = test[metric] if metric.startswith("cal") else train[metric] - test[metric]
        error = spread.std(ddof=1) * np.sqrt(2 / resamples)
        assert abs(corrected[metric] - value) < 3.5 * error, metric
        assert error < 0.1, metric
