"""Any content of the study's tables gives a study, or a message that says what to mend.

No path of a scan ever leads out of the study's folders.
"""

import csv
import io
import os
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nomoflow.configuration import read_yaml
from nomoflow.problems import StudyError
from nomoflow.study import load_study

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "config/schemas/config.schema.yaml"
DEFAULTS = ROOT / "config/config.yaml"
PEOPLE = "key,diagnosis,age,sign"
SCANS = "patient,phase,reading,image,mask,label"
SAME_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120
)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study in a folder beside which something secret lies, with links that lead to it."""
    folder = tmp_path / "study"
    (folder / "images").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("nomoflow.study.read_yaml", cache(read_yaml))  # the schema, each time
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/a.nii").touch()
    (tmp_path / "secret.nii").touch()
    os.symlink(tmp_path / "secret.nii", folder / "link.nii")
    os.symlink(tmp_path / "secret", folder / "linked")
    os.symlink(folder / "loop.nii", folder / "loop.nii")
    os.symlink(folder / "images/i.nii", folder / "good.nii")
    for name in ("images/i.nii", "images/m.nii"):
        (folder / name).touch()
    (folder / "settings.yaml").write_text("imageType: {Original: {}}\n", encoding="utf-8")
    config = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    config["study"] = "mine"
    config["cohort"] = {
        "participants": "people.csv",
        "id": "key",
        "outcome": {"column": "diagnosis", "positive": "yes", "negative": "no"},
        "predictors": [
            {"name": "age", "kind": "continuous", "unit": "years"},
            {"name": "sign", "kind": "binary", "positive": "x"},
        ],
        "include": [{"column": "age", "op": "<=", "value": 90, "reason": "old"}],
        "exclude": [],
    }
    config["images"] |= {"scans": "scans.csv", "phases": ["early"], "roots": ["images"]}
    config["features"]["settings"] = "settings.yaml"
    config["evaluation"]["subgroups"] = []
    write()
    return config


def people():
    return [
        [f"{i:04d}", "yes" if i % 2 else "no", str(50 + i), "x" if i % 3 else "y"]
        for i in range(10)
    ]


def scans():
    return [[f"{i:04d}", "early", "a1", "i.nii", "m.nii", ""] for i in range(10)]


def table(header, rows) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header.split(","), *rows])
    return text.getvalue().encode("utf-8", "surrogatepass")


def write(people_table=None, scans_table=None):
    Path("people.csv").write_bytes(people_table or table(PEOPLE, people()))
    Path("scans.csv").write_bytes(scans_table or table(SCANS, scans()))


def loaded(config):
    """The study, or None where it was refused with all that a user needs."""
    try:
        study = load_study(config, SCHEMA, DEFAULTS)
    except StudyError as error:
        for problem in error.problems:
            assert problem.file and problem.found and problem.allowed and problem.remedy
            assert "\x1b" not in str(problem) and "\0" not in str(problem)
        return None
    here = Path.cwd().resolve()
    for scan in study.scans:
        for part in ("image", "mask"):
            assert Path(scan[part].partition("#")[0]).resolve().is_relative_to(here), scan
    keys = [row["patient"] for row in study.participants]
    assert all(Path(key).name == key and key not in (".", "..") for key in keys)
    assert len({key.casefold() for key in keys}) == len(keys) >= 8
    return study


def test_the_study_itself_is_loaded(study):
    assert len(loaded(study).scans) == 10


ANY_TEXT = st.text(st.characters(), max_size=40)
NASTY = st.sampled_from(
    ["", " ", "\0", "\x1b[31m", "\ufeff", "=1+1", "@x", "nan", "inf", "1e999", "-0", "𝟙𝟚", "٣", "½",
     "'", '"', '""', ",", "\n", "\r", "a\r\nb", "\u202e", "x" * 200_000, "../..", "{0}", "%s",
     "None", "1_000", "0x10", "\ud800"]
)  # fmt: skip
CELL = NASTY | ANY_TEXT
PATHS = st.sampled_from(
    ["../secret.nii", "link.nii", "linked/a.nii", "linked", "loop.nii", "/etc/passwd", "~",
     "~/secret.nii", "~root", "..", ".", "./", "/", "//", "images/..", "images/../../secret.nii",
     "images/i.nii/..", "images/i.nii/../../../secret.nii", "http://host/x.nii", "file:///etc/passwd",
     "\\\\host\\share", "C:\\x.nii", "images\\i.nii", "simulated/../../secret.nii", "simulated",
     "simulated/x/0001/early.nii.gz", "simulated/../..", "x" * 300, "a/" * 3000, "#", "#1.2",
     "images#1.2.3", "i.nii#1", "..#1", "../secret#1", "link.nii#", "a\0b", "$HOME/secret.nii",
     "i.nii\n", " i.nii", "linked/../../secret.nii", "good.nii", "../study/images/i.nii",
     "/dev/null", "/dev/zero", "/proc/self/mem", "images/", "|ls", "; ls", "*", "?.nii", "CON",
     "\ud800.nii"]
)  # fmt: skip


@SAME_FOLDER
@given(st.integers(0, 9), st.integers(0, 3), CELL)
def test_any_cell_of_the_participants(study, row, column, cell):
    rows = people()
    rows[row][column] = cell
    write(table(PEOPLE, rows))
    loaded(study)


@SAME_FOLDER
@given(st.integers(0, 9), st.integers(0, 5), CELL)
def test_any_cell_of_the_scans(study, row, column, cell):
    rows = scans()
    rows[row][column] = cell
    write(scans_table=table(SCANS, rows))
    loaded(study)


@SAME_FOLDER
@given(
    st.integers(0, 9),
    st.sampled_from((3, 4)),
    PATHS | ANY_TEXT,
    st.sampled_from(("stop", "exclude")),
)
def test_any_path(study, row, column, cell, policy):
    rows = scans()
    rows[row][column] = cell
    write(scans_table=table(SCANS, rows))
    study["images"]["on_problem"] = policy
    made = loaded(study)
    if cell in ("../secret.nii", "link.nii", "linked/a.nii", "/etc/passwd", "..", "../secret#1"):
        assert made is None


@SAME_FOLDER
@given(st.sampled_from((PEOPLE, SCANS)), st.lists(CELL, min_size=1, max_size=8))
def test_any_header(study, which, names):
    rows = people() if which == PEOPLE else scans()
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, *rows])
    content = text.getvalue().encode("utf-8", "surrogatepass")
    write(*([content, None] if which == PEOPLE else [None, content]))
    assert loaded(study) is None


@SAME_FOLDER
@given(
    st.sampled_from((0, 1)), st.lists(st.lists(CELL, max_size=6), max_size=5), st.integers(0, 10)
)
def test_ragged_rows(study, which, more, at):
    rows = [people(), scans()][which]
    rows[at:at] = more
    content = table([PEOPLE, SCANS][which], rows)
    write(*([content, None] if which == 0 else [None, content]))
    loaded(study)


@SAME_FOLDER
@given(st.sampled_from((0, 1)), st.binary(max_size=300), st.integers(0, 60), st.booleans())
@example(0, b"\0", 5, True)
@example(1, b'"', 5, True)
def test_any_bytes(study, which, content, at, within):
    whole = [table(PEOPLE, people()), table(SCANS, scans())][which]
    content = whole[:at] + content + whole[at:] if within else content
    write(*([content or b"\n", None] if which == 0 else [None, content or b"\n"]))
    loaded(study)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "gbk", "latin-1", "utf-7"])
@pytest.mark.parametrize("which", [0, 1])
def test_other_encodings(study, which, encoding):
    rows = [people(), scans()][which]
    # The Chinese character and the umlaut exist in each of them, or in none.
    rows[0][-1] = "ü" if encoding == "latin-1" else "中"
    content = table([PEOPLE, SCANS][which], rows).decode().encode(encoding)
    write(*([content, None] if which == 0 else [None, content]))
    assert encoding == "utf-7" or loaded(study) is None


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("line", ["\r\n", "\n", "\r"])
def test_line_ends_and_byte_order_mark(study, mark, line):
    write(mark + table(PEOPLE, people()).replace(b"\r\n", line.encode()),
          mark + table(SCANS, scans()).replace(b"\r\n", line.encode()))  # fmt: skip
    assert len(loaded(study).scans) == 10


def test_huge_cell_and_row(study):
    for rows in ([["0000", "yes", "1" * 1_000_000, "x"]], [["0000"] * 100_000]):
        write(table(PEOPLE, people() + rows))
        assert loaded(study) is None


@pytest.mark.parametrize("name", ["images", "nowhere.csv", "loop.nii", "link.nii"])
@pytest.mark.parametrize("key", [("cohort", "participants"), ("images", "scans")])
def test_a_table_that_is_no_file(study, key, name):
    study[key[0]][key[1]] = name
    assert loaded(study) is None
