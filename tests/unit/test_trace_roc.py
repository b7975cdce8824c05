import numpy as np
from jobs import job
from sklearn.metrics import roc_auc_score
from synthetic_predictions import MODELS, predictions, with_levels
from trace_roc import main

from nomoflow.run import read_table, write_table


def test_the_area_under_each_traced_curve_is_the_auc(tmp_path):
    # each fold's training part at a level of its own, which the curves must not see
    write_table(with_levels(predictions()), tmp_path / "predictions.csv")
    main(
        job(
            {"predictions": tmp_path / "predictions.csv"},
            {"roc": tmp_path / "roc.csv", "band": tmp_path / "roc_band.csv"},
            {"models": MODELS, "intervals": 200, "confidence": 0.95, "seed": 1},
        )
    )
    roc = read_table(tmp_path / "roc.csv")
    assert set(zip(roc["sample"], roc["repeat"], strict=True)) == {
        ("apparent", 1),
        ("cross_validated", 1),
        ("cross_validated", 2),
    }
    for key, curve in roc.groupby(["model", "sample", "repeat"]):
        model, sample, repeat = key
        rows = predictions().query("model == @model and sample == @sample")
        rows = rows[rows["repeat"] == (repeat if sample == "cross_validated" else 0)]
        area = np.trapezoid(curve["sensitivity"], 1 - curve["specificity"])
        expected = roc_auc_score(rows["outcome"], rows["linear_predictor"])
        assert abs(abs(area) - expected) < 1e-12
    band = read_table(tmp_path / "roc_band.csv")
    assert (band["ci_low"] <= band["sensitivity"]).all()
    assert (band["sensitivity"] <= band["ci_high"]).all()
    for key, points in band.groupby(["model", "sample"]):
        model, sample = key  # noqa: RUF059 - named in the query
        assert points["specificity"].tolist() == [k / 100 for k in range(101)]
        # the mean of the traced curves, its highest point at each specificity
        curves = roc.query("model == @model and sample == @sample").groupby("repeat")
        at = points["specificity"].iloc[::20]
        heights = [
            [curve.loc[curve["specificity"] >= s - 1e-9, "sensitivity"].max() for s in at]
            for _, curve in curves
        ]
        found = points["sensitivity"].iloc[::20].to_numpy()
        assert np.abs(found - np.mean(heights, axis=0)).max() < 1e-12
