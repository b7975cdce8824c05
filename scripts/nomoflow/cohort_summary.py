"""A cohort in numbers that hold no patient: what may stand in a file that leaves the centre.

A count below ``SMALLEST_CELL`` that is not 0, or whose rest is so, is suppressed: None.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from nomoflow.model_file import finite

SMALLEST_CELL = 5
ACQUIRED_NUMBERS = ("slice_thickness_mm", "slice_spacing_mm", "kv", "tube_current_ma")
SPACING = ("spacing_x_mm", "spacing_y_mm", "spacing_z_mm")
ACQUIRED_WORDS = ("format", "modality", "units", "manufacturer", "model", "kernel")


def cell(count: int, whole: int, smallest: int = SMALLEST_CELL) -> int | None:
    """A count of ``whole`` patients, or None where it or the rest is 1 to ``smallest`` - 1."""
    few = range(1, smallest)
    return None if count in few or whole - count in few else int(count)


def distribution(values: Sequence[float], smallest: int = SMALLEST_CELL) -> dict:
    """``n``, ``mean``, ``sd`` (n - 1), ``median``, ``q1``, ``q3`` of the values that are present.

    Quartiles as R's quantile type 7. Below ``smallest`` values n and all else are None.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) < smallest:
        return dict.fromkeys(("n", "mean", "sd", "median", "q1", "q3"))
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    return {
        "n": len(values),
        "mean": float(values.mean()),
        "sd": finite(values.std(ddof=1)),
        "median": float(median),
        "q1": float(q1),
        "q3": float(q3),
    }


def share(values: Sequence[float], smallest: int = SMALLEST_CELL) -> dict:
    """``n``, ``positive`` and ``share`` of a binary predictor's 0 and 1; NaN is missing."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) < smallest:
        return dict.fromkeys(("n", "positive", "share"))
    positive = cell(int((values == 1).sum()), len(values), smallest)
    return {
        "n": len(values),
        "positive": positive,
        "share": None if positive is None else positive / len(values),
    }


def variables(columns: pd.DataFrame, kinds: Mapping[str, Mapping]) -> list[dict]:
    """A row a variable: name, kind, unit, missing, then its ``distribution`` or ``share``.

    columns : n patients x variables, coded; NaN where a value is missing
    kinds : by variable its description (model_document.describe_term): kind, unit, per; continuous
        ones come back in their own unit
    """
    rows = []
    for name in columns:
        described, values = kinds[name], columns[name].to_numpy(dtype=float)
        row = {"name": str(name), "kind": described["kind"], "unit": described["unit"],
               "missing": cell(int(np.isnan(values).sum()), len(values))}  # fmt: skip
        if described["kind"] == "binary":
            made = share(values)
        else:
            made = distribution(values * float(described["per"]))
        if row["missing"] is None:  # the number present would tell it
            made["n"] = None
        rows.append(row | made)
    return rows


def moments(columns: pd.DataFrame, kinds: Mapping[str, Mapping]) -> dict | None:
    """Means and covariance (n - 1) of the coded variables that all patients have.

    ``variables``, ``mean``, ``covariance``. A binary variable with a suppressed count is left out,
    since its mean would tell it. None below ``SMALLEST_CELL`` patients.
    """
    if len(columns) < SMALLEST_CELL:
        return None
    kept = []
    for name in columns:
        values = columns[name].to_numpy(dtype=float)
        hidden = kinds[name]["kind"] == "binary" and share(values)["positive"] is None
        if not hidden and np.isfinite(values).all():
            kept.append(name)
    values = columns[kept].to_numpy(dtype=float)
    covariance = np.atleast_2d(np.cov(values, rowvar=False)) if kept else np.zeros((0, 0))
    return {
        "variables": [str(name) for name in kept],
        "mean": values.mean(axis=0).tolist() if kept else [],
        "covariance": covariance.tolist(),
    }


def linear_predictors(scores: Mapping[str, np.ndarray], y: np.ndarray) -> dict[str, dict]:
    """By model the ``distribution`` of its linear predictor: of ``all``, and by outcome.

    scores : n linear predictors a model; y : n outcomes 0/1
    """
    y = np.asarray(y)
    return {
        name: {
            "all": distribution(score),
            "positive": distribution(score[y == 1]),
            "negative": distribution(score[y == 0]),
        }
        for name, score in sorted(scores.items())
    }


def acquisition_summary(
    rows: Iterable[Mapping[str, str]],
    patients: Iterable[str],
    quality: Iterable[Mapping[str, str]] = (),
) -> dict:
    """How the images were acquired, by phase: ``images``, ``numbers`` and ``words``.

    rows : of images/acquisition.csv, quality : of images/quality.csv (reading a1 counts); those of
        ``patients`` alone
    numbers : the ``distribution`` of what the headers say (slice thickness and spacing, kV, tube
        current), and from ``quality`` of the voxels as they came (spacing_x_mm, ...)
    words : counts by value of manufacturer, model, kernel and so on; values of fewer than
        ``SMALLEST_CELL`` images together under ``other`` (None where these are too few as well),
        images that do not tell under ``not stated``
    """
    by_phase = _by_phase(rows, patients)
    measured = {
        phase: [dict(zip(SPACING, row["spacing_mm"].split(), strict=True)) for row in found]
        for phase, found in _by_phase(_first_readings(quality), patients).items()
    }
    return {
        phase: {
            "images": len(found),
            "numbers": _numbers(found, ACQUIRED_NUMBERS)
            | (_numbers(measured[phase], SPACING) if phase in measured else {}),
            "words": {name: _counts([row[name] for row in found]) for name in ACQUIRED_WORDS},
        }
        for phase, found in by_phase.items()
    }


def intensities(quality: Iterable[Mapping[str, str]], patients: Iterable[str]) -> dict:
    """By phase the ``distribution`` of the mean value in the region, after resampling.

    quality : rows of images/quality.csv (reading a1 counts)
    """
    return {
        phase: distribution([float(row["mean"]) for row in found])
        for phase, found in _by_phase(_first_readings(quality), patients).items()
    }


def _first_readings(quality: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return [row for row in quality if row["reading"] == "a1"]


def _by_phase(rows: Iterable[Mapping[str, str]], patients: Iterable[str]) -> dict[str, list]:
    wanted, found = set(patients), {}
    for row in rows:
        if row["patient"] in wanted:
            found.setdefault(row["phase"], []).append(row)
    return dict(sorted(found.items()))


def _numbers(rows: list[Mapping[str, str]], names: Iterable[str]) -> dict[str, dict]:
    return {
        name: distribution([float(row[name]) if row[name] else np.nan for row in rows])
        for name in names
    }


def _counts(values: list[str]) -> dict[str, int | None]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value or "not stated"] = counts.get(value or "not stated", 0) + 1
    large = {value: n for value, n in sorted(counts.items()) if n >= SMALLEST_CELL}
    rest = len(values) - sum(large.values())
    return large | ({"other": rest if rest >= SMALLEST_CELL else None} if rest else {})
