"""Intervals of performance figures that were corrected for optimism.

The location-shifted bootstrap (Noma et al., Stat Med 2021;40:5691-5701): percentiles of the
apparent value over resamples, moved by what the estimate was moved. It takes the spread of the
apparent value for that of an honest one. That fails where the apparent value cannot vary both
ways, because the fit fixes it or is all but perfect, and where resamples are fitted so much closer
than all patients that the limits leave their own estimate out.

There the out-of-bag patients are resampled instead. The models of the resamples stay as they are;
each draw weighs the patients by how often it drew them. The metric of each model on its own
out-of-bag patients, so weighted, is averaged over the models, and the percentiles of that average
over the draws are moved by (estimate - average of the patients as they are). Such an interval
holds what other patients would do to the figure of these models. It ignores that other patients
would also have made other models, and is too narrow by that.

Shapes: n patients, B resamples, W draws of patients. ``out`` (B, n) is True where a patient is out
of bag; ``weights`` (W, n): how often a patient was drawn.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.special import expit

from nomoflow.discrimination import concordance
from nomoflow.resample_metrics import DECIMALS, FIXED, METRICS, Scores, benefits

# The best value of what cannot leave 0 to 1: an interval that is moved further ends there.
BEST = {"auc": 1.0, "sensitivity": 1.0, "specificity": 1.0, "accuracy": 1.0, "brier": 0.0}
# An apparent value that varies less over the resamples, or is closer to perfect in half of them or
# in all patients, says nothing of the spread of an honest one.
NO_WIDTH, ALL_BUT_PERFECT = 1e-9, 0.01
SHIFTED = "location-shifted percentiles"
NAN = float("nan")


def corrected_interval(
    metric: str,
    estimate: float,
    apparent: float,
    trained: np.ndarray,
    out_of_bag: np.ndarray,
    draw: Callable[[], np.ndarray],
    drawn: str,
    confidence: float = 0.95,
) -> tuple[float, float, str]:
    """Limits of one corrected estimate, and their method in words; both NaN where there are none.

    apparent: of the final model; trained (B,): of each resample's model on its own patients;
    out_of_bag (B,): on the others. ``draw`` gives the average of the latter in each draw of
    patients, (W,), and is called where the location-shifted bootstrap does not hold; ``drawn`` says
    how. What cannot leave 0 to 1 (BEST) is cut there; where nothing is left of an interval, as for
    an estimate that was corrected to far beyond, there is none.
    """
    trained = trained[np.isfinite(trained)]
    low, high = _percentiles(trained, confidence) - (apparent - estimate)
    reason = _why_not_shifted(trained, apparent, estimate, low, high, BEST.get(metric))
    if not reason:
        return _cut(low, high, metric, SHIFTED)
    reason = f"{SHIFTED} do not hold: {reason}"
    honest = out_of_bag[np.isfinite(out_of_bag)]
    if not len(honest):
        return NAN, NAN, f"interval not defined: nor is any out-of-bag value; {reason}"
    values = draw()
    low, high = _percentiles(values[np.isfinite(values)], confidence) + (estimate - honest.mean())
    if not high - low > NO_WIDTH:
        same = "the out-of-bag value is the same whichever patients are drawn"
        return NAN, NAN, f"interval not defined: {same}; {reason}"
    words = f"out-of-bag {drawn}, moved to the estimate, models as they are; {reason}"
    return _cut(low, high, metric, words)


def _why_not_shifted(
    trained, apparent: float, estimate: float, low: float, high: float, best: float | None
) -> str:
    """Why the location-shifted bootstrap does not hold; empty where it does."""
    if not high - low >= NO_WIDTH:
        return "the apparent value is the same in all resamples"
    if best is not None and abs(np.median(trained) - best) < ALL_BUT_PERFECT:
        return "the apparent value is all but perfect in most resamples"
    if best is not None and abs(apparent - best) < ALL_BUT_PERFECT:
        return "the apparent value is all but perfect, so that they end at the estimate"
    if not low < estimate < high:
        return "they leave the estimate out, as resamples are fitted closer than all patients"
    return ""


def _percentiles(values: np.ndarray, confidence: float) -> np.ndarray:
    if not len(values):
        return np.array([NAN, NAN])
    return np.quantile(values, [0.5 - confidence / 2, 0.5 + confidence / 2])


def _cut(low: float, high: float, metric: str, words: str) -> tuple[float, float, str]:
    if metric in BEST:
        if high <= 0 or low >= 1:
            return NAN, NAN, f"interval not defined: all of it lies beyond 0 to 1; {words}"
        low, high = np.clip([low, high], 0, 1)
    return float(low), float(high), words


# --- Out-of-bag values when patients are drawn ------------------------------------------------


def draws_of(
    y: np.ndarray,
    scores: Scores,
    out: np.ndarray,
    weights: np.ndarray,
    threshold: float,
    out_of_bag: dict,
) -> Callable[[str], np.ndarray]:
    """A metric's name -> its out-of-bag average in each draw of patients: weights (W, n) -> (W,).

    ``out_of_bag``: what ``measure`` found with all weights 1.
    """
    right = (scores.lp >= scores.cut[:, None]) == (y == 1)
    share = drawn_shares(out, weights)

    @cache
    def calibration() -> tuple[np.ndarray, np.ndarray]:
        fits = (out_of_bag[metric] for metric in FIXED)
        return drawn_calibration(y, scores.lp, *fits, out, weights)

    @cache
    def draw(metric: str) -> np.ndarray:
        match metric:
            case "auc":
                return drawn_auc(y, np.round(scores.lp, DECIMALS), out, weights)
            case "sensitivity":
                return drawn_shares(out & (y == 1), weights)(right)
            case "specificity":
                return drawn_shares(out & (y == 0), weights)(right)
            case "accuracy":
                return share(right)
            case "brier":
                return share((scores.p - y) ** 2)
            case "calibration_intercept":
                return calibration()[0]
            case "calibration_slope":
                return calibration()[1]
            case "net_benefit":
                return share(benefits(y, scores.p, threshold))
        raise ValueError(f"metric {metric!r} is unknown; allowed: {', '.join(METRICS)}")

    return draw


def drawn_shares(out: np.ndarray, weights: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Values (B, n) -> their weighted mean out of bag, averaged over the resamples: (W,).

    Resamples of which a draw holds no out-of-bag patient are left out of that draw's average; NaN
    where that is all of them. What all values have in common is computed once.
    """

    @cache
    def averaging() -> np.ndarray:
        """1 / (weight out of bag x resamples that have any), (B, W)."""
        whole = out.astype(float) @ weights.T
        used = (whole > 0).sum(axis=0)
        inverse = np.divide(1, whole, out=np.zeros_like(whole), where=whole > 0)
        return np.divide(inverse, used, out=np.full_like(whole, NAN), where=used > 0)

    def draw(values: np.ndarray) -> np.ndarray:
        return ((np.where(out, values, 0.0).T @ averaging()) * weights.T).sum(axis=0)

    return draw


def drawn_auc(
    y: np.ndarray, scores: np.ndarray, out: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """AUC of scores (B, n) out of bag, ties counting half, averaged over the resamples: (W,)."""
    areas, defined = np.zeros((len(out), len(weights))), np.zeros((len(out), len(weights)), bool)
    for b, (score, outside) in enumerate(zip(scores, out, strict=True)):
        positive, negative = outside & (y == 1), outside & (y == 0)
        if not (positive.any() and negative.any()):
            continue
        first, second = weights[:, positive], weights[:, negative]
        won = ((first @ concordance(y[outside], score[outside])) * second).sum(axis=1)
        pairs = first.sum(axis=1) * second.sum(axis=1)
        defined[b] = pairs > 0
        np.divide(won, pairs, out=areas[b], where=defined[b])
    return _mean(areas, defined)


def drawn_calibration(
    y: np.ndarray,
    lp: np.ndarray,
    intercepts: np.ndarray,
    slopes: np.ndarray,
    out: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Calibration intercept and slope of lp (B, n) out of bag, averaged over the resamples: (W,).

    intercepts, slopes (B,): of the out-of-bag patients as they are, NaN where not defined; those
    resamples are left out. To first order in the weights, by the influence of each patient on the
    regression (the derivative of weighted maximum likelihood): a few out-of-bag patients, drawn
    again, would often be separated by lp and have no finite slope, though the average over all
    resamples hardly depends on any one draw of them.
    """
    defined = np.isfinite(slopes)
    if not defined.any():
        return np.full((2, len(weights)), NAN)
    lp, out = lp[defined], out[defined]
    a, b = intercepts[defined, None], slopes[defined, None]
    centre = (lp * out).sum(axis=1, keepdims=True) / out.sum(axis=1, keepdims=True)
    x = lp - centre
    p = expit(a + b * lp)
    v, rest = out * p * (1 - p), out * (y - p)
    h00, h01, h11 = (part.sum(axis=1, keepdims=True) for part in (v, v * x, v * x * x))
    determinant = h00 * h11 - h01**2
    of_slope = (h00 * x - h01) * rest / determinant
    of_intercept = (h11 - h01 * x) * rest / determinant - centre * of_slope
    return tuple(
        weights @ influence.mean(axis=0) + value.mean()
        for influence, value in ((of_intercept, a), (of_slope, b))
    )


def _mean(values: np.ndarray, defined: np.ndarray) -> np.ndarray:
    """Mean of the defined ones of each column; NaN where there is none."""
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(len(count), NAN), where=count > 0)
