from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cross_validate import main
from jobs import job
from synthetic_cohort import CHOICES, cohort

from nomoflow.by_model import judged
from nomoflow.dataset import as_dataset
from nomoflow.discrimination import auc
from nomoflow.models import design, fit_models, fit_signatures
from nomoflow.resampling import stratified_folds
from nomoflow.run import read_table, write_table
from nomoflow.validation import cross_validate

NAMES = ["nomogram", "radiomics", "image_features", "radiomics_early", "volume"]


def test_each_patient_is_predicted_once_by_each_model(tmp_path):
    write_table(cohort(), tmp_path / "dataset.parquet")
    main(
        job(
            {"dataset": tmp_path / "dataset.parquet", "readings": []},
            {"predictions": tmp_path / "predictions.csv"},
            {"choices": vars(CHOICES), "reliability": {}, "models": NAMES, "seed": 1},
            {"repeat": "2"},
        )
    )
    predictions = read_table(tmp_path / "predictions.csv")
    counts = predictions.groupby(["model", "patient"]).size()
    assert len(counts) == len(NAMES) * 40 and set(counts) == {1}
    assert set(predictions["repeat"]) == {2}
    assert predictions.groupby("patient")["fold"].nunique().max() == 1


@pytest.mark.parametrize("select", ["all", "univariate", "backward"])
def test_the_training_part_never_sees_the_rest(select):
    """Scramble outcome and features of the held-back patients: what is fitted stays the same."""
    choices = replace(CHOICES, select=select)
    data = as_dataset(cohort())
    outer = stratified_folds(data.y, 4, [1, 1])
    honest = cross_validate(data, choices, NAMES, repeat=1, seed=1)
    for fold in (1, 3):
        held_back = np.flatnonzero(outer == fold)
        table = cohort()
        random = np.random.default_rng(9)
        table.loc[held_back, table.columns[2:]] = random.normal(50, 9, (len(held_back), 15))
        spoiled = as_dataset(table)
        training = spoiled.take(np.flatnonzero(outer != fold))
        signatures = fit_signatures(training, choices, [1, 1, fold], ["early", "late", "combined"])
        models = fit_models(training, signatures, choices)
        columns = design(data.take(held_back), signatures)
        mine = honest[(honest["fold"] == fold) & (honest["model"] == "nomogram")]
        x = columns[list(models["nomogram"].terms)].to_numpy()
        score = models["nomogram"].intercept + x @ models["nomogram"].coefficients
        np.testing.assert_array_equal(mine["linear_predictor"], score)
        assert set(mine["cutoff"]) == {models["nomogram"].cutoff}


def test_a_model_is_the_same_in_any_company():
    """Only the signatures that the models asked for stand on are fitted."""
    data = as_dataset(cohort())
    together = cross_validate(data, CHOICES, NAMES, repeat=1, seed=1)
    for name in NAMES:
        mine = together[together["model"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(cross_validate(data, CHOICES, [name], 1, 1), mine)


def test_missing_values_are_filled_in_by_the_training_part():
    """A value of the held-back part moves its own patients' predictions and no one else's."""
    choices = replace(CHOICES, missing="impute")
    table = cohort(60)
    table.loc[::6, "clinical.age"] = np.nan
    before = cross_validate(as_dataset(table), choices, ["image_features"], 1, 1)
    moved = table["clinical.age"].idxmin()  # from the lower half to the upper: the median moves
    table.loc[moved, "clinical.age"] += 100
    after = cross_validate(as_dataset(table), choices, ["image_features"], 1, 1)
    patient = table.loc[moved, "patient"]
    fold = before.loc[before["patient"] == patient, "fold"].item()
    lacking = table.loc[table["clinical.age"].isna(), "patient"]
    assert before.loc[before["fold"] == fold, "patient"].isin(lacking).any()
    same = (before["linear_predictor"] == after["linear_predictor"])[before["fold"] == fold]
    assert (~same).sum() == 1
    assert not (before["linear_predictor"] == after["linear_predictor"])[
        before["fold"] != fold
    ].any()


def test_noise_is_worth_nothing():
    """Over shuffled labels the mean AUC lies within its Monte Carlo error of 0.5."""
    areas = []
    for seed in range(20):
        predictions = cross_validate(
            as_dataset(cohort(41, effect=0.0, seed=seed)), CHOICES, ["radiomics"], 1, seed
        )
        rank = predictions["linear_predictor"] - predictions["baseline"]
        areas.append(auc(predictions["outcome"], rank))
    error = np.std(areas, ddof=1) / np.sqrt(len(areas))
    assert abs(np.mean(areas) - 0.5) < 3 * error


def test_a_constant_score_has_an_auc_of_one_half():
    """Folds of unequal prevalence must not rank patients by themselves."""
    choices = replace(CHOICES, penalty="1se", folds=10)
    data = as_dataset(cohort(47, effect=0.0, seed=2))
    predictions = cross_validate(data, choices, ["radiomics"], 1, 1)
    empty = predictions.groupby("fold")["linear_predictor"].nunique() == 1
    assert empty.sum() > 5
    rows = predictions[predictions["fold"].map(empty)]
    assert auc(rows["outcome"], rows["linear_predictor"]) < 0.5  # the artefact itself
    table = predictions[predictions["fold"].map(empty)].assign(fold=1)
    (constant,) = judged(table, ["radiomics"])
    assert auc(constant.y, constant.rank[0]) == 0.5


@pytest.mark.parametrize("score", ["refit", "lasso"])
def test_separated_training_parts_give_finite_scores(score):
    """Nearly perfect features: every nomogram is Firth's, none runs away or stops the run."""
    data = as_dataset(cohort(40, effect=30.0))
    choices = replace(CHOICES, score=score)
    predictions = cross_validate(data, choices, ["nomogram", "image_features"], 1, 1)
    nomogram = predictions[predictions["model"] == "nomogram"]
    assert nomogram["linear_predictor"].abs().between(0.1, 30).all()
    assert auc(nomogram["outcome"], nomogram["linear_predictor"]) == 1.0


def test_a_signal_is_found():
    data = as_dataset(cohort(80, effect=2.0))
    predictions = cross_validate(data, CHOICES, ["radiomics"], 1, 1)
    assert auc(predictions["outcome"], predictions["linear_predictor"]) > 0.85
