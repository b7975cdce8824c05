"""Performance corrected for optimism, from models that were made again in bootstrap resamples.

Two corrections of a metric's apparent value. Harrell's: less the mean over resamples of (its value
on the resample - its value on all patients), as R's ``rms::validate(method = "boot")``. .632+
(Efron and Tibshirani, J Am Stat Assoc 1997;92:548-560): apparent and out-of-bag value, weighted by
how far the model overfits; out-of-bag per resample and averaged, as Iba et al., BMC Med Res
Methodol 2021;21:9. Intervals: the location-shifted bootstrap of Noma et al., Stat Med
2021;40:5691-5701, and where it does not hold out-of-bag patients resampled: see
``corrected_intervals``.

The calibration intercept and slope of a fit on its own patients are 0 and 1, whatever it is worth.
So, as in rms, Harrell's figure is the mean over resamples of those on all patients.

Shapes: n patients, B resamples. A resample's patients are weighted by how often they were drawn.
"""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import pandas as pd
from scipy.special import logit

from nomoflow.calibration import NO_LINE
from nomoflow.corrected_intervals import corrected_interval, drawn_shares, draws_of
from nomoflow.resample_metrics import FIXED, METRICS, Scores, benefits, measure, net_benefit
from nomoflow.weighted_metrics import two_class_weights

CORRECTED, CORRECTED_632 = "corrected", "corrected_632"
COLUMNS = ["sample", "metric", "estimate", "ci_low", "ci_high", "method"]
DCA_COLUMNS = ["sample", "threshold", "net_benefit", "ci_low", "ci_high"]
LABELS = {CORRECTED: "Harrell's optimism", CORRECTED_632: ".632+"}
LOWER_IS_BETTER = frozenset({"brier"})
UNDEFINED = dict.fromkeys(FIXED, NO_LINE)
NO_CLASS = "no resample leaves patients of both classes out of bag"
NAN = float("nan")


def correct(
    y: np.ndarray,
    apparent: Scores,
    resampled: Scores,
    counts: np.ndarray,
    threshold: float,
    confidence: float = 0.95,
    notes: Sequence[str] = (),
    intervals: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Each metric by both corrections: tidy rows of COLUMNS.

    y (n,) 0/1; ``apparent``: the final model (B = 1) on its own patients; ``resampled``: each
    resample's model on all of them; counts (B, n): how often each patient was drawn. The cut-off of
    a model judges the patients that the model predicts; ``threshold`` is that of the net benefit.
    ``notes`` are added to each row's method. ``intervals``: draws of out-of-bag patients, seeded by
    ``seed``. Raises ValueError where the shapes do not fit.
    """
    y, counts = _checked(y, apparent, resampled, counts)
    everyone, out = np.ones_like(counts), counts == 0
    at_hand = measure(y, apparent, everyone[:1], threshold)
    train = measure(y, resampled, counts, threshold)
    test = measure(y, resampled, everyone, threshold)
    out_of_bag = measure(y, resampled, out.astype(float), threshold)
    nothing = no_information(y, apparent, threshold)
    for metric, value in FIXED.items():
        train[metric] = np.full(len(counts), value)
    shares = {
        metric: _shares(
            float(at_hand[metric][0]),
            _mean(out_of_bag[metric]),
            nothing[metric],
            metric not in LOWER_IS_BETTER,
        )
        for metric in METRICS
    }
    # One regression has one weight: a corrected intercept belongs to the corrected slope.
    shares["calibration_intercept"] = shares["calibration_slope"]
    weights, drawn = two_class_weights(y, intervals, seed)
    draws = draws_of(y, resampled, out, weights, threshold, out_of_bag)
    rows = []
    for sample in (CORRECTED, CORRECTED_632):
        for metric in METRICS:
            value, oob = float(at_hand[metric][0]), out_of_bag[metric]
            if sample == CORRECTED:
                value = FIXED.get(metric, value)
                used = train[metric] - test[metric]
                estimate = value - _mean(used)
            else:
                used = oob
                estimate = float(np.dot(shares[metric], (value, _mean(oob), nothing[metric])))
            words = [f"{LABELS[sample]}, {len(counts)} resamples"]
            limits = (NAN, NAN)
            if np.isfinite(estimate):
                *limits, method = corrected_interval(
                    metric, estimate, value, train[metric], oob,
                    partial(draws, metric), drawn, confidence,
                )  # fmt: skip
                words.append(method)
            else:
                words.append(f"not defined: {UNDEFINED.get(metric, NO_CLASS)}")
            left_out = int((~np.isfinite(used)).sum())
            if left_out:
                words.append(f"{left_out} not defined, left out")
            rows.append((sample, metric, estimate, *limits, "; ".join([*words, *notes])))
    return pd.DataFrame(rows, columns=COLUMNS)


def correct_net_benefit(
    y: np.ndarray,
    apparent: Scores,
    resampled: Scores,
    counts: np.ndarray,
    thresholds: np.ndarray,
    confidence: float = 0.95,
    intervals: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """The decision curve by both corrections: tidy rows of DCA_COLUMNS; see ``correct``."""
    y, counts = _checked(y, apparent, resampled, counts)
    everyone, out = np.ones_like(counts), counts == 0
    weights, drawn = two_class_weights(y, intervals, seed)
    share = drawn_shares(out, weights)
    rows = []
    for at in np.asarray(thresholds, dtype=float):
        value = float(net_benefit(y, apparent.p, everyone[:1], at)[0])
        train, test, oob = (
            net_benefit(y, resampled.p, weight, at) for weight in (counts, everyone, out)
        )
        nothing = _no_information_benefit(y, apparent.p[0], at)
        shares = _shares(value, _mean(oob), nothing, higher_is_better=True)
        # both corrections may need the same draws
        draw = cache(partial(share, benefits(y, resampled.p, at)))
        for sample, estimate in (
            (CORRECTED, value - _mean(train - test)),
            (CORRECTED_632, float(np.dot(shares, (value, _mean(oob), nothing)))),
        ):
            low, high, _ = corrected_interval(
                "net_benefit", estimate, value, train, oob, draw, drawn, confidence
            )
            rows.append((sample, at, estimate, low, high))
    table = pd.DataFrame(rows, columns=DCA_COLUMNS)
    return table.sort_values("sample", kind="stable", ignore_index=True)


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


def _mean(values: np.ndarray) -> float:
    """Mean of the defined ones; NaN, without a warning, where there is none."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else NAN


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
