import numpy as np
import pytest
from jobs import job
from reclassify_patients import main
from synthetic_predictions import MODELS, predictions

from nomoflow.run import read_table, write_table


def reclassify(folder, rows):
    write_table(rows, folder / "predictions.csv")
    main(
        job(
            {"predictions": folder / "predictions.csv"},
            {"reclassification": folder / "reclassification.csv"},
            {"models": MODELS},
        )
    )
    return read_table(folder / "reclassification.csv")


def test_from_another_model_to_the_nomogram(tmp_path):
    rows = predictions(repeats=3)
    table = reclassify(tmp_path, rows)
    assert list(table["measure"]) == ["nri", "nri_events", "nri_nonevents", "idi"] * 2
    assert set(zip(table["model_a"], table["model_b"], strict=True)) == {("radiomics", "nomogram")}
    # IDI: the difference of the models' discrimination slopes, averaged over the repeats
    for sample, found in table.groupby("sample"):
        means = rows[rows["sample"] == sample].groupby(["model", "outcome"])["probability"].mean()
        slopes = {model: means[model, 1] - means[model, 0] for model in ("nomogram", "radiomics")}
        idi = found.set_index("measure").loc["idi", "estimate"]
        assert idi == pytest.approx(slopes["nomogram"] - slopes["radiomics"], abs=1e-12)
    notes = table.groupby("sample")["note"].first()
    assert "same patients" in notes["apparent"] and "approximate" in notes["cross_validated"]


def test_where_nothing_moves_there_is_no_test(tmp_path):
    rows = predictions().sort_values(["model", "repeat", "patient"], ignore_index=True)
    half = len(rows) // 2
    rows.loc[half:, "probability"] = rows.loc[: half - 1, "probability"].to_numpy()
    table = reclassify(tmp_path, rows)
    assert np.allclose(table["estimate"], 0) and table["p"].isna().all()
    assert table["note"].str.startswith("no test").all()


def test_without_a_second_model_the_table_is_empty(tmp_path):
    table = reclassify(tmp_path, predictions().query("model == 'radiomics'"))
    assert table.empty and list(table)[:3] == ["sample", "model_a", "model_b"]
