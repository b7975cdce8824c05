"""Nomograms of a synthetic cohort as model.json has them, beside the models they were made from."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from fit_models import axis, slopes
from synthetic_cohort import CHOICES, cohort

from nomoflow import nomogram
from nomoflow.dataset import Dataset, as_dataset
from nomoflow.model_document import model_document
from nomoflow.models import Model, fit_study
from nomoflow.validation import predictions

NAMES = ["nomogram", "radiomics"]
MISSING = 5  # patients without an age, where the study fills in


@dataclass(frozen=True)
class Made:
    """The document, the rows of its predictions, and what they were computed from."""

    document: dict
    predictions: list[dict]
    model: Model
    columns: pd.DataFrame
    data: Dataset
    terms: list[dict]  # the axes, as nomogram.points takes them


def made(kind: str = "fitted", n: int = 60) -> Made:
    """A nomogram by kind: fitted, firth or ml (separated), constant, imputed."""
    table, choices = cohort(n), CHOICES
    match kind:
        case "firth" | "ml":
            table["clinical.sex"] = table["outcome"].astype(float)
            choices = replace(choices, separated=kind)
        case "constant":
            table = cohort(n, effect=0.0).drop(columns=["clinical.age", "clinical.sex"])
            choices = replace(choices, penalty="1se", predictors=[])
        case "imputed":
            table.loc[: MISSING - 1, "clinical.age"] = np.nan
            choices = replace(choices, missing="impute")
    data = as_dataset(table)
    fitted = fit_study(data, choices, [1], NAMES)
    model, columns = fitted.models["nomogram"], fitted.design(data)
    terms = [axis(term, value, columns, choices.predictors) for term, value in slopes(model)]
    drawn = {
        "axes": nomogram.axes(terms).to_dict("records"),
        "scale": nomogram.scale(terms, model.intercept).to_dict("records"),
    }
    outcome = {"column": "diagnosis", "positive": "ccRCC", "negative": "AML.wovf"}
    document = model_document(
        {"study": "mine", "version": 3, "outcome": outcome, "images": {}, "nomogram": drawn},
        data,
        columns,
        fitted.signatures,
        fitted.models,
        choices.predictors,
        {"engine": "none"},
        fitted.filled_in if choices.missing == "impute" else None,
    )
    table = predictions(
        data, columns, fitted.models, NAMES, data.y, sample="apparent", repeat=0, fold=0
    )
    rows = table.astype(str).to_dict("records")
    return Made(document, rows, model, columns, data, terms)


def grid(made: Made, n: int = 400, seed: int = 1) -> pd.DataFrame:
    """Values of the nomogram's predictors in natural units: inside the ranges, beyond, far out."""
    random = np.random.default_rng(seed)
    values = {}
    for term in made.terms:
        if term["kind"] == "binary":
            values[term["name"]] = random.integers(0, 2, n).astype(float)
            continue
        low, high = term["low"], term["high"]
        width = high - low
        inside = random.uniform(low - width, high + width, n)
        inside[::10] = np.resize([low, high, 0.0, -50 * width, 1e4 * width], len(inside[::10]))
        values[term["name"]] = inside
    return pd.DataFrame(values, index=range(n))


def coded(made: Made, values: pd.DataFrame) -> pd.DataFrame:
    """The design of values in natural units."""
    per = {term["name"]: term.get("per", 1.0) for term in made.terms}
    return pd.DataFrame({name: values[name] / per[name] for name in values}, index=values.index)
