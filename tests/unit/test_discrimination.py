import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from nomoflow.discrimination import (
    auc,
    auc_interval,
    classify,
    compare_paired,
    concordance,
    delong,
    midranks,
    perfect_interval,
    roc_curve,
    sensitivities_at,
    wilson,
    youden,
)


@st.composite
def scored(draw, columns=1):
    """Classes with both present, and scores with many ties."""
    n = draw(st.integers(2, 30))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda v: 0 < sum(v) < n))
    score = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))
    scores = [draw(st.lists(score, min_size=n, max_size=n)) for _ in range(columns)]
    return np.array(y), *map(np.array, scores)


@given(scored())
def test_auc_is_the_share_of_ordered_pairs(case):
    y, score = case
    assert auc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    pairs = [(a > b) + (a == b) / 2 for a in score[y == 1] for b in score[y == 0]]
    assert auc(y, score) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert auc(y, -score) == pytest.approx(1 - auc(y, score), abs=1e-12)
    assert concordance(y, score).mean() == pytest.approx(auc(y, score), abs=1e-12)


@given(st.lists(st.integers(-5, 5), min_size=1))
def test_midranks(values):
    assert midranks(values).tolist() == rankdata(values).tolist()


@given(scored(columns=2))
def test_delong_by_its_definition(case):
    """DeLong 1988, equations 3 to 6, pair by pair."""
    y, *scores = case

    def psi(score):
        return np.array([[(a > b) + (a == b) / 2 for b in score[y == 0]] for a in score[y == 1]])

    parts = [psi(score) for score in scores]
    aucs, covariance = delong(y, np.column_stack(scores))
    assert aucs == pytest.approx([part.mean() for part in parts], abs=1e-12)
    m, n = parts[0].shape
    if min(m, n) < 2:
        assert np.isnan(covariance).all()
        return
    by_positive = np.cov([part.mean(axis=1) for part in parts]) / m
    by_negative = np.cov([part.mean(axis=0) for part in parts]) / n
    assert covariance == pytest.approx(by_positive + by_negative, abs=1e-12)


def test_interval_stays_within_the_bounds():
    y = [0, 0, 0, 0, 1, 1, 1, 1]
    area, low, high = auc_interval(y, [1, 2, 3, 5, 4, 6, 7, 8])
    assert area == 15 / 16
    assert 0 < low < area
    assert high == 1.0
    assert auc_interval(y, range(8)) == (1.0, 1.0, 1.0)  # R: ci.auc gives 1-1 for a perfect curve
    wide = auc_interval(y, [1, 2, 3, 5, 4, 6, 7, 8], confidence=0.99)
    assert wide[1] < low


@pytest.mark.parametrize(
    ("positives", "negatives", "confidence", "low"),
    [
        # R: k <- (m+n)/2-1; V <- function(t) t*(1-t)*(1+k*(1-t)/(2-t)+k*t/(1+t))/(m*n)
        # uniroot(function(t) (1-t)-qnorm((1+conf)/2)*sqrt(V(t)), c(.01,1-1e-12), tol=1e-15)$root
        (4, 4, 0.95, 0.5822840455834578),
        (41, 19, 0.95, 0.9226584268629165),
        (19, 41, 0.95, 0.9226584268629165),
        (102, 47, 0.9, 0.9785198225553958),
    ],
)
def test_interval_of_a_perfect_score(positives, negatives, confidence, low):
    y = np.repeat([1, 0], [positives, negatives])
    assert perfect_interval(y, 1.0, confidence) == pytest.approx((low, 1), abs=1e-12)
    assert perfect_interval(y, 0.0, confidence) == pytest.approx((0, 1 - low), abs=1e-12)


def test_interval_of_one_pair_is_wilsons_of_one_trial():
    """With a single pair the variance is that of a share: t (1 - t)."""
    assert perfect_interval([1, 0], 1.0) == pytest.approx(wilson(1, 1), abs=1e-12)
    with pytest.raises(ValueError, match="allowed is 0 or 1"):
        perfect_interval([1, 0], 0.9)


def test_auc_below_one_half_is_kept():
    assert auc([1, 1, 0, 0], [1, 2, 3, 4]) == 0.0


def test_comparison_with_itself_is_not_defined():
    y, score = [0, 1, 0, 1, 1, 0], np.array([0.1, 0.4, 0.35, 0.8, 0.3, 0.2])
    for other in (score, np.exp(3 * score)):
        test = compare_paired(y, score, other)
        assert test["difference"] == 0
        assert all(np.isnan(test[key]) for key in ("z", "p", "ci_low", "ci_high"))
        assert test["note"] == "not defined: the two scores rank the patients alike"


def test_comparison_of_two_perfect_scores_is_not_defined():
    test = compare_paired([0, 0, 1, 1], [1, 2, 3, 4], [2, 1, 4, 3])
    assert np.isnan(test["p"])
    assert test["note"] == "not defined: the difference has no variance"


@given(scored(columns=2))
def test_comparison_is_symmetric(case):
    y, a, b = case
    one, other = compare_paired(y, a, b), compare_paired(y, b, a)
    assert one["difference"] == pytest.approx(-other["difference"], abs=1e-12)
    assert one["p"] == pytest.approx(other["p"], rel=1e-6, abs=1e-12, nan_ok=True)
    assert one["note"] == other["note"]


@given(scored())
def test_curve_counts_calls_at_each_threshold(case):
    y, score = case
    curve = roc_curve(y, score)
    assert len(curve) == len(np.unique(score)) + 1
    for row in curve.itertuples():
        called = score >= row.threshold
        assert row.sensitivity == pytest.approx(called[y == 1].mean(), abs=1e-15)
        assert row.specificity == pytest.approx((~called[y == 0]).mean(), abs=1e-15)
    area = np.trapezoid(curve["sensitivity"][::-1], 1 - curve["specificity"][::-1])
    assert area == pytest.approx(auc(y, score), abs=1e-12)


@given(scored(), st.data())
def test_sensitivity_at_a_specificity(case, data):
    """Under weights: that of the copies; the highest point of the curve there, or on its line."""
    y, score = case
    weight = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(y), max_size=len(y))))
    weight[[np.argmax(y), np.argmin(y)]] += 1  # both classes are drawn
    grid = np.array([0, 0.1, 0.25, 0.5, 0.7, 0.9, 1])
    found = sensitivities_at(y, score, grid, np.array([np.ones(len(y)), weight]))
    for row, times in zip(found, (np.ones(len(y), int), weight), strict=True):
        curve = roc_curve(np.repeat(y, times), np.repeat(score, times))[::-1]
        fpr, tpr = np.round(1 - curve["specificity"].to_numpy(), 12), curve["sensitivity"]
        for at, value in zip(1 - grid, row, strict=True):
            met = np.abs(fpr - at) < 1e-9
            expected = tpr[met].max() if met.any() else np.interp(at, fpr, tpr)
            assert value == pytest.approx(expected, abs=1e-9)
    assert (np.diff(found, axis=1) <= 1e-12).all()


@given(scored())
def test_youden_is_the_best_of_all_cuts(case):
    y, score = case
    cut = youden(y, score)
    found = classify(y, score, cut)
    for other in roc_curve(y, score)["threshold"]:
        rival = classify(y, score, other)
        gain = rival["sensitivity"] + rival["specificity"]
        gain -= found["sensitivity"] + found["specificity"]
        assert gain < 1e-12
        if abs(gain) < 1e-12:
            assert found["sensitivity"] >= rival["sensitivity"]


def test_youden_ties_go_to_the_higher_sensitivity():
    # both 2.5 and 3.5 reach 1.5; 2.5 calls every positive
    assert youden([0, 0, 1, 0, 1, 1], [1, 2, 3, 3.2, 3.1, 4]) == 2.5
    assert youden([0, 1, 0, 1], [1, 2, 3, 4]) == 1.5


def test_youden_of_a_constant_score_calls_everyone():
    assert youden([0, 1, 0], [0.3, 0.3, 0.3]) == 0.3
    assert classify([0, 1, 0], [0.3] * 3, 0.3)["sensitivity"] == 1.0


def test_cut_between_neighbouring_numbers_still_parts_them():
    low = 0.1
    high = np.nextafter(low, 1)
    assert classify([0, 1], [low, high], youden([0, 1], [low, high]))["accuracy"] == 1.0
    assert roc_curve([0, 1], [low, high])["threshold"].iloc[1] == high
    assert np.isfinite(youden([0, 0, 1, 1], [1e308, 1.2e308, 1.6e308, 1.7e308]))


def test_classify():
    calls = classify([1, 1, 1, 0, 0], [3, 2, 1, 2, 0], 2)
    assert calls == {
        "sensitivity": 2 / 3, "specificity": 0.5, "accuracy": 3 / 5,
        "tp": 2, "fn": 1, "tn": 1, "fp": 1,
    }  # fmt: skip
    by_patient = classify([1, 0], [1.0, 1.0], np.array([0.5, 1.5]))
    assert (by_patient["tp"], by_patient["tn"]) == (1, 1)
    assert np.isnan(classify([1, 1], [0, 1], 0.5)["specificity"])


# Newcombe 1998 (Statistics in Medicine 17:857), Table I, method 3
@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson(k, n, low, high):
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_wilson_inverts_the_score_test(n, data):
    k = data.draw(st.integers(0, n))
    for bound in wilson(k, n):
        if 0 < bound < 1:
            z = (k / n - bound) / np.sqrt(bound * (1 - bound) / n)
            assert abs(z) == pytest.approx(1.959963984540054, rel=1e-6)  # R: qnorm(.975)


def test_wilson_of_nothing():
    assert np.isnan(wilson(0, 0)).all()
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


@pytest.mark.parametrize(
    ("y", "score", "message"),
    [
        ([1, 1], [0.1, 0.2], "both classes"),
        ([0, 1], [0.1], "one score a patient"),
        ([0, 1, 2], [1, 2, 3], "coded 0 and 1"),
        ([0, 1], [0.1, np.nan], "1 scores are missing"),
        ([], [], "both classes"),
    ],
)
def test_bad_input(y, score, message):
    for function in (auc, roc_curve, youden, auc_interval):
        with pytest.raises(ValueError, match=message):
            function(y, score)
