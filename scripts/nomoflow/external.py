"""A locked model judged on another centre's patients, nothing of it fitted again.

Tidy rows as those of `intervals`: metric, estimate, ci_low, ci_high, method. The cut-off is the
locked one, on the scale of the linear predictor: ``lp >= cut`` is a positive call. Where a cohort
has one class alone, what needs both is named as not defined, and the rest is given.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from nomoflow.calibration import recalibrate
from nomoflow.caveats import Row, caveat
from nomoflow.discrimination import classify, delong, wilson
from nomoflow.intervals import COLUMNS, apparent_metrics
from nomoflow.weighted_metrics import resampled_weights, two_class_weights, weighted_metrics

EXTERNAL = "external"
UNHARMONISED = "external_unharmonised"  # the same model on features as they came
ORDER = (
    "auc", "auc_logit", "auc_case_mix", "cutoff", "sensitivity", "specificity", "ppv", "npv",
    "accuracy", "brier", "brier_scaled", "calibration_intercept", "calibration_slope",
    "calibration_in_the_large", "oe", "oe_log", "ici", "e50", "e90", "net_benefit",
)  # fmt: skip
TINY = 10  # of a class: nothing beyond a rank can be told
FEWEST = 100  # of each class (Vergouwe 2005, J Clin Epidemiol 58:475; Collins 2016)
NAN = float("nan")
ONE_CLASS = "not defined: all patients are of one class"


def external_metrics(
    y,
    lp,
    p,
    cut: float,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 1,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """Metrics of a locked model on n other patients: a row for each of ``ORDER``.

    y (n,) 0/1; lp, p (n,) linear predictor and probability; cut: the locked cut-off. Intervals:
    DeLong for the AUC and, as ``auc_logit``, for its logit (as meta-analyses pool it); Wilson for
    proportions; Wald for intercept and slope of calibration; for observed:expected that of its
    logarithm, standard error sqrt((1 - observed share) / observed) with the expected number fixed
    (Debray 2017, BMJ 356:i6460), the logarithm itself as ``oe_log``; resampled patients for the
    rest. ``auc_case_mix`` is what this cohort's mix would give if the probabilities were right
    (`case_mix_auc`). ``brier_scaled`` is 1 - Brier / that of the cohort's own share. Raises
    ValueError without patients or where a prediction is missing.
    """
    y, lp, p = np.asarray(y), np.asarray(lp, dtype=float), np.asarray(p, dtype=float)
    if y.ndim != 1 or not len(y) or y.shape != lp.shape or y.shape != p.shape:
        raise ValueError(f"one prediction a patient is needed: {y.shape}, {lp.shape}, {p.shape}")
    if not np.isin(y, (0, 1)).all() or np.isnan(lp).any() or np.isnan(p).any():
        raise ValueError("outcomes must be 0 or 1, and no prediction may be missing")
    y = y.astype(int)
    z = float(ndtri(0.5 + confidence / 2))
    both = bool(y.min() < y.max())
    drawn = (confidence, resamples, seed, threshold)
    if both:
        table = apparent_metrics(y, lp, p, cut, *drawn)
        rows = {row["metric"]: row for row in table.to_dict("records")}
        rows |= _auc_logit(y, lp, z)
    else:
        rows = _one_class(y, lp, p, cut, *drawn)
    rows |= _proportions(classify(y, lp, cut), confidence)
    rows |= _calibrated(y, lp, z) | _observed_expected(y, p, z)
    rows["brier_scaled"] = _scaled_brier(y, p, confidence, resamples, seed)
    rows["cutoff"] = {"estimate": float(cut), "method": "locked"}
    expected = case_mix_auc(p)
    rows["auc_case_mix"] = {"estimate": expected, "method": "no outcome is used"}
    if np.isnan(expected):
        rows["auc_case_mix"] = _undefined("not defined: two patients at least, of risks in 0 to 1")
    ordered = [{**rows[metric], "metric": metric} for metric in ORDER]
    return pd.DataFrame(ordered, columns=COLUMNS)


def case_mix_auc(p) -> float:
    """AUC that a model's own probabilities (n,) promise in a cohort: its model-based concordance.

    Mean over pairs of different patients of the chance that the one of higher risk has the outcome
    and the other has not, ties as half (van Klaveren 2016, Stat Med 35:4136). An AUC below the one
    of development but near this is a matter of the case mix; one below this, of the model. NaN
    where no pair can differ.
    """
    p = np.asarray(p, dtype=float)
    _, group = np.unique(p, return_inverse=True)
    with_outcome, without = np.bincount(group, p), np.bincount(group, 1 - p)
    below = np.cumsum(without) - without
    alone = float((p * (1 - p)).sum())
    pairs = float(p.sum() * (1 - p).sum()) - alone
    if not pairs > 1e-12 * len(p):
        return NAN
    return float(((with_outcome * (below + without / 2)).sum() - alone / 2) / pairs)


def _undefined(why: str = ONE_CLASS) -> dict:
    return {"estimate": NAN, "method": why}


def _wald(estimate: float, error: float, z: float, method: str) -> dict:
    low, high = estimate - z * error, estimate + z * error
    return {"estimate": estimate, "ci_low": low, "ci_high": high, "method": method}


def _auc_logit(y, lp, z: float) -> dict[str, dict]:
    areas, covariance = delong(y, lp)
    area, variance = float(areas[0]), float(covariance[0, 0])
    if not 0 < area < 1:
        return {"auc_logit": _undefined(f"not defined: the AUC is {area:g}")}
    found = float(np.log(area / (1 - area)))
    if np.isnan(variance):  # one patient of a class
        row = {"estimate": found, "method": "no interval: one patient of a class"}
    else:
        row = _wald(found, float(np.sqrt(variance)) / (area * (1 - area)), z, "DeLong, logit")
    return {"auc_logit": row}


def _proportions(calls: dict, confidence: float) -> dict[str, dict]:
    tp, fn, tn, fp = (calls[key] for key in ("tp", "fn", "tn", "fp"))
    rows = {}
    for metric, right, whole, lacking in (
        ("sensitivity", tp, tp + fn, "no positive patient"),
        ("specificity", tn, tn + fp, "no negative patient"),
        ("ppv", tp, tp + fp, "no patient is called positive"),
        ("npv", tn, tn + fn, "no patient is called negative"),
        ("accuracy", tp + tn, tp + fn + tn + fp, ""),
    ):
        if not whole:
            rows[metric] = _undefined(f"not defined: {lacking}")
            continue
        low, high = wilson(right, whole, confidence)
        rows[metric] = {
            "estimate": right / whole, "ci_low": low, "ci_high": high, "method": "Wilson",
        }  # fmt: skip
    return rows


def _calibrated(y, lp, z: float) -> dict[str, dict]:
    found = recalibrate(y, lp)
    rows = {}
    for metric, key in (
        ("calibration_intercept", "intercept"),
        ("calibration_slope", "slope"),
        ("calibration_in_the_large", "intercept_in_the_large"),
    ):
        estimate, error = found[key], found[f"{key}_se"]
        defined = np.isfinite(estimate)
        rows[metric] = _wald(estimate, error, z, "Wald") if defined else _undefined(found["note"])
    return rows


def _observed_expected(y, p, z: float) -> dict[str, dict]:
    observed, expected, n = int(y.sum()), float(p.sum()), len(y)
    if not expected > 0:
        return dict.fromkeys(("oe", "oe_log"), _undefined("not defined: none is expected"))
    if observed == 0:
        no_log = _undefined("not defined: no patient has the outcome")
        return {"oe": {"estimate": 0.0, "method": "no interval: no event"}, "oe_log": no_log}
    found = float(np.log(observed / expected))
    error = float(np.sqrt((1 - observed / n) / observed))
    if error == 0:
        method = "no interval: all patients have the outcome"
        return {
            "oe": {"estimate": observed / expected, "method": method},
            "oe_log": {"estimate": found, "method": method},
        }
    log = _wald(found, error, z, "Wald, logarithm")
    limits = {key: float(np.exp(log[key])) for key in ("ci_low", "ci_high")}
    return {
        "oe": {"estimate": observed / expected, **limits, "method": "Wald on the logarithm"},
        "oe_log": log,
    }


def _scaled_brier(y, p, confidence: float, resamples: int, seed: int) -> dict:
    if y.min() == y.max():
        return _undefined()
    weights, drawn = two_class_weights(y, resamples, seed)
    stacked = np.vstack([np.ones((1, len(y))), weights])
    size = stacked.sum(axis=1)
    share = stacked @ y / size
    scaled = 1 - (stacked @ (p - y) ** 2 / size) / (share * (1 - share))
    return _percentiles(scaled, confidence, drawn)


def _percentiles(figures: np.ndarray, confidence: float, drawn: str) -> dict:
    """The first figure, of the patients themselves, with percentiles of the others."""
    row = {"estimate": float(figures[0]), "method": drawn}
    if len(figures) < 2:
        return row
    low, high = np.quantile(figures[1:], [0.5 - confidence / 2, 0.5 + confidence / 2])
    return row | {"ci_low": float(low), "ci_high": float(high)}


def _one_class(y, lp, p, cut, confidence, resamples, seed, threshold) -> dict[str, dict]:
    """What is defined without the other class: Brier and net benefit; all else is named."""
    rows = {metric: _undefined() for metric in ORDER}
    weights = resampled_weights(len(y), resamples, seed)
    stacked = np.vstack([np.ones((1, len(y))), weights])
    figures = weighted_metrics(y, lp, p, cut, stacked, threshold)
    drawn = f"patients resampled {resamples} times, percentile"
    for metric in ("brier", "net_benefit"):
        rows[metric] = _percentiles(figures[metric], confidence, drawn)
    return rows


def caveat_of_missing(model: str, without: Sequence[str], patients: int) -> Row:
    """Patients whom a model could not predict, as a row of warnings.csv."""
    named = ", ".join(without[:5]) + (", ..." if len(without) > 5 else "")
    return caveat(
        "centres",
        "not_predicted",
        model,
        f"{len(without)} of {patients} patients have no prediction ({named}): a value is missing; "
        "the figures are of the others alone",
        "fill in the values, or say why they are missing: patients left out may differ",
    )


def caveats_of_cohort(y, prescaled: bool = False) -> list[Row]:
    """What an external cohort's size and features make a reader doubt, as rows of warnings.csv."""
    y = np.asarray(y).astype(int)
    events, others = int(y.sum()), int((1 - y).sum())
    scaled = [
        caveat(
            "centres",
            "prescaled",
            EXTERNAL,
            "the table's features were scaled by its maker: over patients of whom those of the "
            "model may have been some, or to another unit than the model's",
            "export the features of both cohorts unscaled and set features.prescaled: false",
        )
    ] * prescaled
    if not events or not others:
        return [
            *scaled,
            caveat(
                "centres",
                "one_class",
                EXTERNAL,
                f"all {len(y)} patients are of one class ({events} with the outcome): AUC, slope "
                "and all that compares the classes are not defined",
                "check outcome.positive and outcome.negative against the table; add patients of "
                "the other class, or use `predict`",
            ),
        ]
    if min(events, others) >= FEWEST:
        return scaled
    tiny = "; slope and curve mean nothing with so few" * (min(events, others) < TINY)
    return [
        *scaled,
        caveat(
            "centres",
            "small_external",
            EXTERNAL,
            f"{events} patients with and {others} without the outcome: fewer than {FEWEST} of a "
            "class, so that intervals are wide and a calibration curve is little more than "
            f"noise{tiny}",
            "read the intervals, not the estimates; pool this centre with others (`centres`)",
        ),
    ]
