"""How a model does in subgroups of the patients: estimates with intervals, and no tests.

Subgroups are not compared with each other: they are small, they were not what the study was sized
for, and a P value for each pair would be read as evidence of a difference, or of none. What an
interval leaves open is left open.
"""

import numpy as np
import pandas as pd

from nomoflow.by_model import APPARENT, Judged
from nomoflow.comparison import percentiles
from nomoflow.discrimination import wilson
from nomoflow.intervals import with_width
from nomoflow.weighted_metrics import auc_weighted, two_class_weights

# With fewer patients of a class the AUC's interval would be one of a handful of pairs.
FEWEST_OF_A_CLASS = 5
METRICS = ("auc", "sensitivity", "specificity", "oe")
COLUMNS = (
    "model", "sample", "subgroup", "level", "n", "events", "metric", "estimate", "ci_low",
    "ci_high", "method",
)  # fmt: skip
NAN = float("nan")
TOO_FEW = f"too few: below {FEWEST_OF_A_CLASS} patients of a class"


def describe_level(
    judged: Judged,
    members: np.ndarray,
    resamples: int = 1000,
    seed: int = 1,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """A model's AUC, sensitivity, specificity and observed:expected ratio within a subgroup.

    members (n,) tells which of the model's patients belong to it. Columns n, events, metric,
    estimate, ci_low, ci_high, method. Nothing is fitted again: the model, its cut-off and the folds
    are those of all patients. A figure is computed within each repeat and averaged over them.
    Intervals: of the AUC (see ``intervals.with_width``) and the ratio, percentiles over resamples
    of the subgroup's patients (each with all repeats; those of one class left out); of the shares
    Wilson's, with the calls averaged over the repeats, since resampling has no width where all
    calls are right. With fewer than five patients of a class there are no estimates; ``method``
    says so.
    """
    members = np.asarray(members, dtype=bool)
    y = judged.y[members]
    counts = {"n": len(y), "events": int(y.sum())}
    if min(y.sum(), len(y) - y.sum()) < FEWEST_OF_A_CLASS:
        return pd.DataFrame([{**counts, **_row(metric, method=TOO_FEW)} for metric in METRICS])
    weights, drawn = two_class_weights(y, resamples, seed)
    areas = auc_weighted(y, judged.rank[:, members], np.vstack([np.ones(len(y)), weights]))
    limits = percentiles(areas[1:], confidence)
    rows = [with_width(y, _row("auc", float(areas[0]), limits, drawn), confidence)]

    called = (judged.score >= judged.cutoff)[:, members].mean(axis=0)
    method = "Wilson" if judged.sample == APPARENT else "Wilson, calls averaged over the repeats"
    for metric, right in (("sensitivity", called[y == 1]), ("specificity", 1 - called[y == 0])):
        # Of averaged calls even a whole number is a sum with rounding.
        interval = wilson(round(float(right.sum()), 9), len(right), confidence)
        rows.append(_row(metric, float(right.mean()), interval, method))

    probability = judged.probability[:, members]
    ratio = float((y.sum() / probability.sum(axis=1)).mean())
    resampled = ((weights @ y)[:, None] / (weights @ probability.T)).mean(axis=1)
    rows.append(_row("oe", ratio, percentiles(resampled, confidence), drawn))
    return pd.DataFrame([{**counts, **row} for row in rows])


def _row(metric: str, estimate: float = NAN, interval=(NAN, NAN), method: str = "") -> dict:
    low, high = interval
    return {
        "metric": metric, "estimate": estimate, "ci_low": low, "ci_high": high, "method": method,
    }  # fmt: skip
