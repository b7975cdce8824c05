import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nomoflow.resampling import draw_patients, stratified_folds

OUTCOMES = st.lists(st.integers(0, 1), min_size=8, max_size=60).filter(
    lambda y: min(sum(y), len(y) - sum(y)) >= 4
)


@given(OUTCOMES, st.integers(2, 12), st.integers(0, 5), st.data())
def test_copies_of_a_patient_lie_in_one_fold(y, wanted, seed, data):
    """Whatever the copies and their order; and the folds are even in patients, not in rows."""
    rows = st.lists(st.integers(0, len(y) - 1), min_size=len(y), max_size=3 * len(y))
    row = np.array(data.draw(rows))
    drawn = np.unique(row)
    y = np.array(y)
    assume(min(y[drawn].sum(), (1 - y[drawn]).sum()) >= 2)
    patients = np.array([f"P{i:02d}" for i in row], dtype=object)
    fold = stratified_folds(y[row], wanted, [seed], patients)
    of_patient = {name: set(fold[patients == name]) for name in patients}
    assert all(len(folds) == 1 for folds in of_patient.values())
    for label in (0, 1):
        mine = [next(iter(of_patient[f"P{i:02d}"])) for i in drawn if y[i] == label]
        counts = np.bincount(mine, minlength=fold.max() + 1)[1:]
        assert counts.min() >= 1 and counts.max() - counts.min() <= 1


@given(OUTCOMES, st.integers(2, 12), st.integers(0, 5))
def test_patients_who_stand_once_and_in_order_are_folded_as_rows(y, wanted, seed):
    patients = np.array([f"P{i:02d}" for i in range(len(y))], dtype=object)
    expected = stratified_folds(np.array(y), wanted, [seed])
    assert (stratified_folds(np.array(y), wanted, [seed], patients) == expected).all()


def test_copies_of_a_patient_are_one_patient_of_a_batch():
    """Two copies have no spread that ComBat could learn; of three patients two always remain."""
    rows = np.array([f"P{i}" for i in range(12)] + ["Q1", "Q1", "Q2", "Q2"])
    y = np.array([0, 1] * 6 + [0, 0, 1, 1])
    batch = np.where(np.char.startswith(rows, "Q"), "B", "A")
    with pytest.raises(ValueError, match="no 2 folds leave 2 patients of each batch"):
        stratified_folds(y, 2, [1], rows, batch)
    rows, y = np.append(rows, ["Q3", "Q3"]), np.append(y, [0, 0])
    batch = np.append(batch, ["B", "B"])
    fold = stratified_folds(y, 3, [1], rows, batch)
    assert all(len(set(rows[(fold != k) & (batch == "B")])) == 2 for k in (1, 2, 3))


def test_copies_of_one_patient_have_one_outcome():
    with pytest.raises(ValueError, match="one outcome a patient"):
        stratified_folds(np.array([0, 1, 0, 1]), 2, [1], np.array(["a", "a", "b", "c"]))


@given(OUTCOMES, st.integers(2, 12), st.integers(0, 5), st.integers(1, 50))
def test_a_resample_can_be_folded_for_the_lasso(y, folds, seed, resample):
    """Each training part of its folds has two different patients of each class at least."""
    y = np.array(y)
    positions, refused = draw_patients(y, seed, resample, folds)
    assert positions.shape == y.shape and refused >= 0
    assert np.bincount(positions, minlength=len(y)).sum() == len(y)
    fold = stratified_folds(y[positions], folds, [seed], positions)
    for held_back in np.unique(fold):
        training = np.unique(positions[fold != held_back])
        assert min(y[training].sum(), (1 - y[training]).sum()) >= 2


def test_a_resample_depends_on_seed_and_number_alone():
    y = np.arange(50) % 2
    drawn = {(s, r): tuple(draw_patients(y, s, r)[0]) for s in (1, 2) for r in range(1, 20)}
    assert len(set(drawn.values())) == len(drawn)
    assert all(tuple(draw_patients(y, *key)[0]) == found for key, found in drawn.items())


def test_patients_are_drawn_evenly():
    """The count of a patient is binomial: mean 1, variance 1 - 1/n."""
    y, resamples = np.arange(40) % 2, 2000
    counts = np.array(
        [np.bincount(draw_patients(y, 1, r)[0], minlength=40) for r in range(resamples)]
    )
    assert np.abs(counts.mean(axis=0) - 1).max() < 4.5 * np.sqrt((1 - 1 / 40) / resamples)
    assert counts.var() == pytest.approx(1 - 1 / 40, rel=0.03)


def test_refused_draws_are_counted():
    """Of 4 in a class, 10 folds need 3 different ones: so many draws fail, and no more.

    P(fewer than 3 of the 4 are drawn) by inclusion and exclusion.
    """
    y = np.array([1] * 4 + [0] * 36)
    n, resamples = 40, 1500
    refused = sum(draw_patients(y, 1, r)[1] for r in range(resamples))
    exactly = {
        k: np.prod([4 - i for i in range(k)])
        / np.prod(range(1, k + 1))
        * sum(
            (-1) ** j * np.prod([k - i for i in range(j)]) / np.prod(range(1, j + 1))
            * ((36 + k - j) / n) ** n
            for j in range(k + 1)
        )
        for k in (0, 1, 2)
    }  # fmt: skip
    fails = sum(exactly.values())
    expected = resamples * fails / (1 - fails)
    assert 0.1 < fails < 0.9
    assert refused == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("events", [0, 1, 2])
def test_too_few_patients_cannot_be_resampled(events):
    y = np.array([1] * events + [0] * 20)
    with pytest.raises(ValueError, match=f"{events} positive and 20 negative"):
        draw_patients(y, 1, 1)


def test_three_patients_of_a_class_need_as_many_folds():
    """In two folds one training part would hold a single one of them."""
    y = np.array([1] * 3 + [0] * 20)
    assert set(draw_patients(y, 1, 1, folds=3)[0]) >= {0, 1, 2}
    with pytest.raises(ValueError, match="each of 2 folds"):
        draw_patients(y, 1, 1, folds=2)
