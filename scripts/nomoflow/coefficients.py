"""Coefficient tables of the models, each row with unit and coding."""

import numpy as np
import pandas as pd

from nomoflow import firth
from nomoflow.dataset import Dataset
from nomoflow.model_document import describe_term
from nomoflow.models import RADSCORE, Model
from nomoflow.regression import coefficient_table, fit_logistic
from nomoflow.signature import Signature

COLUMNS = (
    "term", "unit", "coding", "coefficient", "se", "z", "p", "ci_low", "ci_high", "profile_low",
    "profile_high", "odds_ratio", "or_low", "or_high", "note",
)  # fmt: skip
SELECTED = "conditional on selection: chosen and fitted on the same patients"
IN_SAMPLE = "conditional on selection: the Radscore was fitted on the same patients"
SHRUNKEN = "LASSO coefficient; no interval is defined"


def of_model(
    model: Model, columns: pd.DataFrame, y: np.ndarray, predictors: list[dict], confidence: float
) -> pd.DataFrame:
    """Coefficients of a logistic model with Wald and profile intervals and odds ratios.

    Where the classes are separated they are Firth's, or ends of a diverging fit without intervals.
    """
    if model.fit is None:
        rows = pd.DataFrame({"term": ["(Intercept)"], "coefficient": [model.intercept]})
        rows["note"] = model.reason
        return rows.iloc[: int(model.available)].reindex(columns=COLUMNS)
    make = firth.coefficient_table if model.fit.penalised else coefficient_table
    table = make(model.fit, columns[list(model.fit.names[1:])], y, confidence)
    terms = [describe_term(name, predictors, columns[name]) for name in table["term"][1:]]
    table["unit"] = ["", *(term["unit"] for term in terms)]
    table["coding"] = ["", *(term["coding"] for term in terms)]
    if RADSCORE in model.terms:
        table["note"] = [join(note, IN_SAMPLE) for note in table["note"]]
    return table.reindex(columns=COLUMNS)


def of_signature(signature: Signature, data: Dataset, confidence: float) -> pd.DataFrame:
    """Coefficients of a signature's z-scored features."""
    if not signature.features or signature.score == "lasso":
        table = pd.DataFrame(
            {
                "term": ["(Intercept)", *signature.features],
                "coefficient": [signature.intercept, *signature.coefficients],
            }
        )
        table["note"] = join(signature.reason, SHRUNKEN if signature.features else "")
    else:
        values = data.features[list(signature.features)]
        z = (values - np.array(signature.means)) / np.array(signature.sds)
        table = coefficient_table(fit_logistic(z, data.y), z, data.y, confidence)
        table["note"] = [join(note, SELECTED) for note in table["note"]]
    rows = zip(signature.features, signature.means, signature.sds, strict=True)
    table["unit"] = ["", *("SD" for _ in signature.features)]
    table["coding"] = ["", *(f"(x - {mean!r}) / {sd!r}" for _, mean, sd in rows)]
    return table.reindex(columns=COLUMNS)


def join(*notes: str) -> str:
    """Notes in one cell, those that say nothing left out."""
    return "; ".join(note for note in notes if isinstance(note, str) and note)
