"""How well a score tells the two classes apart: ROC curve, AUC with DeLong's variance, cut-off.

Direction is fixed: a higher score means the positive class (y = 1), and ``score >= cut`` is a
positive call. An AUC below 0.5 is returned as it is.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri


def _checked(y, score) -> tuple[np.ndarray, np.ndarray]:
    """Classes as 0/1 and scores as float; the patients lie along the last axis of the scores."""
    y = np.asarray(y)
    score = np.asarray(score, dtype=float)
    if y.ndim != 1 or score.shape[-1:] != y.shape:
        raise ValueError(f"one score a patient is needed: {y.shape} classes, {score.shape} scores")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("classes must be coded 0 and 1")
    if np.isnan(score).any():
        raise ValueError(f"{int(np.isnan(score).sum())} scores are missing")
    if not (y == 1).any() or not (y == 0).any():
        raise ValueError("both classes are needed: there are no patients of one class")
    return y.astype(int), score


def midranks(x) -> np.ndarray:
    """Ranks from 1, ties sharing their mean rank (R: rank(x)); x of shape (n,)."""
    _, position, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[position]


def auc(y, score) -> float:
    """Area under the ROC curve: P(score of a positive > of a negative), ties counting half."""
    y, score = _checked(y, score)
    positives = int(y.sum())
    negatives = len(y) - positives
    rank_sum = midranks(score)[y == 1].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))


def concordance(y, scores) -> np.ndarray:
    """Share of repeats in which a positive patient outscores a negative one, ties as half.

    scores: (repeats, n). Returns (positives, negatives): its mean is the AUC averaged over the
    repeats, and its weighted mean the AUC of any resample of patients.
    """
    y, scores = _checked(y, np.atleast_2d(scores))
    kernel = np.zeros((int(y.sum()), int((y == 0).sum())))
    for score in scores:
        difference = score[y == 1][:, None] - score[y == 0][None, :]
        kernel += (np.sign(difference) + 1) / 2
    return kernel / len(scores)


def delong(y, scores) -> tuple[np.ndarray, np.ndarray]:
    """AUCs (m,) and their covariance (m, m) for m scores of the same patients (n, m).

    DeLong, DeLong and Clarke-Pearson 1988, by midranks (Sun and Xu 2014). With a single patient
    in a class the variance is not defined: NaN.
    """
    scores = np.asarray(scores, dtype=float)
    y, columns = _checked(y, scores.T if scores.ndim == 2 else scores[None, :])
    m = int(y.sum())
    n = len(y) - m
    aucs, positive_parts, negative_parts = [], [], []
    for score in columns:
        ranks = midranks(score)
        # share of negatives below each positive, and of positives above each negative
        above = (ranks[y == 1] - midranks(score[y == 1])) / n
        below = 1 - (ranks[y == 0] - midranks(score[y == 0])) / m
        aucs.append(above.mean())
        positive_parts.append(above)
        negative_parts.append(below)
    covariance = _covariance(np.array(positive_parts)) / m
    covariance = covariance + _covariance(np.array(negative_parts)) / n
    return np.array(aucs), covariance


def _covariance(rows: np.ndarray) -> np.ndarray:
    """Sample covariance of the rows; NaN, without a warning, for a single column."""
    if rows.shape[1] < 2:
        return np.full((len(rows), len(rows)), np.nan)
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred @ centred.T / (rows.shape[1] - 1)


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return float(ndtri(0.5 + confidence / 2))


def auc_interval(y, score, confidence: float = 0.95) -> tuple[float, float, float]:
    """AUC with DeLong's interval, clipped to [0, 1] (R: pROC::ci.auc(method = "delong"))."""
    areas, covariance = delong(y, score)
    half = _quantile(confidence) * np.sqrt(covariance[0, 0])
    low, high = np.clip([areas[0] - half, areas[0] + half], 0, 1)
    return float(areas[0]), float(low), float(high)


def perfect_interval(y, area: float, confidence: float = 0.95) -> tuple[float, float]:
    """Newcombe's interval of an AUC of 1 or 0, where DeLong's and any bootstrap have no width.

    Of the m positive and n negative patients y (m + n,): the values t from which the estimate lies
    no more than z standard errors, SE(t)^2 = t (1 - t) (1 + k (1 - t) / (2 - t) + k t / (1 + t)) /
    (m n) with k = (m + n) / 2 - 1 (Newcombe, Stat Med 2006;25:559-573, method 5, as Wilson's for a
    share; R: auRoc::auc.nonpara.mw(method = "newcombe")). Raises ValueError for another AUC.
    """
    from scipy.optimize import brentq

    if area not in (0, 1):
        raise ValueError(f"an AUC of {area:g}: allowed is 0 or 1")
    y = np.asarray(y)
    m, n = int((y == 1).sum()), int((y == 0).sum())
    z2, k = _quantile(confidence) ** 2, (m + n) / 2 - 1

    def left(t: float) -> float:
        # (1 - t)^2 less z^2 SE(t)^2, both divided by 1 - t
        return 1 - t - z2 * t * (1 + k * (1 - t) / (2 - t) + k * t / (1 + t)) / (m * n)

    end = float(brentq(left, 0, 1, xtol=1e-14))
    return (end, 1.0) if area == 1 else (0.0, 1 - end)


def compare_paired(y, a, b, confidence: float = 0.95) -> dict:
    """DeLong's test of two AUCs of the same patients (R: pROC::roc.test(paired = TRUE)).

    Keys: auc_a, auc_b, difference (a - b), ci_low, ci_high, z, p, note. Where the difference has
    no variance (equal rankings, or both perfect) z and p are NaN and the note says so.
    """
    areas, covariance = delong(y, np.column_stack([a, b]))
    difference = areas[0] - areas[1]
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    result = {"auc_a": float(areas[0]), "auc_b": float(areas[1]), "difference": float(difference)}
    # Rounding leaves a variance of about 1e-18 where it is zero; a real one is above 1 / n**3.
    if not variance > 1e-14:
        same = np.array_equal(midranks(a), midranks(b))
        why = "the two scores rank the patients alike" if same else "the difference has no variance"
        nothing = dict.fromkeys(("ci_low", "ci_high", "z", "p"), float("nan"))
        return result | nothing | {"note": f"not defined: {why}"}
    error = np.sqrt(variance)
    half = _quantile(confidence) * error
    z = difference / error
    return result | {
        "ci_low": float(difference - half),
        "ci_high": float(difference + half),
        "z": float(z),
        "p": float(2 * ndtr(-abs(z))),
        "note": "",
    }


def _counts_at_or_above(y: np.ndarray, score: np.ndarray):
    """Distinct scores, ascending, with the positives and negatives at or above each."""
    values, position = np.unique(score, return_inverse=True)
    positives = np.bincount(position, weights=y, minlength=len(values)).astype(int)
    everyone = np.bincount(position, minlength=len(values))
    tp = np.cumsum(positives[::-1])[::-1]
    fp = np.cumsum((everyone - positives)[::-1])[::-1]
    return values, tp, fp


def _midpoints(values: np.ndarray) -> np.ndarray:
    """Thresholds between neighbouring scores, as pROC sets them."""
    with np.errstate(over="ignore"):
        middle = (values[:-1] + values[1:]) / 2
    # Halving first cannot overflow; where two neighbours leave no room, the upper one is meant.
    middle = np.where(np.isfinite(middle), middle, values[:-1] / 2 + values[1:] / 2)
    return np.where(middle > values[:-1], middle, values[1:])


def roc_curve(y, score) -> pd.DataFrame:
    """Threshold, sensitivity, specificity, thresholds ascending from -Inf to Inf (R: pROC::roc)."""
    y, score = _checked(y, score)
    values, tp, fp = _counts_at_or_above(y, score)
    tp, fp = np.append(tp, 0), np.append(fp, 0)
    return pd.DataFrame(
        {
            "threshold": np.concatenate([[-np.inf], _midpoints(values), [np.inf]]),
            "sensitivity": tp / tp[0],
            "specificity": 1 - fp / fp[0],
        }
    )


def sensitivities_at(y, score, specificities, weights) -> np.ndarray:
    """Sensitivity at given specificities under each of B weightings of patients: (B, G).

    The largest that a cut-off of at least that specificity has; where ties make the curve slope,
    it is read off the line (R: pROC::ci.se). weights (B, n) whole numbers, both classes drawn.
    """
    y, score = _checked(y, score)
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(y) - 1)
    # Patients called, from the highest score down; a curve's points are where the score changes.
    start = np.zeros((len(weights), 1))
    tp, fp = (
        np.hstack([start, np.cumsum(weights[:, order] * (y[order] == label), axis=1)[:, last]])
        for label in (1, 0)
    )
    # Counts, not shares, so that 1 - 0.7 meets 0.3; rows are told apart by an offset.
    wanted = np.round((1 - np.asarray(specificities, dtype=float)) * fp[:, -1:], 9)
    offset = (np.arange(len(weights)) * (fp[:, -1].max() + 1))[:, None]
    found = np.searchsorted((fp + offset).ravel(), (wanted + offset).ravel(), side="right")
    points = fp.shape[1]
    at = found.reshape(wanted.shape) - 1 - np.arange(len(weights))[:, None] * points
    after = np.minimum(at + 1, points - 1)
    left, right, low, high = (
        np.take_along_axis(counts, index, axis=1)
        for counts, index in ((fp, at), (fp, after), (tp, at), (tp, after))
    )
    share = np.divide(wanted - left, right - left, out=np.zeros_like(low), where=right > left)
    return (low + share * (high - low)) / tp[:, -1:]


def youden(y, score) -> float:
    """Cut-off of the largest sensitivity + specificity; ties go to the higher sensitivity.

    The midpoint between two scores (R: pROC::coords(best.method = "youden")). Where no cut beats
    calling everyone positive (a constant score, or one that runs the wrong way) it is the lowest
    score, so that it stays a finite number: everyone here is then called positive.
    """
    y, score = _checked(y, score)
    values, tp, fp = _counts_at_or_above(y, score)
    # Whole numbers: equal cut-offs tie exactly, and argmax takes the first, the most sensitive.
    best = int(np.argmax(tp * fp[0] - fp * tp[0]))
    return float(values[0] if best == 0 else _midpoints(values)[best - 1])


def classify(y, score, cut) -> dict:
    """Sensitivity, specificity, accuracy, tp, fn, tn, fp of the calls ``score >= cut``.

    cut: one number, or one a patient. A share of an absent class is NaN.
    """
    y = np.asarray(y).astype(int)
    called = np.asarray(score, dtype=float) >= cut
    tp, fn = int((called & (y == 1)).sum()), int((~called & (y == 1)).sum())
    fp, tn = int((called & (y == 0)).sum()), int((~called & (y == 0)).sum())
    return {
        "sensitivity": _share(tp, tp + fn),
        "specificity": _share(tn, tn + fp),
        "accuracy": _share(tp + tn, len(y)),
        "tp": tp,
        "fn": fn,
        "tn": tn,
        "fp": fp,
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of the proportion k / n (Wilson 1927; Newcombe 1998, method 3)."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")
    if n == 0:
        return float("nan"), float("nan")
    z2 = _quantile(confidence) ** 2
    centre = (k + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * (k * (n - k) / n + z2 / 4)) / (n + z2)
    # At the ends the interval reaches the bound itself; rounding would miss it.
    low = 0.0 if k == 0 else float(centre - half)
    high = 1.0 if k == n else float(centre + half)
    return low, high
