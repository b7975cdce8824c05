"""ComBat within a study: learned in the training part alone, and part of the locked model."""

import hashlib
import json
from dataclasses import replace

import fit_lasso
import fit_models
import gather_dataset
import numpy as np
import pandas as pd
import pytest
from jobs import job
from synthetic_cohort import CHOICES, PHASES, PREDICTORS, cohort
from synthetic_model import NAMES, OUTCOME, locked
from synthetic_sites import COMBAT, REFERENCE, data_of_sites, of_sites

from nomoflow.bootstrap import resample_models
from nomoflow.dataset import BATCH, as_dataset
from nomoflow.discrimination import auc
from nomoflow.harmonisation import UnknownBatch, fit_combat
from nomoflow.harmonised_study import fit_harmonisation, harmonised
from nomoflow.locked_model import RAW_COLUMNS, predict
from nomoflow.model_file import check_model, read_model
from nomoflow.models import fit_study
from nomoflow.resampling import draw_patients, stratified_folds
from nomoflow.run import read_table, write_json, write_table
from nomoflow.validation import cross_validate

SIGNATURES = [*PHASES, "combined"]


def digest(fitted):
    """Of all that was learned."""
    combat = fitted.harmonisation.combat
    content = {
        "combat": combat.to_dict(),
        "signatures": {name: one.to_dict() for name, one in fitted.signatures.items()},
        "models": {
            name: [*one.terms, one.intercept, *one.coefficients, one.cutoff]
            for name, one in fitted.models.items()
        },
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def scrambled(data, rows, seed=9):
    """These patients with other features, and their batches changed over."""
    features, batch = data.features.copy(), data.batch.copy()
    noise = np.random.default_rng(seed).normal(20, 9, (len(rows), features.shape[1]))
    features.iloc[rows] = noise
    batch[rows] = np.where(batch[rows] == "A", "B", "A")
    return replace(data, features=features, batch=batch)


@pytest.mark.parametrize("choices", [COMBAT, REFERENCE])
def test_patients_held_back_do_not_reach_what_is_learned(monkeypatch, choices):
    data = data_of_sites()
    outer = stratified_folds(data.y, choices.folds, [1, 1], data.patients, data.batch)
    honest, caught = fit_study, []

    def spy(*arguments):
        fitted = honest(*arguments)
        caught.append(digest(fitted))
        return fitted

    monkeypatch.setattr("nomoflow.validation.fit_study", spy)
    monkeypatch.setattr("nomoflow.validation.stratified_folds", lambda *_: outer)
    before = cross_validate(data, choices, NAMES, 1, 1)
    after = cross_validate(scrambled(data, np.flatnonzero(outer == 2)), choices, NAMES, 1, 1)
    parts = len(np.unique(outer))
    first, second = caught[:parts], caught[parts:]
    assert [a == b for a, b in zip(first, second, strict=True)] == [
        fold == 2 for fold in np.unique(outer)
    ]
    assert set(before["fold"]) == set(after["fold"])


def test_a_fold_is_harmonised_by_its_training_part():
    """By hand: ComBat of the training part, on the part held back, before the score."""
    data = data_of_sites()
    training, rest = data.take(np.arange(40)), data.take(np.arange(40, 60))
    fitted = fit_study(training, COMBAT, [1], NAMES)
    combat = fit_combat(training.features.to_numpy(), training.batch)
    values = combat.apply(rest.features.to_numpy(), rest.batch)
    by_hand = pd.DataFrame(values, columns=rest.features.columns)
    score = fitted.signatures["combined"].radscore(by_hand)
    assert len(fitted.signatures["combined"].features) > 0
    columns = fitted.design(rest)
    assert list(columns["radscore"]) == list(score)
    assert list(columns["volume_ml"]) == list(rest.volume["volume_ml"])
    raw = fit_study(training, CHOICES, [1], NAMES)
    assert raw.harmonisation is None
    assert list(raw.design(rest)["radscore"]) != list(score)


@pytest.mark.parametrize("features", [1, 2])
def test_two_sites_apart_are_predicted_no_worse_than_raw(features):
    """The informative feature is moved by 1 SD at site B, and few others tell the site."""
    found = {"raw": [], "combat": []}
    for seed in range(1, 9):
        data = data_of_sites(n=120, features=features, seed=seed)
        for name, choices in (("raw", CHOICES), ("combat", COMBAT)):
            found[name].append(validated_auc(data, choices, seed))
    assert np.mean(found["combat"]) >= np.mean(found["raw"])


def test_shuffled_outcomes_are_not_predicted():
    """Nor through the sites, although most patients of one have the outcome."""
    plain, by_site = [], []
    for seed in range(1, 13):
        data = data_of_sites(n=80, seed=seed)
        random = np.random.default_rng(seed)
        plain.append(validated_auc(replace(data, y=random.permutation(data.y)), COMBAT, seed))
        no_effect = data_of_sites(n=80, seed=seed, effect=0.0)
        y = (random.random(80) < np.where(no_effect.batch == "A", 0.3, 0.7)).astype(int)
        by_site.append(validated_auc(replace(no_effect, y=y), COMBAT, seed))
    assert abs(np.mean(plain) - 0.5) < 0.05  # 3 standard errors of 12 cohorts
    assert np.mean(by_site) < 0.55


def validated_auc(data, choices, seed):
    table = cross_validate(data, choices, ["radiomics"], 1, seed)
    above = table["linear_predictor"] - table["baseline"]
    return auc(table["outcome"].to_numpy(), above.to_numpy())


# --- Small batches -----------------------------------------------------------------------------


def test_every_training_part_has_two_patients_of_each_batch():
    y, batch = np.arange(40) % 2, np.array(["A"] * 37 + ["B"] * 3)
    for repeat in range(30):
        fold = stratified_folds(y, 5, [1, repeat], None, batch)
        assert max(np.bincount(fold[batch == "B"])) == 1
        sizes = [np.bincount(fold[y == level], minlength=6)[1:] for level in (0, 1)]
        assert all(np.ptp(size) <= 1 for size in sizes)
    large = np.array(["A", "B"] * 20)
    assert list(stratified_folds(y, 5, [1, 1], None, large)) == list(stratified_folds(y, 5, [1, 1]))
    with pytest.raises(ValueError, match="no 2 folds leave 2 patients of each batch"):
        stratified_folds(y, 2, [1, 1], None, batch)


def test_every_resample_has_two_different_patients_of_each_batch():
    y, batch = np.arange(40) % 2, np.array(["A"] * 37 + ["B"] * 3)
    refused = 0
    for resample in range(1, 60):
        positions, again = draw_patients(y, 1, resample, 4, batch)
        assert len(np.unique(positions[batch[positions] == "B"])) >= 2
        refused += again
        if not again:  # the same patients as a study without harmonisation draws
            assert list(positions) == list(draw_patients(y, 1, resample, 4)[0])
    assert refused > 0
    with pytest.raises(ValueError, match="fewer than 2 patients"):
        draw_patients(y, 1, 1, 4, np.array(["A"] * 39 + ["B"]))


def test_resamples_of_small_batches_are_fitted():
    table = of_sites(n=40).assign(**{BATCH: ["A"] * 36 + ["B"] * 4})
    predictions, _, _ = resample_models(as_dataset(table), COMBAT, ["radiomics"], [1, 2, 3], 1)
    assert np.isfinite(predictions["linear_predictor"]).all()


@pytest.mark.parametrize("reference", [None, "A"])
def test_a_batch_that_was_not_in_training(reference):
    data = data_of_sites(levels=("A", "B", "C"))
    known, other = (data.take(np.flatnonzero((data.batch == "C") == c)) for c in (False, True))
    choices = replace(COMBAT, harmonisation={"batch": "scanner", "reference": reference})
    fitted = fit_study(known, choices, [1], NAMES)
    if reference is None:
        with pytest.raises(UnknownBatch, match=r"batch C was not in training \(it had A, B\)"):
            fitted.design(other)
        return
    combat = fit_combat(data.features.to_numpy(), data.batch, "A")
    expected = combat.apply(other.features.to_numpy(), other.batch)
    made = harmonised(other, fitted.harmonisation).features.to_numpy()
    np.testing.assert_allclose(made, expected, rtol=1e-9)
    assert len(fitted.design(other)) == len(other.y)


def test_patients_without_a_batch_are_refused():
    with pytest.raises(ValueError, match=r"no batch of its patients to harmonise by \(scanner\)"):
        fit_study(as_dataset(cohort()), COMBAT, [1], NAMES)


# --- The locked model --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_all():
    return locked(of_sites(), COMBAT)


@pytest.fixture(scope="module")
def by_reference():
    return locked(of_sites(levels=("A", "B", "C")), REFERENCE)


def elsewhere(one, shift=3.0):
    """The same patients at a centre D, whose scanner adds to each feature."""
    features = one.features.copy()
    names = [name for name in features if name != "patient" and "MeshVolume" not in name]
    features[names] = features[names] + shift
    return one.clinical.assign(scanner="D"), features


def test_without_harmonisation_the_document_says_nothing_of_it():
    plain = locked().document
    assert "harmonisation" not in plain
    same = locked(of_sites(), CHOICES)  # batches that are known and not used
    assert "harmonisation" not in same.document
    assert not set(RAW_COLUMNS) & set(predict(same.document, same.clinical, same.features))


@pytest.mark.parametrize("which", ["by_all", "by_reference"])
def test_patients_of_a_known_batch_are_predicted_as_in_the_study(which, request):
    one = request.getfixturevalue(which)
    check_model(one.document)
    columns = one.fitted.design(one.data)
    made = predict(json.loads(json.dumps(one.document)), one.clinical, one.features)
    for name, rows in made.groupby("model"):
        model = one.fitted.models[name]
        expected = model.intercept + columns[list(model.terms)].to_numpy() @ model.coefficients
        np.testing.assert_allclose(rows["linear_predictor"], expected, rtol=1e-9, atol=1e-9)
    assert one.document["harmonisation"]["batch"] == "scanner"
    used = {name for s in one.document["signatures"].values() for name in s["features"]}
    assert one.document["harmonisation"]["features"] == sorted(used)


def test_one_patient_by_hand_from_the_document(by_all):
    """What the schema says of it, by the json module and arithmetic alone."""
    model = json.loads(json.dumps(by_all.document))
    made, signature = model["harmonisation"], model["signatures"]["combined"]
    row = by_all.clinical.index[by_all.clinical["scanner"] == "B"][0]
    score = signature["intercept"]
    level = made["levels"].index("B")
    for i, name in enumerate(signature["features"]):
        at = made["features"].index(name)
        mean, sd = made["mean"][at], made["sd"][at]
        shift, scale = made["shift"][level][at], made["scale"][level][at]
        value = sd * ((by_all.features.at[row, name] - mean) / sd - shift) / scale + mean
        score += (
            signature["coefficients"][i] * (value - signature["means"][i]) / signature["sds"][i]
        )
    table = predict(model, by_all.clinical, by_all.features, ["radiomics"])
    assert table.at[row, "linear_predictor"] == pytest.approx(score, rel=1e-12)


def test_raw_stands_beside(by_all):
    model, clinical, features = by_all.document, by_all.clinical, by_all.features
    made = predict(model, clinical, features)
    without = {key: value for key, value in model.items() if key != "harmonisation"}
    raw = predict(without, clinical, features)
    assert list(made["linear_predictor_raw"]) == list(raw["linear_predictor"])
    assert list(made["probability_raw"]) == list(raw["probability"])
    radiomics = made[made["model"] == "radiomics"]
    assert (radiomics["linear_predictor"] != radiomics["linear_predictor_raw"]).all()
    clinical_only = made[made["model"] == "image_features"]
    assert list(clinical_only["probability"]) == list(clinical_only["probability_raw"])


def test_another_centre_is_refused_without_a_reference(by_all):
    with pytest.raises(UnknownBatch, match=r"has D; allowed are .* A, B\. .* make and lock"):
        predict(by_all.document, *elsewhere(by_all))
    clinical, _ = elsewhere(by_all)
    assert len(predict(by_all.document, clinical, None, ["image_features"])) == len(clinical)


def test_another_centre_is_brought_to_the_reference(by_reference):
    """What its scanner adds all but cancels out, whichever models are asked for."""
    clinical, features = elsewhere(by_reference)
    made = predict(by_reference.document, clinical, features)
    again = predict(by_reference.document, *elsewhere(by_reference, shift=-40.0))
    # not wholly: shifts are shrunk towards their mean over the features
    assert np.abs(made["probability"] - again["probability"]).max() < 0.05
    assert np.abs(made["probability_raw"] - again["probability_raw"]).max() > 0.5
    alone = predict(by_reference.document, clinical, features, ["radiomics"])
    same = made[made["model"] == "radiomics"]
    assert list(alone["linear_predictor"]) == list(same["linear_predictor"])
    unknown = clinical.drop(columns="outcome")
    pd.testing.assert_frame_equal(predict(by_reference.document, unknown, features), made)


def test_a_patient_without_features_is_not_learned_from(by_reference):
    clinical, features = elsewhere(by_reference)
    whole = predict(by_reference.document, clinical.iloc[1:], features.iloc[1:], ["radiomics"])
    made = predict(by_reference.document, clinical, features.iloc[1:], ["radiomics"])
    assert np.isnan(made["probability"][0])
    assert "features are missing" in made["warning"][0]
    np.testing.assert_allclose(
        made["linear_predictor"][1:], whole["linear_predictor"], rtol=1e-12, atol=1e-12
    )


def test_what_is_refused_at_a_centre(by_reference):
    clinical, features = elsewhere(by_reference)
    with pytest.raises(UnknownBatch, match=r"no column scanner .* allowed are A, B, C; add it"):
        predict(by_reference.document, clinical.drop(columns="scanner"), features)
    with pytest.raises(UnknownBatch, match="column scanner is empty for P000"):
        empty = clinical.assign(scanner=["", *clinical["scanner"][1:]])
        predict(by_reference.document, empty, features)
    with pytest.raises(ValueError, match="batch D has 1 patient"):
        predict(by_reference.document, clinical.iloc[:1], features)


# --- The scripts -------------------------------------------------------------------------------


def test_the_models_on_all_patients(tmp_path):
    """From the dataset by fit_lasso to model.json by fit_models: one ComBat, the same scores."""
    table = of_sites()
    write_table(table, tmp_path / "dataset.parquet")
    folds = pd.DataFrame({"patient": table["patient"], "fold": np.arange(len(table)) // 2 % 5 + 1})
    write_table(folds, tmp_path / "folds.csv")
    names = ("path", "trajectories", "selected", "radscore")
    for signature in SIGNATURES:
        outputs = {name: tmp_path / signature / f"{name}.csv" for name in names}
        params = {"penalty": "min", "score": "refit", "phases": PHASES}
        fit_lasso.main(
            job(
                {"dataset": tmp_path / "dataset.parquet", "folds": tmp_path / "folds.csv"},
                outputs | {"status": tmp_path / signature / "status.json"},
                params | {"harmonisation": COMBAT.harmonisation},
                {"signature": signature},
            )
        )
    write_json({"engine": "none", "phases": {p: {} for p in PHASES}}, tmp_path / "settings.json")
    names = ("vif", "axes", "scale", "points", "predictions")
    outputs = {name: tmp_path / f"{name}.csv" for name in names}
    outputs["coefficients"] = [tmp_path / name / "coefficients.csv" for name in NAMES]
    fit_models.main(
        job(
            {
                "dataset": tmp_path / "dataset.parquet",
                "signatures": [tmp_path / name / "status.json" for name in SIGNATURES],
                "settings": tmp_path / "settings.json",
            },
            outputs | {"model": tmp_path / "model.json"},
            {
                "study": "mine", "models": NAMES, "signatures": SIGNATURES,
                "choices": vars(COMBAT), "outcome": OUTCOME, "images": {}, "version": 1,
                "confidence": 0.95,
            },
        )
    )  # fmt: skip
    data = as_dataset(table)
    assert data.features.shape[1] == 12
    model = read_model(tmp_path / "model.json")
    scores = read_table(tmp_path / "combined/radscore.csv").set_index("patient")["radscore"]
    made = read_table(tmp_path / "predictions.csv")
    own = made[made["model"] == "radiomics"].set_index("patient")["linear_predictor"]
    np.testing.assert_allclose(own[scores.index], scores, rtol=1e-12)
    whole = harmonised(data, fit_harmonisation(data, COMBAT.harmonisation)).features
    name = model["signatures"]["combined"]["features"][0]
    assert model["feature_ranges"][name]["low"] == pytest.approx(whole[name].min(), rel=1e-12)
    assert model["harmonisation"]["sizes"] == [30, 30]


def test_the_dataset_has_the_batch_of_each_patient(tmp_path):
    table = cohort(8, features=1)
    features = pd.DataFrame(
        {"patient": table["patient"], "reading": "a1", "original_f": np.arange(8.0)}
    )
    write_table(features, tmp_path / "early.parquet")
    people = pd.DataFrame(
        {
            "patient": table["patient"],
            "diagnosis": ["ccRCC", "AML.wovf"] * 4,
            "age": 50,
            "sex": ["male", "female", "female", "male"] * 2,
            "scanner": list("ABBAABBA"),
        }
    )
    people.iloc[::-1].to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "icc.csv").write_text(
        "phase,feature,comparison,kept\nearly,original_f,inter,True\n", encoding="utf-8"
    )
    params = {
        "phases": ["early"], "outcome": OUTCOME, "predictors": PREDICTORS, "prescaled": False,
        "missing": "refuse",
    }  # fmt: skip
    for batch in ("scanner", None):
        gather_dataset.main(
            job(
                {
                    "participants": tmp_path / "people.csv",
                    "features": [tmp_path / "early.parquet"],
                    "icc": tmp_path / "icc.csv",
                },
                {"dataset": tmp_path / "dataset.parquet"},
                params | {"batch": batch},
            )
        )
        data = as_dataset(read_table(tmp_path / "dataset.parquet"))
        assert list(data.features) == ["early_original_f"]
        if batch:
            assert list(data.batch) == list("ABBAABBA")
            assert list(data.take(np.array([1, 3])).batch) == ["B", "A"]
        else:
            assert data.batch is None
