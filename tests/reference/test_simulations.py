"""The simulations of benchmarks/: their truths against large samples, and what they must find.

Nothing here is compared with an earlier output: expected are 0.5 where outcomes are shuffled, the
nominal coverage, and figures of a large sample drawn in another way.
"""

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

from nomoflow.dataset import Dataset
from nomoflow.models import fit_study, linear_predictor
from nomoflow.regression import fit_logistic

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def program(monkeypatch, name):
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")  # the programs set them; here they go back
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module(name)


@pytest.fixture
def labels(monkeypatch):
    return program(monkeypatch, "shuffled_labels")


@pytest.fixture
def coverage(monkeypatch):
    return program(monkeypatch, "interval_coverage")


# --- Shuffled labels --------------------------------------------------------------------------

SIZE = ["--patients", "40", "--features", "200", "--repeats", "1", "--resamples", "4"]
SMALL = [*SIZE, "--shuffles", "4", "--gist", "absent"]


@pytest.fixture
def few(labels, monkeypatch):
    """The made-up cohort alone, 20 shuffles of it."""
    honest = labels.cohorts
    monkeypatch.setattr(labels, "cohorts", lambda options: [next(honest(options))])
    return labels


def test_nothing_is_found_in_shuffled_labels(few, tmp_path, capsys):
    few.main([*SMALL, "--results", str(tmp_path)])
    table = pd.read_csv(tmp_path / "shuffled_labels.csv").set_index(["model", "sample"])
    for model in ("radiomics", "nomogram"):
        for sample in ("within_folds", "out_of_bag"):
            found = table.loc[(model, sample)]
            assert found["shuffles"] == 20
            assert abs(found["mean_auc"] - 0.5) < 3 * found["standard_error"]
            assert found["standard_error"] < 0.06
        apparent = table.loc[(model, "apparent"), "mean_auc"]
        assert apparent > 0.55
        # the mistake that the others are there to find
        early = table.loc[(model, "selected before the split")]
        assert early["mean_auc"] - 0.5 > 5 * early["standard_error"]
    assert set(table.columns) >= {"cores", "cpu", "python", "numpy", "pandas", "glmstar"}
    assert "as it must be" in capsys.readouterr().out


def test_a_selection_that_leaks_ends_the_program(few, tmp_path, monkeypatch):
    validate, resample = few.cross_validate, few.resample_models

    def leaking(function):
        def on_the_best(data, *others):
            return function(replace(data, features=data.features[few.best_features(data)]), *others)

        return on_the_best

    monkeypatch.setattr(few, "cross_validate", leaking(validate))
    monkeypatch.setattr(few, "resample_models", leaking(resample))
    with pytest.raises(SystemExit, match=r"6 mean AUCs lie more than 3 standard errors from 0.5"):
        few.main([*SMALL, "--shuffles", "2", "--results", str(tmp_path)])


def test_the_class_differences_of_folds_explain_it():
    """Each fold's slope is the sum of the others' differences: 0 on average, not when scaled."""
    own = np.random.default_rng(1).normal(size=(200_000, 5))
    slope = own.sum(axis=1, keepdims=True) - own
    gained = (slope * own).sum(axis=1)
    assert abs(gained.mean()) < 4 * gained.std() / np.sqrt(len(own))
    assert abs((np.sign(slope) * own).mean()) < 0.005
    assert (gained / np.sqrt((slope**2).sum(axis=1))).mean() < -0.4


# --- Coverage ---------------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", [1.0, 0.99, 0.7, 0.0, -0.5])
def test_true_auc(coverage, correlation):
    random = np.random.default_rng(2)
    z, other = random.normal(size=(2, 400_000))
    score = correlation * z + np.sqrt(1 - correlation**2) * other
    y = random.random(len(z)) < expit(0.3 + 1.2 * z)
    found = coverage.true_auc(correlation, 0.3, 1.2)
    assert found == pytest.approx(roc_auc_score(y, score), abs=0.004)


def test_truths_of_the_fixed_score(coverage):
    truth = coverage.truths_of_the_score()
    random, n = np.random.default_rng(3), 600_000
    lp = random.normal(0, coverage.SCORE_SD, n)
    y = (random.random(n) < expit(coverage.TRUE_INTERCEPT + coverage.TRUE_SLOPE * lp)).astype(int)
    p, called, about = expit(lp), lp >= coverage.CUT, {"abs": 0.004}
    assert truth["auc"] == pytest.approx(roc_auc_score(y, lp), **about)
    assert truth["brier"] == pytest.approx(brier_score_loss(y, p), **about)
    assert truth["sensitivity"] == pytest.approx(called[y == 1].mean(), **about)
    assert truth["specificity"] == pytest.approx((~called)[y == 0].mean(), **about)
    assert truth["accuracy"] == pytest.approx((called == y).mean(), **about)
    assert truth["oe"] == pytest.approx(y.mean() / p.mean(), **about)
    positive = p >= 0.5
    benefit = (positive & (y == 1)).mean() - (positive & (y == 0)).mean()
    assert truth["net_benefit"] == pytest.approx(benefit, **about)
    fit = fit_logistic(pd.DataFrame({"lp": lp}), y)
    expected = [truth["calibration_intercept"], truth["calibration_slope"]]
    assert fit.coefficients == pytest.approx(expected, abs=0.015)
    shifted = lp + truth["calibration_in_the_large"]
    assert expit(shifted).mean() == pytest.approx(y.mean(), abs=0.002)
    # distances: the observed share in 200 slices of the score, far more finely than a study could
    slices = np.array_split(np.argsort(lp), 200)
    away = np.abs([y[part].mean() - p[part].mean() for part in slices])
    figures = {"ici": away.mean(), "e50": np.median(away), "e90": np.quantile(away, 0.9)}
    for metric, value in figures.items():
        assert truth[metric] == pytest.approx(value, abs=0.006)


@pytest.mark.parametrize("which", [0, 2])
def test_conditional_auc_is_that_of_the_fitted_model_on_new_patients(coverage, which):
    setting = replace(coverage.SETTINGS[which], predictors=20 if which else 5)
    root = np.linalg.cholesky(setting.covariance())
    data = coverage.draw(setting, root, np.random.default_rng(4))
    fitted = fit_study(data, setting.choices(), [1], (setting.model,))
    large = replace(setting, patients=150_000)
    new = coverage.draw(large, root, np.random.default_rng(5))
    assert isinstance(new, Dataset)
    score = linear_predictor(fitted.models[setting.model], fitted.design(new))
    expected = roc_auc_score(new.y, score)
    assert 0.6 < expected < 0.9
    assert coverage.conditional_auc(setting, fitted) == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("part", ["kappas", "iccs"])
def test_intervals_of_readers_hold_the_truth_about_as_often_as_they_say(coverage, part):
    table = coverage.summary(pd.DataFrame(getattr(coverage, part)(400)))
    assert (table["repeats"] == 400).all()
    # Large-sample kappa may miss by a few per cent, and an ICC more where two readers' shift is
    # much of what divides them (docs/simulations.md); without a shift nothing is approximate.
    exact = table[table["setting"].str.endswith("shift 0.00 of variance")]
    assert (abs(exact["covered"] - 0.95) < 3.5 * exact["covered_se"]).all()
    assert (table["covered"] > (0.9 if part == "kappas" else 0.8)).all()


def test_what_is_covered_is_counted(coverage):
    limits = [(0.1, 0.3), (0.25, 0.6), (0.3, 0.9), (np.nan, np.nan), (0.0, 0.1)]
    group = pd.DataFrame(
        {
            "setting": "s", "figure": "f", "method": "m", "estimate": [0.2, 0.4, 0.5, 0.3, 0.1],
            "low": [low for low, _ in limits], "high": [high for _, high in limits],
            "truth": [0.2, 0.2, 0.3, 0.3, 0.2], "of": "conditional",
        }
    )  # fmt: skip
    own, mean = coverage.summary(group).itertuples()
    assert (own.truth, own.repeats, own.without_interval) == ("conditional", 5, 1)
    assert (own.covered, own.interval_above, own.interval_below) == (0.5, 0.25, 0.25)
    assert own.covered_se == pytest.approx(0.25)
    assert own.mean_width == pytest.approx((0.2 + 0.35 + 0.6 + 0.1) / 4)
    assert own.bias == pytest.approx(0.3 - 0.24)
    assert (mean.truth, mean.mean_truth) == ("mean", pytest.approx(0.24))
    assert mean.covered == 0.25  # 0.24 lies in the first alone


def test_the_program_writes_every_part(coverage, tmp_path, monkeypatch, capsys):
    small = [
        replace(setting, predictors=min(setting.predictors, 12), repeats=2, resamples=8)
        for setting in coverage.SETTINGS
    ]
    monkeypatch.setattr(coverage, "SETTINGS", small)
    monkeypatch.setattr(coverage, "CHEAP", 3)
    coverage.main(["--results", str(tmp_path)])
    table = pd.read_csv(tmp_path / "coverage.csv")
    assert set(table["setting"]) > {setting.name for setting in small}
    for setting in small:
        part = table[(table["setting"] == setting.name) & (table["truth"] == "conditional")]
        printed = part[part["method"] == "as printed"]
        assert list(printed["figure"]) == ["auc, corrected", "auc, corrected_632"]
        kinds = part[part["method"].str.startswith("as printed, ")].groupby("figure")["repeats"]
        assert (kinds.sum() == 2).all()
    assert np.isfinite(table[["mean_truth", "mean_estimate", "bias"]]).all(axis=None)
    assert set(table.columns) >= {"covered_se", "cpu_seconds", "cores", "cpu", "numpy"}
    assert "written: coverage.csv" in capsys.readouterr().out
