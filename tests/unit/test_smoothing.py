import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from nomoflow.smoothing import calibration_errors, smooth, smoothed


@pytest.fixture(scope="module")
def cohort():
    generator = np.random.default_rng(11)
    lp = generator.normal(0.5, 1.5, 120)
    return (generator.random(120) < expit(0.3 + 0.7 * lp)).astype(int), lp


def copies(n, resamples=20, seed=3):
    index = np.random.default_rng(seed).integers(0, n, (resamples, n))
    return index, np.array([np.bincount(row, minlength=n) for row in index])


def test_smooth_curve_of_points_on_a_line():
    p = np.linspace(0.05, 0.95, 40)
    curve = smooth(0.2 + 0.5 * p, p)
    assert curve["predicted"].tolist() == p.tolist()
    assert curve["observed"].tolist() == pytest.approx((0.2 + 0.5 * p).tolist(), abs=1e-12)


def test_smooth_curve_as_statsmodels(cohort):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.nonparametric.smoothers_lowess import lowess
    y, lp = cohort
    p = expit(lp)
    other = lowess(y, p, frac=2 / 3, it=0, delta=0.01 * np.ptp(p))
    curve = smooth(y, p)
    assert curve["predicted"].tolist() == other[:, 0].tolist()
    assert curve["observed"].to_numpy() == pytest.approx(other[:, 1], abs=1e-4)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.one_of(st.floats(0, 1), st.integers(0, 4).map(float))),
        min_size=1,
        max_size=40,
    )
)
def test_smooth_curve_is_always_finite(rows):
    y, p = map(np.array, zip(*rows, strict=True))
    curve = smooth(y, p)
    assert len(curve) == len(y)
    assert curve["predicted"].is_monotonic_increasing
    assert np.isfinite(curve["observed"]).all()


def test_smooth_curve_of_a_constant_is_the_share():
    assert smooth([0, 1, 1, 1], [0.4] * 4)["observed"].tolist() == [0.75] * 4


# --- many weightings at once


def by_definition(y, p, weight, at, span=2 / 3):
    """Cleveland's local line at one point through copies of the patients, by least squares."""
    x, y = np.repeat(p, weight), np.repeat(y, weight)
    distance = np.abs(x - at)
    width = np.sort(distance)[int(span * len(x)) - 1]
    near = np.where(distance <= 0.999 * width, (1 - np.minimum(distance / width, 1) ** 3) ** 3, 0)
    near[distance <= 0.001 * width] = 1
    root = np.sqrt(near)
    line = np.column_stack([np.ones_like(x), x - at]) * root[:, None]
    return np.linalg.lstsq(line, y * root, rcond=None)[0][0]


def test_weighted_curve_by_least_squares(cohort):
    y, lp = cohort
    p = np.round(expit(lp), 2) + np.arange(120) * 1e-9  # near ties, all distinct
    _, weights = copies(120, 5)
    ends = np.array([p.min(), p.max()])  # lines are fitted there, nothing is interpolated
    found = smoothed(y, p, weights, ends)
    for row, weight in zip(found, weights, strict=True):
        expected = [by_definition(y, p, weight, at) for at in ends]
        assert row.tolist() == pytest.approx(expected, abs=1e-10)


def test_weighting_is_near_the_curve_of_the_copies(cohort):
    """They differ only in where R interpolates: by less than 0.005 here."""
    y, lp = cohort
    p = expit(lp)
    index, weights = copies(120)
    found = smoothed(y, p, weights)
    for row, drawn in zip(found, index, strict=True):
        alone = smooth(y[drawn], p[drawn])
        expected = np.interp(p[drawn], alone["predicted"], alone["observed"])
        assert row[drawn] == pytest.approx(expected, abs=5e-3)


def test_ones_are_the_plain_curve_and_order_is_nothing(cohort):
    y, lp = cohort
    p = expit(lp)
    _, weights = copies(120, 3)
    stacked = np.vstack([np.ones(120), weights])
    plain = smooth(y, p)
    order = np.argsort(p)
    together = smoothed(y, p, stacked)
    assert together[0][order] == pytest.approx(plain["observed"].to_numpy(), abs=1e-12)
    shuffled = np.random.default_rng(1).permutation(120)
    other = smoothed(y[shuffled], p[shuffled], stacked[:, shuffled])
    assert other == pytest.approx(together[:, shuffled], abs=1e-12)


def test_nothing_is_read_off_where_no_prediction_reaches(cohort):
    y, lp = cohort
    p = 0.2 + 0.5 * expit(lp)
    found = smoothed(y, p, np.ones((1, 120)), [0.1, p.min(), 0.4, p.max(), 0.9])[0]
    assert np.isfinite(found).tolist() == [False, True, True, True, False]


@given(st.data())
def test_any_weighting_has_a_finite_curve(data):
    n = data.draw(st.integers(1, 25))
    chance = st.one_of(st.floats(0, 1), st.integers(0, 3).map(lambda k: k / 3))
    p = np.array(data.draw(st.lists(chance, min_size=n, max_size=n)))
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    weight = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    weight[0] += 1
    assert np.isfinite(smoothed(y, p, weight)).all()
    errors = calibration_errors(y, p, weight)
    assert 0 <= errors["e50"] <= errors["e90"] <= errors["emax"]
    assert 0 <= errors["ici"] <= errors["emax"] + 1e-12


# --- calibration errors


def test_errors_along_a_line():
    """Observed shares that lie 0.1 above what was predicted, everywhere."""
    p = np.linspace(0.1, 0.8, 50)
    for value in calibration_errors(p + 0.1, p).values():
        assert value.item() == pytest.approx(0.1, abs=1e-12)
    tilted = calibration_errors(0.5 + 0 * p, p)  # |0.5 - p|, quantiles by numpy
    assert tilted["ici"].item() == pytest.approx(np.abs(0.5 - p).mean(), abs=1e-12)
    for key, share in (("e50", 0.5), ("e90", 0.9), ("emax", 1)):
        assert tilted[key].item() == pytest.approx(np.quantile(np.abs(0.5 - p), share), abs=1e-12)


def test_errors_of_weights_are_those_of_the_copies(cohort):
    y, lp = cohort
    p = expit(lp)
    index, weights = copies(120)
    curves, found = smoothed(y, p, weights), calibration_errors(y, p, weights)
    for b, drawn in enumerate(index):
        error = np.abs(curves[b][drawn] - p[drawn])
        assert found["ici"][b] == pytest.approx(error.mean(), abs=1e-12)
        for key, share in (("e50", 0.5), ("e90", 0.9), ("emax", 1)):
            assert found[key][b] == pytest.approx(np.quantile(error, share), abs=1e-12)


def test_errors_of_a_constant_are_its_distance_from_the_share():
    found = calibration_errors([0, 1, 1, 1], [0.4] * 4)
    assert {key: value.item() for key, value in found.items()} == pytest.approx(
        dict.fromkeys(("ici", "e50", "e90", "emax"), 0.35)
    )
