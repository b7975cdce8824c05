"""Coefficient tables of the models, each row with unit and coding."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nomoflow import firth
from nomoflow.dataset import Dataset
from nomoflow.model_document import describe_term
from nomoflow.models import RADSCORE, Model
from nomoflow.regression import aliased_terms, coefficient_table, fit_logistic
from nomoflow.signature import Signature

COLUMNS = (
    "term", "unit", "coding", "coefficient", "se", "z", "p", "ci_low", "ci_high", "profile_low",
    "profile_high", "odds_ratio", "or_low", "or_high", "note",
)  # fmt: skip
SELECTED = "conditional on selection: chosen and fitted on the same patients"
IN_SAMPLE = "conditional on selection: the Radscore was fitted on the same patients"
OUT_OF_FOLD = (
    "refitted with the out-of-fold Radscore: each patient's mean over the repeats of "
    "cross-validation, held out"
)
SHRUNKEN = "LASSO coefficient; no interval is defined"


def of_model(
    model: Model,
    columns: pd.DataFrame,
    y: np.ndarray,
    predictors: list[dict],
    confidence: float,
    of_radscore: str = IN_SAMPLE,
) -> pd.DataFrame:
    """Coefficients of a logistic model with Wald and profile intervals and odds ratios.

    Where the classes are separated they are Firth's, or ends of a diverging fit without intervals.
    ``of_radscore`` is noted where the Radscore is a term: which patients' Radscore that is.
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
        table["note"] = [join(note, of_radscore) for note in table["note"]]
    return table.reindex(columns=COLUMNS)


def out_of_fold(
    terms: Sequence[str],
    columns: pd.DataFrame,
    y: np.ndarray,
    predictors: list[dict],
    confidence: float,
    separated: str,
) -> pd.DataFrame:
    """The nomogram's terms refitted on a design whose Radscore is that of held-out patients.

    ``columns`` (n x terms or more) holds that Radscore under the name of the in-sample one.
    ``separated`` (firth, ml): the estimates where the terms separate the classes. A term that is
    constant, or follows from others, is left out and named; so is the lack of a Radscore.
    """
    given = columns[list(terms)]
    left_out = aliased_terms(given)
    usable = given.drop(columns=left_out)
    fit = fit_logistic(usable, y)
    if fit.separated and separated == "firth":
        fit = firth.fit_firth(usable, y)
    model = Model("nomogram", fit.names[1:], fit.coefficients[0], fit.coefficients[1:], "", fit=fit)
    table = of_model(model, columns, y, predictors, confidence, OUT_OF_FOLD)
    why = "" if RADSCORE in terms else "the nomogram has no Radscore"
    if left_out:
        why = f"constant or following from others, left out: {', '.join(left_out)}"
    table["note"] = [join(note, why) for note in table["note"]]
    return table


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
