"""Spreadsheets as people keep them, read back as what their author meant."""

import csv
import datetime
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.problems import StudyError
from nomoflow.sheets import decoded, read_sheets

ROWS = [["P1", "51", "男"], ["P2", "62", "女"]]


def written(tmp_path, text, encoding="utf-8", name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def workbook(tmp_path):
    """Write sheets (name: rows of cells, merged ranges) as .xlsx."""
    openpyxl = pytest.importorskip("openpyxl")

    def write(sheets, name="table.xlsx"):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, (rows, merged) in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
            for cells in merged:
                sheet.merge_cells(cells)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_encodings_and_separators(tmp_path, encoding, mark):
    lines = [["编号", "年龄", "性别"], *ROWS]
    path = written(tmp_path, "\r\n".join(map(mark.join, lines)), encoding)
    (sheet,) = read_sheets(path)
    assert sheet.columns == lines[0] and sheet.rows == ROWS


def test_german_text_is_not_taken_for_chinese(tmp_path):
    (sheet,) = read_sheets(written(tmp_path, "id;Größe\nA;klein\nB;groß\n", "cp1252"))
    assert sheet.columns == ["id", "Größe"]
    assert sheet.rows == [["A", "klein"], ["B", "groß"]]
    assert any("Windows-1252" in remark for remark in sheet.remarks)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4))
def test_common_chinese_text_survives(text):
    common = "".join(one for one in text if one.encode("gb2312", "ignore")[:1] < b"\xd8")
    common = common.encode("gb2312", "ignore").decode("gb2312")
    assert decoded(("编号,年龄,性别\n" + common).encode("gb18030"))[0].endswith(common)


def test_decimal_commas_and_cells_with_a_comma(tmp_path):
    text = "id;size_mm;note\nA;12,5;left, upper\nB;8;1,2\n"
    (sheet,) = read_sheets(written(tmp_path, text))
    assert sheet.rows == [["A", "12.5", "left, upper"], ["B", "8", "1,2"]]


def test_two_rows_of_names_without_merged_cells(tmp_path):
    text = "患者,,CT征象,\n编号,年龄,假包膜,高密度\nP1,50,有,无\nP2,60,无,有\n"
    (sheet,) = read_sheets(written(tmp_path, text))
    assert sheet.columns == ["编号", "年龄", "假包膜", "高密度"]
    assert len(sheet.rows) == 2


def test_a_missing_name_is_no_second_row_of_names(tmp_path):
    (sheet,) = read_sheets(written(tmp_path, "id,,sex\nA,1,f\nB,2,m\n"))
    assert sheet.columns == ["id", "", "sex"] and len(sheet.rows) == 2


def test_merged_names_titles_and_values_of_a_workbook(workbook):
    rows = [
        ["Renal masses 2018-2021"],
        ["编号", "Reader a", None, "Reader b", None, "CT date"],
        [None, "cyst", "fat", "cyst", "fat", None],
        ["P1", True, 1.0, False, 2.5, datetime.datetime(2024, 5, 31)],
        ["P2", False, "#N/A", True, 3, None],
    ]
    merged = ["A1:F1", "A2:A3", "B2:C2", "D2:E2", "F2:F3"]
    (sheet,) = read_sheets(workbook({"数据": (rows, merged), "empty": ([], [])}))
    assert sheet.columns == [
        "编号", "Reader a cyst", "Reader a fat", "Reader b cyst", "Reader b fat", "CT date",
    ]  # fmt: skip
    assert sheet.rows == [
        ["P1", "yes", "1", "no", "2.5", "2024-05-31"],
        ["P2", "no", "", "yes", "3", ""],
    ]


def test_line_breaks_and_empty_columns(workbook):
    rows = [["id", "age\n(years)", None], ["A", 50, None], [None, None, None], ["B", 60, None]]
    (sheet,) = read_sheets(workbook({"one": (rows, [])}))
    assert sheet.columns == ["id", "age (years)"] and sheet.rows == [["A", "50"], ["B", "60"]]


def test_hidden_sheets_are_not_read(workbook):
    import openpyxl

    path = workbook({"shown": ([["id", "x"], ["A", 1]], []), "old": ([["id", "x"], ["B", 2]], [])})
    book = openpyxl.load_workbook(path)
    book["old"].sheet_state = "hidden"
    book.save(path)
    assert [sheet.name for sheet in read_sheets(path)] == ["shown"]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("table.xls", b"x", "ends in .xls"),
        ("table.xlsx", b"no workbook", "unreadable"),
        ("table.csv", b"", "no table"),
        ("table.csv", b"id,age\n", "no table"),
        ("gone.csv", None, "no such file"),
    ],
)
def test_files_that_are_no_table(tmp_path, name, content, found):
    if name.endswith("x"):
        pytest.importorskip("openpyxl")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=found) as told:
        read_sheets(tmp_path / name)
    assert "remedy" in str(told.value)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=5)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6))
def test_text_is_read_as_it_was_written(tmp_path_factory, rows):
    text = io.StringIO()
    csv.writer(text).writerows([("key", "value"), *((f"k{a}", f"v{b}") for a, b in rows)])
    path = tmp_path_factory.mktemp("text") / "table.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    (sheet,) = read_sheets(path)
    import unicodedata

    wanted = [[unicodedata.normalize("NFC", cell) for cell in (f"k{a}", f"v{b}")] for a, b in rows]
    assert sheet.columns == ["key", "value"] and sheet.rows == wanted
