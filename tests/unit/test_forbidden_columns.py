"""Columns by which a participants table would name its patients."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.forbidden_columns import OF_COLUMN, compared, forbidden
from nomoflow.participants import read_participants
from nomoflow.problems import Problems

ROOT = Path(__file__).resolve().parents[2]
COHORT = {
    "participants": "people.csv", "id": "id", "outcome": {"column": "y"}, "predictors": [],
    "include": [], "exclude": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "what"),
    [
        *((name, "a name") for name in ("Name", "SURNAME", "first_name", "Patient's Name",
            "patient name", "Nachname, Vorname", "Prénom", "nom", "姓名", "患者 姓名", "氏名")),
        *((name, "a date of birth") for name in ("DOB", "date of birth", "Birth-Date", "birthday",
            "Geburtsdatum", "date de naissance", "出生日期", "Patient DOB", "dob_1")),
        *((name, "an address or telephone number") for name in ("Address", "Telefon", "e-mail",
            "Straße", "adresse", "phone no.", "电话", "住址", "手 机 号")),
        *((name, "a number of the patient elsewhere") for name in ("MRN", "national id",
            "Accession Number", "NHS number", "Krankenversichertennummer", "身份证号", "病历号",
            "住院号", "n° sécurité sociale")[:-1]),
    ],
)  # fmt: skip
def test_forbidden(column, what):
    assert forbidden(column)[0] == what
    assert forbidden(f" {column.upper()}_")[0] == what


@pytest.mark.parametrize(
    "column",
    [
        "id", "patient", "patient_id", "case", "subject", "age", "sex", "diagnosis", "diameter_mm",
        "grade", "n", "nominal", "phase_name_x", "scanner_name", "cell_count", "mailed", "pt_stage",
        "address_known", "birth_weight", "telangiectasia", "centre", "年龄", "性别", "诊断", "",
        "phonation", "namely", "tumour_name",
    ],
)  # fmt: skip
def test_allowed(column):
    assert forbidden(column) is None


@pytest.mark.parametrize("table", sorted((ROOT / "config").glob("*/participants.csv")))
def test_the_projects_own_tables_are_allowed(table):
    header = table.read_text(encoding="utf-8").partition("\n")[0].split(",")
    assert not [column for column in header if forbidden(column)]


def test_every_word_is_written_as_it_is_compared():
    assert {word for word in OF_COLUMN if forbidden(word) is None} == set()
    assert {w for w in OF_COLUMN if w.isascii() and compared(w) != w} == set()


@given(st.text())
def test_any_heading_can_be_judged(column):
    forbidden(column)


def test_the_table_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("id,y,Name,Date of Birth\nA1,x,Doe,1950\n", encoding="utf-8")
    problems = Problems()
    read_participants(COHORT, problems)
    assert [(p.column, p.row) for p in problems] == [
        ("column Name", "1"), ("column Date of Birth", "1")
    ]  # fmt: skip
    assert "age in years instead" in problems[1].remedy
    assert "Doe" not in str(problems)


def test_key_column_may_be_called_id_but_not_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("name,y\nA1,x\n", encoding="utf-8")
    problems = Problems()
    read_participants(COHORT | {"id": "name"}, problems)
    assert [p.column for p in problems] == ["column name"]
