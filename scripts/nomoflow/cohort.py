"""Describing the cohort: Table 1 with its tests, missing values, readers' agreement.

The published defaults: Shapiro-Wilk in each group at 0.05, then Student's t or Mann-Whitney;
Pearson's chi-square without continuity correction, Fisher's exact test where an expected count is
below 5. scipy.stats is imported where needed only: it is slow to load.
"""

import math
import warnings
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr, ndtri, stdtr

from nomoflow.discrimination import midranks
from nomoflow.imputation import fit_imputation
from nomoflow.predictors import code, levels

NAN = float("nan")
COLUMNS = ["variable", "label", "level", "group", "n", "percent", "mean", "sd"]
COLUMNS += ["median", "q1", "q3", "summary", "test", "statistic", "p", "missing"]
MISSING_COLUMNS = ["variable", "kind", "n", "missing", "percent", "values"]
MISSING_COLUMNS += ["positive_missing", "negative_missing"]
NOT_DEFINED = ("not defined", NAN, NAN)


# --- Tests ------------------------------------------------------------------------------------


def t_from_summary(mean1, sd1, n1, mean0, sd0, n0) -> tuple[float, float]:
    """Student's t with pooled variance and its two-sided P, from means, SDs and counts."""
    df = n1 + n0 - 2
    variance = ((n1 - 1) * sd1**2 + (n0 - 1) * sd0**2) / df if df > 0 else 0.0
    if not variance > 0:
        return NAN, NAN
    t = (mean1 - mean0) / math.sqrt(variance * (1 / n1 + 1 / n0))
    return float(t), float(2 * stdtr(df, -abs(t)))


def mann_whitney(x1, x0) -> tuple[float, float]:
    """Mann-Whitney's U of the first group and its two-sided P (R: wilcox.test(x1, x0)).

    As R does by default: exact where both groups are below 50 and no values tie, otherwise the
    normal approximation with tie and continuity correction. NaN where all values are equal.
    """
    x1, x0 = np.asarray(x1, dtype=float), np.asarray(x0, dtype=float)
    n1, n0 = len(x1), len(x0)
    if not n1 or not n0:
        return NAN, NAN
    together = np.concatenate([x1, x0])
    u = float(midranks(together)[:n1].sum() - n1 * (n1 + 1) / 2)
    ties = np.unique(together, return_counts=True)[1].astype(float)
    n = n1 + n0
    if len(ties) == n and n1 < 50 and n0 < 50:
        lower = sum(_mann_whitney_counts(n1, n0)[: int(min(u, n1 * n0 - u)) + 1])
        return u, min(1.0, 2 * lower / math.comb(n, n1))
    variance = n1 * n0 / 12 * (n + 1 - (ties**3 - ties).sum() / (n * (n - 1))) if n > 1 else 0.0
    if len(ties) == 1 or not variance > 0:
        return u, NAN
    # corrected towards the middle; R leaves U exactly in the middle alone
    away = u - n1 * n0 / 2
    z = (away - math.copysign(0.5, away) if away else 0.0) / math.sqrt(variance)
    return u, float(2 * ndtr(-abs(z))) if away else 1.0


@lru_cache(maxsize=64)
def _mann_whitney_counts(n1: int, n0: int) -> np.ndarray:
    """Arrangements with each value of U, 0 to n1 * n0 (the Gaussian binomial coefficients)."""
    count = np.array([1] + [0] * (n1 * n0), dtype=object)  # whole numbers of any size
    for k in range(1, n1 + 1):
        # times (1 - q ** (n0 + k)), over (1 - q ** k)
        count[n0 + k :] -= count[: max(len(count) - n0 - k, 0)].copy()
        for start in range(k):
            count[start::k] = np.cumsum(count[start::k])
    return count


def chi_square(table) -> tuple[float, float]:
    """Pearson's chi-square of a 2 x 2 table, no correction (R: chisq.test(correct = FALSE))."""
    table = np.asarray(table, dtype=float)
    expected = _expected(table)
    if not (expected > 0).all():
        return NAN, NAN
    chi2 = float(((table - expected) ** 2 / expected).sum())
    return chi2, float(chdtrc(1, chi2))


def _expected(table: np.ndarray) -> np.ndarray:
    total = table.sum()
    return np.outer(table.sum(axis=1), table.sum(axis=0)) / (total or 1.0)


def fisher(table) -> float:
    """Fisher's exact two-sided P of a 2 x 2 table of counts (R: fisher.test).

    The sum over all tables with the same margins that are no more likely than this one.
    """
    (a, b), (c, d) = np.asarray(table, dtype=int).tolist()
    row, column, total = a + b, a + c, a + b + c + d
    low, high = max(0, row + column - total), min(row, column)
    k = np.arange(low, high)
    # ratio of neighbouring terms of the hypergeometric distribution
    ratio = (row - k) * (column - k) / ((k + 1) * (total - row - column + k + 1.0))
    mode = int((ratio > 1).sum())  # the ratios fall, so terms rise up to here and then fall
    rising = np.cumprod(1 / ratio[:mode][::-1])[::-1]
    share = np.concatenate([rising, [1.0], np.cumprod(ratio[mode:])])
    likely = share <= share[a - low] * (1 + 1e-7)  # R's allowance for rounding
    return float(min(1.0, share[likely].sum() / share.sum()))


def is_normal(x, alpha: float = 0.05) -> bool:
    """Whether Shapiro-Wilk leaves normality standing (R: shapiro.test(x)$p.value >= alpha).

    Below 3 values, or with all equal, normality cannot be seen: False. Above 5,000, where the
    test is not defined and means are normal anyway: True.
    """
    x = np.asarray(x, dtype=float)
    if len(x) < 3 or np.ptp(x) == 0:
        return False
    if len(x) > 5000:
        return True
    from scipy.stats import shapiro

    with warnings.catch_warnings():
        # nearly equal values make it warn of its precision; the answer is far from alpha then
        warnings.filterwarnings("ignore", message="scipy.stats.shapiro", category=UserWarning)
        return bool(shapiro(x).pvalue >= alpha)


def group_test(x, y, kind: str, alpha: float = 0.05) -> tuple[str, float, float]:
    """Test of one predictor between the classes: name, statistic, two-sided P.

    x (n,) numbers (binary: 0/1), y (n,) 0/1; patients whose x is NaN are left out. The sign of t,
    and U, are those of the positive class. ("not defined", NaN, NaN) where there is nothing to
    compare.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y).astype(int)
    x, y = x[~np.isnan(x)], y[~np.isnan(x)]
    x1, x0 = x[y == 1], x[y == 0]
    if kind == "binary":
        table = np.array([[(part == level).sum() for level in (1, 0)] for part in (x1, x0)])
        expected = _expected(table.astype(float))
        if not (expected > 0).all():
            return NOT_DEFINED
        if (expected < 5).any():
            return "Fisher's exact", NAN, fisher(table)
        return "chi-square", *chi_square(table)
    if not len(x1) or not len(x0) or np.ptp(x) == 0:
        return NOT_DEFINED
    if is_normal(x1, alpha) and is_normal(x0, alpha):
        return "Student's t", *student_t(x1, x0)
    return "Mann-Whitney U", *mann_whitney(x1, x0)


def student_t(x1, x0) -> tuple[float, float]:
    """Student's t and two-sided P (R: t.test(x1, x0, var.equal = TRUE))."""
    return t_from_summary(
        np.mean(x1), np.std(x1, ddof=1), len(x1), np.mean(x0), np.std(x0, ddof=1), len(x0)
    )


def group_p(x, y, kind: str, alpha: float = 0.05) -> float:
    """Two-sided P of ``group_test``; NaN where there is nothing to compare."""
    return group_test(x, y, kind, alpha)[2]


def choose_univariate(x: pd.DataFrame, y, predictors: list[dict], p: float = 0.05) -> list[str]:
    """Names of the predictors with univariate P below ``p``, in the order given.

    x: coded predictors (predictors.code), a column each. One that does not vary is not chosen;
    of one with missing values those present are compared, as in Table 1.
    """
    return [
        predictor["name"]
        for predictor in predictors
        if group_p(x[predictor["name"]].to_numpy(), y, predictor["kind"]) < p
    ]


# --- Table 1 ----------------------------------------------------------------------------------


def table_one(participants, y, predictors: list[dict], alpha: float = 0.05) -> pd.DataFrame:
    """Table 1, tidy: a row for each predictor and group (total, positive, negative).

    participants: a patient a row; y (n,) 0/1; predictors: dicts of name, kind, positive, label,
    unit. The first rows, variable "patients", hold the size of each group. A binary predictor is
    counted at its positive level. ``summary`` says which figures to print: count (n, percent),
    mean (mean, sd) where both groups pass Shapiro-Wilk at ``alpha``, or median (with q1, q3: R's
    quantile type 7). test, statistic and p stand on each row of the predictor. Only values that
    are present count, never imputed ones; ``missing`` patients of the group have none.
    """
    y = np.asarray(y).astype(int)
    natural = _natural(participants, predictors)
    groups = {"total": np.ones(len(y), dtype=bool), "positive": y == 1, "negative": y == 0}
    rows = [
        {
            "variable": "patients",
            "label": "patients",
            "level": "",
            "group": group,
            **_count(int(members.sum()), len(y)),
            "test": "",
            "missing": 0,
        }
        for group, members in groups.items()
    ]
    for predictor in predictors:
        name, kind = predictor["name"], predictor["kind"]
        x = natural[name].to_numpy()
        test, statistic, p = group_test(x, y, kind, alpha)
        for group, members in groups.items():
            values = x[members & ~np.isnan(x)]
            if kind == "binary":
                figures = _count(int(values.sum()), len(values))
            else:
                figures = _spread(values, "mean" if test == "Student's t" else "median")
            rows.append(
                {
                    "variable": name,
                    "label": _label(predictor),
                    "level": str(predictor["positive"]) if kind == "binary" else "",
                    "group": group,
                    **figures,
                    "test": test,
                    "statistic": statistic,
                    "p": p,
                    "missing": int(members.sum()) - len(values),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def missing_table(participants, y, predictors: list[dict], imputed: bool) -> pd.DataFrame:
    """Missing values of each predictor, a row each: columns ``MISSING_COLUMNS``.

    n patients, of whom ``missing`` (``percent``) have no value; ``positive_missing`` and
    ``negative_missing`` are those of each class. Where ``imputed``, ``values`` is what all patients
    would give a missing cell, in the predictor's own unit or as its level; else it is empty.
    """
    y = np.asarray(y).astype(int)
    natural = _natural(participants, predictors)
    fill = fit_imputation(natural)
    rows = []
    for predictor in predictors:
        name, kind = predictor["name"], predictor["kind"]
        gaps = natural[name].isna().to_numpy()
        value = fill[name]
        if kind == "binary":
            value = levels(participants, predictor)[int(value)]
        counts = [int(part.sum()) for part in (gaps, gaps[y == 1], gaps[y == 0])]
        percent = 100 * counts[0] / len(y) if len(y) else NAN
        rows.append(
            (name, kind, len(y), counts[0], percent, value if imputed else None, *counts[1:])
        )
    return pd.DataFrame(rows, columns=MISSING_COLUMNS)


def _natural(participants: pd.DataFrame, predictors: list[dict]) -> pd.DataFrame:
    """Coded predictors in their own units, NaN where a value is missing."""
    own_unit = [{**predictor, "per": 1} for predictor in predictors]
    return code(participants, own_unit, allow_missing=True)


def _label(predictor: dict) -> str:
    label = predictor.get("label") or predictor["name"].replace("_", " ")
    return f"{label}, {predictor['unit']}" if predictor.get("unit") else label


def _count(n: int, whole: int) -> dict:
    return {"n": n, "percent": 100 * n / whole if whole else NAN, "summary": "count"}


def _spread(values: np.ndarray, summary: str) -> dict:
    figures = {"n": len(values), "summary": summary}
    if len(values):
        q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
        figures |= {"mean": values.mean(), "median": median, "q1": q1, "q3": q3}
    if len(values) > 1:
        figures["sd"] = values.std(ddof=1)
    return figures


# --- Readers ----------------------------------------------------------------------------------


def agreement(first, second, confidence: float = 0.95) -> dict:
    """Cohen's kappa of two readers, with its large-sample interval (R: psych::cohen.kappa).

    first, second (n,): any labels; patients with a missing one are left out. Variance by Fleiss,
    Cohen and Everitt 1969; the interval is cut at -1 and 1. Keys n, agreed, percent, kappa,
    ci_low, ci_high; kappa is NaN where both readers used a single level throughout.
    """
    pairs = pd.DataFrame({"first": list(first), "second": list(second)}, dtype=object).dropna()
    n = len(pairs)
    agreed = int((pairs["first"] == pairs["second"]).sum())
    result = {"n": n, "agreed": agreed, "percent": 100 * agreed / n if n else NAN}
    result |= dict.fromkeys(("kappa", "ci_low", "ci_high"), NAN)
    levels = sorted(set(pairs["first"]) | set(pairs["second"]), key=str)
    if len(levels) < 2:
        return result
    share = np.zeros((len(levels), len(levels)))
    for a, b in zip(pairs["first"], pairs["second"], strict=True):
        share[levels.index(a), levels.index(b)] += 1 / n
    by_first, by_second = share.sum(axis=1), share.sum(axis=0)
    observed, chance = agreed / n, float(by_first @ by_second)
    kappa = (observed - chance) / (1 - chance)
    on = np.diag(share) * ((1 - chance) - (by_first + by_second) * (1 - observed)) ** 2
    off = share * (by_second[:, None] + by_first[None, :]) ** 2
    variance = on.sum() + (1 - observed) ** 2 * (off.sum() - np.trace(off))
    variance -= (observed * chance - 2 * chance + observed) ** 2
    # rounding can leave a negative zero where the readers agree throughout
    error = math.sqrt(max(variance, 0.0) / n) / (1 - chance) ** 2
    half = float(ndtri(0.5 + confidence / 2)) * error
    return result | {
        "kappa": kappa,
        "ci_low": max(-1.0, kappa - half),
        "ci_high": min(1.0, kappa + half),
    }
