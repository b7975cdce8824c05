from compare_models import main
from jobs import job
from synthetic_predictions import MODELS, predictions

from nomoflow.run import read_table, write_table


def compare(folder, rows):
    write_table(rows, folder / "predictions.csv")
    main(
        job(
            {"predictions": folder / "predictions.csv"},
            {"delong": folder / "delong.csv"},
            {"models": MODELS, "confidence": 0.95},
        )
    )
    return read_table(folder / "delong.csv")


def test_nested_models_are_marked(tmp_path):
    table = compare(tmp_path, predictions())
    assert len(table) == 1
    row = table.iloc[0]
    assert (row["model_a"], row["model_b"], row["sample"]) == ("nomogram", "radiomics", "apparent")
    assert "nested" in row["note"]
    assert row["ci_low"] < row["difference"] < row["ci_high"]
    assert 0 < row["p"] <= 1


def test_equal_scores_have_no_test(tmp_path):
    rows = predictions().sort_values(["model", "repeat", "patient"], ignore_index=True)
    half = len(rows) // 2
    rows.loc[half:, "linear_predictor"] = rows.loc[: half - 1, "linear_predictor"].to_numpy()
    row = compare(tmp_path, rows).iloc[0]
    assert row["difference"] == 0 and row.isna()["p"]
    assert "nested" in row["note"] and "not defined" in row["note"]
