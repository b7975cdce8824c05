"""Names and numbers as figures and report print them, and the rows of tables behind them.

Tables come as `nomoflow.run.read_rows` gives them (dictionaries of text): importing pandas would
cost a small figure more time than drawing it.
"""

import math
from collections.abc import Iterable, Sequence

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


def model_label(model: str) -> str:
    """A model's name; a signature of one phase is named by it."""
    return _MODELS.get(model) or f"Radiomics, {model.removeprefix('radiomics_')}"


def models_in(rows: Rows, wanted: Iterable[str] = MAIN_MODELS) -> list[str]:
    """Those of the wanted models that the table has, in the wanted order."""
    there = {row["model"] for row in rows}
    return [model for model in wanted if model in there]


def samples_in(rows: Rows, wanted: Iterable[str] = SAMPLES) -> list[str]:
    """Those of the samples that the table has, in the order of SAMPLES."""
    there = {row["sample"] for row in rows}
    return [sample for sample in wanted if sample in there]


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
    return f"{patients} patients, {events} events" if patients else ""


def metric(performance: Rows, model: str, sample: str, name: str) -> dict[str, str] | None:
    """The row of one metric, or None where it was not computed."""
    rows = where(performance, model=model, sample=sample, metric=name)
    return rows[0] if rows else None


def with_interval(row: dict[str, str] | None, digits: int = 3) -> str:
    """ "0.979 (0.962–0.996)"; an absent or undefined estimate is an em dash."""
    estimate = number(row["estimate"]) if row else math.nan
    if math.isnan(estimate):
        return "—"
    text = signed(estimate, digits)
    low, high = number(row["ci_low"]), number(row["ci_high"])
    if math.isnan(low) or math.isnan(high):
        return text
    # A dash between two signed numbers reads as a third sign.
    between = "–" if low >= 0 else " to "
    return f"{text} ({signed(low, digits)}{between}{signed(high, digits)})"


def signed(value: float, digits: int) -> str:
    """A decimal number with a true minus sign and no minus zero."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")
