from types import SimpleNamespace as Job

import pandas as pd
import pytest
from compare_groups import main

OUTCOME = {"column": "diagnosis", "positive": "ccRCC", "negative": "AML.wovf"}
PREDICTORS = [
    {"name": "age", "kind": "continuous", "unit": "years", "per": 10, "label": "Age"},
    {"name": "beer", "kind": "binary", "positive": "TRUE"},
]


def run(folder, rows):
    table = folder / "participants.csv"
    table.write_text("patient,diagnosis,age,beer\n" + "".join(f"{row}\n" for row in rows))
    job = Job(
        input=Job(participants=str(table)),
        output=Job(table1=str(folder / "table1.csv")),
        params=Job(outcome=OUTCOME, predictors=PREDICTORS),
    )
    main(job)
    return pd.read_csv(folder / "table1.csv", dtype={"level": "str"})


def test_table_is_written(tmp_path):
    rows = [f"{i:04d},ccRCC,{50 + i},{'TRUE' if i % 2 else 'FALSE'}" for i in range(6)]
    rows += [f"{i:04d},AML.wovf,{40 + i},FALSE" for i in range(6, 11)]
    table = run(tmp_path, rows).set_index(["variable", "group"])
    assert table.loc["patients", "n"].tolist() == [11, 6, 5]
    assert table.loc[("age", "positive"), "mean"] == 52.5
    assert table.loc["beer", "n"].tolist() == [3, 3, 0]
    assert table.loc[("beer", "total"), "level"] == "TRUE"  # the text as the table writes it


def test_values_that_are_missing_are_counted(tmp_path):
    table = run(tmp_path, ["1,ccRCC,,TRUE", "2,ccRCC,50,", "3,AML.wovf,40,FALSE"])
    table = table.set_index(["variable", "group"])
    assert table.loc["age", "missing"].tolist() == [1, 1, 0]
    assert table.loc["beer", "missing"].tolist() == [1, 1, 0]
    assert table.loc["age", "n"].tolist() == [2, 1, 1]


def test_a_level_the_study_does_not_know_is_named(tmp_path):
    with pytest.raises(ValueError, match="patient 0002: diagnosis is 'RCC', the study says"):
        run(tmp_path, ["0001,ccRCC,50,TRUE", "0002,RCC,50,TRUE"])
