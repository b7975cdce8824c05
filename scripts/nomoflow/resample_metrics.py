"""What models that were made in resamples are worth on patients that weigh differently.

Shapes: n patients, B resamples, each with a model of its own that predicts all patients. A
resample's patients are weighted by how often they were drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nomoflow.calibration import recalibrate_weighted

METRICS = (
    "auc", "sensitivity", "specificity", "accuracy", "brier", "calibration_intercept",
    "calibration_slope", "net_benefit",
)  # fmt: skip
# The fit itself fixes these on its own patients.
FIXED = {"calibration_intercept": 0.0, "calibration_slope": 1.0}
# Scores that are equal but for the last bits are ties.
DECIMALS = 12
NAN = float("nan")


@dataclass(frozen=True)
class Scores:
    """Predictions of all n patients by B models: lp and p (B, n), cut (B,) on the scale of lp."""

    lp: np.ndarray
    p: np.ndarray
    cut: np.ndarray


def as_scores(table: pd.DataFrame, patients: Sequence[str]) -> tuple[Scores, np.ndarray]:
    """One model's rows of the resamples' predictions as Scores and counts, both (B, n).

    Resamples ascend; patients stand in the order given. Raises ValueError where a resample does not
    have each patient once.
    """
    if table.empty:
        raise ValueError("the resamples hold no predictions of a model that the study has")
    wide = table.pivot(
        index="resample",
        columns="patient",
        values=["linear_predictor", "probability", "cutoff", "count"],
    )
    lp, p, cut, counts = (
        wide[part].reindex(columns=patients).to_numpy(dtype=float)
        for part in ("linear_predictor", "probability", "cutoff", "count")
    )
    if np.isnan(counts).any() or counts.size != len(table):
        raise ValueError("a resample must predict each patient of the study once")
    return Scores(lp, p, cut[:, 0]), counts


def measure(y: np.ndarray, scores: Scores, weights: np.ndarray, threshold: float) -> dict:
    """Each metric, (B,), of B models on patients that weigh weights (B, n).

    NaN where it is not defined: a share or an AUC without patients of a class; the calibration
    intercept and slope where lp is constant or separates the classes.
    """
    called = scores.lp >= scores.cut[:, None]
    right = np.where(y == 1, called, ~called)
    fits = [
        recalibrate_weighted(y, lp, weight)
        for lp, weight in zip(scores.lp, weights[:, None, :], strict=True)
    ]
    intercepts, slopes = np.array(fits)[:, :, 0].T
    return {
        "auc": auc_of_each_resample(y, scores.lp, weights),
        "sensitivity": _share(right, weights * (y == 1)),
        "specificity": _share(right, weights * (y == 0)),
        "accuracy": _share(right, weights),
        "brier": _share((scores.p - y) ** 2, weights),
        "calibration_intercept": intercepts,
        "calibration_slope": slopes,
        "net_benefit": net_benefit(y, scores.p, weights, threshold),
    }


def auc_of_each_resample(y: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUC (B,) of B scores (B, n) on patients that weigh weights (B, n), ties counting half.

    For whole weights it is that of a table in which each patient stands as often as he weighs. NaN
    where a class has no weight.
    """
    scores = np.round(scores, DECIMALS)
    order = np.argsort(scores, axis=1, kind="stable")
    score, weight = (np.take_along_axis(table, order, axis=1) for table in (scores, weights))
    positive = weight * (y[order] == 1)
    negative = weight * (y[order] == 0)
    rows, n = score.shape
    up_to = np.concatenate([np.zeros((rows, 1)), np.cumsum(negative, axis=1)], axis=1)
    # where the run of equal scores begins, and where the next one does
    new = np.ones((rows, n), dtype=bool)
    new[:, 1:] = score[:, 1:] != score[:, :-1]
    first = np.maximum.accumulate(np.where(new, np.arange(n), 0), axis=1)
    following = np.concatenate([new[:, 1:], np.ones((rows, 1), dtype=bool)], axis=1)
    ends = np.where(following, np.arange(1, n + 1), n)
    last = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    below = np.take_along_axis(up_to, first, axis=1)
    through = np.take_along_axis(up_to, last, axis=1)
    won = (positive * (below + through)).sum(axis=1) / 2
    return _quotient(won, positive.sum(axis=1) * negative.sum(axis=1))


def _share(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _quotient((values * weights).sum(axis=1), weights.sum(axis=1))


def net_benefit(y, p, weights, threshold: float) -> np.ndarray:
    """Net benefit (B,) of treating where p >= threshold, as ``decision.net_benefit`` has it."""
    return _share(benefits(y, p, threshold), weights)


def benefits(y, p, threshold: float) -> np.ndarray:
    """What each patient adds to n times the net benefit, (B, n)."""
    return (p >= threshold) * np.where(y == 1, 1.0, -threshold / (1 - threshold))


def _quotient(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), NAN), where=whole > 0)
