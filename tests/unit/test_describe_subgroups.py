import numpy as np
import pandas as pd
import pytest
from describe_subgroups import main
from jobs import job
from sklearn.metrics import roc_auc_score
from synthetic_predictions import MODELS, predictions

from nomoflow.problems import StudyError
from nomoflow.run import read_table, write_table
from nomoflow.subgroups import COLUMNS

SEX = {"column": "sex"}
AGE = {"column": "age", "cut": [60], "label": "Age, years"}


def participants(n=120):
    random = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "patient": [f"P{i:03d}" for i in range(n)],
            "sex": ["" if i == 5 else "male" if random.random() < 0.6 else "female"
                    for i in range(n)],
            "age": random.integers(40, 80, n),
            "site": [f"S{i % 3}" for i in range(n)],
        }
    )  # fmt: skip


def describe(folder, items, rows=None, table=None):
    write_table(predictions(n=120) if rows is None else rows, folder / "predictions.csv")
    write_table(participants() if table is None else table, folder / "participants.csv")
    main(
        job(
            {name: folder / f"{name}.csv" for name in ("predictions", "participants")},
            {"subgroups": folder / "subgroups.csv"},
            {"models": MODELS, "subgroups": items, "intervals": 100, "confidence": 0.95, "seed": 1},
        )
    )
    return read_table(folder / "subgroups.csv")


def test_each_level_of_each_subgroup_once_for_each_model_and_sample(tmp_path):
    table = describe(tmp_path, [SEX, AGE, {"column": "site"}])
    assert list(table.columns) == list(COLUMNS)
    assert not table.duplicated(["model", "sample", "subgroup", "level", "metric"]).any()
    levels = table.drop_duplicates(["subgroup", "level"])[["subgroup", "level"]]
    assert list(levels.itertuples(index=False, name=None)) == [
        ("sex", "female"), ("sex", "male"), ("sex", "missing"),
        ("Age, years", "< 60"), ("Age, years", ">= 60"),
        ("site", "S0"), ("site", "S1"), ("site", "S2"),
    ]  # fmt: skip
    assert set(table["model"]) == {"nomogram", "radiomics"}  # volume has no predictions
    assert set(table["sample"]) == {"apparent", "cross_validated"}
    counts = table.drop_duplicates(["model", "sample", "subgroup", "level"])
    totals = counts.groupby(["model", "sample", "subgroup"])[["n", "events"]].sum()
    assert (totals["n"] == 120).all() and totals["events"].nunique() == 1


@pytest.mark.parametrize("shuffled", [False, True])
def test_patients_are_found_by_their_key(tmp_path, shuffled):
    """From the rows of the tables, whatever their order, without the code's own reading of them."""
    rows, table = predictions(n=120), participants()
    if shuffled:
        rows, table = rows.sample(frac=1, random_state=1), table.sample(frac=1, random_state=2)
    found = describe(tmp_path, [SEX, AGE], rows, table)
    found = found.set_index(["model", "sample", "subgroup", "level", "metric"])["estimate"]
    joined = rows.merge(table, on="patient")
    joined["Age, years"] = np.where(joined["age"] < 60, "< 60", ">= 60")
    parts = 0
    for subgroup in ("sex", "Age, years"):
        for (model, sample, level), part in joined.groupby(["model", "sample", subgroup]):
            if level:
                areas = [
                    roc_auc_score(one["outcome"], one["linear_predictor"] - one["baseline"])
                    for _, one in part.groupby("repeat")
                ]
                key = (model, sample, subgroup, level, "auc")
                assert found[key] == pytest.approx(np.mean(areas), abs=1e-9)
                parts += 1
    assert parts == 16


def test_a_patient_without_a_value_is_counted_as_missing(tmp_path):
    table = describe(tmp_path, [SEX]).query("level == 'missing'")
    assert set(table["n"]) == {1} and table["estimate"].isna().all()
    assert table["method"].str.startswith("too few").all()


def test_patients_who_have_no_predictions_are_left_out(tmp_path):
    """Participants whose images failed stand in the table, and nowhere else."""
    more = pd.concat([participants(), participants().assign(
        patient=[f"X{i:03d}" for i in range(120)])])  # fmt: skip
    found, plain = describe(tmp_path, [SEX], table=more), describe(tmp_path, [SEX])
    pd.testing.assert_frame_equal(found, plain)


def test_no_subgroups_are_an_empty_table(tmp_path):
    table = describe(tmp_path, [])
    assert table.empty and list(table.columns) == list(COLUMNS)


def test_an_unknown_column(tmp_path):
    with pytest.raises(StudyError, match="column seks") as error:
        describe(tmp_path, [{"column": "seks"}])
    told = str(error.value)
    assert "participants.csv, row 1" in told and "patient, sex, age, site" in told
    assert "evaluation.subgroups" in told
    assert not (tmp_path / "subgroups.csv").exists()


def test_a_patient_whom_the_participants_lack(tmp_path):
    with pytest.raises(ValueError, match=r"participants.csv: 1 patients.*first P007"):
        describe(tmp_path, [SEX], table=participants().drop(index=7))
