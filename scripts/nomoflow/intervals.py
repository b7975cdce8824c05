"""Performance of a model with intervals that resample patients, never rows of predictions.

`repeated_metrics` and `apparent_metrics` return tidy rows: metric, estimate, ci_low, ci_high,
method. The linear predictor is compared with a cut-off on its own scale: ``lp >= cut`` is a
positive call. The calibration intercept and slope are those of the logistic regression of the
outcome on the linear predictor (R: rms::val.prob's Intercept and Slope), calibration in the large
the intercept with the slope held at 1.
"""

import numpy as np
import pandas as pd

from nomoflow.calibration import NO_LINE
from nomoflow.discrimination import auc, auc_interval, classify, perfect_interval, wilson
from nomoflow.weighted_metrics import two_class_weights, weighted_metrics

COLUMNS = ["metric", "estimate", "ci_low", "ci_high", "method"]
SPREAD = ["metric", "repeats", "mean", "sd", "minimum", "maximum"]
ORDER = (
    "auc", "auc_within_fold", "cutoff", "sensitivity", "specificity", "accuracy", "brier",
    "calibration_intercept", "calibration_slope", "calibration_in_the_large", "oe", "ici", "e50",
    "e90", "net_benefit",
)  # fmt: skip
# Distances: a resample strays from the cohort as the cohort does from all patients, so that its
# distance is the larger by about the bias that the cohort's own distance has.
DISTANCES = ("ici", "e50", "e90")
PERFECT = "Newcombe; an AUC of 0 or 1 has no spread to take an interval from"
CONSTANT = "interval not defined: there is no spread to take it from, as of a constant score"
UNDEFINED = {name: NO_LINE for name in ("calibration_intercept", "calibration_slope")}
NAN = float("nan")


def repeated_metrics(
    y,
    lp,
    p,
    cut,
    fold,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 1,
    rank=None,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """Metrics of repeated cross-validation.

    y (n,) 0/1; lp, p, cut, fold (repeats, n): linear predictor, probability, the training part's
    cut-off that judges the patient, and the fold the patient was held out in. An estimate is the
    metric of a repeat, its predictions pooled over the folds, averaged over the repeats. An
    interval holds the percentiles of that same figure over resamples of patients (each patient
    with all repeats); resamples of one class are left out. Those of ici, e50 and e90 are moved by
    what the resamples lie above the estimate on average, not below 0. An AUC of 0 or 1, the same
    in any resample, has Newcombe's interval instead, that of a constant score none. The AUC within
    folds (mean over those that have both classes) and the mean cut-off have no interval. ``rank``
    (repeats, n) is what the pooled AUC orders patients by, where that is not lp itself;
    ``threshold``: of net_benefit.
    """
    y, lp, p, cut, fold = _checked(y, lp, p, cut, fold)
    weights, drawn = two_class_weights(y, resamples, seed)
    rank = lp if rank is None else np.asarray(rank)
    rows = _resampled_rows(y, lp, p, cut, rank, weights, drawn, threshold, confidence)
    rows["auc"] = with_width(y, rows["auc"], confidence)
    within = np.concatenate([_within_folds(y, *one) for one in zip(lp, fold, strict=True)])
    rows["auc_within_fold"] = {
        "estimate": float(np.mean(within)) if len(within) else NAN,
        "method": f"mean of {len(within)} folds with both classes",
    }
    rows["cutoff"] = {"estimate": float(cut.mean()), "method": "mean of the training parts'"}
    return _table(rows)


def spread_over_repeats(y, lp, p, cut, fold, rank=None, threshold: float = 0.5) -> pd.DataFrame:
    """How far the metrics of single repeats differ: metric, repeats, mean, sd, minimum, maximum.

    Arguments as for `repeated_metrics`. ``repeats`` counts those in which the metric is defined;
    the other columns are taken over these, the sd with n - 1. It is the spread of another division
    into folds of the same patients, and says nothing about other patients.
    """
    y, lp, p, cut, fold = _checked(y, lp, p, cut, fold)
    rank = lp if rank is None else np.asarray(rank)
    once = np.ones((1, len(y)))
    single: dict[str, list[float]] = {metric: [] for metric in ORDER}
    for one in zip(lp, p, cut, fold, rank, strict=True):
        score, chance, cuts, folds, order = one
        figures = weighted_metrics(y, score, chance, cuts, once, threshold, order)
        for metric, value in figures.items():
            single[metric].append(float(value[0]))
        within = _within_folds(y, score, folds)
        single["auc_within_fold"].append(float(np.mean(within)) if len(within) else NAN)
        single["cutoff"].append(float(cuts.mean()))
    rows = []
    for metric, values in single.items():
        found = np.array(values)[np.isfinite(values)]
        row = {"metric": metric, "repeats": len(found)}
        if len(found):
            row |= {"mean": found.mean(), "minimum": found.min(), "maximum": found.max()}
            row["sd"] = found.std(ddof=1) if len(found) > 1 else NAN
        rows.append(row)
    return pd.DataFrame(rows, columns=SPREAD)


def apparent_metrics(
    y,
    lp,
    p,
    cut: float,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 1,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """Metrics of one set of predictions: of a model on its own patients, or locked on others.

    y, lp, p (n,); one cut-off on the scale of lp. Intervals: DeLong for the AUC (Newcombe where it
    is 0 or 1, none for a constant score), Wilson for proportions, resampled patients for the rest,
    as in `repeated_metrics`.
    """
    y, lp, p = _checked(y, lp, p)
    weights, drawn = two_class_weights(y, resamples, seed)
    cuts = np.full_like(lp, cut, dtype=float)
    rows = _resampled_rows(y, lp, p, cuts, lp, weights, drawn, threshold, confidence)
    area, low, high = auc_interval(y, lp[0], confidence)
    rows["auc"] = {"estimate": area, "ci_low": low, "ci_high": high, "method": "DeLong"}
    rows["auc"] = with_width(y, rows["auc"], confidence)
    calls = classify(y, lp[0], cut)
    tp, fn, tn, fp = (calls[key] for key in ("tp", "fn", "tn", "fp"))
    for metric, right, whole in (
        ("sensitivity", tp, tp + fn),
        ("specificity", tn, tn + fp),
        ("accuracy", tp + tn, len(y)),
    ):
        low, high = wilson(right, whole, confidence)
        rows[metric] = {
            "estimate": calls[metric], "ci_low": low, "ci_high": high, "method": "Wilson",
        }  # fmt: skip
    rows["cutoff"] = {"estimate": float(cut), "method": "as given"}
    return _table(rows)


def with_width(y, row: dict, confidence: float) -> dict:
    """An AUC's row; limits that fall together make place for Newcombe's, or for the reason."""
    if row["estimate"] in (0, 1):
        low, high = perfect_interval(y, row["estimate"], confidence)
        return row | {"ci_low": low, "ci_high": high, "method": PERFECT}
    if row.get("ci_low") == row.get("ci_high"):
        return row | {"ci_low": NAN, "ci_high": NAN, "method": CONSTANT}
    return row


def _checked(y, *tables) -> tuple[np.ndarray, ...]:
    y = np.asarray(y).astype(int)
    tables = [np.atleast_2d(np.asarray(table)) for table in tables]
    for table in tables:
        if table.shape != tables[0].shape or table.shape[1] != len(y):
            raise ValueError(
                f"predictions of shape {table.shape} do not fit {len(y)} patients and "
                f"{len(tables[0])} repeats"
            )
        if np.issubdtype(table.dtype, np.floating) and np.isnan(table).any():
            raise ValueError(f"{int(np.isnan(table).sum())} predictions are missing")
    if not (y == 1).any() or not (y == 0).any():
        raise ValueError("both classes are needed: there are no patients of one class")
    return y, *tables


def _within_folds(y, score, fold) -> list[float]:
    """AUC of each fold that has both classes."""
    parts = [fold == k for k in np.unique(fold)]
    return [auc(y[part], score[part]) for part in parts if y[part].min() < y[part].max()]


def _resampled_rows(y, lp, p, cut, rank, weights, drawn, threshold, confidence) -> dict[str, dict]:
    """Each metric averaged over the repeats, with the percentiles of that over the weightings."""
    stacked = np.vstack([np.ones((1, len(y))), weights])
    repeats = [
        weighted_metrics(y, score, chance, cuts, stacked, threshold, order)
        for score, chance, cuts, order in zip(lp, p, cut, rank, strict=True)
    ]
    rows = {}
    for metric in repeats[0]:
        # A repeat whose predictions are constant or separate the classes has no slope: the mean
        # over the others would be another figure, so there is none.
        figures = np.mean([repeat[metric] for repeat in repeats], axis=0)
        row = _row(float(figures[0]), figures[1:], confidence, drawn, metric in DISTANCES)
        if np.isnan(row["estimate"]) and metric in UNDEFINED:
            row["method"] += f": {UNDEFINED[metric]}{_where(repeats, metric)}"
        rows[metric] = row
    return rows


def _where(repeats: list[dict], metric: str) -> str:
    """In how many of several repeats a metric is not defined, where it is in others."""
    lost = sum(bool(np.isnan(repeat[metric][0])) for repeat in repeats)
    return f" in {lost} of {len(repeats)} repeats" if lost < len(repeats) else ""


def _row(estimate: float, resampled, confidence: float, drawn: str, distance: bool) -> dict:
    """A metric with the percentiles of its resamples; those where it is undefined are named."""
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(estimate) or not len(defined):
        return {"estimate": NAN, "method": "not defined"}
    limits = np.quantile(defined, [0.5 - confidence / 2, 0.5 + confidence / 2])
    method = drawn
    if len(defined) < len(resampled):
        method += f"; {len(resampled) - len(defined)} not defined"
    if distance:
        limits = np.maximum(limits - (defined.mean() - estimate), 0)
        method += "; moved by their bias"
    low, high = map(float, limits)
    return {"estimate": float(estimate), "ci_low": low, "ci_high": high, "method": method}


def _table(rows: dict[str, dict]) -> pd.DataFrame:
    ordered = [{"metric": metric, **rows[metric]} for metric in ORDER if metric in rows]
    return pd.DataFrame(ordered, columns=COLUMNS)
