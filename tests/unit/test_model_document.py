import numpy as np
import pytest
from synthetic_cohort import CHOICES, PREDICTORS, cohort

from nomoflow.dataset import CLINICAL, COMBINED, as_dataset
from nomoflow.imputation import fit_imputation
from nomoflow.model_document import describe_term, digest, model_document
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
