"""Names and numbers as figures and report print them, and the rows of tables behind them.

Tables come as `nomoflow.run.read_rows` gives them (dictionaries of text): importing pandas would
cost a small figure more time than drawing it.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from nomoflow.language import say

Rows = Sequence[dict[str, str]]

MAIN_MODELS = ("nomogram", "radiomics", "image_features")
_MODELS = {
    "nomogram": "Radiomics nomogram",
    "radiomics": "Radiomics signature",
    "image_features": "Image-feature model",
    "volume": "Tumour volume",
}

SAMPLES = {
    "apparent": "Apparent (fitted and judged on the same patients)",
    "corrected": "Corrected for optimism (bootstrap)",
    "corrected_632": "Corrected for optimism (.632+)",
    "cross_validated": "Cross-validated (judged on patients held back)",
    "external": "External (another centre's patients)",
}
# As a column's head, in the order to read them: judged on patients that the model has not seen
# first, on its own patients last.
HEADS = {
    "external": "External",
    "cross_validated": "Cross-validated",
    "corrected_632": ".632+",
    "corrected": "Harrell's",
    "apparent": "Apparent",
}
OPTIMISTIC = ("corrected", "apparent")  # where features are selected, as they are here

# Codes of warnings that change what the numbers mean come first; those that need nothing, last.
_GRAVE = (
    "failed_case", "prescaled", "separation", "optimism", "below_chance", "not_above_volume",
    "volume_proxy", "sample_size", "events_per_candidate", "empty", "empty_resamples",
    "unavailable", "refit_fallback", "missing_values", "class_imbalance", "not_assessed",
    "collinear",
)  # fmt: skip
_LIGHT = ("constant_features", "undefined_icc")


# Levels that say nothing without their column.
_BARE = re.compile(r"[-+.\d]+|yes|no|y|n|true|false|positive|negative|是|否|有|无|阳性|阴性", re.I)


def model_label(model: str) -> str:
    """A model's name; a signature of one phase is named by it."""
    if model in _MODELS:
        return say(_MODELS[model])
    return say("Radiomics, {phase}", phase=model.removeprefix("radiomics_"))


def models_in(rows: Rows, wanted: Iterable[str] = MAIN_MODELS) -> list[str]:
    """Those of the wanted models that the table has, in the wanted order."""
    there = {row["model"] for row in rows}
    return [model for model in wanted if model in there]


def class_names(outcome: Mapping[str, str]) -> dict[str, str]:
    """The classes as pages name them: a bare level (1, yes) with its column, "lung mets = 1"."""
    names = {side: str(outcome[side]) for side in ("positive", "negative")}
    if not all(map(_BARE.fullmatch, names.values())):
        return names
    column = outcome["column"].replace("_", " ")
    return {side: f"{column} = {name}" for side, name in names.items()}


def with_labels(remark: str, labels: Mapping[str, str]) -> str:
    """A remark that lists the terms that separate the classes, with their labels."""

    def label(found: re.Match) -> str:
        return ", ".join(labels.get(name, name) for name in found[0].split(", "))

    return re.sub(r"(?<=predictors )[^:;]+(?= separate)|(?<=separated by )[^:;]+", label, remark)


def in_order(models: Iterable[str], phases: Sequence[str] = ()) -> list[str]:
    """Models as a page lists them: the main ones, those of the phases in their order, others."""
    usual = [*MAIN_MODELS, *(f"radiomics_{phase}" for phase in phases)]
    return sorted(models, key=lambda name: (usual.index(name) if name in usual else 99, name))


def samples_in(rows: Rows, wanted: Iterable[str] = SAMPLES) -> list[str]:
    """Those of the samples that the table has, in the order of SAMPLES."""
    there = {row["sample"] for row in rows}
    return [sample for sample in wanted if sample in there]


def heads_in(rows: Rows) -> list[str]:
    """Those of the samples that the table has, in the order of HEADS."""
    return samples_in(rows, HEADS)


def by_importance(warnings: Rows) -> list[dict[str, str]]:
    """Warnings with the gravest first; codes that are not ranked lie between."""
    ranks = {code: place for place, code in enumerate(_GRAVE)}
    ranks |= {code: len(_GRAVE) + 1 for code in _LIGHT}
    return sorted(warnings, key=lambda row: ranks.get(row["code"], len(_GRAVE)))


def where(rows: Rows, **columns: str) -> list[dict[str, str]]:
    """The rows whose named columns have the given values."""
    return [row for row in rows if all(row[name] == value for name, value in columns.items())]


def number(text: str | None) -> float:
    """A cell as a number; an empty one is NaN."""
    return float(text) if text not in ("", None) else math.nan


def is_true(text: str) -> bool:
    """Whether a cell says true, as pandas, R and spreadsheets write it."""
    return text.strip().lower() in {"true", "1", "yes"}


def tally(predictions: Rows, sample: str) -> tuple[int, int]:
    """Patients and events among the predictions of a sample.

    Each patient counts once, however many models and repeats.
    """
    outcomes = {r["patient"]: number(r["outcome"]) for r in predictions if r["sample"] == sample}
    return len(outcomes), int(sum(outcomes.values()))


def people(predictions: Rows, sample: str) -> str:
    """ "149 patients, 102 events", for a figure's caption; "" where there are no predictions."""
    patients, events = tally(predictions, sample)
    counted = say("{patients} patients, {events} events", patients=patients, events=events)
    return counted if patients else ""


def told_of(model: Mapping) -> dict[str, str]:
    """What a page says of a locked model: whose it is, which one, and what it tells apart."""
    outcome = model["outcome"]
    own = {name: model[name] for name in ("study", "version")}
    own["digest"] = model["digest"][:12]
    return own | {name: outcome[name] for name in ("positive", "negative")}


def predicted(predictions: Rows, model: str) -> tuple[int, int, int]:
    """Patients that a model predicts, the events among them, and patients that it does not."""
    own = where(predictions, model=model)
    known = [row for row in own if row["linear_predictor"]]
    events = sum(number(row["outcome"]) == 1 for row in known)
    return len(known), events, len(own) - len(known)


def metric(performance: Rows, model: str, sample: str, name: str) -> dict[str, str] | None:
    """The row of one metric, or None where it was not computed."""
    rows = where(performance, model=model, sample=sample, metric=name)
    return rows[0] if rows else None


def with_interval(row: dict[str, str] | None, digits: int = 3) -> str:
    """ "0.979 (0.962–0.996)"; an absent or undefined estimate is an em dash."""
    estimate = number(row["estimate"]) if row else math.nan
    if math.isnan(estimate):
        return "—"
    text, ends = signed(estimate, digits), span(row["ci_low"], row["ci_high"], digits)
    return f"{text} ({ends})" if ends else text


def span(low: str | float, high: str | float, digits: int = 3) -> str:
    """ "0.962–0.996"; without both ends nothing."""
    ends = [number(end) if isinstance(end, str) else end for end in (low, high)]
    if any(map(math.isnan, ends)):
        return ""
    # A dash between two signed numbers reads as a third sign.
    return ("–" if ends[0] >= 0 else say(" to ")).join(signed(end, digits) for end in ends)


def signed(value: float, digits: int) -> str:
    """A decimal number with a true minus sign and no minus zero."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def area(row: Mapping[str, str] | None, interval: bool = False) -> str:
    """ "0.851 (0.700-0.900)"; a dash where there is no such figure."""
    estimate = number(row["estimate"]) if row else math.nan
    if math.isnan(estimate):
        return "-"
    ends = [number(row[name]) for name in ("ci_low", "ci_high")]
    if not interval or any(map(math.isnan, ends)):
        return f"{estimate:.3f}"
    return f"{estimate:.3f} ({ends[0]:.3f}-{ends[1]:.3f})"


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """The rows of a table as lines for a terminal, each cell as wide as its column."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  " + "   ".join(map(str.ljust, row, widths)).rstrip() for row in table]
