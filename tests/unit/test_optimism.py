"""Optimism corrections against brute force: tables with every copy written out, scikit-learn's
metrics, statsmodels' regressions, and .632+ written a second time from the paper's formulas."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import accuracy_score, brier_score_loss, recall_score, roc_auc_score

from nomoflow.corrected_intervals import BEST
from nomoflow.decision import net_benefit
from nomoflow.optimism import (
    CORRECTED,
    CORRECTED_632,
    correct,
    correct_net_benefit,
    no_information,
)
from nomoflow.resample_metrics import METRICS, Scores, as_scores, auc_of_each_resample, measure

THRESHOLD = 0.3
N, B = 60, 12


def problem(seed=1, n=N, resamples=B, overfit=0.8):
    """y, the final model, the resamples' models and counts; drawn patients are fitted closer."""
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    counts = random.multinomial(n, np.full(n, 1 / n), size=resamples)
    signal = random.normal(0.4 * y, 1)
    own = signal + overfit * (y - 0.5)
    lp = signal + overfit * (y - 0.5) * np.minimum(counts, 1) + random.normal(0, 0.3, counts.shape)
    cut = random.normal(0.4, 0.2, resamples)
    return (
        y,
        Scores(own[None], expit(own[None]), np.array([0.4])),
        Scores(lp, expit(lp), cut),
        counts,
    )


def by_hand(y, lp, p, cut, threshold):
    """The metrics of a plain table of patients."""
    called = lp >= cut
    fit = sm.Logit(y, np.column_stack([np.ones(len(y)), lp])).fit(disp=0, tol=1e-12)
    return {
        "auc": roc_auc_score(y, lp),
        "sensitivity": recall_score(y, called),
        "specificity": recall_score(1 - y, ~called),
        "accuracy": accuracy_score(y, called),
        "brier": brier_score_loss(y, p),
        "calibration_intercept": fit.params[0],
        "calibration_slope": fit.params[1],
        "net_benefit": net_benefit(y, p, [threshold])["net_benefit"][0],
    }


def written_out(y, scores, weights, threshold):
    """The same for each resample, every patient in the table as often as he weighs."""
    rows = []
    for lp, p, cut, weight in zip(scores.lp, scores.p, scores.cut, weights, strict=True):
        who = np.repeat(np.arange(len(y)), weight)
        rows.append(by_hand(y[who], lp[who], p[who], cut, threshold))
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def brute():
    """Apparent, train, test and out-of-bag metrics, all by hand."""
    y, own, resampled, counts = problem()
    everyone = np.ones_like(counts)
    return (
        written_out(y, own, everyone[:1], THRESHOLD).loc[0],
        written_out(y, resampled, counts, THRESHOLD),
        written_out(y, resampled, everyone, THRESHOLD),
        written_out(y, resampled, (counts == 0).astype(int), THRESHOLD),
    )


@pytest.fixture(scope="module")
def found():
    y, own, resampled, counts = problem()
    return correct(y, own, resampled, counts, THRESHOLD).set_index(["sample", "metric"])


def test_weighted_metrics_are_those_of_the_table_written_out(brute):
    y, _, resampled, counts = problem()
    for weights, expected in zip(
        (counts, np.ones_like(counts), counts == 0), brute[1:], strict=True
    ):
        figures = measure(y, resampled, weights.astype(float), THRESHOLD)
        assert set(figures) == set(METRICS)
        for metric, values in figures.items():
            np.testing.assert_allclose(values, expected[metric], atol=1e-8, err_msg=metric)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3), st.integers(0, 4)), min_size=2))
def test_the_weighted_auc_counts_ties_as_half(rows):
    """Against all pairs; NaN where a class has no weight."""
    y, score, weight = (np.array(column) for column in zip(*rows, strict=True))
    wins = [
        (w1 * w0 * (1 if s1 > s0 else 0.5 if s1 == s0 else 0), w1 * w0)
        for y1, s1, w1 in rows
        for y0, s0, w0 in rows
        if y1 == 1 and y0 == 0
    ]
    pairs = sum(pair for _, pair in wins)
    area = auc_of_each_resample(y, score[None].astype(float), weight[None].astype(float))[0]
    if pairs == 0:
        assert np.isnan(area)
    else:
        assert area == pytest.approx(sum(won for won, _ in wins) / pairs, abs=1e-14)


def test_scores_that_differ_by_rounding_alone_are_ties():
    y, score = np.array([1, 0]), np.array([[0.1 + 0.2, 0.3]])
    assert score[0, 0] != score[0, 1]
    assert auc_of_each_resample(y, score, np.ones((1, 2)))[0] == 0.5


@pytest.mark.parametrize("metric", METRICS)
def test_harrells_correction(brute, found, metric):
    apparent, train, test, _ = brute
    if metric.startswith("calibration"):  # training slope 1 and intercept 0 by definition
        expected = test[metric].mean()
    else:
        expected = apparent[metric] - (train[metric] - test[metric]).mean()
    assert found.loc[(CORRECTED, metric), "estimate"] == pytest.approx(expected, abs=1e-8)


def point_632_plus(err, err1, gamma):
    """Efron and Tibshirani 1997, section 3, for an error (lower is better)."""
    err1_prime = min(err1, gamma)  # p. 552
    r_prime = (err1_prime - err) / (gamma - err) if err1 > err and gamma > err else 0.0
    err_632 = 0.368 * err + 0.632 * err1  # eq. 24
    return err_632 + (err1_prime - err) * 0.368 * 0.632 * r_prime / (1 - 0.368 * r_prime)  # eq. 32


def double_sums(y, own, threshold):
    """No-information value of each metric by its double sum over outcomes i and predictions j."""
    n, lp, p, cut = len(y), own.lp[0], own.p[0], own.cut[0]
    pairs = [(y[i], lp[j], p[j]) for i in range(n) for j in range(n)]
    outcome, score, chance = map(np.array, zip(*pairs, strict=True))
    figures = by_hand(outcome, score, chance, cut, threshold)
    fit = sm.Logit(outcome, np.column_stack([np.ones(n * n), score])).fit(disp=0, tol=1e-12)
    return figures | {"calibration_intercept": fit.params[0], "calibration_slope": fit.params[1]}


def test_no_information_is_the_double_sum():
    y, own, *_ = problem(seed=3, n=31)
    expected = double_sums(y, own, THRESHOLD)
    assert no_information(y, own, THRESHOLD) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("metric", [m for m in METRICS if not m.startswith("calibration_i")])
def test_632_plus_against_the_papers_formulas(brute, found, metric):
    apparent, _, _, out_of_bag = brute
    y, own, *_ = problem()
    gamma = double_sums(y, own, THRESHOLD)[metric]
    err, err1 = apparent[metric], out_of_bag[metric].mean()
    if metric == "brier":
        expected = point_632_plus(err, err1, gamma)
    else:  # an error is what a metric lacks
        expected = 1 - point_632_plus(1 - err, 1 - err1, 1 - gamma)
    assert found.loc[(CORRECTED_632, metric), "estimate"] == pytest.approx(expected, abs=1e-8)


def test_the_632_plus_intercept_takes_the_slopes_weight(brute, found):
    apparent, _, _, out_of_bag = brute
    slope, intercept = (
        (apparent[metric], out_of_bag[metric].mean())
        for metric in ("calibration_slope", "calibration_intercept")
    )
    weight = (found.loc[(CORRECTED_632, "calibration_slope"), "estimate"] - slope[0]) / (
        slope[1] - slope[0]
    )
    assert 0.632 < weight < 1
    assert found.loc[(CORRECTED_632, "calibration_intercept"), "estimate"] == pytest.approx(
        (1 - weight) * intercept[0] + weight * intercept[1], abs=1e-8
    )


@settings(max_examples=40)
@given(st.integers(0, 1000), st.floats(0, 3))
def test_632_plus_on_any_problem(seed, overfit):
    """Also where out of bag beats apparent, or is worse than no information."""
    y, own, resampled, counts = problem(seed, 12, 6, overfit)
    table = correct(y, own, resampled, counts, THRESHOLD).set_index(["sample", "metric"])
    everyone = np.ones((1, len(y)))
    out_of_bag = measure(y, resampled, (counts == 0).astype(float), THRESHOLD)["auc"]
    apparent = measure(y, own, everyone, THRESHOLD)["auc"][0]
    expected = 1 - point_632_plus(1 - apparent, 1 - np.nanmean(out_of_bag), 0.5)
    assert table.loc[(CORRECTED_632, "auc"), "estimate"] == pytest.approx(expected, abs=1e-12)
    for row in table.itertuples():
        # corrected further than a share can go: the limits end at 0 or 1 all the same
        inside = np.clip(row.estimate, 0, 1) if row.Index[1] in BEST else row.estimate
        said = "not defined:" in row.method
        assert said != (row.ci_low <= inside <= row.ci_high), row
    bounded = table[table.index.get_level_values("metric").isin(BEST)]
    values = bounded[["ci_low", "ci_high"]].to_numpy()
    assert np.isnan(values).sum() + ((values >= 0) & (values <= 1)).sum() == values.size


@pytest.mark.parametrize("sample", [CORRECTED, CORRECTED_632])
@pytest.mark.parametrize("metric", ["auc", "brier", "net_benefit"])
def test_intervals_are_those_of_the_apparent_value_moved(brute, found, sample, metric):
    """Noma 2021: percentiles of the apparent value over resamples, less the estimate's move."""
    apparent, train, *_ = brute
    row = found.loc[(sample, metric)]
    moved = train[metric] - (apparent[metric] - row["estimate"])
    assert row["ci_low"] == pytest.approx(moved.quantile(0.025), abs=1e-8)
    assert row["ci_high"] == pytest.approx(moved.quantile(0.975), abs=1e-8)
    assert "location-shifted percentiles" in row["method"]


def test_an_interval_that_would_leave_the_estimate_out_is_of_out_of_bag_patients():
    y, own, resampled, counts = problem(overfit=0.0)
    closer = resampled.lp + np.where(counts > 0, 1.2 * (y - 0.5), 0)
    scores = Scores(closer, expit(closer), resampled.cut)
    table = correct(y, own, scores, counts, THRESHOLD).set_index(["sample", "metric"])
    train = measure(y, scores, counts.astype(float), THRESHOLD)
    apparent = measure(y, own, np.ones((1, N)), THRESHOLD)
    outside = 0
    for (_, metric), row in table.iterrows():
        if metric.startswith("calibration"):
            continue
        low, high = np.quantile(train[metric], [0.025, 0.975])
        shifted = low < apparent[metric][0] < high
        assert ("leave the estimate out" in row["method"]) != shifted
        assert ("; location-shifted percentiles;" in f"{row['method']};") == shifted
        assert row["ci_low"] <= row["estimate"] <= row["ci_high"]
        outside += not shifted
    assert outside > 4


def test_calibration_has_an_interval_of_out_of_bag_patients(found):
    rows = found[found.index.get_level_values("metric").str.startswith("calibration")]
    assert len(rows) == 4
    assert ((rows["ci_low"] < rows["estimate"]) & (rows["estimate"] < rows["ci_high"])).all()
    assert rows["method"].str.contains("out-of-bag patients resampled 1000 times").all()
    assert rows["method"].str.contains("do not hold: the apparent value is the same").all()


def test_more_patients_narrow_the_interval_of_a_slope():
    """Four times the patients, half the width, give or take what the draw of patients does."""
    widths = []
    for n in (60, 240):
        y, own, resampled, counts = problem(n=n, resamples=40, overfit=0.0)
        table = correct(y, own, resampled, counts, THRESHOLD).set_index(["sample", "metric"])
        row = table.loc[(CORRECTED, "calibration_slope")]
        widths.append(row["ci_high"] - row["ci_low"])
    assert 1.5 < widths[0] / widths[1] < 2.7


def test_the_seed_decides_the_draws_of_patients():
    y, own, resampled, counts = problem()
    first, again, other = (
        correct(y, own, resampled, counts, THRESHOLD, intervals=200, seed=seed)
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert (first["ci_low"] != other["ci_low"]).any()
    np.testing.assert_array_equal(first["estimate"], other["estimate"])


def test_constant_resamples_count_where_a_metric_is_defined():
    """An empty signature: AUC 1/2 and a Brier score, but no slope, and it is counted."""
    y, own, resampled, counts = problem()
    empty = np.arange(B) < 3
    lp = np.where(empty[:, None], 0.0, resampled.lp)
    constant = Scores(lp, expit(lp), np.where(empty, 0.0, resampled.cut))
    train = measure(y, constant, counts.astype(float), THRESHOLD)
    assert (train["auc"][:3] == 0.5).all() and (train["sensitivity"][:3] == 1).all()
    assert np.isnan(train["calibration_slope"][:3]).all()
    table = correct(y, own, constant, counts, THRESHOLD, notes=["signature empty in 25 %"])
    table = table.set_index(["sample", "metric"])
    test = measure(y, constant, np.ones_like(counts, dtype=float), THRESHOLD)
    apparent = measure(y, own, np.ones((1, N)), THRESHOLD)
    auc, slope = table.loc[(CORRECTED, "auc")], table.loc[(CORRECTED, "calibration_slope")]
    assert auc["estimate"] == pytest.approx(
        apparent["auc"][0] - np.mean(train["auc"] - test["auc"]), abs=1e-12
    )
    assert slope["estimate"] == pytest.approx(np.nanmean(test["calibration_slope"]), abs=1e-12)
    assert "3 not defined, left out" in slope["method"] and "not defined" not in auc["method"]
    assert table["method"].str.endswith("signature empty in 25 %").all()


def test_a_constant_model_is_worth_nothing_and_has_no_interval():
    """Everything empty, the final signature too: the AUC is 1/2 by both, the slope is not there."""
    y, _, _, counts = problem()
    constant = np.zeros((B, N)) + logit((counts * y).sum(axis=1) / N)[:, None]
    own = Scores(np.zeros((1, N)), np.full((1, N), 0.5), np.zeros(1))
    scores = Scores(constant, expit(constant), constant[:, 0])
    table = correct(y, own, scores, counts, THRESHOLD).set_index(["sample", "metric"])
    for sample in (CORRECTED, CORRECTED_632):
        area = table.loc[(sample, "auc")]
        assert area["estimate"] == 0.5 and np.isnan([area["ci_low"], area["ci_high"]]).all()
        assert "interval not defined: the out-of-bag value is the same" in area["method"]
        slope = table.loc[(sample, "calibration_slope")]
        assert np.isnan(slope["estimate"])
        assert "not defined: the linear predictor is constant" in slope["method"]


def test_resamples_without_a_class_out_of_bag_are_left_out():
    y, own, resampled, counts = problem()
    counts = counts.copy()
    drawn = np.where(y == 1, 1, 0)  # every positive patient once, some negative ones twice
    drawn[np.flatnonzero(y == 0)[:5]] = (N - drawn.sum()) // 5
    counts[0] = drawn
    table = correct(y, own, resampled, counts, THRESHOLD).set_index(["sample", "metric"])
    for metric, left_out in (("auc", True), ("sensitivity", True), ("specificity", False)):
        said = "1 not defined, left out" in table.loc[(CORRECTED_632, metric), "method"]
        assert said == left_out
        assert "left out" not in table.loc[(CORRECTED, metric), "method"]


def test_the_decision_curve_holds_the_net_benefit():
    """At its threshold it is the metric of that name; and nothing but the apparent one is moved."""
    y, own, resampled, counts = problem()
    table = correct(y, own, resampled, counts, THRESHOLD).set_index(["sample", "metric"])
    curve = correct_net_benefit(y, own, resampled, counts, [0.1, THRESHOLD, 0.99])
    assert list(curve.groupby("sample", sort=False).size()) == [3, 3]
    curve = curve.set_index(["sample", "threshold"])
    for sample in (CORRECTED, CORRECTED_632):
        metric = table.loc[(sample, "net_benefit"), ["estimate", "ci_low", "ci_high"]]
        assert list(curve.loc[(sample, THRESHOLD)]) == list(metric)
        # nobody is treated at .99 by any model
        assert curve.loc[(sample, 0.99), "net_benefit"] == 0


def long_table(scores, counts):
    return pd.DataFrame(
        [
            {
                "resample": b + 1,
                "patient": f"P{i}",
                "linear_predictor": scores.lp[b, i],
                "probability": scores.p[b, i],
                "cutoff": scores.cut[b],
                "count": counts[b, i],
            }
            for b in range(3)
            for i in range(N)
        ]
    )


def test_a_table_in_any_order_gives_the_same_scores():
    _, _, resampled, counts = problem()
    patients = [f"P{i}" for i in range(N)]
    table = long_table(resampled, counts).sample(frac=1, random_state=1)
    scores, drawn = as_scores(table, patients)
    for mine, theirs in (
        (scores.lp, resampled.lp), (scores.p, resampled.p), (scores.cut, resampled.cut),
        (drawn, counts),
    ):  # fmt: skip
        np.testing.assert_array_equal(mine, theirs[:3])


@pytest.mark.parametrize("spoil", [lambda t: t.iloc[1:], lambda t: t[t["patient"] != "P3"]])
def test_a_patient_who_is_not_predicted_is_an_error(spoil):
    _, _, resampled, counts = problem()
    with pytest.raises(ValueError, match="each patient of the study once"):
        as_scores(spoil(long_table(resampled, counts)), [f"P{i}" for i in range(N)])


def test_a_model_that_no_resample_has_is_an_error():
    _, _, resampled, counts = problem()
    with pytest.raises(ValueError, match="no predictions of a model"):
        as_scores(long_table(resampled, counts).iloc[:0], [f"P{i}" for i in range(N)])


def test_a_resample_of_another_size_is_an_error():
    y, own, resampled, counts = problem()
    with pytest.raises(ValueError, match="must draw 60 patients"):
        correct(y, own, resampled, counts + 1, THRESHOLD)
    with pytest.raises(ValueError, match="resamples x patients"):
        correct(y, own, resampled, counts[:-1], THRESHOLD)
