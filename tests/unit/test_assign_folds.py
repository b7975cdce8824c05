import numpy as np
import pandas as pd
import pytest
from assign_folds import main
from hypothesis import given
from hypothesis import strategies as st
from jobs import job
from synthetic_cohort import cohort

from nomoflow.resampling import stratified_folds
from nomoflow.run import read_table, write_table


@given(
    st.lists(st.integers(0, 1), min_size=8, max_size=80).filter(lambda y: 1 < sum(y) < len(y) - 1),
    st.integers(2, 12),
    st.integers(0, 5),
)
def test_folds_are_even_in_each_class_and_in_all(y, wanted, seed):
    y = np.array(y)
    fold = stratified_folds(y, wanted, [seed])
    folds = min(wanted, y.sum(), (1 - y).sum())
    for members in (y == 0, y == 1, y >= 0):
        counts = np.bincount(fold[members], minlength=folds + 1)[1:]
        assert len(counts) == folds
        assert counts.max() - counts.min() <= 1


def test_the_seed_alone_decides():
    y = np.arange(60) % 3 == 0
    y = y.astype(int)
    assert (stratified_folds(y, 10, [1, 2]) == stratified_folds(y, 10, [1, 2])).all()
    assert (stratified_folds(y, 10, [1, 2]) != stratified_folds(y, 10, [1, 3])).any()


def test_one_patient_of_a_class_cannot_be_folded():
    with pytest.raises(ValueError, match="two patients of each class"):
        stratified_folds(np.array([1, 0, 0, 0]), 3, [1])


@pytest.mark.parametrize("is_given", [False, True])
def test_folds_are_seeded_or_given(tmp_path, is_given):
    dataset = cohort(20)
    write_table(dataset, tmp_path / "dataset.parquet")
    table = pd.DataFrame({"patient": dataset["patient"][::-1], "fold": np.arange(20) % 5})
    write_table(table, tmp_path / "given.csv")
    main(
        job(
            {
                "dataset": tmp_path / "dataset.parquet",
                "given": tmp_path / "given.csv" if is_given else [],
            },
            {"folds": tmp_path / "folds.csv"},
            {"folds": 10, "seed": 3},
        )
    )
    folds = read_table(tmp_path / "folds.csv")
    assert list(folds["patient"]) == list(dataset["patient"])
    if is_given:
        assert list(folds["fold"]) == [(19 - i) % 5 for i in range(20)]
    else:
        assert sorted(folds["fold"].unique()) == list(range(1, 11))
