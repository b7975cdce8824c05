import numpy as np
import pytest
from scipy.special import expit

from nomoflow.calibration import observed_expected, recalibrate
from nomoflow.discrimination import auc, auc_interval, classify, wilson
from nomoflow.intervals import (
    DISTANCES,
    ORDER,
    apparent_metrics,
    repeated_metrics,
    spread_over_repeats,
)
from nomoflow.smoothing import calibration_errors
from nomoflow.weighted_metrics import resampled_weights


def predictions(n=60, repeats=3, seed=5):
    generator = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    lp = y + generator.normal(size=(repeats, n))
    fold = np.array([generator.permutation(np.arange(n) % 6) for _ in range(repeats)])
    cut = 0.3 + fold / 20
    return y, lp, expit(lp), cut, fold


def per_repeat(y, lp, p, cut):
    """Each metric of one repeat, the plain way."""
    calls = classify(y, lp, cut)
    fit = recalibrate(y, lp)
    called = p >= 0.3
    errors = calibration_errors(y, p)
    return {
        "auc": auc(y, lp),
        **{key: calls[key] for key in ("sensitivity", "specificity", "accuracy")},
        "brier": np.mean((p - y) ** 2),
        "calibration_intercept": fit["intercept"],
        "calibration_slope": fit["slope"],
        "calibration_in_the_large": fit["intercept_in_the_large"],
        "oe": observed_expected(y, p),
        **{key: errors[key].item() for key in ("ici", "e50", "e90")},
        "net_benefit": np.mean(called & (y == 1)) - np.mean(called & (y == 0)) * 0.3 / 0.7,
    }


def test_estimates_are_averages_over_repeats():
    y, lp, p, cut, fold = predictions()
    table = repeated_metrics(y, lp, p, cut, fold, resamples=50, threshold=0.3)
    table = table.set_index("metric")
    each = [per_repeat(y, *arrays) for arrays in zip(lp, p, cut, strict=True)]
    for metric in each[0]:
        expected = np.mean([row[metric] for row in each])
        assert table.loc[metric, "estimate"] == pytest.approx(expected, abs=1e-12)
        assert table.loc[metric, "ci_low"] < expected < table.loc[metric, "ci_high"]
    assert table.loc["cutoff", "estimate"] == pytest.approx(cut.mean())
    within = [auc(y[f == k], s[f == k]) for s, f in zip(lp, fold, strict=True) for k in range(6)]
    assert table.loc["auc_within_fold", "estimate"] == pytest.approx(np.mean(within))
    assert table.loc[["cutoff", "auc_within_fold"], ["ci_low", "ci_high"]].isna().all(axis=None)


def test_intervals_are_percentiles_over_patients_with_all_their_repeats():
    y, lp, p, cut, fold = predictions()
    table = repeated_metrics(y, lp, p, cut, fold, 0.9, 40, seed=9, threshold=0.3)
    table = table.set_index("metric")
    resampled = []
    for weights in resampled_weights(len(y), 40, seed=9).astype(int):
        i = np.repeat(np.arange(len(y)), weights)
        parts = zip(lp[:, i], p[:, i], cut[:, i], strict=True)
        rows = [per_repeat(y[i], *arrays) for arrays in parts]
        resampled.append({key: np.mean([row[key] for row in rows]) for key in rows[0]})
    for metric in set(resampled[0]) - set(DISTANCES):
        low, high = np.quantile([row[metric] for row in resampled], [0.05, 0.95])
        assert table.loc[metric, "ci_low"] == pytest.approx(low, abs=1e-9)
        assert table.loc[metric, "ci_high"] == pytest.approx(high, abs=1e-9)
        assert table.loc[metric, "method"] == "patients resampled 40 times, percentile"


def test_distances_are_moved_by_their_bias():
    """ICI, E50 and E90: percentiles less what the resamples lie above the estimate on average.

    Resampled one by one here: R interpolates its curve over other points in each resample, so the
    figures agree to 0.001.
    """
    y, lp, p, cut, fold = predictions()
    table = repeated_metrics(y, lp, p, cut, fold, 0.9, 40, seed=9).set_index("metric")
    resampled = []
    for weights in resampled_weights(len(y), 40, seed=9).astype(int):
        i = np.repeat(np.arange(len(y)), weights)
        rows = [calibration_errors(y[i], row[i]) for row in p]
        resampled.append({key: np.mean([row[key] for row in rows]) for key in DISTANCES})
    for metric in DISTANCES:
        values = np.array([row[metric] for row in resampled])
        estimate = np.mean([calibration_errors(y, row)[metric] for row in p])
        limits = np.quantile(values, [0.05, 0.95]) - (values.mean() - estimate)
        row = table.loc[metric]
        assert [row["ci_low"], row["ci_high"]] == pytest.approx(limits.clip(0).tolist(), abs=1e-3)
        assert row["method"].endswith("percentile; moved by their bias")


def test_a_fitted_model_expects_what_was_observed():
    """Likelihood equations: intercept 0, slope 1, O:E 1 on the patients of the fit."""
    y, lp, _, _, _ = predictions()
    fit = recalibrate(y, lp[0])
    own = fit["intercept"] + fit["slope"] * lp[0]
    table = apparent_metrics(y, own, expit(own), 0.0, resamples=30).set_index("metric")
    for metric, truth in (
        ("oe", 1),
        ("calibration_slope", 1),
        ("calibration_intercept", 0),
        ("calibration_in_the_large", 0),
    ):
        assert table.loc[metric, "estimate"] == pytest.approx(truth, abs=1e-9)
        assert table.loc[metric, "ci_low"] < truth < table.loc[metric, "ci_high"]
    assert 0 <= table.loc["e50", "estimate"] <= table.loc["e90", "estimate"]


def test_interval_of_a_calibrated_models_distance_holds_the_estimate():
    """Its plain percentiles lie above it: each resample strays from the diagonal on its own."""
    y, lp, _, _, _ = predictions(n=150)
    fit = recalibrate(y, lp[0])
    own = fit["intercept"] + fit["slope"] * lp[0]
    table = apparent_metrics(y, own, expit(own), 0.0).set_index("metric")
    weights = resampled_weights(150, 200, seed=1)
    for metric in DISTANCES:
        row = table.loc[metric]
        plain = np.quantile(calibration_errors(y, expit(own), weights)[metric], 0.05)
        assert 0 <= row["ci_low"] <= row["estimate"] < plain
        assert row["estimate"] < row["ci_high"]


def test_order_of_patients_is_nothing():
    """Their weights are drawn by place, so the intervals belong to another draw, not estimates."""
    y, lp, p, cut, fold = predictions()
    order = np.random.default_rng(2).permutation(len(y))
    one = repeated_metrics(y, lp, p, cut, fold, resamples=20)
    other = repeated_metrics(
        y[order], lp[:, order], p[:, order], cut[:, order], fold[:, order], resamples=20
    )
    assert other["estimate"].to_numpy() == pytest.approx(one["estimate"].to_numpy(), abs=1e-10)


def test_spread_over_repeats():
    y, lp, p, cut, fold = predictions(repeats=4)
    table = spread_over_repeats(y, lp, p, cut, fold, threshold=0.3).set_index("metric")
    assert set(table.index) == set(ORDER)
    each = [per_repeat(y, *arrays) for arrays in zip(lp, p, cut, strict=True)]
    for metric in each[0]:
        values = [row[metric] for row in each]
        row = table.loc[metric]
        assert row["repeats"] == 4
        found = row[["mean", "sd", "minimum", "maximum"]].tolist()
        expected = [np.mean(values), np.std(values, ddof=1), min(values), max(values)]
        assert found == pytest.approx(expected, abs=1e-12)
    assert table.loc["cutoff", "mean"] == pytest.approx(cut.mean())
    means = repeated_metrics(y, lp, p, cut, fold, resamples=5, threshold=0.3).set_index("metric")
    together = [metric for metric in means.index if metric != "auc_within_fold"]
    assert table.loc[together, "mean"].to_numpy() == pytest.approx(
        means.loc[together, "estimate"].to_numpy(), abs=1e-12
    )


def test_spread_leaves_out_a_repeat_without_the_metric():
    y, lp, p, cut, fold = predictions(repeats=3)
    lp[1], p[1] = 0.2, expit(0.2)
    table = spread_over_repeats(y, lp, p, cut, fold).set_index("metric")
    slopes = [recalibrate(y, lp[i])["slope"] for i in (0, 2)]
    assert table.loc["calibration_slope", "repeats"] == 2
    assert table.loc["calibration_slope", "mean"] == pytest.approx(np.mean(slopes))
    assert table.loc["auc", ["repeats", "minimum"]].tolist() == [3, 0.5]
    once = spread_over_repeats(y, *(part[:1] for part in (lp, p, cut, fold))).set_index("metric")
    assert np.isnan(once.loc["auc", "sd"])
    # but the mean over two of three repeats is no estimate of the three
    whole = repeated_metrics(y, lp, p, cut, fold, resamples=5).set_index("metric")
    assert whole.loc["calibration_slope", "method"] == (
        "not defined: the linear predictor is constant or separates the classes in 1 of 3 repeats"
    )


def test_a_perfect_score_still_has_an_interval():
    """DeLong's and every resample's AUC is 1; 1 to 1 would say that nothing is left to doubt."""
    y = np.repeat([1, 0], [41, 19])
    lp = np.tile(np.where(y == 1, 1.0, -1.0) * np.arange(1, 61), (2, 1))
    cut, fold = np.zeros((2, 60)), np.tile(np.arange(60) % 5, (2, 1))
    apparent = apparent_metrics(y, lp[0], expit(lp[0]), 0.0, resamples=20)
    repeated = repeated_metrics(y, lp, expit(lp), cut, fold, resamples=20)
    turned = apparent_metrics(1 - y, lp[0], expit(lp[0]), 0.0, resamples=20)
    low = 0.9226584268629165  # by R's uniroot, as in test_discrimination.py
    for table, expected in (
        (apparent, (1, low, 1)), (repeated, (1, low, 1)), (turned, (0, 0, 1 - low)),
    ):  # fmt: skip
        row = table.set_index("metric").loc["auc"]
        assert row[["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx(expected)
        assert row["method"].startswith("Newcombe; ")
        # and the regression on such a score has no finite slope
        slope = table.set_index("metric").loc["calibration_slope"]
        assert np.isnan(slope["estimate"]) and slope["method"] == (
            "not defined: the linear predictor is constant or separates the classes"
        )


def test_repeats_do_not_narrow_the_interval():
    """More repeats of the same predictions are no more patients."""
    y, lp, p, cut, fold = predictions(repeats=1)
    once = repeated_metrics(y, lp, p, cut, fold, resamples=200)
    many = [np.repeat(array, 20, axis=0) for array in (lp, p, cut, fold)]
    often = repeated_metrics(y, *many, resamples=200)
    for column in ("estimate", "ci_low", "ci_high"):
        assert often[column].to_numpy() == pytest.approx(once[column].to_numpy(), nan_ok=True)


def test_bootstrap_interval_is_near_delong():
    y, lp, p, cut, fold = predictions(n=400, repeats=1)
    row = repeated_metrics(y, lp, p, cut, fold).set_index("metric").loc["auc"]
    _, low, high = auc_interval(y, lp[0])
    assert row["ci_low"] == pytest.approx(low, abs=0.01)
    assert row["ci_high"] == pytest.approx(high, abs=0.01)


def test_seed_decides():
    y, lp, p, cut, fold = predictions()
    one, same, other = (
        repeated_metrics(y, lp, p, cut, fold, resamples=30, seed=seed) for seed in (1, 1, 2)
    )
    assert one.equals(same)
    assert not one.equals(other)


def test_resamples_of_one_class_are_left_out():
    y, lp, p, cut, fold = predictions(n=5)
    weights = resampled_weights(5, 100, seed=1)
    lost = int(((weights @ y == 0) | (weights @ (1 - y) == 0)).sum())
    assert lost > 0
    table = repeated_metrics(y, lp, p, cut, fold, resamples=100, seed=1).set_index("metric")
    assert table.loc["auc", "method"] == (
        f"patients resampled 100 times, percentile; {lost} of one class left out"
    )


def test_constant_score():
    """What an empty signature predicts: the intercept for everyone."""
    y = np.array([0, 1, 1, 0, 1, 1, 0, 1])
    lp = np.full((2, 8), 0.4)
    fold = np.tile([0, 1], (2, 4))
    table = repeated_metrics(y, lp, expit(lp), lp, fold, resamples=50).set_index("metric")
    apparent = apparent_metrics(y, lp[0], expit(lp[0]), 0.4, resamples=50).set_index("metric")
    for auc_row in (table.loc["auc"], apparent.loc["auc"]):
        assert auc_row["estimate"] == 0.5 and auc_row[["ci_low", "ci_high"]].isna().all()
        assert auc_row["method"].startswith("interval not defined: there is no spread")
    assert table.loc["sensitivity", "estimate"] == 1.0
    assert table.loc["specificity", "estimate"] == 0.0
    assert np.isnan(table.loc["calibration_slope", "estimate"])
    assert table.loc["calibration_slope", "method"].startswith("not defined: the linear predictor")
    assert table.loc["brier", "estimate"] == pytest.approx(np.mean((expit(0.4) - y) ** 2))


def test_folds_of_one_class_have_no_auc():
    y, lp, p, cut, _ = predictions(n=6, repeats=1)
    alone = np.arange(6)[None, :]
    table = repeated_metrics(y, lp, p, cut, alone, resamples=10).set_index("metric")
    assert np.isnan(table.loc["auc_within_fold", "estimate"])
    assert table.loc["auc_within_fold", "method"] == "mean of 0 folds with both classes"


def test_apparent():
    y, lp, p, _, _ = predictions()
    table = apparent_metrics(y, lp[0], p[0], 0.5, resamples=30, threshold=0.3)
    table = table.set_index("metric")
    expected = per_repeat(y, lp[0], p[0], 0.5)
    for metric, value in expected.items():
        assert table.loc[metric, "estimate"] == pytest.approx(value, abs=1e-12)
    assert table.loc["auc", ["estimate", "ci_low", "ci_high"]].tolist() == list(
        auc_interval(y, lp[0])
    )
    calls = classify(y, lp[0], 0.5)
    interval = table.loc["sensitivity", ["ci_low", "ci_high"]].tolist()
    assert interval == list(wilson(calls["tp"], calls["tp"] + calls["fn"]))
    assert table.loc["accuracy", "ci_high"] == wilson(calls["tp"] + calls["tn"], len(y))[1]
    drawn = "patients resampled 30 times, percentile"
    moved = f"{drawn}; moved by their bias"
    assert table["method"].tolist() == (
        ["DeLong", "as given", *["Wilson"] * 3, *[drawn] * 5, *[moved] * 3, drawn]
    )
    assert table.loc["cutoff", "estimate"] == 0.5
    assert "auc_within_fold" not in table.index


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lp": np.zeros((2, 5))}, "do not fit 4 patients"),
        ({"cut": np.full((2, 4), np.nan)}, "8 predictions are missing"),
        ({"y": [1, 1, 1, 1]}, "both classes"),
    ],
)
def test_bad_input(change, message):
    arrays = {"y": [0, 1, 0, 1], **{key: np.zeros((2, 4)) for key in ("lp", "p", "cut", "fold")}}
    with pytest.raises(ValueError, match=message):
        repeated_metrics(**{**arrays, **change})
