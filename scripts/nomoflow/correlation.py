"""Rank correlation of a signature's features, and of its Radscore, with the tumour's volume."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from nomoflow.discrimination import midranks

COLUMNS = ["signature", "feature", "n", "rho", "ci_low", "ci_high"]
NAN = float("nan")


def spearman(x, y, confidence: float = 0.95) -> dict:
    """Spearman's rho with its interval: n, rho, ci_low, ci_high.

    x, y : of one length; pairs that lack a value are left out, ties share their mean rank (R:
    cor(x, y, method = "spearman")). Interval: Fisher's z, its variance (1 + rho^2 / 2) / (n - 3)
    by Bonett and Wright (Psychometrika 2000;65:23). No rho for a constant or fewer than two pairs;
    no interval for fewer than four or where the ranks agree fully (|rho| = 1).
    Raises ValueError where the lengths differ.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"one value a patient is needed: found shapes {x.shape} and {y.shape}")
    both = ~(np.isnan(x) | np.isnan(y))
    n = int(both.sum())
    result = {"n": n, "rho": NAN, "ci_low": NAN, "ci_high": NAN}
    if n < 2:
        return result
    a, b = (midranks(values[both]) - (n + 1) / 2 for values in (x, y))
    if not a.any() or not b.any():
        return result
    rho = float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))
    result["rho"] = rho
    # Ranks are halves of integers, so full agreement gives 1 but for the root's rounding.
    if n > 3 and 1 - abs(rho) > 1e-12:
        half = float(ndtri(0.5 + confidence / 2)) * np.sqrt((1 + rho**2 / 2) / (n - 3))
        result["ci_low"] = float(np.tanh(np.arctanh(rho) - half))
        result["ci_high"] = float(np.tanh(np.arctanh(rho) + half))
    return result


def with_volume(
    signature: str,
    features: pd.DataFrame,
    radscore: Sequence[float],
    volume: Sequence[float] | None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """A row for the Radscore (feature ``radscore``), then one for each feature of a signature.

    features : patients x the signature's features; volume : of the same patients, None where it
    is not known: n is then 0 and the correlations are empty.
    """
    unknown = np.full(len(features), NAN)
    volume = unknown if volume is None else np.asarray(volume, dtype=float)
    columns = {"radscore": radscore, **{name: features[name] for name in features}}
    rows = [
        {"signature": signature, "feature": name, **spearman(values, volume, confidence)}
        for name, values in columns.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
