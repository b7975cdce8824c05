from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from synthetic_cohort import CHOICES, PHASES, cohort

from nomoflow import signature
from nomoflow.bootstrap import PENALTIES, PREDICTIONS, SELECTED, refit, resample_models
from nomoflow.dataset import as_dataset
from nomoflow.models import fit_study
from nomoflow.optimism import CORRECTED, correct
from nomoflow.regression import fit_logistic
from nomoflow.resample_metrics import Scores, as_scores, auc_of_each_resample, measure
from nomoflow.resampling import draw_patients
from nomoflow.validation import cross_validate, predictions

NAMES = ["nomogram", "radiomics", "image_features", "radiomics_early", "volume"]


@pytest.fixture(scope="module")
def tables():
    return resample_models(as_dataset(cohort()), CHOICES, NAMES, [1, 2, 3], 1)


def test_every_patient_is_predicted_by_every_model_of_every_resample(tables):
    predicted, selected, penalties = tables
    assert list(predicted) == list(PREDICTIONS)
    assert list(selected) == list(SELECTED) and list(penalties) == list(PENALTIES)
    assert set(predicted.groupby(["resample", "model", "patient"]).size()) == {1}
    assert len(predicted) == 3 * len(NAMES) * 40
    assert set(predicted.groupby(["resample", "model"])["count"].sum()) == {40}
    assert set(penalties["signature"]) == {"early", "combined"}  # late stands behind no model here
    features = selected.groupby(["resample", "signature"]).size()
    for row in penalties[penalties["status"] == "selected"].itertuples():
        assert features[row.resample, row.signature] == row.nonzero > 0


def test_the_patients_drawn_are_those_the_models_are_made_from(tables):
    """The baseline is the log odds of the drawn outcomes; and a refit Radscore keeps them."""
    predicted, _, penalties = tables
    refitted = set(penalties[penalties["status"] == "selected"]["resample"])
    assert refitted
    for resample, rows in predicted[predicted["model"] == "radiomics"].groupby("resample"):
        positions, refused = draw_patients(as_dataset(cohort()).y, 1, resample, CHOICES.folds)
        assert (np.bincount(positions, minlength=40) == rows["count"]).all()
        assert set(rows["refused"]) == {refused}
        events = (rows["count"] * rows["outcome"]).sum()
        assert rows["baseline"].to_numpy() == pytest.approx(logit(events / 40), abs=1e-12)
        if resample in refitted:
            expected = (rows["count"] * rows["probability"]).sum()
            assert expected == pytest.approx(events, abs=1e-6)


def test_a_resample_is_the_same_in_any_company(tables):
    alone = resample_models(as_dataset(cohort()), CHOICES, NAMES, [2], 1)
    for mine, theirs in zip(alone, tables, strict=True):
        expected = theirs[theirs["resample"] == 2].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, expected)


def test_another_seed_draws_others(tables):
    other = resample_models(as_dataset(cohort()), CHOICES, NAMES, [2], 2)[0]
    mine = tables[0][tables[0]["resample"] == 2].reset_index(drop=True)
    assert (mine["count"] != other["count"]).any()


@pytest.fixture
def seen(monkeypatch):
    """Features and folds as they reach the LASSO."""
    calls = []
    path = signature.cross_validated_path

    def spy(z, y, fold):
        calls.append((z.copy(), fold.copy()))
        return path(z, y, fold)

    monkeypatch.setattr(signature, "cross_validated_path", spy)
    return calls


def each_patient_in_one_fold(z, fold):
    """Rows of equal features are one patient; returns how many rows are copies."""
    _, patient = np.unique(z, axis=0, return_inverse=True)
    folds = pd.Series(fold).groupby(patient).nunique()
    assert (folds == 1).all()
    return len(fold) - len(folds)


def test_copies_lie_in_one_fold_of_the_lasso(seen):
    resample_models(as_dataset(cohort()), CHOICES, NAMES, [1, 2, 3], 1)
    assert len(seen) == 3 * 2
    assert min(each_patient_in_one_fold(z, fold) for z, fold in seen) > 5


def test_copies_lie_in_one_fold_at_both_levels_of_cross_validation(seen):
    """A resample may itself be cross-validated: outer folds part no copies, nor do inner ones."""
    data = as_dataset(cohort())
    drawn = data.take(np.sort(draw_patients(data.y, 1, 1, 4)[0]))
    rows = cross_validate(drawn, CHOICES, ["radiomics"], 1, 1)
    assert len(rows) == 40 and rows["patient"].nunique() < 35
    assert (rows.groupby("patient")["fold"].nunique() == 1).all()
    assert len(seen) == 4
    assert min(each_patient_in_one_fold(z, fold) for z, fold in seen) > 3


def test_without_folds_of_patients_the_penalty_would_be_too_small(monkeypatch):
    """What the rule is for: on noise, folds that part copies keep several times the features."""
    data = as_dataset(cohort(60, features=40, effect=0.0))
    honest = resample_models(data, CHOICES, ["radiomics"], range(1, 6), 1)[2]["nonzero"].sum()
    apart = [replace(data.take(np.sort(draw_patients(data.y, 1, b, 4)[0]))) for b in range(1, 6)]
    leaking = 0
    for part in apart:
        rows = replace(part, patients=np.arange(60))
        leaking += fit_study(rows, CHOICES, [1], ["radiomics"]).penalties["combined"][1]
    assert leaking > 3 * honest + 10


def scores_of(data, choices, names, resamples):
    """Final model and resamples of one model, as the corrections want them."""
    fitted = fit_study(data, choices, [1], names)
    same = {"sample": "apparent", "repeat": 0, "fold": 0}
    rows = predictions(data, fitted.design(data), fitted.models, names, data.y, **same)
    own = Scores(
        *(rows[[column]].to_numpy().T for column in ("linear_predictor", "probability")),
        rows["cutoff"].to_numpy()[:1],
    )
    predicted = resample_models(data, choices, names, resamples, 1)[0]
    return own, *as_scores(predicted, data.patients)


def test_on_noise_harrell_stays_above_one_half_and_out_of_bag_does_not():
    """80 features of noise: the copies that a resample shares with all patients are still known."""
    data = as_dataset(cohort(60, features=40, effect=0.0, seed=4))
    own, scores, counts = scores_of(data, CHOICES, ["radiomics"], range(1, 41))
    table = correct(data.y, own, scores, counts, 0.5).set_index(["sample", "metric"])
    out_of_bag = measure(data.y, scores, (counts == 0).astype(float), 0.5)["auc"]
    assert table.loc[(CORRECTED, "auc"), "estimate"] > 0.6
    assert np.mean(out_of_bag) == pytest.approx(0.5, abs=0.06)
    assert table.loc[("corrected_632", "auc"), "estimate"] < 0.58


def test_an_empty_signature_is_a_constant_and_stays():
    """Each resample counts; the nomogram is then the image-feature model."""
    data = as_dataset(cohort(effect=0.0))
    choices = replace(CHOICES, penalty="1se")
    predicted, selected, penalties = resample_models(data, choices, NAMES, range(1, 5), 1)
    empty = penalties[(penalties["signature"] == "combined") & (penalties["status"] == "empty")]
    assert len(empty) >= 2 and set(empty["nonzero"]) == {0} and empty["lambda"].notna().all()
    assert not set(empty["resample"]) & set(
        selected.loc[selected["signature"] == "combined", "resample"]
    )
    for resample in empty["resample"]:
        rows = predicted[predicted["resample"] == resample].set_index("model")
        constant = rows.loc["radiomics"]
        assert (constant["linear_predictor"] == constant["cutoff"]).all()
        assert constant["linear_predictor"].to_numpy() == pytest.approx(
            constant["baseline"].to_numpy(), abs=1e-12
        )
        np.testing.assert_array_equal(
            rows.loc["nomogram", "linear_predictor"], rows.loc["image_features", "linear_predictor"]
        )


def test_a_penalty_at_the_end_of_its_path_is_marked():
    """Features that tell the classes apart by themselves want no penalty; noise wants much."""
    for effect, at_end in ((9.0, True), (0.0, False)):
        data = as_dataset(cohort(60, effect=effect, seed=2))
        penalties = resample_models(data, CHOICES, ["radiomics"], [1, 2, 3], 1)[2]
        assert list(penalties["at_end"]) == [at_end] * 3


def test_no_candidate_feature_is_an_empty_signature_too():
    table = cohort()
    table = table[[c for c in table if not c.startswith(tuple(PHASES))]]
    predicted, selected, penalties = resample_models(
        as_dataset(table), CHOICES, ["nomogram", "radiomics"], [1, 2], 1
    )
    assert selected.empty and list(selected) == list(SELECTED)
    assert list(penalties["status"]) == ["empty", "empty"] and penalties["lambda"].isna().all()
    assert not penalties["at_end"].any()
    assert len(predicted) == 2 * 2 * 40


def test_what_is_unavailable_has_no_rows():
    data = as_dataset(cohort().drop(columns="volume_ml"))
    predicted = resample_models(data, CHOICES, ["image_features", "volume"], [1], 1)[0]
    assert set(predicted["model"]) == {"image_features"}
    predicted, selected, penalties = resample_models(data, CHOICES, ["volume"], [1, 2], 1)
    assert predicted.empty and list(predicted) == list(PREDICTIONS)
    assert selected.empty and penalties.empty


def test_missing_values_are_filled_in_by_what_was_drawn():
    """By hand: median and most frequent level over the copies, then maximum likelihood on them."""
    table = cohort(60)
    table.loc[::7, "clinical.age"] = np.nan
    table.loc[3::9, "clinical.sex"] = np.nan
    choices = replace(CHOICES, missing="impute")
    data = as_dataset(table)
    positions = draw_patients(data.y, 1, 1, 4)[0]
    rows = refit(data, positions, choices, ["image_features"], [1], 1)[0]
    drawn = data.clinical.iloc[positions]
    sex = drawn["sex"].dropna()
    values = {"age": drawn["age"].median(), "sex": float((sex == 1).sum() > (sex == 0).sum())}
    assert values["age"] != data.clinical["age"].median()
    x = data.clinical.fillna(values)
    fit = fit_logistic(x.iloc[positions].reset_index(drop=True), data.y[positions])
    expected = fit.linear_predictor(x)
    assert rows["linear_predictor"].to_numpy() == pytest.approx(expected, abs=1e-8)


def test_missing_values_are_an_error_where_none_may_be_filled_in():
    table = cohort()
    table.loc[3, "clinical.age"] = np.nan
    with pytest.raises(ValueError, match=r"age is missing in 1 of 40 patients.*impute"):
        fit_study(as_dataset(table), CHOICES, [1], ["image_features"])
    with pytest.raises(ValueError, match="allowed: refuse, impute"):
        fit_study(as_dataset(table), replace(CHOICES, missing="drop"), [1], ["volume"])


def test_only_what_is_asked_for_is_fitted():
    fitted = fit_study(as_dataset(cohort()), CHOICES, [1], ["volume", "radiomics_late"])
    assert list(fitted.signatures) == ["late"] == list(fitted.penalties)
    assert list(fitted.models) == ["radiomics_late", "volume"]
    with pytest.raises(ValueError, match="radiomics_venous"):
        fit_study(as_dataset(cohort()), CHOICES, [1], ["radiomics_venous"])


def test_a_strong_signal_survives_the_correction():
    data = as_dataset(cohort(80, effect=2.0))
    own, scores, counts = scores_of(data, CHOICES, ["radiomics"], range(1, 16))
    table = correct(data.y, own, scores, counts, 0.5)
    areas = table[table["metric"] == "auc"]["estimate"]
    apparent = auc_of_each_resample(data.y, own.lp, np.ones((1, 80)))[0]
    assert ((areas > 0.85) & (areas < apparent)).all()
