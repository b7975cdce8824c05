"""Performance corrected for optimism, from models that were made again in bootstrap resamples.

Two corrections of a metric's apparent value. Harrell's: less the mean over resamples of (its value
on the resample - its value on all patients), as R's ``rms::validate(method = "boot")``. .632+
(Efron and Tibshirani, J Am Stat Assoc 1997;92:548-560): apparent and out-of-bag value, weighted by
how far the model overfits; out-of-bag per resample and averaged, as Iba et al., BMC Med Res
Methodol 2021;21:9. Intervals: the location-shifted bootstrap of Noma et al., Stat Med
2021;40:5691-5701.

The calibration intercept and slope of a fit on its own patients are 0 and 1, whatever it is worth.
So, as in rms, Harrell's figure is the mean over resamples of those on all patients, and neither
correction has an interval, which would have no width.

Shapes: n patients, B resamples. A resample's patients are weighted by how often they were drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import logit

from nomoflow.calibration import recalibrate_weighted

CORRECTED, CORRECTED_632 = "corrected", "corrected_632"
METRICS = (
    "auc", "sensitivity", "specificity", "accuracy", "brier", "calibration_intercept",
    "calibration_slope", "net_benefit",
)  # fmt: skip
COLUMNS = ["sample", "metric", "estimate", "ci_low", "ci_high", "method"]
DCA_COLUMNS = ["sample", "threshold", "net_benefit", "ci_low", "ci_high"]
LABELS = {CORRECTED: "Harrell's optimism", CORRECTED_632: ".632+"}
LOWER_IS_BETTER = frozenset({"brier"})
# The fit itself fixes these on its own patients.
FIXED = {"calibration_intercept": 0.0, "calibration_slope": 1.0}
# The best value of what cannot leave 0 to 1: an interval that is moved further ends there.
BEST = {"auc": 1.0, "sensitivity": 1.0, "specificity": 1.0, "accuracy": 1.0, "brier": 0.0}
# An apparent value that varies less over the resamples, or is in half of them closer to perfect,
# says nothing of the spread of an honest one.
NO_WIDTH, ALL_BUT_PERFECT = 1e-9, 0.01
# Scores that are equal but for the last bits are ties.
DECIMALS = 12
NAN = float("nan")


@dataclass(frozen=True)
class Scores:
    """Predictions of all n patients by B models: lp and p (B, n), cut (B,) on the scale of lp."""

    lp: np.ndarray
    p: np.ndarray
    cut: np.ndarray


@dataclass(frozen=True)
class Correction:
    """A metric by one correction: estimate, limits, resamples in which it was not defined.

    ``without`` says why there are no limits.
    """

    estimate: float
    low: float
    high: float
    left_out: int
    without: str = ""


def correct(
    y: np.ndarray,
    apparent: Scores,
    resampled: Scores,
    counts: np.ndarray,
    threshold: float,
    confidence: float = 0.95,
    notes: Sequence[str] = (),
) -> pd.DataFrame:
    """Each metric by both corrections: tidy rows of COLUMNS.

    y (n,) 0/1; ``apparent``: the final model (B = 1) on its own patients; ``resampled``: each
    resample's model on all of them; counts (B, n): how often each patient was drawn. The cut-off of
    a model judges the patients that the model predicts; ``threshold`` is that of the net benefit.
    ``notes`` are added to each row's method. Raises ValueError where the shapes do not fit.
    """
    y, counts = _checked(y, apparent, resampled, counts)
    everyone = np.ones_like(counts)
    at_hand = measure(y, apparent, everyone[:1], threshold)
    train = measure(y, resampled, counts, threshold)
    test = measure(y, resampled, everyone, threshold)
    out_of_bag = measure(y, resampled, (counts == 0).astype(float), threshold)
    nothing = no_information(y, apparent, threshold)
    for metric, value in FIXED.items():
        train[metric] = np.full(len(counts), value)
    values = {
        metric: (float(at_hand[metric][0]), train[metric], test[metric], out_of_bag[metric])
        for metric in METRICS
    }
    shares = {
        metric: _shares(value, _mean(oob), nothing[metric], metric not in LOWER_IS_BETTER)
        for metric, (value, _, _, oob) in values.items()
    }
    # One regression has one weight: a corrected intercept belongs to the corrected slope.
    shares["calibration_intercept"] = shares["calibration_slope"]
    rows = []
    for sample in (CORRECTED, CORRECTED_632):
        for metric, (value, trained, tested, oob) in values.items():
            if sample == CORRECTED:
                result = _harrell(FIXED.get(metric, value), trained, tested, confidence)
            else:
                result = _plus(value, trained, oob, nothing[metric], shares[metric], confidence)
            result = _bounded(result, trained, BEST.get(metric))
            method = _method(sample, len(counts), result, notes)
            figures = (result.estimate, result.low, result.high)
            rows.append((sample, metric, *figures, method))
    return pd.DataFrame(rows, columns=COLUMNS)


def correct_net_benefit(
    y: np.ndarray,
    apparent: Scores,
    resampled: Scores,
    counts: np.ndarray,
    thresholds: np.ndarray,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The decision curve by both corrections: tidy rows of DCA_COLUMNS; see ``correct``."""
    y, counts = _checked(y, apparent, resampled, counts)
    everyone = np.ones_like(counts)
    rows = []
    for sample in (CORRECTED, CORRECTED_632):
        for at in np.asarray(thresholds, dtype=float):
            value = float(_net_benefit(y, apparent.p, everyone[:1], at)[0])
            train = _net_benefit(y, resampled.p, counts, at)
            if sample == CORRECTED:
                test = _net_benefit(y, resampled.p, everyone, at)
                result = _harrell(value, train, test, confidence)
            else:
                oob = _net_benefit(y, resampled.p, (counts == 0).astype(float), at)
                nothing = _no_information_benefit(y, apparent.p[0], at)
                shares = _shares(value, _mean(oob), nothing, higher_is_better=True)
                result = _plus(value, train, oob, nothing, shares, confidence)
            rows.append((sample, at, result.estimate, result.low, result.high))
    return pd.DataFrame(rows, columns=DCA_COLUMNS)


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


# --- Metrics of weighted patients -------------------------------------------------------------


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
        "auc": weighted_auc(y, scores.lp, weights),
        "sensitivity": _share(right, weights * (y == 1)),
        "specificity": _share(right, weights * (y == 0)),
        "accuracy": _share(right, weights),
        "brier": _share((scores.p - y) ** 2, weights),
        "calibration_intercept": intercepts,
        "calibration_slope": slopes,
        "net_benefit": _net_benefit(y, scores.p, weights, threshold),
    }


def weighted_auc(y: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
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


def _net_benefit(y, p, weights, threshold: float) -> np.ndarray:
    """Net benefit (B,) of treating where p >= threshold, as ``decision.net_benefit`` has it."""
    gain = np.where(y == 1, 1.0, -threshold / (1 - threshold))
    return _share((p >= threshold) * gain, weights)


def _quotient(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), NAN), where=whole > 0)


# --- The two corrections ----------------------------------------------------------------------


def no_information(y: np.ndarray, apparent: Scores, threshold: float) -> dict[str, float]:
    """Each metric of the final model if outcome and prediction had nothing to do with each other.

    The mean over all n x n pairs of a patient's outcome and a patient's prediction (Efron and
    Tibshirani 1997, eq. 27); AUC 1/2, slope 0, intercept the log odds of the prevalence.
    """
    prevalence = float(np.mean(y))
    p, called = apparent.p[0], float(np.mean(apparent.lp[0] >= apparent.cut[0]))
    return {
        "auc": 0.5,
        "sensitivity": called,
        "specificity": 1 - called,
        "accuracy": prevalence * called + (1 - prevalence) * (1 - called),
        "brier": prevalence * float(np.mean((p - 1) ** 2)) + (1 - prevalence) * np.mean(p**2),
        "calibration_intercept": float(logit(prevalence)),
        "calibration_slope": 0.0,
        "net_benefit": _no_information_benefit(y, p, threshold),
    }


def _no_information_benefit(y: np.ndarray, p: np.ndarray, threshold: float) -> float:
    prevalence, called = float(np.mean(y)), float(np.mean(p >= threshold))
    return called * (prevalence - (1 - prevalence) * threshold / (1 - threshold))


def _harrell(value: float, train, test, confidence: float) -> Correction:
    """The apparent value less the mean optimism of the resamples where both are defined."""
    return _with_interval(value, value - _mean(train - test), train, train - test, confidence)


def _shares(value: float, oob: float, nothing: float, higher_is_better: bool) -> tuple:
    """What apparent, out-of-bag and no-information value weigh in .632+; they add up to 1.

    Efron and Tibshirani 1997, eq. 29-32: .368 apparent + .632 out of bag, and further from the
    apparent value by the relative overfitting rate R; an out-of-bag value worse than no information
    counts as no information there.
    """
    sign = 1 if higher_is_better else -1
    bounded = sign * max(sign * oob, sign * nothing)
    overfits = sign * value > sign * bounded and sign * value > sign * nothing
    rate = (value - bounded) / (value - nothing) if overfits else 0.0
    further = 0.368 * 0.632 * rate / (1 - 0.368 * rate)
    if bounded == oob:
        return 0.368 - further, 0.632 + further, 0.0
    return 0.368 - further, 0.632, further


def _plus(value: float, train, oob, nothing: float, shares: tuple, confidence: float) -> Correction:
    """The weighted mean of apparent, out-of-bag and no-information value."""
    estimate = float(np.dot(shares, (value, _mean(oob), nothing)))
    return _with_interval(value, estimate, train, oob, confidence)


def _with_interval(value: float, estimate: float, train, used, confidence: float) -> Correction:
    """Percentiles of the apparent value over resamples, moved by what the estimate was moved."""
    left_out = int((~np.isfinite(used)).sum())
    if not np.isfinite(estimate):
        return Correction(NAN, NAN, NAN, left_out)
    limits = [0.5 - confidence / 2, 0.5 + confidence / 2]
    low, high = np.quantile(train[np.isfinite(train)], limits) - (value - estimate)
    if high - low < NO_WIDTH:
        same = "the apparent value is the same in all resamples"
        return Correction(float(estimate), NAN, NAN, left_out, same)
    return Correction(float(estimate), float(low), float(high), left_out)


def _bounded(result: Correction, train, best: float | None) -> Correction:
    """The interval cut to 0 to 1; none where most resamples are fitted all but perfectly."""
    if best is None:
        return result
    if np.isfinite(result.low) and abs(np.nanmedian(train) - best) < ALL_BUT_PERFECT:
        perfect = "the apparent value is all but perfect in most resamples"
        return replace(result, low=NAN, high=NAN, without=perfect)
    low, high = np.clip([result.low, result.high], 0, 1)
    return replace(result, low=float(low), high=float(high))


def _mean(values: np.ndarray) -> float:
    """Mean of the defined ones; NaN, without a warning, where there is none."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else NAN


def _method(sample: str, resamples: int, result: Correction, notes: Sequence[str]) -> str:
    words = [f"{LABELS[sample]}, {resamples} resamples"]
    if not np.isfinite(result.estimate):
        words.append("not defined")
    elif result.without:
        words.append(f"no interval: {result.without}")
    else:
        words.append("location-shifted percentiles")
        if not result.low <= result.estimate <= result.high:
            words.append("which leave the estimate out: resamples are fitted closer than all")
    if result.left_out:
        words.append(f"{result.left_out} not defined, left out")
    return "; ".join([*words, *notes])


def _checked(y, apparent: Scores, resampled: Scores, counts) -> tuple[np.ndarray, np.ndarray]:
    y, counts = np.asarray(y).astype(int), np.asarray(counts, dtype=float)
    shape = (len(counts), len(y))
    found = [counts.shape, resampled.lp.shape, resampled.p.shape, (*resampled.cut.shape, len(y))]
    if any(other != shape for other in found) or apparent.lp.shape != (1, len(y)):
        raise ValueError(f"resamples x patients must be {shape} in every table; found {found}")
    if (counts.sum(axis=1) != len(y)).any():
        raise ValueError(f"each resample must draw {len(y)} patients; found {counts.sum(axis=1)}")
    if not np.isfinite([*apparent.lp, *resampled.lp]).all():
        raise ValueError("predictions are missing or infinite")
    return y, counts
