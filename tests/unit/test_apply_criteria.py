import pytest
from apply_criteria import main
from hypothesis import given
from hypothesis import strategies as st
from jobs import job

from nomoflow.criteria import apply_criteria, holds
from nomoflow.image_problems import PROBLEM_COLUMNS
from nomoflow.run import read_rows, write_rows

OVER_4_CM = {"column": "size", "op": "<=", "value": 40, "reason": "larger than 4 cm"}
TREATED = {"column": "treated", "op": "==", "value": "yes", "reason": "treated before"}


def patients(*cells):
    return [
        {"patient": f"P{i}", "size": size, "treated": treated}
        for i, (size, treated) in enumerate(cells)
    ]


def test_criteria_are_applied_in_order_with_a_count_after_each():
    rows = patients(("12", "no"), ("41", "yes"), ("40", "yes"), ("40.5", "no"))
    included, exclusions, flow = apply_criteria(rows, [OVER_4_CM], [TREATED])
    assert [row["patient"] for row in included] == ["P0"]
    assert [step["remaining"] for step in flow] == [4, 2, 1]
    # P1 fails both and is counted once, for the first.
    assert [(row["patient"], row["reason"]) for row in exclusions] == [
        ("P1", "larger than 4 cm"),
        ("P3", "larger than 4 cm"),
        ("P2", "treated before"),
    ]


@given(st.lists(st.tuples(st.integers(1, 80).map(str), st.sampled_from(["yes", "no"]))))
def test_everyone_is_included_or_excluded_once(cells):
    rows = patients(*cells)
    included, exclusions, flow = apply_criteria(rows, [OVER_4_CM], [TREATED])
    names = [row["patient"] for row in included] + [row["patient"] for row in exclusions]
    assert sorted(names) == sorted(row["patient"] for row in rows)
    assert flow[0]["remaining"] - sum(step["removed"] for step in flow) == len(included)


@pytest.mark.parametrize(
    ("op", "value", "cell", "expected"),
    [
        ("<", 3, "2.5", True),
        (">=", 3, "3", True),
        ("==", "yes", "yes", True),
        ("==", 1, "1.0", True),
        ("!=", "yes", "no", True),
        ("in", ["a", "b"], "c", False),
        ("missing", None, "", True),
        ("present", None, "", False),
    ],
)
def test_comparisons(op, value, cell, expected):
    assert holds({"x": cell}, {"column": "x", "op": op, "value": value}) is expected


@pytest.mark.parametrize(("cell", "message"), [("", "an empty cell"), ("big", "no number")])
def test_what_cannot_be_compared_is_an_error(cell, message):
    with pytest.raises(ValueError, match=message):
        holds({"size": cell}, OVER_4_CM)


def test_a_problem_with_the_analysed_reading_costs_the_patient(tmp_path):
    problems = [
        dict.fromkeys(PROBLEM_COLUMNS, "x") | {"patient": "P1", "reading": "a1"},
        dict.fromkeys(PROBLEM_COLUMNS, "x") | {"patient": "P2", "reading": "b1"},
        dict.fromkeys(PROBLEM_COLUMNS, "x")
        | {"patient": "P2", "reading": "a1", "severity": "warning"},
    ]
    write_rows(problems, tmp_path / "problems.csv", PROBLEM_COLUMNS)
    (tmp_path / "table.csv").write_text("key, age\nP1, 3\nP2,4 \nP3,5\n")
    results = {
        name: tmp_path / f"{name}.csv" for name in ("participants", "exclusions", "criteria")
    }
    main(
        job(
            {"participants": tmp_path / "table.csv", "problems": tmp_path / "problems.csv"},
            results,
            {"included": ["P1", "P2"], "exclusions": [], "flow": [], "id": "key"},
        )
    )
    assert read_rows(results["participants"]) == [{"patient": "P2", "key": "P2", "age": "4"}]
    assert [row["patient"] for row in read_rows(results["exclusions"])] == ["P1", "P2"]
    assert read_rows(results["criteria"])[-1]["removed"] == "1"
