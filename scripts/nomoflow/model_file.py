"""A locked model as a file: read, checked and asked what it needs, before anything is computed.

Standard library and jsonschema only: Snakemake itself reads a locked model to know its jobs.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

from nomoflow.canonical import as_text, digest

FORMAT = "nomoflow-model/2"
SCHEMA = Path(__file__).resolve().parents[2] / "config/schemas/model.schema.json"
VOLUME = "volume_ml"
VOLUME_FEATURE = "original_shape_MeshVolume"
REMEDY = "copy the file again from where it was locked; a changed model is made and locked anew"


class ModelError(ValueError):
    """A model file that cannot be trusted or understood."""


def check_model(document, place: str | Path = "model.json") -> None:
    """Raise ModelError where format, digest or schema of a document are not as they must be."""
    if not isinstance(document, dict) or "digest" not in document:
        raise ModelError(f"{place}: no model, for it has no digest; {REMEDY}")
    if document.get("format") != FORMAT:
        raise ModelError(
            f"{place}: format {document.get('format')!r}, this version reads {FORMAT!r}; use the "
            "version of nomoflow that made the model, or make and lock the model anew"
        )
    made = digest(document)
    if made != document["digest"]:
        raise ModelError(
            f"{place}: its content has digest {made[:12]}, the file says "
            f"{str(document['digest'])[:12]}, so it was changed after it was made; {REMEDY}"
        )
    errors = sorted(
        _validator().iter_errors(document), key=lambda error: list(map(str, error.path))
    )
    if errors:
        at = ".".join(map(str, errors[0].absolute_path)) or "the whole"
        raise ModelError(f"{place}: {at}: {errors[0].message[:300]}; {REMEDY}")


def read_model(path: str | Path) -> dict:
    """The model in a file. Raises ModelError where a byte of it was changed.

    Line ends alone may be CR LF, which version control can make of them.
    """
    try:
        text = Path(path).read_bytes().replace(b"\r\n", b"\n").decode("utf-8")
        document = json.loads(text)
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: no such file; lock a model (target lock), or copy the one to be used there"
        ) from error
    except ValueError as error:
        raise ModelError(f"{path}: no JSON in UTF-8 ({error}); {REMEDY}") from error
    check_model(document, path)
    if as_text(document) != text:
        raise ModelError(
            f"{path}: written otherwise than the workflow writes it, so it was changed by hand; "
            f"{REMEDY}"
        )
    return document


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def available_models(model: Mapping) -> list[str]:
    """The models that can be applied, in the document's order."""
    return [name for name, one in model["models"].items() if one["intercept"] is not None]


def signatures_needed(model: Mapping, models: Sequence[str] | None = None) -> list[str]:
    """The signatures whose Radscore is a term of these models (None: of all that apply)."""
    terms = _terms(model, models)
    return [name for name in model["signatures"] if radscore_name(name) in terms]


def signatures_of(model: Mapping, models: Sequence[str] | None = None) -> dict[str, Mapping]:
    """The signatures that these models need, by name."""
    return {name: model["signatures"][name] for name in signatures_needed(model, models)}


def radscore_name(signature: str) -> str:
    """The term that a signature's score is: ``radscore`` of all phases, or of one."""
    return "radscore" if signature == "combined" else f"radscore_{signature}"


def predictors_needed(model: Mapping, models: Sequence[str] | None = None) -> list[dict]:
    """The clinical predictors of these models, as ``predictors.code`` takes them."""
    terms = _terms(model, models)
    return [predictor for predictor in model["predictors"] if predictor["name"] in terms]


def features_needed(model: Mapping, models: Sequence[str] | None = None) -> dict[str, list[str]]:
    """The features to extract by phase, for these models (None: all that apply); sorted.

    Of the first phase also the volume, where a model has it as a term. A phase that nothing is
    needed of has an empty list.
    """
    phases = list(model["features"]["phases"])
    needed: dict[str, set[str]] = {phase: set() for phase in phases}
    for signature in signatures_needed(model, models):
        for column in model["signatures"][signature]["features"]:
            phase = max((p for p in phases if column.startswith(f"{p}_")), key=len, default=None)
            if phase is None:
                raise ModelError(f"the model's feature {column} is of none of its own phases")
            needed[phase].add(column.removeprefix(f"{phase}_"))
    if VOLUME in _terms(model, models):
        needed[phases[0]].add(VOLUME_FEATURE)
    return {phase: sorted(names) for phase, names in needed.items()}


def _terms(model: Mapping, models: Sequence[str] | None) -> set[str]:
    names = available_models(model) if models is None else models
    return {term["name"] for name in names for term in model["models"][name]["terms"]}


def feature_settings(model: Mapping) -> dict[str, dict]:
    """What the extractor is given for each phase: ``settings``, ``shape``, ``subbands``.

    They have the digest of the model's own (``features.phases.<phase>.digest``); nothing where
    the features came as a ready table.
    """
    made = {}
    for phase, effective in model["features"]["phases"].items():
        if "setting" not in effective:
            continue
        classes = dict(effective["featureClass"])
        made[phase] = {
            "shape": "shape" in classes,
            "subbands": effective["subbands"],
            "settings": {
                # what is None there, pyradiomics leaves unset by itself
                "setting": {k: v for k, v in effective["setting"].items() if v is not None},
                "imageType": effective["imageType"],
                "featureClass": {k: v for k, v in classes.items() if k != "shape"},
            },
        }
    return made


def finite(value: float) -> float | None:
    """The number, or None where JSON has none for it."""
    return float(value) if math.isfinite(value) else None
