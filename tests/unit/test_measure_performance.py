import numpy as np
import pandas as pd
import pytest
from jobs import job
from measure_performance import main
from sklearn.metrics import accuracy_score, brier_score_loss, recall_score, roc_auc_score
from synthetic_predictions import MODELS, predictions, with_levels

from nomoflow.by_model import judged
from nomoflow.run import read_table, write_table

PARAMS = {"models": MODELS, "intervals": 200, "confidence": 0.95, "seed": 1, "threshold": 0.4}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("performance")
    write_table(predictions(), folder / "predictions.csv")
    main(
        job(
            {"predictions": folder / "predictions.csv"},
            {"performance": folder / "measured.csv", "repeats": folder / "repeats.csv"},
            PARAMS,
        )
    )
    return folder


def by_hand(rows):
    """The metrics of one set of predictions, mostly by scikit-learn."""
    treated = rows["probability"] >= 0.4
    y, called = rows["outcome"], rows["linear_predictor"] >= rows["cutoff"]
    return {
        "auc": roc_auc_score(y, rows["linear_predictor"]),
        "brier": brier_score_loss(y, rows["probability"]),
        "sensitivity": recall_score(y, called),
        "specificity": recall_score(1 - y, ~called),
        "accuracy": accuracy_score(y, called),
        "oe": y.sum() / rows["probability"].sum(),
        "net_benefit": (y * treated - (1 - y) * treated * 0.4 / 0.6).mean(),
    }


@pytest.mark.parametrize("sample", ["apparent", "cross_validated"])
@pytest.mark.parametrize("model", ["nomogram", "radiomics"])
def test_a_metric_is_computed_per_repeat_and_averaged(results, model, sample):
    rows = predictions().query("model == @model and sample == @sample")
    expected = pd.DataFrame([by_hand(part) for _, part in rows.groupby("repeat")]).mean()
    table = read_table(results / "measured.csv").query("model == @model and sample == @sample")
    found = table.set_index("metric")
    for metric, value in expected.items():
        assert found.loc[metric, "estimate"] == pytest.approx(value, abs=1e-12)
        assert found.loc[metric, "ci_low"] <= value <= found.loc[metric, "ci_high"]
    for metric in ("calibration_in_the_large", "ici", "e50", "e90"):
        assert found.loc[metric, ["estimate", "ci_low", "ci_high"]].notna().all()


def test_the_pooled_auc_ranks_patients_above_the_log_odds_of_their_training_part(results, tmp_path):
    """And beside it stands the mean within folds, where levels cannot matter."""
    rows = with_levels(predictions())
    write_table(rows, tmp_path / "predictions.csv")
    names = {"performance": tmp_path / "measured.csv", "repeats": tmp_path / "repeats.csv"}
    main(job({"predictions": tmp_path / "predictions.csv"}, names, PARAMS))
    key = ["model", "sample", "metric"]
    before, after = (
        read_table(path).set_index(key).sort_index()
        for path in (results / "measured.csv", names["performance"])
    )
    ranked = ["auc", "auc_within_fold", "sensitivity", "specificity", "accuracy"]
    wanted = before.index.get_level_values("metric").isin(ranked)
    limits = ["estimate", "ci_low", "ci_high"]
    np.testing.assert_allclose(after.loc[wanted, limits], before.loc[wanted, limits], atol=1e-9)
    spread = read_table(names["repeats"]).set_index(["model", "metric"]).sort_index()
    for model in ("nomogram", "radiomics"):
        own = rows.query("model == @model and sample == 'cross_validated'")
        areas, within = [], []
        for _, repeat in own.groupby("repeat"):
            above = repeat["linear_predictor"] - repeat["baseline"]
            areas.append(roc_auc_score(repeat["outcome"], above))
            assert (
                abs(areas[-1] - roc_auc_score(repeat["outcome"], repeat["linear_predictor"])) > 0.1
            )
            within += [
                roc_auc_score(fold["outcome"], fold["linear_predictor"])
                for _, fold in repeat.groupby("fold")
            ]
        found = after.loc[(model, "cross_validated"), "estimate"]
        assert found["auc"] == pytest.approx(np.mean(areas), abs=1e-12)
        assert found["auc_within_fold"] == pytest.approx(np.mean(within), abs=1e-12)
        assert abs(found["auc"] - found["auc_within_fold"]) > 1e-3
        ends = spread.loc[(model, "auc"), ["minimum", "maximum"]]
        assert ends.tolist() == pytest.approx(sorted(areas), abs=1e-12)


@pytest.mark.parametrize("model", ["nomogram", "radiomics"])
def test_spread_over_repeats(results, model):
    rows = predictions().query("model == @model and sample == 'cross_validated'")
    each = pd.DataFrame([by_hand(part) for _, part in rows.groupby("repeat")])
    table = read_table(results / "repeats.csv").query("model == @model").set_index("metric")
    assert (table["repeats"] == 2).all()
    for column, expected in (
        ("mean", each.mean()),
        ("sd", each.std(ddof=1)),
        ("minimum", each.min()),
        ("maximum", each.max()),
    ):
        assert table.loc[each.columns, column].to_numpy() == pytest.approx(expected.to_numpy())


def test_without_repeats_the_table_has_a_header_alone(tmp_path):
    write_table(predictions(repeats=0), tmp_path / "predictions.csv")
    names = {"performance": tmp_path / "measured.csv", "repeats": tmp_path / "repeats.csv"}
    main(job({"predictions": tmp_path / "predictions.csv"}, names, PARAMS))
    assert set(read_table(names["performance"])["sample"]) == {"apparent"}
    header = "model,metric,repeats,mean,sd,minimum,maximum\n"
    assert names["repeats"].read_text(encoding="utf-8") == header


def test_every_interval_names_its_method(results):
    table = read_table(results / "measured.csv")
    assert table.loc[table["ci_low"].notna(), "method"].notna().all()
    assert "volume" not in set(table["model"])


def test_a_patient_without_a_prediction_is_an_error():
    rows = predictions().drop(index=40)
    with pytest.raises(ValueError, match="not every patient"):
        list(judged(rows, MODELS))
