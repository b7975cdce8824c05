"""The axes of a nomogram: points for each predictor that add up to the linear predictor.

A term is a dict: name, label, kind (continuous | binary), unit, coefficient (of the log-odds, per
natural unit, or of the positive level against the negative), low and high (range of a continuous
axis, natural units), levels ([negative, positive] of a binary one).
"""

import math

import numpy as np
import pandas as pd
from scipy.special import expit, logit

MOST_POINTS = 100.0
ROUND_PROBABILITIES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def pretty(low: float, high: float, intervals: int = 10) -> np.ndarray:
    """Equally spaced round values that cover [low, high] (R: pretty(c(low, high), n))."""
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"an axis from {low} to {high} cannot be drawn")
    span = high - low
    if span <= max(abs(low), abs(high)) * 1e-13:
        return np.array([low])
    cell = span / intervals
    base = 10.0 ** math.floor(math.log10(cell))
    # 1.5 and 2.75 are R's bias towards the larger step.
    unit = base
    for factor, bias in ((2, 1.5), (5, 2.75), (10, 1.5)):
        if not factor * base - cell < bias * (cell - unit):
            break
        unit = factor * base
    first = math.floor(low / unit + 1e-10)
    last = math.ceil(high / unit - 1e-10)
    decimals = max(0, -math.floor(math.log10(unit)))
    return np.round(np.arange(first, last + 1) * unit, decimals)


def _ticks(term: dict) -> np.ndarray:
    """Values marked on a predictor's axis; its ends are the first and the last."""
    if term["kind"] == "binary":
        return np.array([0.0, 1.0])
    return pretty(float(term["low"]), float(term["high"]))


def _ends(term: dict) -> tuple[float, float]:
    """Smallest and largest contribution to the linear predictor along the axis."""
    ticks = _ticks(term)
    ends = float(term["coefficient"]) * ticks[[0, -1]]
    if not np.isfinite(ends).all():
        raise ValueError(f"nomogram: the coefficient of {term['name']} is {term['coefficient']}")
    return float(ends.min()), float(ends.max())


def points_per_unit(terms: list[dict]) -> float:
    """Points for a change of 1 in the linear predictor; 1 where no predictor has an effect."""
    longest = max((high - low for low, high in map(_ends, terms)), default=0.0)
    return MOST_POINTS / longest if longest > 0 else 1.0


def axes(terms: list[dict]) -> pd.DataFrame:
    """Ticks of every axis: predictor, label, value, level, points.

    The predictor with the largest effect spans 0 to 100; a negative coefficient turns its axis
    round (R: rms::nomogram, points and the pretty values). ``level`` is the text of the tick: the
    level's name, or the round value as it is written.
    """
    rows = []
    per_unit = points_per_unit(terms)
    for term in terms:
        ticks = _ticks(term)
        texts = term["levels"] if term["kind"] == "binary" else [f"{tick:.12g}" for tick in ticks]
        earned = _points_of(term, ticks, per_unit)
        for value, text, point in zip(ticks, texts, earned, strict=True):
            rows.append((term["name"], term["label"], value, str(text), point))
    return pd.DataFrame(rows, columns=["predictor", "label", "value", "level", "points"])


def _points_of(term: dict, values: np.ndarray, per_unit: float) -> np.ndarray:
    low, high = _ends(term)
    earned = (float(term["coefficient"]) * values - low) * per_unit
    # The axis that sets the scale ends at 100 exactly, not at 99.99999999999999.
    if (high - low) * per_unit > MOST_POINTS * (1 - 1e-12):
        earned = np.where(np.isclose(earned, MOST_POINTS, rtol=1e-14), MOST_POINTS, earned)
    return earned + 0.0  # no negative zero


def points(terms: list[dict], values: pd.DataFrame) -> pd.DataFrame:
    """Points of each patient by predictor, natural units and 0/1 in; the sum is the total.

    Values beyond an axis go on along its straight line: their points may lie below 0 or above
    100, and the total still gives the patient's linear predictor.
    """
    per_unit = points_per_unit(terms)
    return pd.DataFrame(
        {
            term["name"]: _points_of(term, values[term["name"]].to_numpy(float), per_unit)
            for term in terms
        },
        index=values.index,
        dtype=float,
    )


def to_linear_predictor(total, terms: list[dict], intercept: float):
    """Linear predictor (log-odds) of a total of points; any shape."""
    lowest = intercept + sum(_ends(term)[0] for term in terms)
    return lowest + np.asarray(total, dtype=float) / points_per_unit(terms)


def scale(terms: list[dict], intercept: float) -> pd.DataFrame:
    """Total-points axis with its reading: total_points, linear_predictor, probability, ascending.

    A row for each round total within reach of the axes, and one for each round probability whose
    total is within reach (its probability stands exactly). Without any effect one row remains:
    total 0 and the intercept's probability.
    """
    per_unit = points_per_unit(terms)
    reach = sum(high - low for low, high in map(_ends, terms)) * per_unit
    lowest = float(to_linear_predictor(0.0, terms, intercept))
    totals = pretty(0.0, reach) if reach > 0 else np.array([0.0])
    # pretty covers the reach: its last value may lie one step beyond the highest possible total.
    end = float(totals[-1])
    rows = {}
    for probability in ROUND_PROBABILITIES:
        effect = float(logit(probability))
        total = (effect - lowest) * per_unit
        if 0 <= total <= end and reach > 0:
            rows[total] = (effect, probability)
    for total in totals:
        effect = lowest + float(total) / per_unit
        rows[float(total)] = (effect, float(expit(effect)))
    return pd.DataFrame(
        [(total, *rows[total]) for total in sorted(rows)],
        columns=["total_points", "linear_predictor", "probability"],
    )
