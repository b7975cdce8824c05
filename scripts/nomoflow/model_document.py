"""model.json: all that another centre needs to apply the models, in plain numbers and text."""

import hashlib
import json
import math
from collections.abc import Mapping

import numpy as np

from nomoflow.dataset import VOLUME, Dataset
from nomoflow.models import RADSCORE, Model
from nomoflow.signature import Signature

FORMAT = "nomoflow-model/1"
OWN_TERMS = {  # label, unit and coding of what no config describes
    VOLUME: ("Tumour volume", "mL", "per mL"),
    RADSCORE: ("Radscore", "log odds", "linear predictor of P(positive)"),
}


def digest(document: dict) -> str:
    """SHA-256 of the document without its own ``digest``, written with sorted keys."""
    content = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def describe_term(term: str, predictors: list[dict], training: np.ndarray) -> dict:
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
    columns,
    signatures: dict[str, Signature],
    models: dict[str, Model],
    predictors: list[dict],
    engines: dict,
    imputed: Mapping[str, float] | None = None,
) -> dict:
    """The document, its digest last.

    ``study`` holds what is no estimate: study, version, outcome, images, the nomogram's axes.
    ``imputed`` are the values that stand for missing ones, of the coded predictors
    (imputation.fit_imputation); None where the study refuses missing values, and the document does.
    """
    document = {
        "format": FORMAT,
        **study,
        "cohort": {"patients": len(data.y), "events": int(data.y.sum())},
        "missing": "refuse" if imputed is None else "impute",
        "features": engines,
        "signatures": {name: signature.to_dict() for name, signature in signatures.items()},
        "models": {
            name: _model(model, columns, predictors, imputed or {}, data.y)
            for name, model in sorted(models.items())
        },
    }
    return {**document, "digest": digest(document)}


def _model(
    model: Model, columns, predictors: list[dict], imputed: Mapping[str, float], y: np.ndarray
) -> dict:
    return {
        "status": model.status,
        "reason": model.reason,
        "intercept": _finite(model.intercept),
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
            "linear_predictor": _finite(model.cutoff),
            "probability": _finite(1 / (1 + math.exp(-model.cutoff))) if model.available else None,
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


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
