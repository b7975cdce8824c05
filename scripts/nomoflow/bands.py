"""Curves with pointwise bands from resampled patients: ROC, calibration, net benefit.

Each curve is the mean over the repeats of cross-validation (one repeat where nothing is repeated),
and its band the percentiles of that same mean over resamples of patients, each patient with all
repeats. A band holds at each point alone, not for the curve as a whole. Resamples of one class are
left out.
"""

import numpy as np
import pandas as pd

from nomoflow.decision import benefit_weights, net_benefit
from nomoflow.discrimination import sensitivities_at, wilson
from nomoflow.smoothing import smoothed
from nomoflow.weighted_metrics import two_class_weights

SPECIFICITIES = np.arange(101) / 100
POINTS = 101  # of a calibration curve, evenly from the least prediction to the largest


def roc_band(
    y, score, confidence: float = 0.95, resamples: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Mean sensitivity at specificities of 0 to 1, step 0.01: a row each, with ci_low, ci_high.

    y (n,) 0/1, both present; score (repeats, n) or (n,): what orders the patients.
    """
    stacked = _stacked(y, resamples, seed)
    curves = np.mean(
        [sensitivities_at(y, one, SPECIFICITIES, stacked) for one in np.atleast_2d(score)], axis=0
    )
    return pd.DataFrame(
        {"specificity": SPECIFICITIES, "sensitivity": curves[0], **_limits(curves[1:], confidence)}
    )


def calibration_band(
    y, p, confidence: float = 0.95, resamples: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Mean smooth calibration curve: predicted, observed, ci_low, ci_high.

    y (n,) 0/1, both present; p (repeats, n) or (n,). The curve runs where the predictions of every
    repeat reach, and has no row where there is no such stretch (constant predictions). The band is
    cut at 0 and 1, which the curve itself may leave by a little.
    """
    p = np.atleast_2d(np.asarray(p, dtype=float))
    low, high = p.min(axis=1).max(), p.max(axis=1).min()
    at = np.linspace(low, high, POINTS) if low < high else np.empty(0)
    stacked = _stacked(y, resamples, seed)
    curves = np.mean([smoothed(y, one, stacked, at) for one in p], axis=0)
    limits = {key: np.clip(limit, 0, 1) for key, limit in _limits(curves[1:], confidence).items()}
    return pd.DataFrame({"predicted": at, "observed": curves[0], **limits})


def decision_band(
    y, p, thresholds, confidence: float = 0.95, resamples: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Mean net benefit at each threshold: threshold, net_benefit, ci_low, ci_high.

    y (n,) 0/1, both present; p (repeats, n) or (n,). All ones is treating everyone.
    """
    weights = _stacked(y, resamples, seed)[1:]
    resampled = weights @ benefit_weights(y, p, thresholds) / weights.sum(axis=1, keepdims=True)
    return net_benefit(y, p, thresholds).assign(**_limits(resampled, confidence))


def group_intervals(groups: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """A Hosmer-Lemeshow table (n, observed_count) with Wilson's interval of the observed share."""
    limits = [
        wilson(int(row.observed_count), int(row.n), confidence) for row in groups.itertuples()
    ]
    return groups.assign(ci_low=[low for low, _ in limits], ci_high=[high for _, high in limits])


def _stacked(y, resamples: int, seed: int) -> np.ndarray:
    """A weighting of ones, then those of the resamples."""
    y = np.asarray(y)
    if not (y == 1).any() or not (y == 0).any():
        raise ValueError("both classes are needed: there are no patients of one class")
    weights, _ = two_class_weights(y, resamples, seed)
    return np.vstack([np.ones((1, len(y))), weights])


def _limits(resampled: np.ndarray, confidence: float) -> dict[str, np.ndarray]:
    low, high = np.quantile(resampled, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
    return {"ci_low": low, "ci_high": high}
