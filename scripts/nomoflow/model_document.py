"""model.json: all that another centre needs to apply the models, in plain numbers and text."""

import math
from collections.abc import Iterable, Mapping
from importlib.metadata import version

import numpy as np
import pandas as pd

from nomoflow.cohort_summary import (
    SMALLEST_CELL,
    acquisition_summary,
    intensities,
    linear_predictors,
    moments,
    variables,
)
from nomoflow.dataset import VOLUME, Dataset
from nomoflow.fingerprints import fingerprint_list
from nomoflow.harmonised_study import Harmonisation
from nomoflow.model_file import FORMAT, digest, finite
from nomoflow.models import RADSCORE, Choices, Model, linear_predictor
from nomoflow.signature import Signature

OWN_TERMS = {  # label, unit and coding of what no config describes
    VOLUME: ("Tumour volume", "mL", "per mL"),
    RADSCORE: ("Radscore", "log odds", "linear predictor of P(positive)"),
}
SOFTWARE = ("glmstar", "numpy", "pandas", "scipy")  # that decide on an estimate's last digits


def describe_term(term: str, predictors: list[dict], training: np.ndarray | pd.Series) -> dict:
    """Name, scale, unit and coding of a model's term, with the range it was fitted on.

    The range is in the predictor's own unit, as the participants table has it.
    """
    given = {predictor["name"]: predictor for predictor in predictors}.get(term)
    low, high = float(np.nanmin(training)), float(np.nanmax(training))
    if given is None:
        label, unit, coding = OWN_TERMS[VOLUME if term == VOLUME else RADSCORE]
        return {"name": term, "label": label, "kind": "continuous", "unit": unit, "per": 1.0,
                "coding": coding, "low": low, "high": high}  # fmt: skip
    label = given.get("label") or term
    if given["kind"] == "binary":
        return {"name": term, "label": label, "kind": "binary", "unit": "",
                "positive": given["positive"], "negative": given["negative"],
                "coding": f"1 = {given['positive']}, 0 = {given['negative']}",
                "low": low, "high": high}  # fmt: skip
    per = float(given.get("per", 1))
    unit = given["unit"]
    return {"name": term, "label": label, "kind": "continuous", "unit": unit, "per": per,
            "coding": f"per {per:g} {unit}", "low": low * per, "high": high * per}  # fmt: skip


def model_document(
    study: dict,
    data: Dataset,
    columns: pd.DataFrame,
    signatures: dict[str, Signature],
    models: dict[str, Model],
    predictors: list[dict],
    engines: dict,
    imputed: Mapping[str, float] | None = None,
    acquisition: Iterable[Mapping[str, str]] = (),
    quality: Iterable[Mapping[str, str]] = (),
    fingerprints: Iterable[str | None] = (),
    fingerprints_of: str = "images",
    harmonisation: dict | None = None,
) -> dict:
    """The document, its digest last.

    ``study`` holds what is no estimate: study, version, outcome, images, the nomogram's axes.
    ``columns`` are the design of all ``data``. ``imputed`` are the values that stand for missing
    ones, of the coded predictors (imputation.fit_imputation); None where the study refuses missing
    values, and the document does. ``acquisition`` and ``quality``: rows of images/acquisition.csv
    and quality.csv, where there are images; ``fingerprints``: of each patient's images or
    features, unsalted. ``harmonisation``: of ``describe_harmonisation``; then ``data`` has
    harmonised features. Without it the document has no such key.
    """
    salt = f"{study.get('study')}:{study.get('version')}"
    described = [
        {
            **describe_term(predictor["name"], predictors, columns[predictor["name"]]),
            **_stands_for_missing(predictor["name"], predictors, imputed or {}),
        }
        for predictor in predictors
    ]
    document = {
        "format": FORMAT,
        **study,
        "predictors": described,
        "missing": "refuse" if imputed is None else "impute",
        "features": engines,
        "software": {name: version(name) for name in SOFTWARE},
        "signatures": {name: signature.to_dict() for name, signature in signatures.items()},
        **({"harmonisation": harmonisation} if harmonisation else {}),
        "feature_ranges": _ranges(signatures, data.features),
        "models": {
            name: _model(model, columns, predictors, imputed or {}, data.y)
            for name, model in sorted(models.items())
        },
        "cohort": _cohort(data, columns, models, predictors, acquisition, quality),
        "fingerprints": fingerprint_list(fingerprints, salt, fingerprints_of),
    }
    return {**document, "digest": digest(document)}


def _ranges(signatures: dict[str, Signature], features: pd.DataFrame) -> dict[str, dict]:
    """Lowest and highest value of each feature that a signature uses, by name."""
    return {
        name: {"low": float(features[name].min()), "high": float(features[name].max())}
        for name in _used(signatures)
    }


def _used(signatures: Mapping[str, Signature]) -> list[str]:
    return sorted({name for signature in signatures.values() for name in signature.features})


def describe_harmonisation(
    harmonisation: Harmonisation | None, choices: Choices, signatures: Mapping[str, Signature]
) -> dict | None:
    """What brings a patient's features to the model's scale, of those that a signature uses.

    ``sizes`` of a batch below the smallest cell are null.
    """
    if harmonisation is None:
        return None
    used = harmonisation.only(_used(signatures))
    content = used.combat.to_dict()
    sizes = [size if size >= SMALLEST_CELL else None for size in used.combat.sizes]
    return {
        "method": "combat",
        "batch": choices.harmonisation["batch"],
        "features": list(used.features),
        **{key: value for key, value in content.items() if key != "effects"},
        "sizes": sizes,
    }


def _cohort(
    data: Dataset,
    columns: pd.DataFrame,
    models: dict[str, Model],
    predictors: list[dict],
    acquisition: Iterable[Mapping[str, str]],
    quality: Iterable[Mapping[str, str]],
) -> dict:
    """The patients that the models were made of, in numbers that hold none of them."""
    as_given = columns.assign(**{name: data.clinical[name].to_numpy() for name in data.clinical})
    quality = list(quality)
    kinds = {name: describe_term(name, predictors, columns[name]) for name in columns}
    scores = {
        name: linear_predictor(model, columns) for name, model in models.items() if model.available
    }
    return {
        "patients": len(data.y),
        "events": int(data.y.sum()),
        "smallest_cell": SMALLEST_CELL,
        "variables": variables(as_given, kinds),
        "moments": moments(columns, kinds),
        "linear_predictors": linear_predictors(scores, data.y),
        "intensities": intensities(quality, data.patients),
        "acquisition": acquisition_summary(acquisition, data.patients, quality),
    }


def _model(
    model: Model, columns, predictors: list[dict], imputed: Mapping[str, float], y: np.ndarray
) -> dict:
    return {
        "status": model.status,
        "reason": model.reason,
        "intercept": finite(model.intercept),
        "terms": [
            {
                **describe_term(term, predictors, columns[term].to_numpy()),
                **_stands_for_missing(term, predictors, imputed),
                "coefficient": float(c),
            }
            for term, c in zip(model.terms, model.coefficients, strict=True)
        ],
        "covariance": covariance(model, y),
        "cutoff": {
            "linear_predictor": finite(model.cutoff),
            "probability": finite(1 / (1 + math.exp(-model.cutoff))) if model.available else None,
            "rule": "Youden; positive at or above it",
        },
    }


def covariance(model: Model, y: np.ndarray) -> dict | None:
    """Covariance of intercept and coefficients: ``terms``, ``matrix``, ``method``, ``note``.

    On the scale of the document's coefficients (a term with ``per`` 10: per ten units). Inverse
    information of maximum likelihood, or Firth's; a term that was left out, its coefficient 0,
    has zeros. None where there is none: signatures, diverging estimates, unavailable models.
    """
    terms, fit = ["(Intercept)", *model.terms], model.fit
    matrix = np.zeros((len(terms), len(terms)))
    if fit is not None and fit.converged and (fit.penalised or not fit.separated):
        at = [terms.index(name) for name in fit.names]
        matrix[np.ix_(at, at)] = fit.covariance
        method = "Firth" if fit.penalised else "maximum likelihood"
    elif model.available and not model.terms:  # the log odds of a share
        matrix[0, 0], method = 1 / (len(y) * np.mean(y) * (1 - np.mean(y))), "maximum likelihood"
    else:
        return None
    return {
        "terms": terms,
        "matrix": matrix.tolist(),
        "method": method,
        "note": "conditional on selection: of terms chosen, and a Radscore made, on these patients",
    }


def _stands_for_missing(term: str, predictors: list[dict], imputed: Mapping[str, float]) -> dict:
    """The term's ``imputed`` in the predictor's own unit; nothing where none may be missing."""
    if term not in imputed:
        return {}
    given = {predictor["name"]: predictor for predictor in predictors}[term]
    return {"imputed": float(imputed[term]) * float(given.get("per") or 1)}
