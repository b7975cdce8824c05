import pytest

from nomoflow.participants import check_analysed, check_batches, read_participants
from nomoflow.problems import Problems

COHORT = {
    "participants": "people.csv",
    "id": "key",
    "outcome": {"column": "diagnosis", "positive": "yes", "negative": "no"},
    "predictors": [
        {"name": "age", "kind": "continuous", "unit": "years"},
        {"name": "sign", "kind": "binary", "positive": "x"},
    ],
    "include": [{"column": "size", "op": "<=", "value": 40, "reason": "large"}],
    "exclude": [],
}


def people():
    """Ten patients, five of a class."""
    return [
        {
            "_row": str(i + 2),
            "patient": f"{i:04d}",
            "diagnosis": "yes" if i % 2 else "no",
            "age": str(50 + i),
            "sign": "x" if i % 3 else "y",
        }
        for i in range(10)
    ]


def problems(rows, missing):
    found = Problems()
    check_analysed(COHORT, rows, found, missing)
    return found


def test_an_empty_cell_is_refused_with_both_ways_out():
    rows = people()
    rows[3]["age"] = rows[4]["sign"] = ""
    found = problems(rows, "refuse")
    assert [(p.row, p.column) for p in found] == [("5", "column age"), ("6", "column sign")]
    for problem in found:
        assert problem.found == "an empty cell"
        assert "op: missing" in problem.remedy and "models.missing: impute" in problem.remedy
    assert problems(people(), "refuse") == []


def test_to_refuse_is_the_default():
    rows, found = people(), Problems()
    rows[3]["age"] = ""
    check_analysed(COHORT, rows, found)
    assert found == problems(rows, "refuse") != []


def test_empty_cells_are_no_problem_where_they_are_imputed():
    rows = people()
    rows[3]["age"] = rows[4]["sign"] = ""
    assert problems(rows, "impute") == []


@pytest.mark.parametrize("missing", ["refuse", "impute"])
def test_the_outcome_is_never_imputed(missing):
    rows = people()
    rows[3]["diagnosis"] = ""
    (problem,) = problems(rows, missing)
    assert (problem.row, problem.found) == ("5", "an empty cell")
    assert "never imputed" in problem.remedy


def test_a_criterion_is_never_imputed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text("key,diagnosis,age,sign,size\n01,yes,50,x,\n")
    found = Problems()
    read_participants(COHORT, found)
    (problem,) = found
    assert problem.column == "column size"
    assert "never imputed" in problem.remedy


@pytest.mark.parametrize(
    ("name", "level", "count"), [("age", "yes", 5), ("age", "no", 5), ("sign", "yes", 5)]
)
def test_a_predictor_without_a_value_in_a_class(name, level, count):
    rows = people()
    for row in rows:
        if row["diagnosis"] == level:
            row[name] = ""
    (problem,) = problems(rows, "impute")
    assert problem.found == f"no value in any of the {count} patients with {level}"
    assert problem.remedy == f"fill it in, or take {name} out of cohort.predictors"
    # one value suffices
    next(row for row in rows if row["diagnosis"] == level)[name] = "x" if name == "sign" else "50"
    assert problems(rows, "impute") == []


@pytest.mark.parametrize("name", ["age", "sign"])
def test_a_predictor_without_any_value(name):
    rows = [row | {name: ""} for row in people()]
    assert [p.column for p in problems(rows, "impute")] == [f"column {name}"] * 2


@pytest.mark.parametrize("missing", ["refuse", "impute"])
@pytest.mark.parametrize("cell", ["NA", "nan", "?"])
def test_a_word_for_missing_is_no_empty_cell(missing, cell):
    rows = people()
    rows[3]["age"] = rows[4]["sign"] = cell
    number, levels = problems(rows, missing)
    assert number.found == repr(cell) and "leave the cell empty" in number.remedy
    assert cell in levels.found and "empty" in levels.remedy


def keys(tmp_path, monkeypatch, *cells, column="key"):
    """What is said of a table with these study keys."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f'"{cell}",yes,50,x,30\n' for cell in cells)
    (tmp_path / "people.csv").write_text(f"{column},diagnosis,age,sign,size\n{rows}", "utf-8")
    found = Problems()
    read_participants(COHORT | {"id": column}, found)
    return found


@pytest.mark.parametrize(
    "key",
    ["../x", "a/b", "a\\b", "..", ".hidden", "a.", "CON", "nul.csv", "com1", "Lpt9.x", "a b", "a:b",
     "-x", "=1+1", "@x", "+1", "'a", "a\nb", "a\x1b[31m", "a\u202eb", "", "x" * 65, "~", "a*", "a?",
     "$HOME", "`x`", "a,b", "<b>", "a\u200bb"],
)  # fmt: skip
def test_a_key_that_is_no_name_of_a_file(tmp_path, monkeypatch, key):
    (problem,) = keys(tmp_path, monkeypatch, key)
    assert problem.column == "column key"
    assert "letters, digits" in problem.allowed and "study key" in problem.remedy
    assert "\x1b" not in str(problem) and "\u202e" not in str(problem)


@pytest.mark.parametrize(
    "key", ["P1", "0001", "a.b-c_d", "康德", "x" * 64, "CONAN", "console", "1"]
)
def test_a_key_that_is_one(tmp_path, monkeypatch, key):
    assert keys(tmp_path, monkeypatch, key) == []


@pytest.mark.parametrize("other", ["A1", "a1", "ａ1"])
def test_keys_that_one_file_would_have(tmp_path, monkeypatch, other):
    (problem,) = keys(tmp_path, monkeypatch, "A1", "B1", other)
    assert "patient" in problem.found and "again" in problem.found
    assert "row 2" in problem.remedy


def test_a_second_column_of_keys(tmp_path, monkeypatch):
    """A column patient beside the key's own would take its place unchecked."""
    monkeypatch.chdir(tmp_path)
    table = "key,diagnosis,age,sign,size,patient\nA1,yes,50,x,30,../../x\n"
    (tmp_path / "people.csv").write_text(table, encoding="utf-8")
    found = Problems()
    read_participants(COHORT, found)
    assert [problem.column for problem in found] == ["column patient"]
    assert "cohort.id" in found[0].remedy


def batches(sizes, **asked):
    """Problems of patients of these batches, so many of each."""
    scanners = [level for level, size in sizes.items() for _ in range(size)]
    rows = [{"_row": str(i + 2), "scanner": level} for i, level in enumerate(scanners)]
    found = Problems()
    given = {"method": "combat", "batch": "scanner", "reference": None} | asked
    check_batches("people.csv", given, rows, found)
    return found


def test_batches_that_can_be_harmonised():
    assert batches({"A": 3, "B": 9}) == batches({"A": 3, "B": 9}, reference="B") == []
    assert batches({"A": 1}, method="none") == batches({"A": 1}, method="none", batch=None) == []


@pytest.mark.parametrize(
    ("sizes", "asked", "column", "found"),
    [
        ({"A": 3, "B": 2}, {}, "column scanner", "A in 3, B in 2"),
        ({"A": 9}, {}, "column scanner", "A in 9"),
        ({"A": 3, "": 1}, {}, "column scanner", "an empty cell"),
        ({"A": 3, "": 1}, {"method": "none"}, "column scanner", "an empty cell"),
        ({"A": 3, "B": 3}, {"batch": "site"}, "column site", "no such column"),
        ({"A": 3}, {"batch": "site", "method": "none"}, "column site", "no such column"),
        ({"A": 3, "B": 3}, {"batch": None}, "centres.harmonisation.batch", "null"),
        ({"A": 3, "B": 3}, {"reference": "C"}, "centres.harmonisation.reference", "C"),
    ],
)
def test_batches_that_can_not(sizes, asked, column, found):
    (problem,) = batches(sizes, **asked)
    assert problem.column == column
    assert problem.found.startswith(found)
    assert problem.remedy
