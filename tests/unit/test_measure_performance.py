import pandas as pd
import pytest
from jobs import job
from measure_performance import main
from sklearn.metrics import accuracy_score, brier_score_loss, recall_score, roc_auc_score
from synthetic_predictions import MODELS, predictions

from nomoflow.by_model import judged
from nomoflow.run import read_json, read_table, write_table


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("performance")
    write_table(predictions(), folder / "predictions.csv")
    main(
        job(
            {"predictions": folder / "predictions.csv"},
            {"performance": folder / "performance.csv", "metrics": folder / "metrics.json"},
            {"models": MODELS, "intervals": 200, "confidence": 0.95, "seed": 1},
        )
    )
    return folder


def by_hand(rows):
    """The metrics of one set of predictions by scikit-learn."""
    y, called = rows["outcome"], rows["linear_predictor"] >= rows["cutoff"]
    return {
        "auc": roc_auc_score(y, rows["linear_predictor"]),
        "brier": brier_score_loss(y, rows["probability"]),
        "sensitivity": recall_score(y, called),
        "specificity": recall_score(1 - y, ~called),
        "accuracy": accuracy_score(y, called),
    }


@pytest.mark.parametrize("sample", ["apparent", "cross_validated"])
@pytest.mark.parametrize("model", ["nomogram", "radiomics"])
def test_a_metric_is_computed_per_repeat_and_averaged(results, model, sample):
    rows = predictions().query("model == @model and sample == @sample")
    expected = pd.DataFrame([by_hand(part) for _, part in rows.groupby("repeat")]).mean()
    table = read_table(results / "performance.csv").query("model == @model and sample == @sample")
    found = table.set_index("metric")
    for metric, value in expected.items():
        assert found.loc[metric, "estimate"] == pytest.approx(value, abs=1e-12)
        assert found.loc[metric, "ci_low"] <= value <= found.loc[metric, "ci_high"]
    assert read_json(results / "metrics.json")[sample][model]["auc"] == found.loc["auc", "estimate"]


def test_every_interval_names_its_method(results):
    table = read_table(results / "performance.csv")
    assert table.loc[table["ci_low"].notna(), "method"].notna().all()
    assert "volume" not in set(table["model"])


def test_a_patient_without_a_prediction_is_an_error():
    rows = predictions().drop(index=40)
    with pytest.raises(ValueError, match="not every patient"):
        list(judged(rows, MODELS))
