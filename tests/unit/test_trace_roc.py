import numpy as np
from jobs import job
from sklearn.metrics import roc_auc_score
from synthetic_predictions import MODELS, predictions
from trace_roc import main

from nomoflow.run import read_table, write_table


def test_the_area_under_each_traced_curve_is_the_auc(tmp_path):
    write_table(predictions(), tmp_path / "predictions.csv")
    main(
        job(
            {"predictions": tmp_path / "predictions.csv"},
            {"roc": tmp_path / "roc.csv"},
            {"models": MODELS},
        )
    )
    roc = read_table(tmp_path / "roc.csv")
    assert set(zip(roc["sample"], roc["repeat"], strict=True)) == {
        ("apparent", 1),
        ("cross_validated", 1),
        ("cross_validated", 2),
    }
    for key, curve in roc.groupby(["model", "sample", "repeat"]):
        model, sample, repeat = key  # noqa: RUF059 - named in the query
        rows = predictions().query("model == @model and sample == @sample")
        rows = rows[rows["repeat"] == (repeat if sample == "cross_validated" else 0)]
        area = np.trapezoid(curve["sensitivity"], 1 - curve["specificity"])
        expected = roc_auc_score(rows["outcome"], rows["linear_predictor"])
        assert abs(abs(area) - expected) < 1e-12
