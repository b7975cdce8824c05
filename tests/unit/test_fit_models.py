import json
from dataclasses import replace

import numpy as np
import pytest
from firthmodels import FirthLogisticRegression
from fit_models import main
from jobs import job
from scipy.special import expit
from synthetic_cohort import CHOICES, cohort

from nomoflow.dataset import as_dataset
from nomoflow.fingerprints import patients_in_both
from nomoflow.model_file import digest, read_model
from nomoflow.models import fit_signatures
from nomoflow.run import read_json, read_table, write_json, write_rows, write_table

SIGNATURES = ["early", "late", "combined"]
MODELS = ["nomogram", "radiomics", "image_features", "radiomics_early", "radiomics_late", "volume"]
TABLES = ("vif", "axes", "scale", "points", "predictions")


def fit(folder, table, choices=CHOICES, models=MODELS, signatures=SIGNATURES, **inputs):
    """Run the script on a cohort; the folder then holds its results."""
    write_table(table, folder / "dataset.parquet")
    write_json({"engine": "none", "phases": {"early": {}, "late": {}}}, folder / "settings.json")
    data = as_dataset(table)
    for name, signature in fit_signatures(data, choices, [1], SIGNATURES).items():
        write_json({**signature.to_dict(), "candidates": 6}, folder / f"{name}.json")
    main(
        job(
            {
                "dataset": folder / "dataset.parquet",
                "signatures": [folder / f"{name}.json" for name in signatures],
                "settings": folder / "settings.json",
                **inputs,
            },
            {name: folder / f"{name}.csv" for name in TABLES}
            | {
                "coefficients": [folder / name / "coefficients.csv" for name in MODELS],
                "model": folder / "model.json",
            },
            {
                "study": "mine",
                "models": models,
                "signatures": signatures,
                "choices": vars(choices),
                "outcome": {"column": "diagnosis", "positive": "yes", "negative": "no"},
                "images": {},
                "version": 1,
                "confidence": 0.95,
            },
        )
    )
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("models"), cohort())


def test_a_probability_can_be_computed_by_hand_from_the_document(results):
    """Plain arithmetic on model.json and natural units gives the predictions."""
    document = json.loads((results / "model.json").read_bytes())
    table = cohort().set_index("patient")
    predictions = read_table(results / "predictions.csv").query("model == 'nomogram'")
    signature = document["signatures"]["combined"]
    for row in predictions.head(5).itertuples():
        patient = table.loc[row.patient]
        radscore = signature["intercept"]
        for name, mean, sd, coefficient in zip(
            *(signature[key] for key in ("features", "means", "sds", "coefficients")), strict=True
        ):
            radscore += coefficient * (patient[name] - mean) / sd
        values = {"radscore": radscore, "age": patient["clinical.age"] * 10}
        values["sex"] = patient["clinical.sex"]
        nomogram = document["models"]["nomogram"]
        score = nomogram["intercept"]
        for term in nomogram["terms"]:
            score += term["coefficient"] * values[term["name"]] / term.get("per", 1)
        assert score == pytest.approx(row.linear_predictor, abs=1e-9)
        assert expit(score) == pytest.approx(row.probability, abs=1e-12)


def test_the_document_holds_the_nomogram_as_drawn(results):
    drawn = read_json(results / "model.json")["nomogram"]
    assert drawn["axes"] == read_table(results / "axes.csv").to_dict("records")
    assert drawn["scale"] == read_table(results / "scale.csv").to_dict("records")


def test_the_digest_covers_every_number(results):
    document = read_json(results / "model.json")
    assert digest(document) == document["digest"]
    document["models"]["nomogram"]["terms"][0]["coefficient"] += 1e-12
    assert digest(document) != document["digest"]


def test_every_term_has_unit_coding_and_interval(results):
    table = read_table(results / "nomogram/coefficients.csv").set_index("term")
    assert list(table.index) == ["(Intercept)", "radscore", "age", "sex"]
    assert table.loc["age", "coding"] == "per 10 years"
    assert table.loc["sex", "coding"] == "1 = male, 0 = female"
    assert "conditional on selection" in table.loc["radscore", "note"]
    inside = (table["ci_low"] < table["coefficient"]) & (table["coefficient"] < table["ci_high"])
    assert inside.all()
    np.testing.assert_allclose(table["odds_ratio"], np.exp(table["coefficient"]))


def test_every_model_of_two_terms_or_more_has_its_variance_inflation(results):
    """1 / (1 - r^2) of two terms; of three 1 / (1 - R^2) of each on the others."""
    table = read_table(results / "vif.csv")
    assert list(table) == ["model", "term", "vif"]
    assert set(table["model"]) == {"image_features", "nomogram"}
    data = cohort()
    r = np.corrcoef(data["clinical.age"], data["clinical.sex"])[0, 1]
    clinical = table[table["model"] == "image_features"]
    assert clinical["vif"].tolist() == pytest.approx([1 / (1 - r**2)] * 2, rel=1e-10)
    radscore = read_table(results / "predictions.csv").query("model == 'radiomics'")
    x = {"radscore": radscore.set_index("patient").loc[data["patient"], "linear_predictor"]}
    x |= {name: data[f"clinical.{name}"] for name in ("age", "sex")}
    found = table[table["model"] == "nomogram"].set_index("term")["vif"]
    assert list(found.index) == list(x)
    for term, values in x.items():
        values = values.to_numpy() - values.mean()
        others = np.column_stack([x[name].to_numpy() for name in x if name != term])
        others = others - others.mean(axis=0)
        rest = values - others @ np.linalg.lstsq(others, values, rcond=None)[0]
        assert found[term] == pytest.approx((values @ values) / (rest @ rest), rel=1e-9)


def test_an_in_sample_refit_enters_the_nomogram_with_a_coefficient_near_one(results):
    """y ~ Radscore alone gives 1 exactly; beside other predictors it stays near."""
    radscore = read_table(results / "nomogram/coefficients.csv").set_index("term").loc["radscore"]
    assert 0.5 < radscore["coefficient"] < 2


def test_points_of_the_nomogram_add_up(results):
    """From axes and scale alone, by interpolation as with a ruler, to the linear predictor."""
    axes, scale = read_table(results / "axes.csv"), read_table(results / "scale.csv")
    table = cohort().set_index("patient")
    predictions = read_table(results / "predictions.csv")
    rad = predictions.query("model == 'radiomics'").set_index("patient")["linear_predictor"]
    for row in predictions.query("model == 'nomogram'").head(8).itertuples():
        values = {"radscore": rad[row.patient], "age": 10 * table.loc[row.patient, "clinical.age"]}
        values["sex"] = table.loc[row.patient, "clinical.sex"]
        total = 0.0
        for name, axis in axes.groupby("predictor"):
            line = np.polyfit(axis["value"], axis["points"], 1)
            total += np.polyval(line, values[name])
        line = np.polyfit(scale["total_points"], scale["linear_predictor"], 1)
        assert np.polyval(line, total) == pytest.approx(row.linear_predictor, abs=1e-6)


def test_an_empty_signature_makes_the_image_feature_model(tmp_path):
    fit(tmp_path, cohort(effect=0.0), replace(CHOICES, penalty="1se"))
    models = read_json(tmp_path / "model.json")["models"]
    assert models["radiomics"]["status"] == "empty"
    assert "the nomogram is the image-feature model" in models["nomogram"]["reason"]
    assert models["nomogram"]["terms"] == models["image_features"]["terms"]


def test_without_signature_and_predictors_the_nomogram_is_a_constant(tmp_path):
    table = cohort(effect=0.0).drop(columns=["clinical.age", "clinical.sex"])
    fit(tmp_path, table, replace(CHOICES, penalty="1se", predictors=[]))
    nomogram = read_json(tmp_path / "model.json")["models"]["nomogram"]
    assert (nomogram["status"], nomogram["terms"]) == ("empty", [])
    assert nomogram["intercept"] == pytest.approx(0)  # 20 of 40
    assert "a constant" in nomogram["reason"]


def test_a_study_without_clinical_predictors_says_so(tmp_path):
    table = cohort().drop(columns=["clinical.age", "clinical.sex", "volume_ml"])
    fit(tmp_path, table, replace(CHOICES, predictors=[]))
    models = read_json(tmp_path / "model.json")["models"]
    assert models["image_features"]["status"] == "unavailable"
    assert models["volume"]["status"] == "unavailable"
    assert [term["name"] for term in models["nomogram"]["terms"]] == ["radscore"]
    assert read_table(tmp_path / "image_features/coefficients.csv").empty


def test_separation_is_named(tmp_path):
    table = cohort()
    table["clinical.sex"] = table["outcome"].astype(float)
    fit(tmp_path, table, replace(CHOICES, separated="ml"))
    assert read_json(tmp_path / "model.json")["models"]["image_features"]["status"] == "separated"
    rows = read_table(tmp_path / "image_features/coefficients.csv")
    assert rows["note"].str.contains("sex").all() and rows["se"].isna().all()


def test_separated_models_are_firths(tmp_path):
    """By default, and only where the classes are separated; against the library firthmodels."""
    table = cohort()
    table["clinical.sex"] = table["outcome"].astype(float)
    fit(tmp_path, table)
    models = read_json(tmp_path / "model.json")["models"]
    assert models["volume"]["status"] == "fitted"
    model = models["image_features"]
    assert model["status"] == "separated"
    assert model["reason"] == (
        "the predictors sex separate the classes: Firth's penalised estimates"
    )
    x = table[["clinical.age", "clinical.sex"]].to_numpy()
    theirs = FirthLogisticRegression(gtol=1e-6, xtol=1e-6, max_iter=500)
    theirs.fit(x, table["outcome"]).lrt()
    expected = [theirs.intercept_, *theirs.coef_]
    rows = read_table(tmp_path / "image_features/coefficients.csv")
    assert rows["coefficient"].to_numpy() == pytest.approx(expected, abs=1e-5)
    # the library has the intercept last
    assert rows["p"].to_numpy() == pytest.approx(np.roll(theirs.lrt_pvalues_, 1), rel=1e-6)
    assert rows["note"].str.contains("Firth.*sex").all()
    assert np.log(rows["or_low"]).to_numpy() == pytest.approx(rows["profile_low"].to_numpy())
    assert rows.drop(columns=["unit", "coding"]).notna().all(axis=None)


def test_a_nomogram_of_a_nearly_perfect_score_has_finite_points(tmp_path):
    table = cohort(60)
    table["early_original_firstorder_F0"] += 40 * table["outcome"]
    fit(tmp_path, table, replace(CHOICES, score="lasso"))
    assert read_json(tmp_path / "model.json")["models"]["nomogram"]["status"] == "separated"
    predictions = read_table(tmp_path / "predictions.csv").query("model == 'nomogram'")
    assert predictions["probability"].between(1e-4, 1 - 1e-4).all()
    assert read_table(tmp_path / "scale.csv")["probability"].notna().all()


def test_an_unknown_rule_for_separation_is_refused(tmp_path):
    table = cohort()
    table["clinical.sex"] = table["outcome"].astype(float)
    with pytest.raises(ValueError, match="firth, ml"):
        fit(tmp_path, table, replace(CHOICES, separated="ridge"))


def test_a_variant_has_fewer_models_and_empty_tables_for_the_others(tmp_path):
    made = fit(tmp_path, cohort(), models=["nomogram", "radiomics"], signatures=["combined"])
    assert list(read_json(made / "model.json")["models"]) == ["nomogram", "radiomics"]
    assert not read_table(made / "nomogram/coefficients.csv").empty
    assert read_table(made / "volume/coefficients.csv").empty
    assert set(read_table(made / "predictions.csv")["model"]) == {"nomogram", "radiomics"}


def test_the_document_is_one_that_another_centre_can_read(results):
    document = read_model(results / "model.json")
    assert document["fingerprints"]["of"] == "features"
    assert len(document["fingerprints"]["values"]) == len(cohort())
    assert document["cohort"]["acquisition"] == {}


def test_images_are_told_of_in_the_document(tmp_path):
    table = cohort()
    quality = [
        {"patient": patient, "phase": "early", "reading": reading, "spacing_mm": "1 1 3",
         "mean": 50.0, "fingerprint": f"{patient} {reading}"}
        for patient in [*table["patient"], "left out"]
        for reading in ("a1", "b1")
    ]  # fmt: skip
    names = ["format", "modality", "units", "manufacturer", "model", "kernel"]
    names += ["slice_thickness_mm", "slice_spacing_mm", "kv", "tube_current_ma"]
    acquisition = [dict.fromkeys(names, "") | row for row in quality[::2]]
    write_rows(quality, tmp_path / "quality.csv", quality[0])
    write_rows(acquisition, tmp_path / "acquisition.csv", acquisition[0])
    made = fit(
        tmp_path,
        table,
        quality=tmp_path / "quality.csv",
        acquisition=tmp_path / "acquisition.csv",
    )
    document = read_model(made / "model.json")
    listed = document["fingerprints"]
    own = {patient: [f"{patient} a1"] for patient in [*table["patient"], "left out"]}
    assert patients_in_both(listed, own) == sorted(table["patient"])
    assert len(listed["values"]) == len(table)
    found = document["cohort"]["acquisition"]["early"]
    assert found["images"] == len(table)
    assert found["numbers"]["spacing_z_mm"]["median"] == 3
    assert document["cohort"]["intensities"]["early"]["mean"] == 50
