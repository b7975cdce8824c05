import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from nomoflow.bands import calibration_band, decision_band, group_intervals, roc_band
from nomoflow.calibration import recalibrate
from nomoflow.decision import default_thresholds, net_benefit, treat_all
from nomoflow.discrimination import auc, wilson
from nomoflow.intervals import repeated_metrics
from nomoflow.smoothing import smooth, smoothed
from nomoflow.weighted_metrics import resampled_weights

THRESHOLDS = default_thresholds()


def predictions(n=80, repeats=3, seed=5):
    generator = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    lp = 1.5 * y - 1 + generator.normal(size=(repeats, n))
    return y, lp, expit(lp)


def resamples(y, count, seed):
    """Each resample as the indices of its copies; those of both classes."""
    for weights in resampled_weights(len(y), count, seed).astype(int):
        drawn = np.repeat(np.arange(len(y)), weights)
        if y[drawn].min() < y[drawn].max():
            yield drawn


def test_area_under_the_mean_curve_is_near_the_mean_auc():
    y, lp, _ = predictions()
    band = roc_band(y, lp, resamples=20)
    area = np.trapezoid(band["sensitivity"][::-1], 1 - band["specificity"][::-1])
    assert area == pytest.approx(np.mean([auc(y, row) for row in lp]), abs=0.01)
    assert band["specificity"].tolist() == (np.arange(101) / 100).tolist()


def test_roc_band_resample_by_resample():
    y, lp, _ = predictions()
    band = roc_band(y, lp, confidence=0.9, resamples=30, seed=4).set_index("specificity")
    for specificity in (0.2, 0.6, 0.9, 1.0):
        curves = []
        for drawn in resamples(y, 30, 4):
            # the largest sensitivity among the cut-offs that reach the specificity
            truth = y[drawn] == 1
            heights = []
            for score in lp[:, drawn]:
                cuts = [*np.unique(score), np.inf]
                kept = [c for c in cuts if np.mean(score[~truth] < c) >= specificity - 1e-12]
                heights.append(np.mean(score[truth] >= kept[0]))
            curves.append(np.mean(heights))
        row = band.loc[specificity]
        assert [row["ci_low"], row["ci_high"]] == pytest.approx(np.quantile(curves, [0.05, 0.95]))


def test_calibration_band_resample_by_resample():
    y, _, p = predictions()
    band = calibration_band(y, p, confidence=0.9, resamples=30, seed=4)
    low, high = p.min(axis=1).max(), p.max(axis=1).min()
    assert band["predicted"].iloc[[0, -1]].tolist() == [low, high]
    plain = [smooth(y, row) for row in p]
    expected = np.mean(
        [np.interp(band["predicted"], c["predicted"], c["observed"]) for c in plain], axis=0
    )
    assert band["observed"].to_numpy() == pytest.approx(expected, abs=1e-12)
    weights = np.array([np.bincount(d, minlength=len(y)) for d in resamples(y, 30, 4)])
    each = [
        np.mean([smoothed(y, row, w, band["predicted"])[0] for row in p], axis=0) for w in weights
    ]
    limits = np.clip(np.quantile(each, [0.05, 0.95], axis=0), 0, 1)
    assert band["ci_low"].to_numpy() == pytest.approx(limits[0], abs=1e-12)
    assert band["ci_high"].to_numpy() == pytest.approx(limits[1], abs=1e-12)


def test_decision_band_resample_by_resample():
    y, _, p = predictions()
    band = decision_band(y, p, THRESHOLDS, confidence=0.9, resamples=30, seed=4)
    assert band[["threshold", "net_benefit"]].equals(net_benefit(y, p, THRESHOLDS))
    each = [
        net_benefit(y[d], p[:, d], THRESHOLDS)["net_benefit"].to_numpy()
        for d in resamples(y, 30, 4)
    ]
    limits = np.quantile(each, [0.05, 0.95], axis=0)
    assert band["ci_low"].to_numpy() == pytest.approx(limits[0], abs=1e-12)
    assert band["ci_high"].to_numpy() == pytest.approx(limits[1], abs=1e-12)


def test_bands_contain_their_curves():
    y, lp, p = predictions(n=150)
    fit = recalibrate(y, lp[0])
    own = expit(fit["intercept"] + fit["slope"] * lp[0])
    for curve, band in (
        ("sensitivity", roc_band(y, lp)),
        ("observed", calibration_band(y, own)),
        ("observed", calibration_band(y, p)),
        ("net_benefit", decision_band(y, p, THRESHOLDS)),
    ):
        height = np.clip(band[curve], band["ci_low"].min(), band["ci_high"].max())
        inside = (band["ci_low"] <= height + 1e-12) & (height <= band["ci_high"] + 1e-12)
        assert inside.mean() > 0.98
        assert (band["ci_high"] - band["ci_low"]).mean() > 0.02


def test_repeats_do_not_narrow_a_band():
    y, lp, p = predictions(repeats=1)
    for function, scores in ((roc_band, lp), (calibration_band, p)):
        once, often = (function(y, np.repeat(scores, k, axis=0), resamples=50) for k in (1, 15))
        assert often.to_numpy() == pytest.approx(once.to_numpy(), abs=1e-12)


def test_order_of_patients_is_nothing_to_the_curves():
    y, lp, p = predictions()
    order = np.random.default_rng(2).permutation(len(y))
    for function, scores, column in (
        (roc_band, lp, "sensitivity"),
        (calibration_band, p, "observed"),
        (lambda y, p, **how: decision_band(y, p, THRESHOLDS, **how), p, "net_benefit"),
    ):
        one = function(y, scores, resamples=5)[column]
        other = function(y[order], scores[:, order], resamples=5)[column]
        assert other.to_numpy() == pytest.approx(one.to_numpy(), abs=1e-12)


def test_net_benefit_of_the_performance_table_is_that_of_the_curve():
    y, lp, p = predictions()
    fold = np.zeros_like(lp)
    table = repeated_metrics(y, lp, p, fold, fold, resamples=60, seed=3, threshold=0.2)
    row = table.set_index("metric").loc["net_benefit"]
    band = decision_band(y, p, THRESHOLDS, resamples=60, seed=3).set_index("threshold").loc[0.2]
    assert row[["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx(
        band[["net_benefit", "ci_low", "ci_high"]].tolist(), abs=1e-12
    )


def test_treating_everyone_varies_with_the_prevalence_alone():
    y, _, _ = predictions()
    band = decision_band(y, np.ones(len(y)), THRESHOLDS, resamples=100)
    expected = treat_all(y, THRESHOLDS)["net_benefit"].to_numpy()
    assert band["net_benefit"].to_numpy() == pytest.approx(expected, abs=1e-9)
    assert ((band["ci_low"] < expected) & (expected < band["ci_high"])).all()


def test_constant_predictions():
    y = np.array([0, 1, 1, 0, 1, 1, 0, 1])
    constant = np.full((2, 8), 0.6)
    assert calibration_band(y, constant, resamples=20).empty
    band = roc_band(y, constant, resamples=20)
    for column in ("sensitivity", "ci_low", "ci_high"):
        assert band[column].to_numpy() == pytest.approx(1 - band["specificity"].to_numpy())


def test_one_class_has_no_bands():
    everything = (roc_band, calibration_band, lambda y, p: decision_band(y, p, THRESHOLDS))
    for function in everything:
        with pytest.raises(ValueError, match="both classes"):
            function([1, 1, 1], [[0.2, 0.3, 0.4]])


def test_groups_have_wilsons_interval():
    groups = pd.DataFrame({"n": [10, 12], "observed_count": [0, 7]})
    table = group_intervals(groups, 0.9)
    assert list(zip(table["ci_low"], table["ci_high"], strict=True)) == [
        wilson(0, 10, 0.9),
        wilson(7, 12, 0.9),
    ]
