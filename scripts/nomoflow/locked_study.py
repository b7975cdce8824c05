"""A study that applies a locked model: its config is the model's, and may not contradict it.

Standard library and Snakemake's own dependencies only: Snakemake itself imports this module.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import yaml

from nomoflow.configuration import read_yaml
from nomoflow.model_file import (
    ModelError,
    available_models,
    feature_settings,
    features_needed,
    predictors_needed,
    read_model,
)
from nomoflow.problems import Problems
from nomoflow.settings import RIVALS, merge_settings

OF_PREDICTORS = ("kind", "unit", "per", "positive")
SECTIONS = ("setting", "imageType", "featureClass")
# What a parameter file may say and a model does not: no value of a feature depends on it.
WITHOUT_EFFECT = ("label", "additionalInfo")
FILE = "features.settings"
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
        if key in given:
            for what, theirs, ours in _differing(place, given[key], value, model):
                _tell(what, theirs, ours, problems, place)
        target[key] = deepcopy(value)
    # What a centre does not say of the outcome is as the model has it, not as in the defaults.
    of_centre = (own.get("cohort") or {}).get("outcome") or {}
    made["cohort"]["outcome"] = {**deepcopy(model["outcome"]), **of_centre}
    _check_outcome(made["cohort"]["outcome"], model["outcome"], problems)
    _check_source(made["features"], model, problems)
    _check_settings(own.get("features") or {}, settings_of(model), problems)
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
        found["features.shuffle_voxels"] = False
    found["models.missing"] = model["missing"]
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


def _differing(place: str, given: Any, value: Any, model: Mapping) -> Iterator[tuple]:
    """What a key says otherwise than the model: its place, the two values."""
    if place == "cohort.predictors":
        yield from _differing_predictors(given, model)
    elif place == "features.subbands":
        if set(given) != set(value or ()):
            yield place, given, value
    elif given != value:
        yield place, given, value


def _differing_predictors(given: list[Mapping], model: Mapping) -> Iterator[tuple]:
    """A centre may leave out what the model says, and name it otherwise on its figures."""
    known = {one["name"]: one for one in model["predictors"]}
    for one in given:
        wanted = known.get(one["name"])
        if wanted is None:
            yield "cohort.predictors", one["name"], ", ".join(known) or "none"
            continue
        for key in OF_PREDICTORS:
            # What the development study did not set either, it has as 1 or empty.
            if key in one and one[key] != wanted.get(key, 1 if key == "per" else ""):
                yield f"cohort.predictors: {key} of {one['name']}", one[key], wanted.get(key)


def _tell(place: str, given: Any, value: Any, problems: Problems, key: str) -> None:
    problems.add(
        "config",
        column=place,
        found=f"{_shown(given)} here, {_shown(value)} in the locked model",
        allowed="what the model was made with, or no such key",
        remedy=f"remove {key} from this study's config: the model decides it",
    )


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "", {}, []) else f"{value}"


def _check_outcome(given: Mapping, outcome: Mapping, problems: Problems) -> None:
    if given["positive"] == outcome["negative"]:
        found = f"positive: {given['positive']}, which is the model's negative class"
    elif given["negative"] == outcome["positive"]:
        found = f"negative: {given['negative']}, which is the model's positive class"
    else:
        return
    problems.add(
        "config",
        column="cohort.outcome",
        found=found,
        allowed=f"positive: {outcome['positive']}, negative: {outcome['negative']}",
        remedy="exchange the two levels: the model gives the probability of its positive one",
    )


def _check_source(features: Mapping, model: Mapping, problems: Problems) -> None:
    """How a ready table was made stands in no model, so images cannot be measured like it."""
    if not settings_of(model) and not features["table"]:
        problems.add(
            "config",
            column="features.table",
            found="null here, while the model was made from a ready feature table",
            allowed="a table of the same features, made as the model's own was",
            remedy="set features.table, or have the model made and locked from images",
        )


def _check_settings(features: Mapping, locked: Mapping, problems: Problems) -> None:
    """The settings of pyradiomics that the study sets itself must be those of the model."""
    own, base = features.get("per_phase") or {}, _parameters(features.get("settings"))
    for phase, wanted in locked.items():
        given = merge_settings(base, {"setting": own.get(phase) or {}})
        for section in SECTIONS:
            if not isinstance(given.get(section) or {}, Mapping):
                place = f"features.settings: {section}"
                _tell(place, given[section], ", ".join(wanted[section]), problems, FILE)
                given[section] = {}
        for name, theirs, ours in _differing_setting(given["setting"], wanted["setting"]):
            key = "per_phase" if name in (own.get(phase) or {}) else "settings"
            _tell(f"features.{key}, {phase}: {name}", theirs, ours, problems, f"features.{key}")
        for name, theirs, ours in _differing_sections(given, wanted):
            _tell(f"features.settings: {name}", theirs, ours, problems, FILE)


def _parameters(path: str | None) -> dict:
    """A parameter file's content; one that cannot be read is told where every study's is."""
    try:
        content = read_yaml(path) if path else {}
    except (OSError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _differing_setting(given: Mapping, wanted: Mapping) -> Iterator[tuple]:
    for name, value in given.items():
        if name in WITHOUT_EFFECT or value is None or value == wanted.get(name):
            continue
        rival = RIVALS.get(name)
        ours = f"{rival} {wanted[rival]}" if rival in wanted else wanted.get(name)
        yield name, value, ours


def _differing_sections(given: Mapping, wanted: Mapping) -> Iterator[tuple]:
    """Types of image and classes of features, and what each is told of its own."""
    for section in ("imageType", "featureClass"):
        theirs, ours = given.get(section) or {}, wanted[section]
        names = set(theirs) - {"shape"}  # features.shape decides
        if theirs and names != set(ours):
            yield section, ", ".join(sorted(names)), ", ".join(sorted(ours))
        for name in sorted(names & set(ours)):
            if section == "featureClass":
                if set(theirs[name] or ()) != set(ours[name] or ()):
                    yield f"{section}.{name}", _all(theirs[name]), _all(ours[name])
                continue
            for key, value in (theirs[name] or {}).items():
                if value != (ours[name] or {}).get(key):
                    yield f"{section}.{name}.{key}", value, (ours[name] or {}).get(key)


def _all(features: list[str] | None) -> str:
    return ", ".join(features or ()) or "every feature"
