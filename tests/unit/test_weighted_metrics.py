import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import accuracy_score, brier_score_loss, recall_score, roc_auc_score

from nomoflow.calibration import observed_expected, recalibrate
from nomoflow.decision import net_benefit
from nomoflow.smoothing import calibration_errors
from nomoflow.weighted_metrics import (
    auc_weighted,
    resampled_weights,
    two_class_weights,
    weighted_metrics,
)


def predictions(n=70, seed=5):
    generator = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    lp = 1.5 * y - 1 + np.round(generator.normal(size=n), 1)
    return y, lp, expit(lp), generator.normal(size=n) / 4


def plain(y, lp, p, cut):
    called = (lp >= cut).astype(int)
    fit, errors = recalibrate(y, lp), calibration_errors(y, p)
    return {
        "auc": roc_auc_score(y, lp),
        "sensitivity": recall_score(y, called),
        "specificity": recall_score(1 - y, 1 - called),
        "accuracy": accuracy_score(y, called),
        "brier": brier_score_loss(y, p),
        "calibration_intercept": fit["intercept"],
        "calibration_slope": fit["slope"],
        "calibration_in_the_large": fit["intercept_in_the_large"],
        "oe": observed_expected(y, p),
        **{key: errors[key].item() for key in ("ici", "e50", "e90")},
        "net_benefit": net_benefit(y, p, [0.3])["net_benefit"].item(),
    }


def test_weights_of_one_are_the_plain_metrics():
    y, lp, p, cut = predictions()
    found = weighted_metrics(y, lp, p, cut, np.ones((2, len(y))), threshold=0.3)
    expected = plain(y, lp, p, cut)
    assert set(found) == set(expected)
    for metric, value in expected.items():
        assert found[metric].tolist() == pytest.approx([value] * 2, abs=1e-11), metric


def test_weights_are_copies_of_patients():
    y, lp, p, cut = predictions()
    weights = resampled_weights(len(y), 25, seed=2)
    found = weighted_metrics(y, lp, p, cut, weights, threshold=0.3)
    for b, weight in enumerate(weights.astype(int)):
        drawn = np.repeat(np.arange(len(y)), weight)
        for metric, value in plain(y[drawn], lp[drawn], p[drawn], cut[drawn]).items():
            # R's curve takes its lines at other points in each resample
            near = 0.01 if metric in ("ici", "e50", "e90") else 1e-9
            assert found[metric][b] == pytest.approx(value, abs=near), metric


def test_the_auc_may_follow_another_order():
    y, lp, p, cut = predictions()
    once = np.ones((1, len(y)))
    found = weighted_metrics(y, lp, p, cut, once, rank=-lp)
    assert found["auc"].item() == pytest.approx(1 - roc_auc_score(y, lp))
    assert found["sensitivity"].item() == pytest.approx(recall_score(y, lp >= cut))


def test_constant_predictions():
    y = np.array([0, 1, 1, 0, 1, 1, 0, 1])
    found = weighted_metrics(y, np.full(8, 0.4), np.full(8, 0.6), 0.4, np.ones((1, 8)))
    assert found["auc"].item() == 0.5
    assert found["ici"].item() == found["e90"].item() == pytest.approx(0.025)
    assert np.isnan([found["calibration_intercept"], found["calibration_slope"]]).all()
    assert found["oe"].item() == pytest.approx(5 / 4.8)


def test_where_one_class_is_drawn():
    y, lp, p, cut = predictions()
    weights = np.array([y, 1 - y, np.ones(len(y))], dtype=float)
    found = weighted_metrics(y, lp, p, cut, weights)
    for metric in ("auc", "calibration_slope", "calibration_in_the_large"):
        assert np.isnan(found[metric]).tolist() == [True, True, False]
    assert np.isnan(found["sensitivity"]).tolist() == [False, True, False]
    assert np.isnan(found["specificity"]).tolist() == [True, False, False]
    for metric in ("accuracy", "brier", "oe", "ici", "net_benefit"):
        assert np.isfinite(found[metric]).all()
    alone = weighted_metrics(y[y == 1], lp[y == 1], p[y == 1], 0, np.ones((1, y.sum())))
    assert np.isnan(alone["auc"]).all()


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(-3, 3), st.integers(0, 4)), min_size=2, max_size=30
    )
)
def test_weighted_auc_is_scikit_learns(rows):
    y, score, weight = (np.array(column) for column in zip(*rows, strict=True))
    found = auc_weighted(y, score, weight).item()
    drawn = y[weight > 0]
    if len(drawn) and drawn.min() < drawn.max():
        assert found == pytest.approx(roc_auc_score(y, score, sample_weight=weight), abs=1e-12)
    else:
        assert np.isnan(found)


def test_every_resample_has_as_many_patients():
    weights = resampled_weights(40, 300, seed=1)
    assert (weights.sum(axis=1) == 40).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.3)
    assert not np.array_equal(weights, resampled_weights(40, 300, seed=2))


def test_resamples_of_one_class_are_counted():
    y = np.array([0, 1, 0, 0, 0])
    weights, drawn = two_class_weights(y, 200, seed=1)
    lost = 200 - len(weights)
    assert lost > 0
    assert drawn == f"patients resampled 200 times, percentile; {lost} of one class left out"
    assert ((weights @ y > 0) & (weights @ (1 - y) > 0)).all()
