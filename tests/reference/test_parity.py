"""nomoflow beside R, one row a statistic; and docs/parity.md, which shows the same rows."""

import importlib.util
import math
from pathlib import Path

import pytest
from reference.parity import COLUMNS, Row, cells, compare, number, rows_of, tolerance
from reference.parity_data import COHORTS, References, references
from reference.parity_page import INTRODUCTION, PAGE, ROWS, VERSIONS

ROOT = Path(__file__).resolve().parents[2]
FEWEST = 40
NAN = float("nan")
PARTS = list(dict.fromkeys((row.section, row.data_set) for row in ROWS))
REWRITE = "docs/parity.md is behind: uv run python tools/write_parity.py"


@pytest.fixture(scope="module")
def sources(study_data, reference) -> References:
    return references(study_data, reference)


@pytest.fixture(scope="module")
def written() -> list[dict[str, str]]:
    return rows_of((ROOT / PAGE).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("section", "data_set"), PARTS, ids=str)
def test_rows(sources, section, data_set):
    """All rows of a part are checked before any is complained of."""
    complaints = []
    for row in ROWS:
        if (row.section, row.data_set) == (section, data_set):
            found = compare(row, sources)
            if not found.agrees:
                complaints.append(
                    f"{row.statistic}, {row.r_call}: R {found.r}, nomoflow {found.ours}, largest "
                    f"difference of {found.count}: {found.difference} {row.per}, allowed "
                    f"{row.tolerance}"
                )
    assert not complaints, "\n" + "\n".join(complaints)


def test_the_rows_are_many_and_of_all_data_sets():
    assert len(ROWS) == len({row.key for row in ROWS}) >= FEWEST
    for name in COHORTS:
        assert sum(row.data_set == name for row in ROWS) >= FEWEST


def test_an_r_call_stays_one_piece_of_code():
    assert not [row.key for row in ROWS if "`" in row.r_call]


def test_a_tolerance_is_nothing_or_a_small_power_of_ten():
    for row in ROWS:
        assert row.tolerance == 0 or row.tolerance == float(f"1e{round(math.log10(row.tolerance))}")
        assert row.tolerance <= 1e-3


# --- The page ---------------------------------------------------------------------------------


def test_the_page_names_each_row(written):
    """Without the data, too: the page holds the rows, in their order, and the introduction."""
    assert (ROOT / PAGE).read_text(encoding="utf-8").startswith(INTRODUCTION), REWRITE
    named = [(row.statistic, f"`{row.r_call}`", row.data_set, tolerance(row)) for row in ROWS]
    columns = ("statistic", "R call", "data set", "tolerance")
    assert [tuple(row[column] for column in columns) for row in written] == named, REWRITE


def test_the_page_holds_the_values(sources, written):
    """All but the last digits of our value and the difference, which a machine may change."""
    for row, shown in zip(ROWS, written, strict=True):
        found = compare(row, sources)
        now = dict(zip(COLUMNS, cells(found), strict=True))
        for column in set(COLUMNS) - {"nomoflow", "difference"}:
            assert shown[column] == now[column], f"{row.key}: {REWRITE}"
        if row.tolerance == 0:
            assert shown["nomoflow"] == now["nomoflow"], f"{row.key}: {REWRITE}"
            assert shown["difference"] == "none"
            continue
        scale = abs(float(found.ours))
        allowed = 1e-9 * scale + row.tolerance * (scale if row.per else 1)
        assert abs(float(shown["nomoflow"]) - float(found.ours)) <= allowed, f"{row.key}: {REWRITE}"
        assert float(shown["difference"].removeprefix("< ")) <= row.tolerance * (1 + 1e-9), row.key


def test_the_page_counts_its_rows(sources):
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    values = sum(compare(row, sources).count for row in ROWS)
    assert f"| together | {len(ROWS)} | {values} |" in text, REWRITE


def test_the_versions_are_those_that_r_reported(sources):
    for name in COHORTS:
        meta = sources.cohort(name).r["meta"]
        assert f"R version {VERSIONS['R']} " in meta["R"]
        for package, version in meta["versions"].items():
            assert VERSIONS[package].replace("-", ".") == version


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location("write_parity", ROOT / "tools/write_parity.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tool_writes_the_page(tool, sources, study_data, reference, tmp_path, written):
    place = tmp_path / "parity.md"
    folders = ["--data", str(study_data), "--reference", str(reference)]
    assert tool.main([*folders, "--page", str(place)]) == 0
    names = ("statistic", "R call", "data set", "values", "R", "tolerance")
    new = rows_of(place.read_text(encoding="utf-8"))
    assert [[row[n] for n in names] for row in new] == [[row[n] for n in names] for row in written]


def test_the_tool_without_the_data(tool, tmp_path, capsys):
    assert tool.main(["--data", str(tmp_path / "none"), "--page", str(tmp_path / "page.md")]) == 2
    assert "--data" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


# --- A row that differs is seen ---------------------------------------------------------------


def row_of(r, ours, tolerance=1e-6, per="", **more):
    return Row("s", "statistic", "call()", "set", lambda _: (r, ours), tolerance, per, **more)


@pytest.mark.parametrize(
    "row",
    [
        row_of(1.0, 1.0 + 2e-6),
        row_of([1.0, 2.0], [1.0, NAN]),
        row_of([1.0, 2.0], [1.0, 2.0 + 3e-6], per="relative", tolerance=1e-6),
        row_of([1, 2], [1, 3], tolerance=0),
        row_of(1, NAN, tolerance=0),
        row_of(["a", "b"], ["a", "c"], tolerance=0, per="names"),
        row_of(["a"], [], tolerance=0, per="names"),
        row_of(0.0, 1e-3, per="relative"),
    ],
)
def test_a_difference_is_seen(row):
    assert not compare(row, None).agrees


@pytest.mark.parametrize("ours", [[1.0], [], [[1.0, 2.0]]])
def test_values_of_other_lengths_are_refused(ours):
    with pytest.raises(AssertionError, match="statistic"):
        compare(row_of([1.0, 2.0], ours), None)


def test_a_unit_of_its_own():
    row = Row("s", "t", "c()", "d", lambda _: ([1.0, 2.0], [1.0, 2.2], [1.0, 4.0]), 0.1, "of an SE")
    assert compare(row, None).difference == pytest.approx(0.05)


def test_what_is_printed():
    found = compare(row_of([1 / 3, 2e-9], [1 / 3 + 1e-13, 1e-9], shown=0), None)
    assert cells(found)[3:] == ("2", "0.3333333333", "0.3333333333", "< 1e-8", "1e-6")
    found = compare(row_of([1 / 3, 2e-9], [1 / 3, 1e-9], shown=1), None)
    assert cells(found)[4:6] == ("2e-09", "0")
    assert number(12345678901.0) == "1.23456789e+10"
