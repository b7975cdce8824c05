import pandas as pd
import pytest
from count_missing import main
from jobs import job

from nomoflow.run import read_rows

OUTCOME = {"column": "diagnosis", "positive": "ccRCC", "negative": "AML.wovf"}
PREDICTORS = [
    {"name": "age", "kind": "continuous", "unit": "years", "per": 10},
    {"name": "beer", "kind": "binary", "positive": "yes", "negative": "no"},
    {"name": "sex", "kind": "binary", "positive": "male", "negative": "female"},
]
PEOPLE = """patient,diagnosis,age,beer,sex
1,ccRCC,50,yes,male
2,ccRCC,,yes,female
3,AML.wovf,40,,male
4,AML.wovf,61,no,female
5,ccRCC,,,male
"""


def count(folder, people=PEOPLE, missing="impute", predictors=PREDICTORS):
    (folder / "people.csv").write_text(people)
    main(
        job(
            {"participants": folder / "people.csv"},
            {"missing": folder / "missing.csv"},
            {"outcome": OUTCOME, "predictors": predictors, "missing": missing},
        )
    )
    return read_rows(folder / "missing.csv")


def test_missing_values_by_predictor_and_class(tmp_path):
    rows = count(tmp_path)
    assert list(rows[0]) == [
        "variable", "kind", "n", "missing", "percent", "values", "positive_missing",
        "negative_missing",
    ]  # fmt: skip
    found = [list(row.values()) for row in rows]
    # the value in the table's own unit, not per 10 years, or the level as the table writes it
    assert found == [
        ["age", "continuous", "5", "2", "40.0", "50.0", "2", "0"],
        ["beer", "binary", "5", "2", "40.0", "yes", "1", "1"],
        ["sex", "binary", "5", "0", "0.0", "male", "0", "0"],
    ]


@pytest.mark.parametrize("missing", ["refuse", "leave_out"])
def test_nothing_stands_for_a_value_where_nothing_is_imputed(tmp_path, missing):
    assert [row["values"] for row in count(tmp_path, missing=missing)] == ["", "", ""]


def test_a_study_without_predictors(tmp_path):
    assert count(tmp_path, predictors=[]) == []
    assert next(iter(pd.read_csv(tmp_path / "missing.csv"))) == "variable"


def test_the_outcome_is_never_missing(tmp_path):
    with pytest.raises(ValueError, match="patient 4: diagnosis is missing"):
        count(tmp_path, PEOPLE.replace("4,AML.wovf", "4,"))
