import numpy as np
import pytest
from compare_models import main
from jobs import job
from synthetic_predictions import MODELS, predictions, with_levels

from nomoflow.run import read_table, write_table

PARAMS = {"models": MODELS, "confidence": 0.95, "threshold": 0.5, "intervals": 100, "seed": 1}


def compare(folder, rows):
    write_table(rows, folder / "predictions.csv")
    main(
        job(
            {"predictions": folder / "predictions.csv"},
            {"delong": folder / "delong.csv", "differences": folder / "differences.csv"},
            PARAMS,
        )
    )
    return read_table(folder / "delong.csv"), read_table(folder / "differences.csv")


def test_nested_models_are_marked(tmp_path):
    table, _ = compare(tmp_path, predictions())
    assert list(table["sample"]) == ["apparent", "cross_validated"]
    assert set(zip(table["model_a"], table["model_b"], strict=True)) == {("nomogram", "radiomics")}
    assert table["note"].str.startswith("nested models").all()
    for row in table.itertuples():
        assert row.ci_low < row.difference < row.ci_high
        assert 0 < row.p <= 1
    apparent, held_out = table["note"]
    assert "not valid" in apparent and "approximate" not in apparent
    assert "not valid" not in held_out
    assert "each patient's score comes from another model" in held_out


def test_models_that_are_not_nested_are_not_marked(tmp_path):
    rows = predictions().replace({"model": {"nomogram": "volume"}})
    table, _ = compare(tmp_path, rows)
    assert not table["note"].fillna("").str.contains("nested").any()
    assert table.set_index("sample").isna().loc["apparent", "note"]


def test_equal_scores_have_no_test(tmp_path):
    rows = predictions().sort_values(["model", "repeat", "patient"], ignore_index=True)
    half = len(rows) // 2
    for column in ("linear_predictor", "probability"):
        rows.loc[half:, column] = rows.loc[: half - 1, column].to_numpy()
    table, differences = compare(tmp_path, rows)
    assert (table["difference"] == 0).all() and table["p"].isna().all()
    assert table["note"].str.contains("nested").all()
    assert table["note"].str.contains("not defined: the two scores rank").all()
    assert (differences[["difference", "ci_low", "ci_high"]] == 0).all(axis=None)


def test_both_tables_tell_the_same_difference(tmp_path):
    table, differences = compare(tmp_path, predictions(repeats=3))
    auc = differences.query("metric == 'auc'").set_index("sample")["difference"]
    for row in table.itertuples():
        assert auc[row.sample] == pytest.approx(row.difference, abs=1e-12)
    assert list(differences["sample"]) == ["apparent"] * 2 + ["cross_validated"] * 2
    assert (differences["ci_low"] <= differences["difference"]).all()
    assert (differences["difference"] <= differences["ci_high"]).all()


def test_patients_of_different_folds_are_ranked_above_their_training_part(tmp_path):
    before, after = (
        compare(tmp_path, rows) for rows in (predictions(), with_levels(predictions()))
    )
    for table, moved in zip(before, after, strict=True):
        numbers = table.select_dtypes("number")
        np.testing.assert_allclose(moved[list(numbers)], numbers, atol=1e-9)


def test_a_single_model_has_nothing_to_be_compared_with(tmp_path):
    tables = compare(tmp_path, predictions().query("model == 'nomogram'"))
    assert all(table.empty and "model_a" in table for table in tables)
