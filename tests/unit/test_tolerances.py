"""Two versions of a file compared: what passes, what does not, and how far they are said to be."""

import json
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from nomoflow.tolerances import compare_files, read_tolerances

FILE = Path(__file__).resolve().parents[2] / "config/tolerances.yaml"
HALF = {"tolerances": [{"files": "*", "relative": 1e-6, "absolute": 1e-9}], "bytes": ["*.pdf"]}


def compared(folder, name, expected, found, tolerances=HALF):
    paths = [folder / side / name for side in ("expected", "found")]
    for path, content in zip(paths, (expected, found), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return compare_files(*paths, name, tolerances)


@pytest.mark.parametrize(
    ("name", "expected", "found", "state"),
    [
        ("a.csv", "x,y\na,1.0\n", "x,y\na,1.0000009\n", "within"),
        ("a.csv", "x,y\na,1.0\n", "x,y\na,1.000002\n", "beyond"),
        ("a.csv", "x,y\na,0.0\n", "x,y\na,9e-10\n", "within"),
        ("a.csv", "x,y\na,0.0\n", "x,y\na,2e-9\n", "beyond"),
        ("a.csv", "x,y\na,1\n", "x,y\nb,1\n", "beyond"),
        ("a.csv", "x,y\na,1\n", "x,y\na,\n", "beyond"),
        ("a.csv", "x,y\na,nan\n", "x,y\na,NaN\n", "within"),
        ("a.csv", "x,y\na,1\n", "x,y\na,inf\n", "beyond"),
        ("a.csv", "x,y\na,1\n", "x,y\na,1\nb,2\n", "beyond"),
        ("a.csv", "x,y\na,1\n", "y,x\n1,a\n", "beyond"),
        ("a.csv", "x,y\n", "x,z\n", "beyond"),
        ("a.csv", "x,y\n1,2,3\n", "x,y\n1,2\n", "beyond"),
        ("a.csv", "x,y\n", "", "beyond"),
        ("a.json", '{"a": [1, true]}', '{"a": [1.0000001, true]}', "within"),
        ("a.json", '{"a": [1, true]}', '{"a": [1, 1.5]}', "beyond"),
        ("a.json", '{"a": 1}', '{"b": 1}', "beyond"),
        ("a.json", '{"a": 1}', "{", "beyond"),
        ("a.json", '{"a": "' + "a1" * 32 + '"}', '{"a": "' + "b2" * 32 + '"}', "within"),
        ("a.svg", '<p d="M 1 2.5"/>', '<p d="M 1 2.5000001"/>', "within"),
        ("a.svg", '<p d="M 1 2.5"/>', '<p d="M 1 2.6"/>', "beyond"),
        ("a.svg", '<p d="M 1 2.5"/>', '<p d="L 1 2.5"/>', "beyond"),
        ("a.svg", 'url(#pf12191eef9)', "url(#pc5b952382f)", "within"),
        ("a.html", "model 0123456789ab", "model ba9876543210", "within"),
        ("a.pdf", "%PDF 1", "%PDF 2", "bytes"),
        ("a.bin", "a", "b", "beyond"),
    ],
)  # fmt: skip
def test_values_within_and_beyond(tmp_path, name, expected, found, state):
    assert compared(tmp_path, name, expected, found)["state"] == state


def test_the_largest_difference_is_told_with_its_place(tmp_path):
    table = "patient,auc,p\nA,{},1e-14\nB,{},0.5\n"
    made = compared(tmp_path, "a.csv", table.format(2.0, 4.0), table.format(2.000001, 4.0000004))
    assert made["state"] == "within"
    assert made["place"] == "auc, row 1"
    assert made["relative"] == pytest.approx(5e-7, rel=1e-3)
    assert made["absolute"] == pytest.approx(1e-6, rel=1e-3)
    assert made["values"] == 6


def test_what_is_next_to_nothing_has_no_relative_difference(tmp_path):
    made = compared(tmp_path, "a.csv", "x\n1e-15\n", "x\n3e-15\n")
    assert (made["state"], made["relative"]) == ("within", 0.0)


def test_parquet_is_compared_by_value(tmp_path):
    paths = [tmp_path / f"{side}.parquet" for side in ("expected", "found")]
    for path, value in zip(paths, (1.0, 1.0000001), strict=True):
        parquet.write_table(pyarrow.table({"patient": ["A"], "f": [value]}), path)
    assert compare_files(*paths, "features/CT.parquet", HALF)["state"] == "within"
    strict = read_tolerances(FILE)
    assert compare_files(*paths, "features/CT.parquet", strict)["state"] == "beyond"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-0.9, 0.9))
def test_a_value_moved_by_less_than_its_tolerance_passes(tmp_path_factory, value, share):
    moved = value + share * (1e-9 + 1e-6 * abs(value))
    folder = tmp_path_factory.getbasetemp() / "moved"
    texts = [json.dumps({"a": one}) for one in (value, moved)]
    assert compared(folder, "a.json", *texts)["state"] == "within"


@given(st.floats(-1e200, 1e200), st.sampled_from([-1.1, 1.1]))
def test_a_value_moved_by_more_does_not(tmp_path_factory, value, share):
    moved = value + share * (1e-9 + 1e-6 * abs(value))
    folder = tmp_path_factory.getbasetemp() / "moved"
    texts = [json.dumps({"a": one}) for one in (value, moved)]
    assert compared(folder, "a.json", *texts)["state"] == "beyond"


def test_the_projects_own_tolerances_have_one_for_each_file():
    tolerances = read_tolerances(FILE)
    assert tolerances["tolerances"][-1]["files"] == "*"
    for one in tolerances["tolerances"]:
        assert set(one) == {"files", "relative", "absolute"}
        assert 0 < one["absolute"] <= 2e-3
        assert 0 < one["relative"] <= 1e-2
