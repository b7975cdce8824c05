"""model.json: all that another centre needs to apply the models, in plain numbers and text."""

import hashlib
import json
import math

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
    low, high = float(np.min(training)), float(np.max(training))
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
) -> dict:
    """The document, its digest last.

    ``study`` holds what is no estimate: study, version, outcome, images, the nomogram's axes.
    """
    document = {
        "format": FORMAT,
        **study,
        "cohort": {"patients": len(data.y), "events": int(data.y.sum())},
        "features": engines,
        "signatures": {name: signature.to_dict() for name, signature in signatures.items()},
        "models": {
            name: _model(model, columns, predictors) for name, model in sorted(models.items())
        },
    }
    return {**document, "digest": digest(document)}


def _model(model: Model, columns, predictors: list[dict]) -> dict:
    return {
        "status": model.status,
        "reason": model.reason,
        "intercept": _finite(model.intercept),
        "terms": [
            {**describe_term(term, predictors, columns[term].to_numpy()), "coefficient": float(c)}
            for term, c in zip(model.terms, model.coefficients, strict=True)
        ],
        "cutoff": {
            "linear_predictor": _finite(model.cutoff),
            "probability": _finite(1 / (1 + math.exp(-model.cutoff))) if model.available else None,
            "rule": "Youden; positive at or above it",
        },
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
