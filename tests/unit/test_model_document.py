import json
from dataclasses import replace

import numpy as np
import pytest
from synthetic_cohort import CHOICES, PREDICTORS, cohort
from synthetic_model import locked

from nomoflow.dataset import CLINICAL, COMBINED, as_dataset
from nomoflow.imputation import fit_imputation
from nomoflow.model_document import describe_term, model_document
from nomoflow.model_file import check_model, digest
from nomoflow.models import design, fit_models, fit_signatures


@pytest.fixture(scope="module")
def fitted():
    data = as_dataset(cohort())
    signatures = fit_signatures(data, CHOICES, [1], [*CHOICES.phases, COMBINED])
    return data, design(data, signatures), signatures, fit_models(data, signatures, CHOICES)


def document(fitted, **imputed):
    return model_document({}, *fitted, PREDICTORS, {}, **imputed)


def test_a_model_that_refuses_missing_values_has_none_to_fill_in(fitted):
    made = document(fitted)
    assert made["missing"] == "refuse"
    terms = [term for model in made["models"].values() for term in model["terms"]]
    assert terms and not any("imputed" in term for term in terms)


def test_values_that_stand_for_missing_ones_are_in_the_predictors_own_unit(fitted):
    made = document(fitted, imputed={"age": 5.45, "sex": 1.0})
    assert made["missing"] == "impute"
    for name in ("image_features", "nomogram"):
        terms = {term["name"]: term for term in made["models"][name]["terms"]}
        assert terms["age"]["imputed"] == pytest.approx(54.5)  # years, the coding is per 10
        assert terms["sex"]["imputed"] == 1.0
        assert "imputed" not in terms.get("radscore", {})
    assert made["digest"] == digest(made) != document(fitted)["digest"]
    other = document(fitted, imputed={"age": 5.5, "sex": 1.0})
    assert other["digest"] != made["digest"]


def test_a_study_without_predictors_can_impute(fitted):
    assert document(fitted, imputed={})["missing"] == "impute"


def test_the_range_is_that_of_the_values_present():
    frame = cohort()
    frame.loc[[1, 2], f"{CLINICAL}age"] = np.nan
    ages = as_dataset(frame).clinical["age"]
    term = describe_term("age", PREDICTORS, ages.to_numpy())
    assert (term["low"], term["high"]) == (10 * ages.min(), 10 * ages.max())
    assert term["low"] < 10 * fit_imputation(ages.to_frame())["age"] < term["high"]


def test_the_document_tells_of_its_cohort_and_of_no_patient(fitted):
    data, columns, _, models = fitted
    rows = [
        dict.fromkeys(("format", "modality", "units", "model", "kernel"), "x")
        | dict.fromkeys(("slice_spacing_mm", "kv", "tube_current_ma"), "")
        | {"patient": patient, "phase": "early", "manufacturer": "M", "slice_thickness_mm": "5"}
        for patient in [*data.patients, "left out"]
    ]
    made = document(fitted, acquisition=rows, fingerprints=[f"image {p}" for p in data.patients])
    cohort = made["cohort"]
    assert (cohort["patients"], cohort["events"]) == (40, 20)
    known = {row["name"]: row for row in cohort["variables"]}
    assert known["age"]["mean"] == pytest.approx(10 * data.clinical["age"].mean())
    assert known["sex"]["positive"] == int(data.clinical["sex"].sum())
    assert known["volume_ml"]["median"] == pytest.approx(data.volume["volume_ml"].median())
    assert known["radscore"]["mean"] == pytest.approx(columns["radscore"].mean())
    assert set(cohort["linear_predictors"]) == set(models)
    assert cohort["acquisition"]["early"]["words"]["manufacturer"] == {"M": 40}
    assert len(made["fingerprints"]["values"]) == 40
    text = json.dumps(made)
    assert not any(patient in text for patient in data.patients)


def test_the_document_has_the_range_of_each_feature_it_uses(fitted):
    data, _, signatures, _ = fitted
    ranges = document(fitted)["feature_ranges"]
    assert set(ranges) == {name for one in signatures.values() for name in one.features}
    for name, ends in ranges.items():
        assert (ends["low"], ends["high"]) == (
            data.features[name].min(),
            data.features[name].max(),
        )


def test_every_candidate_predictor_is_described_chosen_or_not(fitted):
    made = document(fitted)
    assert [predictor["name"] for predictor in made["predictors"]] == ["age", "sex"]
    terms = {term["name"]: term for term in made["models"]["nomogram"]["terms"]}
    for predictor in made["predictors"]:
        assert terms[predictor["name"]] == predictor | {
            "coefficient": terms[predictor["name"]]["coefficient"]
        }


def test_a_candidate_that_no_patient_has_a_value_of():
    """It is filled in with 0, so no model rests on it; the document still has its place."""
    frame = cohort()
    frame[f"{CLINICAL}age"] = np.nan
    made = locked(frame, replace(CHOICES, missing="impute")).document
    check_model(made)
    known = {row["name"]: row for row in made["cohort"]["variables"]}
    assert known["age"]["missing"] == 40 and known["age"]["mean"] is None
    assert made["predictors"][0]["imputed"] == 0
