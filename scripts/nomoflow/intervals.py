"""Performance of a model with intervals that resample patients, never rows of predictions.

Both functions return tidy rows: metric, estimate, ci_low, ci_high, method. The linear predictor is
compared with a cut-off on its own scale: ``lp >= cut`` is a positive call. The calibration
intercept and slope are those of the logistic regression of the outcome on the linear predictor
(R: rms::val.prob's Intercept and Slope).
"""

import numpy as np
import pandas as pd

from nomoflow.calibration import recalibrate_weighted
from nomoflow.discrimination import auc, auc_interval, classify, concordance, wilson

COLUMNS = ["metric", "estimate", "ci_low", "ci_high", "method"]
NAN = float("nan")


def resampled_weights(n: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of n patients is drawn in each resample of n: (resamples, n)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)


def repeated_metrics(
    y, lp, p, cut, fold, confidence: float = 0.95, resamples: int = 1000, seed: int = 1, rank=None
) -> pd.DataFrame:
    """Metrics of repeated cross-validation.

    y (n,) 0/1; lp, p, cut, fold (repeats, n): linear predictor, probability, the training part's
    cut-off that judges the patient, and the fold the patient was held out in. An estimate is the
    metric of a repeat, its predictions pooled over the folds, averaged over the repeats. An
    interval holds the percentiles of that same figure over resamples of patients (each patient
    with all repeats); resamples of one class are left out. The AUC within folds (mean over those
    that have both classes) and the mean cut-off have no interval. ``rank`` (repeats, n) is what
    the pooled AUC orders patients by, where that is not lp itself.
    """
    y, lp, p, cut, fold = _checked(y, lp, p, cut, fold)
    weights, drawn = _two_class_weights(y, resamples, seed)
    rows = _by_patient_rows(y, lp, p, weights, drawn, confidence)
    called = (lp >= cut).mean(axis=0)
    correct = np.where(y == 1, called, 1 - called)
    shares = {"sensitivity": y == 1, "specificity": y == 0, "accuracy": np.ones(len(y), dtype=bool)}
    for metric, members in shares.items():
        rows[metric] = _row(
            _mean_over(np.where(members, correct, 0), members, np.ones((1, len(y))))[0],
            _mean_over(np.where(members, correct, 0), members, weights),
            confidence,
            drawn,
        )
    kernel = concordance(y, lp if rank is None else np.asarray(rank))
    above = ((weights[:, y == 1] @ kernel) * weights[:, y == 0]).sum(axis=1)
    pairs = weights[:, y == 1].sum(axis=1) * weights[:, y == 0].sum(axis=1)
    rows["auc"] = _row(float(kernel.mean()), above / pairs, confidence, drawn)
    within = [
        auc(y[members], scores[members])
        for scores, folds in zip(lp, fold, strict=True)
        for members in (folds == k for k in np.unique(folds))
        if y[members].min() < y[members].max()
    ]
    rows["auc_within_fold"] = {
        "estimate": float(np.mean(within)) if within else NAN,
        "method": f"mean of {len(within)} folds with both classes",
    }
    rows["cutoff"] = {"estimate": float(cut.mean()), "method": "mean of the training parts'"}
    return _table(rows)


def apparent_metrics(
    y, lp, p, cut: float, confidence: float = 0.95, resamples: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Metrics of one set of predictions: of a model on its own patients, or locked on others.

    y, lp, p (n,); one cut-off on the scale of lp. Intervals: DeLong for the AUC, Wilson for
    proportions, resampled patients for the Brier score, calibration intercept and slope.
    """
    y, lp, p = _checked(y, lp, p)
    weights, drawn = _two_class_weights(y, resamples, seed)
    rows = _by_patient_rows(y, lp, p, weights, drawn, confidence)
    area, low, high = auc_interval(y, lp[0], confidence)
    rows["auc"] = {"estimate": area, "ci_low": low, "ci_high": high, "method": "DeLong"}
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


def _two_class_weights(y, resamples: int, seed: int) -> tuple[np.ndarray, str]:
    """Weights of the resamples with both classes, and how they were drawn, in words."""
    weights = resampled_weights(len(y), resamples, seed)
    both = (weights @ y > 0) & (weights @ (1 - y) > 0)
    drawn = f"patients resampled {resamples} times, percentile"
    if not both.all():
        drawn += f"; {int((~both).sum())} of one class left out"
    return weights[both], drawn


def _by_patient_rows(y, lp, p, weights, drawn: str, confidence: float) -> dict[str, dict]:
    """Brier score, calibration intercept and slope: the metrics that are resampled either way."""
    once = np.ones((1, len(y)))
    everyone = np.ones(len(y))
    error = ((p - y) ** 2).mean(axis=0)
    rows = {
        "brier": _row(
            _mean_over(error, everyone, once)[0],
            _mean_over(error, everyone, weights),
            confidence,
            drawn,
        )
    }
    stacked = np.vstack([once, weights])
    fits = np.array([recalibrate_weighted(y, repeat, stacked) for repeat in lp])
    for position, name in enumerate(("calibration_intercept", "calibration_slope")):
        # A repeat whose predictions are constant or separate the classes has no slope: the mean
        # over the others would be another figure, so there is none.
        figures = fits[:, position, :].mean(axis=0)
        rows[name] = _row(float(figures[0]), figures[1:], confidence, drawn)
    return rows


def _mean_over(values, members, weights) -> np.ndarray:
    """Weighted mean of the members' values for each weighting (B, n); NaN where none is drawn."""
    return (weights @ values) / (weights @ np.asarray(members, dtype=float))


def _row(estimate: float, resampled: np.ndarray, confidence: float, drawn: str) -> dict:
    """A metric with the percentiles of its resamples; those where it is undefined are named."""
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(estimate) or not len(defined):
        return {"estimate": NAN, "method": "not defined"}
    low, high = np.quantile(defined, [0.5 - confidence / 2, 0.5 + confidence / 2])
    undefined = len(resampled) - len(defined)
    method = f"{drawn}; {undefined} not defined" if undefined else drawn
    return {
        "estimate": float(estimate),
        "ci_low": float(low),
        "ci_high": float(high),
        "method": method,
    }


ORDER = (
    "auc", "auc_within_fold", "cutoff", "sensitivity", "specificity", "accuracy", "brier",
    "calibration_intercept", "calibration_slope",
)  # fmt: skip


def _table(rows: dict[str, dict]) -> pd.DataFrame:
    ordered = [{"metric": metric, **rows[metric]} for metric in ORDER if metric in rows]
    return pd.DataFrame(ordered, columns=COLUMNS)
