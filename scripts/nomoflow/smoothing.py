"""Smooth calibration curves, and how far predicted and observed risk lie apart along them.

The curve is Cleveland's LOWESS (1979) without robustness steps, as R's ``lowess(p, y, iter = 0)``
draws it and rms::val.prob judges by it. Many weightings of the same patients are smoothed at once:
a patient drawn twice into a resample weighs 2.
"""

import numpy as np
import pandas as pd

SPAN = 2 / 3


def smooth(y, p, span: float = SPAN) -> pd.DataFrame:
    """Smooth calibration curve: predicted (ascending, n rows) and observed.

    R: lowess(p, y, iter = 0), with its delta of 1 % of the range. The curve is not bound to [0, 1].
    """
    p = np.asarray(p, dtype=float)
    observed = smoothed(y, p, np.ones((1, len(p))), span=span)[0]
    order = np.argsort(p, kind="stable")
    return pd.DataFrame({"predicted": p[order], "observed": observed[order]})


def smoothed(y, p, weights, at=None, span: float = SPAN) -> np.ndarray:
    """The smooth calibration curve under each of B weightings of the patients: (B, len(at)).

    y (n,) 0/1; p (n,) probabilities; weights (B, n) whole numbers; ``at``: where the curves are
    read off, by default at the patients' own probabilities. NaN where no prediction reaches (below
    the least p or above the largest). Lines are fitted at the same points for all weightings: those
    that R's lowess takes for the n patients. A weighting of ones is R's curve itself; a resample
    without the outermost patients goes on along its last line.
    """
    y, p = np.asarray(y, dtype=float), np.asarray(p, dtype=float)
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    order = np.argsort(p, kind="stable")
    x = p[order]
    knots = x[_knots(x)]
    heights = _local_lines(x, y[order], weights[:, order], knots, span)
    at = p if at is None else np.asarray(at, dtype=float)
    curves = heights @ _between(knots, at)
    curves[:, (at < x[0]) | (at > x[-1])] = np.nan
    return curves


def _knots(x: np.ndarray) -> list[int]:
    """Where R's lowess fits lines to ascending x; over steps below 1 % of range it interpolates."""
    delta = 0.01 * (x[-1] - x[0])
    knots, i = [], 0
    while i < len(x):
        knots.append(i)
        last, cut = i, x[i] + delta
        i += 1
        while i < len(x) and x[i] <= cut:
            if x[i] == x[last]:
                last = i
            i += 1
        i = max(last + 1, i - 1) if last < len(x) - 1 else len(x)
    return knots


def _between(knots: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Linear interpolation from values at the knots as a matrix (knots, at)."""
    matrix = np.zeros((len(knots), len(at)))
    right = np.clip(np.searchsorted(knots, at, side="left"), 1, max(len(knots) - 1, 1))
    if len(knots) == 1:
        return matrix + 1
    columns = np.arange(len(at))
    share = (at - knots[right - 1]) / (knots[right] - knots[right - 1])
    matrix[right, columns] = share
    matrix[right - 1, columns] = 1 - share
    return matrix


def _local_lines(x, y, weights, knots, span) -> np.ndarray:
    """Height at each knot of the tricube-weighted line through its nearest patients: (B, knots)."""
    wanted = np.maximum(2, (span * weights.sum(axis=1) + 1e-7).astype(np.int32))
    # Draws among the first i patients, a row each: the nearest patients lie next to one another, so
    # two rows tell how many draws they hold.
    draws = np.zeros((len(x) + 1, len(weights)), dtype=np.int32)
    draws[1:] = np.cumsum(weights.T, axis=0)
    reach = x[-1] - x[0]
    heights = np.empty((len(weights), len(knots)))
    for column, knot in enumerate(knots):
        offset = x - knot
        distance = np.abs(offset)
        near = np.argsort(distance, kind="stable")
        first, last = np.minimum.accumulate(near), np.maximum.accumulate(near)
        short = np.count_nonzero(draws[last + 1] - draws[first] < wanted, axis=0)
        farthest = np.minimum(short, len(x) - 1)
        widths, which = np.unique(distance[near][farthest], return_inverse=True)
        local = weights * _tricube(distance, widths)[which]
        # Moments about the knot; scaled, so that none of them underflows.
        u = offset / (distance.max() or 1.0)
        moments = local @ np.column_stack([np.ones_like(u), u, u * u, y, u * y])
        heights[:, column] = _heights(moments, 0.001 * reach / (distance.max() or 1.0))
        lost = np.flatnonzero(moments[:, 0] == 0)
        if len(lost):  # all that are near lie at the edge of the window: their plain mean
            edge = weights[lost] * (distance <= widths[which[lost]][:, None])
            heights[lost, column] = (edge @ y) / edge.sum(axis=1)
    return heights


def _tricube(distance: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """R's weights (widths, n): 1 within 0.001 of the width, 0 beyond 0.999 of it."""
    width = widths[:, None]
    share = np.minimum(distance / np.where(width > 0, width, 1.0), 1.0)
    weight = np.where(distance <= 0.001 * width, 1.0, (1 - share**3) ** 3)
    return np.where(distance <= 0.999 * width, weight, 0.0)


def _heights(moments: np.ndarray, least_spread: float) -> np.ndarray:
    """The weighted line's height at the knot; the weighted mean where x hardly varies."""
    total = np.where(moments[:, 0] > 0, moments[:, 0], 1.0)
    mean, square, height, product = (moments[:, 1:] / total[:, None]).T
    variance = square - mean**2
    sloped = variance > least_spread**2
    slope = (product - mean * height) / np.where(sloped, variance, 1.0)
    return np.where(sloped, height - slope * mean, height)


def calibration_errors(y, p, weights=None) -> dict[str, np.ndarray]:
    """Mean, median, 90th percentile and maximum of |predicted - smooth observed| over patients.

    Keys ici (integrated calibration index), e50, e90, emax, each (B,) for weights (B, n) of whole
    numbers, by default one weighting of ones. Austin and Steyerberg 2019 (Stat Med 38:4051), on the
    curve of rms::val.prob (its Eavg, E90 and Emax); quantiles of type 7 over the copies drawn.
    """
    p = np.asarray(p, dtype=float)
    weights = np.ones((1, len(p))) if weights is None else np.atleast_2d(weights)
    error = np.abs(smoothed(y, p, weights) - p)
    order = np.argsort(error, axis=1, kind="stable")
    ordered = np.take_along_axis(error, order, axis=1)
    counts = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    return {
        "ici": (weights * error).sum(axis=1) / weights.sum(axis=1),
        "e50": _quantile(ordered, counts, 0.5),
        "e90": _quantile(ordered, counts, 0.9),
        "emax": _quantile(ordered, counts, 1.0),
    }


def _quantile(ordered: np.ndarray, counts: np.ndarray, probability: float) -> np.ndarray:
    """Quantile (type 7) of each row's values, ascending, repeated as the running counts say."""
    position = (counts[:, -1] - 1) * probability
    low, high = np.floor(position), np.ceil(position)
    rows = np.arange(len(ordered))
    below = ordered[rows, (counts <= low[:, None]).sum(axis=1)]
    above = ordered[rows, (counts <= high[:, None]).sum(axis=1)]
    return below + (position - low) * (above - below)
