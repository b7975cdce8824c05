"""Decision curves: the net benefit of acting on a predicted probability."""

import numpy as np
import pandas as pd


def _thresholds(thresholds) -> np.ndarray:
    thresholds = np.asarray(thresholds, dtype=float)
    if not ((thresholds > 0) & (thresholds < 1)).all():
        raise ValueError("threshold probabilities must lie between 0 and 1, both excluded")
    return thresholds


def default_thresholds() -> np.ndarray:
    """1 % to 99 %, step 1 %."""
    return np.arange(1, 100) / 100


def net_benefit(y, p, thresholds) -> pd.DataFrame:
    """Net benefit of treating every patient whose probability reaches the threshold.

    true positives / n - false positives / n * t / (1 - t), with ``p >= t`` a positive (Vickers and
    Elkin 2006; R: dcurves::dca). y (n,) 0/1; p (n,), or (repeats, n), whose curves are averaged.
    Columns threshold, net_benefit.
    """
    y, p = _checked(y, p)
    thresholds = _thresholds(thresholds)
    # The share at or above each threshold, by counting in the sorted probabilities.
    positives, negatives = (np.sort(p[:, y == label], axis=None) for label in (1, 0))
    total = p.size
    true = (positives.size - np.searchsorted(positives, thresholds, side="left")) / total
    false = (negatives.size - np.searchsorted(negatives, thresholds, side="left")) / total
    benefit = true - thresholds / (1 - thresholds) * false
    return pd.DataFrame({"threshold": thresholds, "net_benefit": benefit})


def benefit_weights(y, p, thresholds) -> np.ndarray:
    """What each patient adds to n times the net benefit, at each threshold: (n, thresholds).

    p (n,), or (repeats, n), whose contributions are averaged. ``weights @`` it, divided by the sum
    of the weights, is the net benefit of any resample of patients.
    """
    y, p = _checked(y, p)
    thresholds = _thresholds(thresholds)
    called = (p[:, :, None] >= thresholds).mean(axis=0)
    return called * np.where(y[:, None] == 1, 1.0, -thresholds / (1 - thresholds))


def _checked(y, p) -> tuple[np.ndarray, np.ndarray]:
    y = np.asarray(y).astype(int)
    p = np.atleast_2d(np.asarray(p, dtype=float))
    if p.shape[-1] != len(y) or np.isnan(p).any():
        raise ValueError(f"a probability a patient is needed, none missing: {p.shape} for {len(y)}")
    return y, p


def treat_all(y, thresholds) -> pd.DataFrame:
    """Net benefit of treating everyone; columns threshold, net_benefit."""
    thresholds = _thresholds(thresholds)
    prevalence = float(np.mean(np.asarray(y)))
    benefit = prevalence - thresholds / (1 - thresholds) * (1 - prevalence)
    return pd.DataFrame({"threshold": thresholds, "net_benefit": benefit})


def treat_none(thresholds) -> pd.DataFrame:
    """Net benefit of treating no one: zero at every threshold."""
    thresholds = _thresholds(thresholds)
    return pd.DataFrame({"threshold": thresholds, "net_benefit": np.zeros(len(thresholds))})
