import numpy as np
import pytest
from scipy.special import expit

from nomoflow.calibration import recalibrate
from nomoflow.discrimination import auc, auc_interval, classify, wilson
from nomoflow.intervals import apparent_metrics, repeated_metrics, resampled_weights


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
    return {
        "auc": auc(y, lp),
        **{key: calls[key] for key in ("sensitivity", "specificity", "accuracy")},
        "brier": np.mean((p - y) ** 2),
        "calibration_intercept": fit["intercept"],
        "calibration_slope": fit["slope"],
    }


def test_estimates_are_averages_over_repeats():
    y, lp, p, cut, fold = predictions()
    table = repeated_metrics(y, lp, p, cut, fold, resamples=50).set_index("metric")
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
    table = repeated_metrics(y, lp, p, cut, fold, confidence=0.9, resamples=40, seed=9)
    table = table.set_index("metric")
    resampled = []
    for weights in resampled_weights(len(y), 40, seed=9).astype(int):
        i = np.repeat(np.arange(len(y)), weights)
        parts = zip(lp[:, i], p[:, i], cut[:, i], strict=True)
        rows = [per_repeat(y[i], *arrays) for arrays in parts]
        resampled.append({key: np.mean([row[key] for row in rows]) for key in rows[0]})
    for metric in resampled[0]:
        low, high = np.quantile([row[metric] for row in resampled], [0.05, 0.95])
        assert table.loc[metric, "ci_low"] == pytest.approx(low, abs=1e-9)
        assert table.loc[metric, "ci_high"] == pytest.approx(high, abs=1e-9)
        assert table.loc[metric, "method"] == "patients resampled 40 times, percentile"


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
    assert table.loc["auc", ["estimate", "ci_low", "ci_high"]].tolist() == [0.5, 0.5, 0.5]
    assert table.loc["sensitivity", "estimate"] == 1.0
    assert table.loc["specificity", "estimate"] == 0.0
    assert np.isnan(table.loc["calibration_slope", "estimate"])
    assert table.loc["calibration_slope", "method"] == "not defined"
    assert table.loc["brier", "estimate"] == pytest.approx(np.mean((expit(0.4) - y) ** 2))


def test_folds_of_one_class_have_no_auc():
    y, lp, p, cut, _ = predictions(n=6, repeats=1)
    alone = np.arange(6)[None, :]
    table = repeated_metrics(y, lp, p, cut, alone, resamples=10).set_index("metric")
    assert np.isnan(table.loc["auc_within_fold", "estimate"])
    assert table.loc["auc_within_fold", "method"] == "mean of 0 folds with both classes"


def test_apparent():
    y, lp, p, _, _ = predictions()
    table = apparent_metrics(y, lp[0], p[0], 0.5, resamples=30).set_index("metric")
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
    assert table["method"].tolist() == (
        ["DeLong", "as given"] + ["Wilson"] * 3 + ["patients resampled 30 times, percentile"] * 3
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
