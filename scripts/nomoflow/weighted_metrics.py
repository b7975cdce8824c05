"""Every metric of a model under many weightings of its patients at once.

A resample of patients is a weighting by whole numbers: how often each was drawn. Weights of one
give the plain metric. So 1,000 resamples cost a few matrix products instead of 1,000 calls.
"""

import numpy as np

from nomoflow.calibration import recalibrate_weighted, shift_weighted
from nomoflow.decision import benefit_weights
from nomoflow.discrimination import concordance
from nomoflow.smoothing import calibration_errors


def resampled_weights(n: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of n patients is drawn in each resample of n: (resamples, n)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)


def two_class_weights(y, resamples: int, seed: int) -> tuple[np.ndarray, str]:
    """Weights of the resamples with both classes, and how they were drawn, in words."""
    y = np.asarray(y)
    weights = resampled_weights(len(y), resamples, seed)
    both = (weights @ y > 0) & (weights @ (1 - y) > 0)
    drawn = f"patients resampled {resamples} times, percentile"
    if not both.all():
        drawn += f"; {int((~both).sum())} of one class left out"
    return weights[both], drawn


def weighted_metrics(y, lp, p, cut, weights, threshold: float = 0.5, rank=None) -> dict:
    """Metrics of one set of predictions, each (B,), for weights (B, n) of whole numbers.

    y (n,) 0/1; lp, p (n,) linear predictor and probability; cut: one number or one a patient, on
    the scale of lp; ``rank`` (n,): what the AUC orders patients by, where that is not lp itself.
    Keys: auc, sensitivity, specificity, accuracy, brier, calibration_intercept, calibration_slope,
    calibration_in_the_large, oe (observed:expected), ici, e50, e90, net_benefit (at ``threshold``).
    NaN where a metric is not defined, such as any that needs both classes.
    """
    y = np.asarray(y).astype(int)
    lp, p = np.asarray(lp, dtype=float), np.asarray(p, dtype=float)
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    right = (lp >= cut) == (y == 1)
    observed, expected = weights @ y, weights @ p
    intercept, slope = recalibrate_weighted(y, lp, weights)
    errors = calibration_errors(y, p, weights)
    return {
        "auc": auc_weighted(y, lp if rank is None else rank, weights),
        "sensitivity": _share(weights @ (right & (y == 1)), observed),
        "specificity": _share(weights @ (right & (y == 0)), weights @ (1 - y)),
        "accuracy": _share(weights @ right, weights.sum(axis=1)),
        "brier": _share(weights @ (p - y) ** 2, weights.sum(axis=1)),
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "calibration_in_the_large": shift_weighted(y, lp, weights),
        "oe": _share(observed, expected),
        **{key: errors[key] for key in ("ici", "e50", "e90")},
        "net_benefit": (weights @ benefit_weights(y, p, [threshold]))[:, 0] / weights.sum(axis=1),
    }


def auc_weighted(y, score, weights) -> np.ndarray:
    """AUC (B,) under weights (B, n); NaN where one class is drawn."""
    y = np.asarray(y).astype(int)
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    if y.min() == y.max():
        return np.full(len(weights), np.nan)
    positive, negative = weights[:, y == 1], weights[:, y == 0]
    above = ((positive @ concordance(y, score)) * negative).sum(axis=1)
    return _share(above, positive.sum(axis=1) * negative.sum(axis=1))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
