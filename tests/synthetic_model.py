"""A locked model of a synthetic cohort, whole, beside what it was made from."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from fit_models import axis, slopes
from synthetic_cohort import CHOICES, PHASES, cohort

from nomoflow import nomogram
from nomoflow.dataset import Dataset, as_dataset
from nomoflow.harmonised_study import harmonised
from nomoflow.model_document import describe_harmonisation, model_document
from nomoflow.models import Fitted, fit_study

NAMES = ["nomogram", "radiomics", "image_features", *(f"radiomics_{p}" for p in PHASES), "volume"]
OUTCOME = {"column": "diagnosis", "positive": "ccRCC", "negative": "AML.wovf"}
SEXES = {1.0: "male", 0.0: "female"}


@dataclass(frozen=True)
class Locked:
    """The document, the study behind it, and its patients as tables of a centre."""

    document: dict
    fitted: Fitted
    data: Dataset
    clinical: pd.DataFrame
    features: pd.DataFrame


def locked(table: pd.DataFrame | None = None, choices=CHOICES, version: int = 1, **more) -> Locked:
    """A model of a cohort (synthetic_cohort's by default); ``more`` goes to the document."""
    data = as_dataset(cohort() if table is None else table)
    fitted = fit_study(data, choices, [1], NAMES)
    columns, final = fitted.design(data), fitted.models["nomogram"]
    terms = [axis(term, value, columns, choices.predictors) for term, value in slopes(final)]
    drawn = {
        "axes": nomogram.axes(terms).to_dict("records"),
        "scale": nomogram.scale(terms, final.intercept).to_dict("records"),
    }
    document = model_document(
        {"study": "mine", "version": version, "outcome": OUTCOME, "images": {}, "nomogram": drawn},
        harmonised(data, fitted.harmonisation),
        columns,
        fitted.signatures,
        fitted.models,
        choices.predictors,
        {"engine": "none", "phases": {phase: {} for phase in PHASES}},
        fitted.filled_in if choices.missing == "impute" else None,
        harmonisation=describe_harmonisation(fitted.harmonisation, choices, fitted.signatures),
        **more,
    )
    return Locked(document, fitted, data, *tables(data))


def imputing(missing: int = 5) -> Locked:
    """A model of patients some of whom lack an age, which it fills in."""
    table = cohort()
    table.loc[: missing - 1, "clinical.age"] = np.nan
    return locked(table, replace(CHOICES, missing="impute"))


def tables(data: Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Participants and features as another centre has them: text, own units, mm3."""
    clinical = pd.DataFrame({"patient": data.patients, "outcome": data.y})
    if "age" in data.clinical:
        ages = 10 * data.clinical["age"]
        clinical["age"] = ["" if np.isnan(age) else repr(float(age)) for age in ages]
    if "sex" in data.clinical:
        clinical["sex"] = [SEXES[value] for value in data.clinical["sex"]]
    features = pd.concat(
        [pd.DataFrame({"patient": data.patients}), data.features.reset_index(drop=True)], axis=1
    )
    if data.batch is not None:
        clinical["scanner"] = data.batch
    features[f"{PHASES[0]}_original_shape_MeshVolume"] = 1000 * data.volume["volume_ml"]
    return clinical, features
