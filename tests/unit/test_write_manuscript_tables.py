"""The Word and Excel files read back, against the tables that they were made from."""

import math
import re
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from jobs import job
from report_study import LOOK, write_study
from report_tables import OUTCOME
from write_manuscript_tables import main

from nomoflow.manuscript import Footnotes, Table, p_value, ratio
from nomoflow.manuscript_files import column_widths, printable
from nomoflow.run import read_rows

MODELS = ("nomogram", "radiomics", "image_features")
FORMULA = "=1+1"
NUMBER = re.compile(r"−?[0-9]+(?:[.][0-9]+)?")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"), hostile=FORMULA)


def write(study, folder: Path, language: str = "en"):
    given = study["input"]
    coefficients = [c for c in given["coefficients"] if Path(c).parent.name in MODELS]
    names = ("table1", "performance", "coefficients_out_of_fold")
    inputs = {name: given[name] for name in names} | {"coefficients": coefficients}
    output = {kind: folder / f"tables.{kind}" for kind in ("docx", "xlsx")}
    params = {"outcome": OUTCOME, "confidence": 0.95, "look": {**LOOK, "language": language}}
    main(job(inputs, output, params))
    return output


def of_docx(path) -> list[list[list[str]]]:
    """Rows of each table, a merged cell once."""
    return [
        [list(dict.fromkeys(c.text for c in row.cells)) if len({c._tc for c in row.cells}) == 1
         else [c.text for c in row.cells] for row in table.rows]
        for table in docx.Document(path).tables
    ]  # fmt: skip


def of_xlsx(path) -> list[list[list[str]]]:
    """Rows of each sheet below its title, without the notes."""
    found = []
    for sheet in openpyxl.load_workbook(path).worksheets:
        rows = [[c.value for c in row if c.value is not None] for row in sheet.iter_rows()]
        notes = [row[0].font.size for row in sheet.iter_rows()]
        found.append([row for row, size in zip(rows[1:], notes[1:], strict=True) if size == 10])
    return found


def numbers(text: str) -> list[float]:
    return [float(one.replace("−", "-")) for one in NUMBER.findall(text.replace("–", " "))]


def close(shown: list[float], expected: list[str], digits: int) -> bool:
    wanted = [float(cell) for cell in expected]
    half = 0.5 * 10**-digits + 1e-12
    return len(shown) == len(wanted) and all(
        abs(a - b) <= half for a, b in zip(shown, wanted, strict=True)
    )


@pytest.fixture(scope="module", params=["docx", "xlsx"])
def shown(request, study, tmp_path_factory):
    made = write(study, tmp_path_factory.mktemp(request.param))
    return {"docx": of_docx, "xlsx": of_xlsx}[request.param](made[request.param])


def test_table_1_says_what_the_csv_does(shown, study):
    rows = read_rows(study["input"]["table1"])
    sizes = [r["n"] for r in rows if r["variable"] == "patients"]
    head, *lines = shown[0]
    assert head[0] == "Characteristic" and head[-1] == "P"
    assert head[1:4] == [
        f"{name} (n = {n})" for name, n in zip(("All", "ccRCC", "AML.wovf"), sizes, strict=True)
    ]
    variables = dict.fromkeys(r["variable"] for r in rows if r["variable"] != "patients")
    assert len(lines) == len(variables)
    columns = {"count": (("n", "percent"), 1), "mean": (("mean", "sd"), 1),
               "median": (("median", "q1", "q3"), 1)}  # fmt: skip
    for line, name in zip(lines, variables, strict=True):
        own = {r["group"]: r for r in rows if r["variable"] == name}
        assert line[0].startswith(own["total"]["label"])
        for cell, group in zip(line[1:4], ("total", "positive", "negative"), strict=True):
            wanted, digits = columns[own[group]["summary"]]
            assert close(numbers(cell), [own[group][c] for c in wanted], digits), (name, cell)


def test_performance_says_what_the_csv_does(shown, study):
    rows = read_rows(study["input"]["performance"])
    heads = {"AUC": ("auc", 3), "Sensitivity": ("sensitivity", 3), "Specificity":
             ("specificity", 3), "Accuracy": ("accuracy", 3), "Calibration slope":
             ("calibration_slope", 2), "Brier score": ("brier", 3)}  # fmt: skip
    samples = {"Cross-validated": "cross_validated", ".632+": "corrected_632",
               "Harrell's": "corrected", "Apparent": "apparent"}  # fmt: skip
    names = {"Radiomics nomogram": "nomogram", "Radiomics signature": "radiomics",
             "Image-feature model": "image_features"}  # fmt: skip
    head, *lines = shown[1]
    assert head == ["Model", *heads]
    sample, seen = "", []
    for line in lines:
        if len(line) == 1:
            sample = samples[line[0]]
            seen.append(sample)
            continue
        for cell, (metric, digits) in zip(line[1:], heads.values(), strict=True):
            key = {"model": names[line[0]], "sample": sample, "metric": metric}
            found = [r for r in rows if key.items() <= r.items()]
            if cell == "—":
                assert not found
                continue
            ends = [found[0][n] for n in ("estimate", "ci_low", "ci_high") if found[0][n]]
            assert close(numbers(cell), ends, digits), (key, cell)
    assert seen == ["cross_validated", "corrected_632", "corrected", "apparent"]
    assert len(lines) == len(seen) * (1 + len(MODELS))


def test_coefficients_say_what_the_csv_does(shown, study):
    head, *lines = shown[2]
    assert head[-1] == "P" and "95 % CI" in head[3]
    parts = [[]]
    for line in lines:
        parts.append([]) if len(line) == 1 else parts[-1].append(line)
    tables = {Path(c).parent.name: read_rows(c) for c in study["input"]["coefficients"]}
    expected = [tables["nomogram"], read_rows(study["input"]["coefficients_out_of_fold"]),
                tables["radiomics"], tables["image_features"]]  # fmt: skip
    assert len(parts) - 1 == len(expected)
    for part, rows in zip(parts[1:], expected, strict=True):
        assert len(part) == len(rows)
        for line, row in zip(part, rows, strict=True):
            both = [row[n] for n in ("coefficient", "se") if row[n]]
            assert close(numbers(line[2]), both, 2) or line[2] == "—"
            odds = [row[n] for n in ("odds_ratio", "or_low", "or_high")]
            if line[3] != "—" and not re.search("[<>]", line[3]):
                assert close(numbers(line[3]), odds, 2)


def test_patients_without_a_value_are_counted(study, tmp_path):
    notes = [p.text for p in docx.Document(write(study, tmp_path)["docx"]).paragraphs]
    rows = read_rows(study["input"]["table1"])
    label = next(row["label"] for row in rows if row["missing"] == "2")
    assert f"Patients without a value: {label} 2." in notes
    assert "* Student's t" in notes and "† chi-square" in notes


def test_nothing_is_a_formula(study, tmp_path):
    made = write(study, tmp_path)
    texts = 0
    for sheet in openpyxl.load_workbook(made["xlsx"]).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n") and (cell.data_type == "s") == bool(cell.value)
                texts += FORMULA in str(cell.value)
    assert texts  # the label that would compute is there, as text
    with zipfile.ZipFile(made["xlsx"]) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())


def test_the_same_bytes_and_no_date_or_name(study, tmp_path):
    first, second = (write(study, tmp_path / turn) for turn in ("one", "two"))
    for kind in first:
        assert first[kind].read_bytes() == second[kind].read_bytes()
        with zipfile.ZipFile(first[kind]) as parts:
            assert {part.date_time[0] for part in parts.infolist()} == {1980}
            core = parts.read("docProps/core.xml").decode("utf-8")
            assert "dcterms" not in core and "nomoflow" in core and "python" not in core


def test_both_languages(study, tmp_path):
    for read, kind in ((of_docx, "docx"), (of_xlsx, "xlsx")):
        tables = read(write(study, tmp_path, "zh")[kind])
        assert tables[0][0][0] == "特征" and tables[1][0][0] == "模型"
        assert any("影像组学列线图" in line[0] for line in tables[1])


@pytest.mark.parametrize(
    ("p", "said"),
    [("0.0004", "<0.001"), ("0.0016", "0.002"), ("0.0461", "0.046"), ("0.0549", "0.055"),
     ("0.12", "0.12"), ("0.996", ">0.99"), ("", "—"), ("0.044", "0.04"), ("1.0", ">0.99")],
)  # fmt: skip
def test_p_values_as_journals_print_them(p, said):
    assert p_value(p) == said


def test_ratios_and_marks():
    assert [ratio(x) for x in (0.004, 0.257, 13738.1, math.nan)] == ["<0.01", "0.26", ">1000", "—"]
    notes = Footnotes()
    marks = [notes.mark(text) for text in ("one", "two", "one", "", *map(str, range(6)))]
    assert marks == ["*", "†", "*", "", "‡", "§", "‖", "¶", "#", "**"]
    assert notes.lines()[0] == "* one"


def test_what_no_document_can_hold_is_replaced():
    assert printable("a\x00b\x0cc\td") == "a\ufffdb\ufffdc\td"


def test_columns_are_as_wide_as_their_texts_and_no_wider_than_the_page():
    long = Table("T", ["Term", "P"], [["late_original_glcm_JointEnergy" * 6, "0.01"]], [])
    short = Table("T", ["Term", "P"], [["Age", "0.01"]], [])
    assert sum(column_widths(long)) == pytest.approx(257)
    assert column_widths(long)[1] == column_widths(short)[1] < column_widths(short)[0] + 5


def test_a_row_stays_on_one_page_and_a_note_within_the_table(study, tmp_path):
    made = write(study, tmp_path)
    for table in docx.Document(made["docx"]).tables:
        assert all(row._tr.xpath("./w:trPr/w:cantSplit") for row in table.rows)
    for sheet in openpyxl.load_workbook(made["xlsx"]).worksheets:
        wide = max(len(row) for row in of_xlsx(made["xlsx"])[0])
        assert sheet.merged_cells.ranges and wide > 1
        for merged in sheet.merged_cells.ranges:
            assert sheet.row_dimensions[merged.min_row].height >= 12.5
