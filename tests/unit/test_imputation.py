import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.imputation import fit_imputation, impute

CELL = st.one_of(st.just(np.nan), st.floats(-1e6, 1e6, allow_subnormal=False))
TABLE = (
    st.integers(0, 12)
    .flatmap(
        lambda n: st.fixed_dictionaries(
            {
                "age": st.lists(CELL, min_size=n, max_size=n),
                "sign": st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=n, max_size=n),
            }
        )
    )
    .map(lambda columns: pd.DataFrame(columns, dtype=float))
)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ([50, np.nan, 61, 40], 50),  # R: median(c(50, NA, 61, 40), na.rm = TRUE)
        ([50, 61, 40, 70], 55.5),  # R: median(c(50, 61, 40, 70))
        ([0, 1, 1, np.nan], 1),
        ([0, 0, 1, np.nan], 0),
        ([0, 1, np.nan, np.nan], 0),  # as many of the one as of the other
        ([0.5, 0.5], 0.5),  # no levels, though their median is a half
        ([0, 0.4, 0.6, 1], 0.5),
        ([np.nan, np.nan], 0),
        ([], 0),
    ],
)
def test_what_stands_for_a_missing_value(column, value):
    assert fit_imputation(pd.DataFrame({"x": column}, dtype=float)) == {"x": value}


@given(TABLE)
def test_missing_cells_are_filled_and_no_other_is_touched(table):
    before = table.copy()
    values = fit_imputation(table)
    filled = impute(table, values)
    pd.testing.assert_frame_equal(table, before)
    assert list(filled) == list(table) == list(values)
    assert filled.index.equals(table.index)
    assert filled.notna().all(axis=None)
    for name in table:
        missing = table[name].isna()
        assert (filled[name][missing] == values[name]).all()
        assert (filled[name][~missing] == table[name][~missing]).all()


@given(TABLE)
def test_a_second_imputation_changes_nothing(table):
    once = impute(table, fit_imputation(table))
    pd.testing.assert_frame_equal(impute(once, {}), once)
    if len(table) and table.notna().any().all():
        # the filled-in values are the column's own middle
        assert fit_imputation(once) == pytest.approx(fit_imputation(table), rel=1e-12)


@given(TABLE, st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_does_not_matter(table, random):
    rows, columns = list(table.index), list(table)
    random.shuffle(rows)
    random.shuffle(columns)
    values = fit_imputation(table)
    turned = table.loc[rows, columns]
    assert fit_imputation(turned) == values
    assert list(impute(turned, values)) == columns
    pd.testing.assert_frame_equal(impute(turned, values).loc[table.index, list(table)],
                                  impute(table, values))  # fmt: skip


@given(TABLE, TABLE)
def test_a_patient_held_back_is_filled_in_alone_as_among_others(training, held_back):
    values = fit_imputation(training)
    together = impute(held_back, values)
    for row in held_back.index:
        alone = impute(held_back.loc[[row]], values)
        pd.testing.assert_frame_equal(alone, together.loc[[row]])


@given(st.lists(st.floats(-1e3, 1e3).filter(lambda x: x not in (0, 1)), min_size=1))
def test_a_change_of_unit_changes_the_value_alike(column):
    table = pd.DataFrame({"age": column})
    assert fit_imputation(table / 10)["age"] == pytest.approx(fit_imputation(table)["age"] / 10)


def test_levels_are_the_most_frequent_ones():
    random = np.random.default_rng(1)
    for n in range(1, 30):
        column = pd.Series(random.integers(0, 2, n).astype(float))
        counts = column.value_counts()
        expected = 1.0 if counts.get(1.0, 0) > counts.get(0.0, 0) else 0.0
        assert fit_imputation(column.to_frame("sign"))["sign"] == expected


def test_no_columns():
    assert fit_imputation(pd.DataFrame(index=range(3))) == {}
    assert impute(pd.DataFrame(index=range(3)), {}).shape == (3, 0)


def test_a_value_that_is_not_known_is_an_error():
    table = pd.DataFrame({"age": [1.0, np.nan], "sex": [1.0, 0.0]})
    with pytest.raises(
        ValueError, match=r"age is missing in 1 of 2 patients .* models.missing: imp"
    ):
        impute(table, {"sex": 1.0})
    assert impute(table[["sex"]], {}).equals(table[["sex"]])
