import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.reclassification import reclassification


def probabilities(seed=1, n=30, repeats=2):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3 % 2
    return y, random.random((repeats, n)), random.random((repeats, n))


def measures(*given):
    return reclassification(*given).set_index("measure")


def test_by_hand():
    """Four events, three of which rise; three non-events, one of which falls and one stays."""
    y = [1, 1, 1, 1, 0, 0, 0]
    before = [0.5, 0.5, 0.5, 0.5, 0.4, 0.4, 0.4]
    after = [0.6, 0.7, 0.9, 0.3, 0.4, 0.5, 0.1]
    table = measures(y, before, after)
    assert table.loc["nri_events", "estimate"] == pytest.approx(3 / 4 - 1 / 4)
    assert table.loc["nri_nonevents", "estimate"] == pytest.approx(1 / 3 - 1 / 3)
    assert table.loc["nri", "estimate"] == pytest.approx(0.5)
    assert table.loc["idi", "estimate"] == pytest.approx(0.5 / 4 - (-0.2) / 3)
    # (up + down) / n^2 - (up - down)^2 / n^3, as Hmisc has it
    assert table.loc["nri_events", "se"] == pytest.approx(np.sqrt(4 / 16 - 4 / 64))
    assert table.loc["nri_nonevents", "se"] == pytest.approx(np.sqrt(2 / 9))
    changes = np.subtract(after, before)
    variance = np.var(changes[:4], ddof=1) / 4 + np.var(changes[4:], ddof=1) / 3
    assert table.loc["idi", "se"] == pytest.approx(np.sqrt(variance))


@given(st.integers(0, 200))
def test_the_other_way_round_is_the_opposite(seed):
    y, a, b = probabilities(seed)
    ab, ba = measures(y, a, b), measures(y, b, a)
    assert ab["estimate"].to_numpy() == pytest.approx(-ba["estimate"].to_numpy(), abs=1e-12)
    assert ab["se"].to_numpy() == pytest.approx(ba["se"].to_numpy(), nan_ok=True)
    # nor does it matter which class is called the event
    other = measures(1 - y, 1 - a, 1 - b)
    assert other.loc["nri", "estimate"] == pytest.approx(ab.loc["nri", "estimate"], abs=1e-12)
    assert other.loc["idi", "estimate"] == pytest.approx(ab.loc["idi", "estimate"], abs=1e-12)


def test_a_repeat_more_is_no_patient_more():
    y, a, b = probabilities(repeats=1)
    once = measures(y, a, b)
    often = measures(y, np.repeat(a, 6, axis=0), np.repeat(b, 6, axis=0))
    assert often.to_numpy() == pytest.approx(once.to_numpy(), rel=1e-9)


def test_repeats_are_averaged():
    y, a, b = probabilities(repeats=4)
    each = [measures(y, p, q)["estimate"] for p, q in zip(a, b, strict=True)]
    assert measures(y, a, b)["estimate"].to_numpy() == pytest.approx(np.mean(each, axis=0))


def test_equal_models_move_no_one():
    y, a, _ = probabilities()
    table = measures(y, a, a + 1e-16)
    assert (table["estimate"].abs() < 1e-12).all()
    assert table[["se", "z", "p"]].isna().all(axis=None)


def test_what_is_refused():
    y, a, b = probabilities()
    with pytest.raises(ValueError, match="two probabilities a patient"):
        reclassification(y, a, b[:1])
    with pytest.raises(ValueError, match="both classes"):
        reclassification(np.ones(30), a, b)
