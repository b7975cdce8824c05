"""A study's config: checked against its schema before any of it is used.

Standard library, PyYAML and jsonschema only: Snakemake itself imports this module.
"""

from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from nomoflow.problems import Problems

DEFAULTS = "config/config.yaml"


def read_yaml(path: str | Path):
    """The content of a YAML file, loaded safely."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def with_words(config: dict) -> dict:
    """The config with levels as text, as the tables have them.

    YAML reads an unquoted ``yes`` as true and ``1`` as a number, while every cell of a table is
    text; so levels of outcome, predictors and criteria become text again.
    """
    config = deepcopy(config)
    cohort = config.get("cohort")
    if not isinstance(cohort, dict):
        return config
    named = [cohort.get("outcome"), *_dicts(cohort.get("predictors"))]
    for entry in filter(lambda entry: isinstance(entry, dict), named):
        for key in ("positive", "negative"):
            if key in entry:
                entry[key] = _word(entry[key])
    if isinstance(cohort.get("outcome"), dict):
        cohort["outcome"].setdefault("type", "binary")
    for criterion in [*_dicts(cohort.get("include")), *_dicts(cohort.get("exclude"))]:
        if isinstance(criterion.get("value"), bool):
            criterion["value"] = _word(criterion["value"])
    return config


def _dicts(items) -> list[dict]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _word(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int | float) else value


def config_problems(config: dict, schema: dict) -> Problems:
    """Everything in which a config departs from its schema, each with a remedy."""
    problems = Problems()
    errors = Draft202012Validator(schema).iter_errors(config)
    for error in sorted(errors, key=lambda error: list(map(str, error.absolute_path))):
        _explain(error, problems)
    return problems


def _explain(error, problems: Problems) -> None:
    place = ".".join(map(str, error.absolute_path)) or "(top level)"
    known = sorted(error.schema.get("properties", {}))
    match error.validator:
        case "additionalProperties":
            for key in sorted(set(error.instance) - set(known)):
                problems.add(
                    "config",
                    column=place,
                    found=f"unknown key {key!r}",
                    allowed=", ".join(known),
                    remedy=_did_you_mean(key, known),
                )
        case "required":
            for key in sorted(set(error.validator_value) - set(error.instance)):
                problems.add(
                    "config",
                    column=place,
                    found=f"no key {key!r}",
                    allowed=f"keys {', '.join(map(str, error.validator_value))}",
                    remedy=f"add {key!r} to the study's config",
                )
        case "oneOf" if isinstance(error.instance, dict):
            for inner in error.context:
                if inner.validator != "type" or inner.path:
                    _explain(inner, problems)
        case _:
            problems.add(
                "config",
                column=place,
                found=repr(error.instance),
                allowed=_allowed(error),
                remedy=f"correct it in the study's config; {DEFAULTS} shows every key",
            )


def _allowed(error) -> str:
    wanted = error.validator_value
    match error.validator:
        case "enum":
            return " | ".join(map(str, wanted))
        case "type":
            return " or ".join(wanted if isinstance(wanted, list) else [wanted])
        case "pattern":
            return f"text that matches {wanted}"
        case "minimum":
            return f"a number from {wanted}"
        case "exclusiveMinimum":
            return f"a number above {wanted}"
        case "maximum":
            return f"a number up to {wanted}"
        case "exclusiveMaximum":
            return f"a number below {wanted}"
        case "oneOf":
            texts = [" | ".join(map(str, one["enum"])) for one in wanted if "enum" in one]
            return " or ".join(texts + ["a mapping" for one in wanted if "properties" in one or
                                        one.get("type") == "object"])  # fmt: skip
        case "uniqueItems":
            return "each entry once"
        case _:
            return error.message


def _did_you_mean(key: str, known: list[str]) -> str:
    near = get_close_matches(str(key), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"remove it; {DEFAULTS} shows every key"
