"""Two models on the same patients: DeLong's test, and differences with intervals by resampling.

Every interval resamples patients, the same ones for both models, so that it is paired; in repeated
cross-validation a patient comes with all repeats, which are averaged.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from nomoflow.by_model import Judged
from nomoflow.decision import benefit_weights
from nomoflow.discrimination import concordance
from nomoflow.weighted_metrics import auc_weighted, two_class_weights

NAN = float("nan")
# As in discrimination.compare_paired: a variance below it is what rounding leaves of 0.
NO_VARIANCE = 1e-14
DIFFERENCE_COLUMNS = (
    "sample", "metric", "model_a", "model_b", "difference", "ci_low", "ci_high", "method",
)  # fmt: skip


def compare_averaged(y, a, b, confidence: float = 0.95) -> dict:
    """DeLong's test of two AUCs that are averages over repeats of cross-validation.

    y (n,) 0/1; a, b (repeats, n): what orders the patients within each repeat. The AUC averaged
    over the repeats is a U statistic whose kernel is the share of repeats in which a positive
    outscores a negative, so DeLong's formula (DeLong et al. 1988) holds with that kernel: the AUCs
    are those of the performance table, n patients stay n patients however many repeats there are,
    and one repeat gives ``discrimination.compare_paired``. (The AUC of scores averaged over the
    repeats would be another figure: that of an ensemble.) It takes the scores as given: that each
    comes from a model of its own, fitted to the other patients, is not in the variance.
    Keys as ``compare_paired``.
    """
    kernel_a, kernel_b = concordance(y, a), concordance(y, b)
    apart = kernel_a - kernel_b
    difference = float(apart.mean())
    result = {
        "auc_a": float(kernel_a.mean()), "auc_b": float(kernel_b.mean()), "difference": difference,
    }  # fmt: skip
    # With a single patient in a class there is no variance, as in discrimination.delong.
    variance = NAN
    if min(apart.shape) > 1:
        variance = sum(
            float(apart.mean(axis=axis).var(ddof=1)) / apart.shape[1 - axis] for axis in (0, 1)
        )
    if not variance > NO_VARIANCE:
        same = not apart.any()
        why = "the two scores rank the patients alike" if same else "the difference has no variance"
        nothing = dict.fromkeys(("ci_low", "ci_high", "z", "p"), NAN)
        return result | nothing | {"note": f"not defined: {why}"}
    error = variance**0.5
    half, z = float(ndtri(0.5 + confidence / 2)) * error, difference / error
    return result | {
        "ci_low": difference - half,
        "ci_high": difference + half,
        "z": z,
        "p": float(2 * ndtr(-abs(z))),
        "note": "",
    }


def differences(
    samples: Sequence[Judged],
    threshold: float,
    resamples: int = 1000,
    seed: int = 1,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Difference of AUC and of net benefit between each two models of each sample.

    samples : judged models; those of one sample hold the same patients in the same order.
    threshold : the probability at or above which a patient is treated, for the net benefit.
    Columns sample, metric (auc, net_benefit), model_a, model_b, difference (a - b), ci_low,
    ci_high, method. A figure is computed for each repeat and averaged over the repeats; the
    interval holds the percentiles of that figure over resamples of the patients.
    Raises ValueError: a threshold not between 0 and 1, models of different patients.
    """
    rows = []
    for sample in dict.fromkeys(each.sample for each in samples):
        models = [each for each in samples if each.sample == sample]
        y = models[0].y
        if any(not np.array_equal(each.y, y) for each in models):
            raise ValueError(f"{sample}: the models were not judged on the same patients")
        weights, drawn = two_class_weights(y, resamples, seed)
        method = drawn.replace(",", ", the same for both models,", 1)
        # The patients as they are come first, then the resamples.
        stacked = np.vstack([np.ones(len(y)), weights])
        figures = {each.model: _figures(each, stacked, threshold) for each in models}
        for a, b in combinations(figures, 2):
            for metric in figures[a]:
                apart = figures[a][metric] - figures[b][metric]
                low, high = percentiles(apart[1:], confidence)
                values = (sample, metric, a, b, float(apart[0]), low, high, method)
                rows.append(dict(zip(DIFFERENCE_COLUMNS, values, strict=True)))
    return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))


def percentiles(resampled: np.ndarray, confidence: float) -> tuple[float, float]:
    """The middle ``confidence`` of the resampled figures that are finite; NaN where none is."""
    finite = resampled[np.isfinite(resampled)]
    if not len(finite):
        return NAN, NAN
    low, high = np.quantile(finite, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)


def _figures(judged: Judged, weights: np.ndarray, threshold: float) -> dict[str, np.ndarray]:
    """AUC and net benefit of a model, its repeats averaged, under each of B weightings: (B,)."""
    benefits = benefit_weights(judged.y, judged.probability, [threshold])[:, 0]
    return {
        "auc": auc_weighted(judged.y, judged.rank, weights),
        "net_benefit": weights @ benefits / len(judged.y),
    }
