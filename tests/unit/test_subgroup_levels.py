import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.problems import Problems, StudyError
from nomoflow.subgroup_levels import check_subgroups, subgroup_levels, subgroup_name


def rows(*cells, column="age"):
    return [{"patient": f"P{k}", column: cell} for k, cell in enumerate(cells)]


def found(items, table, path="participants.csv"):
    problems = Problems()
    check_subgroups(path, items, table, problems)
    return problems


@pytest.mark.parametrize(
    ("item", "cells", "levels", "order"),
    [
        ({"column": "age"}, ["b", "a", "", "b"], ["b", "a", "missing", "b"],
         ["a", "b", "missing"]),
        # as numbers, not as text
        ({"column": "age"}, ["10", "9", " 9 "], ["10", "9", "9"], ["9", "10"]),
        ({"column": "age"}, ["10", "IIa", "9"], ["10", "IIa", "9"], ["9", "10", "IIa"]),
        # a cut belongs to the level above it, as a score at the cut-off is positive
        ({"column": "age", "cut": [60]}, ["59.9", "60", "", "-3"],
         ["< 60", ">= 60", "missing", "< 60"], ["< 60", ">= 60", "missing"]),
        ({"column": "age", "cut": [30, 20, 20]}, ["19", "20", "29.5", "1e2"],
         ["< 20", "20 to < 30", "20 to < 30", ">= 30"], ["< 20", "20 to < 30", ">= 30"]),
        # an interval without a patient is still a level
        ({"column": "age", "cut": [0.5, 1]}, ["0.75"], ["0.5 to < 1"],
         ["< 0.5", "0.5 to < 1", ">= 1"]),
        ({"column": "age", "cut": []}, ["x"], ["x"], ["x"]),
        ({"column": "age"}, ["", ""], ["missing", "missing"], ["missing"]),
    ],
)  # fmt: skip
def test_levels(item, cells, levels, order):
    assert subgroup_levels(rows(*cells), item) == (levels, order)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1),
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=5),
)
def test_each_patient_is_in_one_level_and_levels_ascend(values, cuts):
    levels, order = subgroup_levels(rows(*map(repr, values)), {"column": "age", "cut": cuts})
    assert len(order) == len(set(cuts)) + 1 and set(levels) <= set(order)
    places = [order.index(level) for level in levels]
    for value, place in zip(values, places, strict=True):
        assert place == sum(value >= cut for cut in set(cuts))


def test_a_cell_that_cannot_be_cut():
    with pytest.raises(ValueError, match="'old' is no number"):
        subgroup_levels(rows("old"), {"column": "age", "cut": [60]})


def test_a_subgroup_is_called_by_its_label():
    assert subgroup_name({"column": "age", "label": "Age"}) == "Age"
    assert subgroup_name({"column": "age", "label": ""}) == subgroup_name({"column": "age"})


def test_what_fits_is_no_problem():
    table = rows("58", "", "61")
    assert not found([{"column": "age"}, {"column": "age", "cut": [60], "label": "cut"}], table)
    assert not found([], table) and not found([{"column": "age"}], [])


def test_an_unknown_column_is_named_with_those_there_are():
    (problem,) = found([{"column": "agee"}], [{**rows("1")[0], "_row": "2"}])
    assert (problem.file, problem.row, problem.column) == ("participants.csv", "1", "column agee")
    assert problem.found == "no such column; there are patient, age"
    assert "evaluation.subgroups" in problem.remedy


def test_every_cell_that_is_no_number_is_listed_with_its_row():
    problems = found([{"column": "age", "cut": [60]}], rows("58", "old", "", "6O"))
    assert [(p.row, p.found) for p in problems] == [("3", "'old'"), ("5", "'6O'")]
    own = [{**row, "_row": str(7 + k)} for k, row in enumerate(rows("58", "old"))]
    assert [p.row for p in found([{"column": "age", "cut": [60]}], own)] == ["8"]


def test_a_measure_needs_cuts():
    table = rows(*(f"{k}.5" for k in range(21)))
    (problem,) = found([{"column": "age"}], table)
    assert "21 different values" in problem.found and "`cut`" in problem.remedy
    assert not found([{"column": "age"}], table[:20])
    assert not found([{"column": "age", "cut": [10]}], table)


def test_two_subgroups_of_one_name():
    items = [{"column": "age"}, {"column": "age", "cut": [60]}]
    problems = found(items, rows("58", "61"))
    assert ["subgroups called age" in problem.found for problem in problems] == [True]
    with pytest.raises(StudyError, match="`label`"):
        problems.stop_if_any()
