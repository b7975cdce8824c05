"""A study that applies a locked model: its config is the model's, and may not contradict it.

Standard library and Snakemake's own dependencies only: Snakemake itself imports this module.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from nomoflow.model_file import (
    ModelError,
    available_models,
    feature_settings,
    features_needed,
    predictors_needed,
    read_model,
)
from nomoflow.problems import Problems
from nomoflow.settings import merge_settings, settings_by_phase

OF_PREDICTORS = ("kind", "unit", "per", "positive")
# What another centre judges; a signature of one phase alone would add features to extract.
APPLIED = ("nomogram", "radiomics", "image_features", "volume")


def model_of(config: Mapping, problems: Problems) -> dict | None:
    """The locked model that a config names; None where it names none, or one that is no model."""
    path = config["centres"]["model"]
    if path is None:
        return None
    try:
        return read_model(path)
    except ModelError as error:
        problems.add(
            path,
            found=str(error).removeprefix(f"{path}: "),
            allowed="a model that the target lock has written, unchanged",
            remedy="copy it again from where it was locked, or correct centres.model",
        )
    return None


def under_model(config: Mapping, own: Mapping, model: Mapping, problems: Problems) -> dict:
    """The config with what the model decides; what the study's own config sets otherwise is told.

    config : all keys in force, defaults included; own : the keys that the study's files set
    themselves. A default that differs is no conflict: the study did not ask for it.
    """
    made = deepcopy(dict(config))
    for place, value in decided(model).items():
        *sections, key = place.split(".")
        given, target = own, made
        for name in sections:
            given = given.get(name) or {}
            target = target[name]
        if key in given and not _same(place, given[key], value):
            _tell(place, given[key], value, problems)
        target[key] = deepcopy(value)
    if not (own.get("cohort") or {}).get("outcome"):
        made["cohort"]["outcome"] = deepcopy(model["outcome"])
    _check_outcome(own, model["outcome"], problems)
    _check_settings(made, own, model, problems)
    return made


def applied_models(model: Mapping | None) -> list[str]:
    """The models that are applied, of those that the document has."""
    there = available_models(model) if model else []
    return [name for name in APPLIED if name in there]


def decided(model: Mapping) -> dict[str, Any]:
    """What a locked model decides, by key of the config."""
    settings = list(feature_settings(model).values())
    needed = predictors_needed(model, applied_models(model))
    found: dict[str, Any] = {"cohort.predictors": [_asked(one) for one in needed]}
    found["images.phases"] = list(model["features"]["phases"])
    if "spacing_mm" in model["images"]:
        found["images.spacing_mm"] = model["images"]["spacing_mm"]
    if settings:
        found["features.shape"] = any(one["shape"] for one in settings)
        found["features.subbands"] = settings[0]["subbands"]
    return found


def settings_of(model: Mapping) -> dict[str, dict]:
    """pyradiomics' parameters of each phase, as the model was made with."""
    return {phase: one["settings"] for phase, one in feature_settings(model).items()}


def selected_of(model: Mapping | None) -> dict[str, list[str]] | None:
    """The features to extract by phase; None, where there is no model, for all."""
    return None if model is None else features_needed(model, applied_models(model))


def _asked(predictor: Mapping) -> dict:
    """A predictor of the model as a config names it."""
    keys = ("name", "kind", "unit", "per", "positive", "negative", "label")
    return {key: predictor[key] for key in keys if predictor.get(key) not in (None, "")}


def _same(place: str, given: Any, value: Any) -> bool:
    if place != "cohort.predictors":
        return given == value
    # A centre may leave out what the model says, and name it otherwise on its figures.
    wanted = {one["name"]: one for one in value}
    return all(
        one["name"] in wanted
        and all(one[k] == wanted[one["name"]].get(k) for k in OF_PREDICTORS if k in one)
        for one in given
    )


def _tell(place: str, given: Any, value: Any, problems: Problems) -> None:
    problems.add(
        "config",
        column=place,
        found=f"{given} here, {value} in the locked model",
        allowed="what the model was made with, or no such key",
        remedy=f"remove {place} from this study's config: the model decides it",
    )


def _check_outcome(own: Mapping, outcome: Mapping, problems: Problems) -> None:
    given = (own.get("cohort") or {}).get("outcome") or {}
    swapped = (outcome["negative"], outcome["positive"])
    if (given.get("positive"), given.get("negative")) == swapped:
        problems.add(
            "config",
            column="cohort.outcome",
            found=f"positive: {given['positive']}, which is the model's negative class",
            allowed=f"positive: {outcome['positive']}, negative: {outcome['negative']}",
            remedy="exchange the two levels: the model gives the probability of its positive one",
        )


def _check_settings(config: Mapping, own: Mapping, model: Mapping, problems: Problems) -> None:
    """The settings of pyradiomics that the study sets itself must be those of the model."""
    features = own.get("features") or {}
    locked = settings_of(model)
    if not locked or not {"settings", "per_phase"} & set(features):
        return
    asked = {"features": config["features"], "images": {"phases": list(locked)}}
    if "settings" in features:
        given = settings_by_phase(asked)
    else:
        given = {
            phase: merge_settings({}, {"setting": one})
            for phase, one in features["per_phase"].items()
        }
    for phase, settings in given.items():
        wanted = locked.get(phase, {})
        for name, value in (settings.get("setting") or {}).items():
            found = (wanted.get("setting") or {}).get(name)
            if phase in locked and value != found and value is not None:
                _tell(f"features.per_phase.{phase}.{name}", value, found, problems)
        for section in ("imageType", "featureClass"):
            extra = sorted(set(settings.get(section) or {}) - set(wanted.get(section) or {}))
            if phase in locked and extra and extra != ["shape"]:
                there = ", ".join(sorted(wanted.get(section) or {}))
                _tell(f"features.settings: {section}", ", ".join(extra), there, problems)
