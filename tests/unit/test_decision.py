import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.decision import (
    benefit_weights,
    default_thresholds,
    net_benefit,
    treat_all,
    treat_none,
)

PROBABILITIES = st.one_of(st.floats(0, 1), st.integers(0, 10).map(lambda k: k / 10))


@given(st.lists(st.tuples(st.integers(0, 1), PROBABILITIES), min_size=1, max_size=40))
def test_definition(rows):
    y, p = map(np.array, zip(*rows, strict=True))
    thresholds = [0.01, 0.1, 0.3, 0.5, 0.9]
    curve = net_benefit(y, p, thresholds)
    for t, found in curve.itertuples(index=False):
        called = p >= t
        true, false = (called & (y == 1)).sum(), (called & (y == 0)).sum()
        assert found == pytest.approx((true - false * t / (1 - t)) / len(y), abs=1e-12)


def test_a_probability_at_the_threshold_is_called():
    assert net_benefit([1, 0], [0.5, 0.4], [0.5])["net_benefit"].item() == 0.5


def test_certain_probabilities_are_treating_all_and_none():
    y = [1, 0, 0, 1, 0]
    thresholds = default_thresholds()
    assert net_benefit(y, np.ones(5), thresholds)["net_benefit"].to_numpy() == pytest.approx(
        treat_all(y, thresholds)["net_benefit"].to_numpy(), abs=1e-12
    )
    assert net_benefit(y, np.zeros(5), thresholds).equals(treat_none(thresholds))
    # at the prevalence treating all gains nothing
    assert treat_all(y, [0.4])["net_benefit"].item() == pytest.approx(0, abs=1e-15)


def test_repeats_are_averaged():
    generator = np.random.default_rng(3)
    y, p = generator.integers(0, 2, 30), generator.random((4, 30))
    each = [net_benefit(y, row, default_thresholds())["net_benefit"] for row in p]
    together = net_benefit(y, p, default_thresholds())["net_benefit"]
    assert together.to_numpy() == pytest.approx(np.mean(each, axis=0), abs=1e-13)


def test_contributions_add_up_under_any_weights():
    generator = np.random.default_rng(7)
    y, p = generator.integers(0, 2, 30), np.round(generator.random((4, 30)), 1)
    parts = benefit_weights(y, p, default_thresholds())
    assert parts.sum(axis=0) / 30 == pytest.approx(
        net_benefit(y, p, default_thresholds())["net_benefit"].to_numpy(), abs=1e-13
    )
    drawn = generator.integers(0, 30, 30)
    weight = np.bincount(drawn, minlength=30)
    assert weight @ parts / 30 == pytest.approx(
        net_benefit(y[drawn], p[:, drawn], default_thresholds())["net_benefit"].to_numpy(),
        abs=1e-13,
    )


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, np.nan])
def test_impossible_thresholds(threshold):
    with pytest.raises(ValueError, match="between 0 and 1"):
        net_benefit([0, 1], [0.2, 0.4], [threshold])


def test_missing_probabilities():
    with pytest.raises(ValueError, match="none missing"):
        net_benefit([0, 1], [0.2, np.nan], [0.5])
    with pytest.raises(ValueError, match="a probability a patient"):
        net_benefit([0, 1], [0.2], [0.5])
