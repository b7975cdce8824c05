"""Intraclass correlation of two or more readings, over all features at once."""

import numpy as np
import pandas as pd
from scipy.special import fdtri

# Names as in pingouin and McGraw and Wong (1996). psych of R calls them ICC1, ICC2, ICC3, ...k.
FORMS = ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)")
# Which reading is compared with a1, and how many patients make a comparison.
COMPARISONS = {"inter": "b1", "intra": "a2"}
FEWEST_PATIENTS = 3
# A feature that spreads over less than this share of its size is constant but for rounding.
ROUNDING = 1e-12


def intraclass_correlation(
    ratings: np.ndarray, form: str = "ICC(A,1)", confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ICC and its confidence limits for p features at once.

    ratings: n patients x k readings x p features, complete. Returns three arrays of p.
    Two-way analysis of variance of each feature; formulas of Shrout and Fleiss (Psychol Bull
    1979;86:420-428) and McGraw and Wong (Psychol Methods 1996;1:30-46). A feature with a missing
    value or without variation beyond rounding has NaN; one whose readings do not differ, or by the
    same in all patients, has no limits.
    Raises ValueError: an unknown form, fewer than two patients or readings.
    """
    if form not in FORMS:
        raise ValueError(f"ICC form {form!r} is unknown; allowed: {', '.join(FORMS)}")
    ratings = np.asarray(ratings, dtype=float)
    if ratings.ndim != 3 or ratings.shape[0] < 2 or ratings.shape[1] < 2:
        raise ValueError(
            f"an ICC needs at least 2 patients x 2 readings x features; found {ratings.shape}"
        )
    n, k, _ = ratings.shape
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = _mean_squares(ratings)
        icc = _estimate(form, *squares, n, k)
        low, high = _limits(form, *squares, n, k, (1 + confidence) / 2)
    icc[constant(ratings, axis=(0, 1))] = np.nan
    unlimited = ~(np.isfinite(icc) & np.isfinite(low) & np.isfinite(high))
    low[unlimited] = high[unlimited] = np.nan
    return icc, low, high


def icc_per_feature(
    first: pd.DataFrame,
    second: pd.DataFrame,
    form: str = "ICC(A,1)",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """ICC of two readings: table of feature, n, icc, ci_low, ci_high, reason, one row a feature.

    first, second: the same patients (rows, in the same order) and features (columns). Where there
    is no ICC it is NaN and ``reason`` says why: missing value, constant.
    Raises ValueError where rows or columns differ.
    """
    if list(first.columns) != list(second.columns):
        odd = sorted(set(first.columns) ^ set(second.columns))
        raise ValueError(f"the readings do not have the same features in one order: {odd[:10]}")
    if list(first.index) != list(second.index):
        raise ValueError("the readings do not have the same patients in one order")
    ratings = np.stack([first.to_numpy(dtype=float), second.to_numpy(dtype=float)], axis=1)
    icc, low, high = intraclass_correlation(ratings, form, confidence)
    missing = ~np.isfinite(ratings).all(axis=(0, 1))
    flat = constant(ratings, axis=(0, 1))
    identical = (ratings[:, 0] == ratings[:, 1]).all(axis=0)
    reason = np.select(
        [missing, flat, identical, ~np.isfinite(icc), ~np.isfinite(low)],
        [
            "missing value in a reading",
            "constant in the patients read twice",
            "readings identical: no interval",
            "no variation to divide by",
            "readings differ by a constant: no interval",
        ],
        "",
    )
    return pd.DataFrame(
        {
            "feature": [str(c) for c in first.columns],
            "n": len(first),
            "icc": icc,
            "ci_low": low,
            "ci_high": high,
            "reason": reason,
        }
    )


def judged_values(table: pd.DataFrame, judged: str) -> np.ndarray:
    """What is compared with the threshold: each feature's ICC, or the lower limit of its interval.

    Readings that are identical have an ICC of 1 and no interval: then the estimate is judged.
    """
    match judged:
        case "estimate":
            return table["icc"].to_numpy()
        case "lower_limit":
            return table["ci_low"].fillna(table["icc"]).to_numpy()
        case _:
            raise ValueError(f"reliability.judged is {judged!r}; allowed: estimate, lower_limit")


def constant(values: np.ndarray, axis) -> np.ndarray:
    """Whether values are the same along an axis, but for rounding."""
    with np.errstate(invalid="ignore"):
        return np.ptp(values, axis=axis) <= ROUNDING * np.abs(values).max(axis=axis)


def _mean_squares(ratings: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean squares between patients, within patients, between readings, and of the residual."""
    n, k, _ = ratings.shape
    patient = ratings.mean(axis=1)
    reading = ratings.mean(axis=0)
    grand = patient.mean(axis=0)
    between = k * ((patient - grand) ** 2).sum(axis=0) / (n - 1)
    readings = n * ((reading - grand) ** 2).sum(axis=0) / (k - 1)
    off_patient = ratings - patient[:, None]
    within = (off_patient**2).sum(axis=(0, 1)) / (n * (k - 1))
    residual = ((off_patient - (reading - grand)) ** 2).sum(axis=(0, 1)) / ((n - 1) * (k - 1))
    # What equal or evenly shifted readings leave is rounding: no difference at all.
    least = (ROUNDING * np.abs(ratings).max(axis=(0, 1))) ** 2
    within, readings, residual = (np.where(s > least, s, 0.0) for s in (within, readings, residual))
    return between, within, readings, residual


def _estimate(form, between, within, readings, residual, n, k) -> np.ndarray:
    if form == "ICC(1,1)":
        return (between - within) / (between + (k - 1) * within)
    if form == "ICC(1,k)":
        return (between - within) / between
    if form == "ICC(C,1)":
        return (between - residual) / (between + (k - 1) * residual)
    if form == "ICC(C,k)":
        return (between - residual) / between
    if form == "ICC(A,1)":
        bias = k * (readings - residual) / n
        return (between - residual) / (between + (k - 1) * residual + bias)
    return (between - residual) / (between + (readings - residual) / n)


def _limits(form, between, within, readings, residual, n, k, level):
    if form.startswith("ICC(A"):
        low, high = _agreement_limits(between, within, readings, residual, n, k, level)
        if form == "ICC(A,k)":
            low, high = (k * limit / (1 + (k - 1) * limit) for limit in (low, high))
        return low, high
    error, df = (within, n * (k - 1)) if form.startswith("ICC(1") else (residual, (n - 1) * (k - 1))
    ratio = between / error
    low, high = ratio / fdtri(n - 1, df, level), ratio * fdtri(df, n - 1, level)
    if form.endswith("k)"):
        return 1 - 1 / low, 1 - 1 / high
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _agreement_limits(between, within, readings, residual, n, k, level):
    """Limits of ICC(A,1): F with Satterthwaite's degrees of freedom (McGraw and Wong, table 7)."""
    icc = _estimate("ICC(A,1)", between, within, readings, residual, n, k)
    fj = readings / residual
    rest = n * (1 + (k - 1) * icc) - k * icc
    df = (n - 1) * (k - 1) * (k * icc * fj + rest) ** 2
    df = df / ((n - 1) * (k * icc * fj) ** 2 + rest**2)
    upper, lower = fdtri(n - 1, df, level), fdtri(df, n - 1, level)
    spread = k * readings + (k * n - k - n) * residual
    low = n * (between - upper * residual) / (upper * spread + n * between)
    high = n * (lower * between - residual) / (spread + n * lower * between)
    return low, high
