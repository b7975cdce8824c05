import numpy as np
import pandas as pd
import pytest
from jobs import job
from measure_external import TABLES, main
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

from nomoflow.mislabelled import COLUMNS
from nomoflow.run import read_table, write_rows, write_table

PARAMS = {
    "models": ["nomogram", "radiomics", "volume"],
    "intervals": 40, "confidence": 0.95, "seed": 1, "threshold": 0.3,
    "prescaled": False,
}  # fmt: skip


def predictions(n=90, one_class=False):
    random = np.random.default_rng(3)
    y = np.zeros(n, int) if one_class else random.integers(0, 2, n)
    parts = []
    for model, effect in (("nomogram", 1.8), ("radiomics", 1.0)):
        score = random.normal(effect * (y - 0.5), 1)
        parts.append(
            pd.DataFrame(
                {
                    "patient": [f"{i:04d}" for i in range(n)],
                    "outcome": y,
                    "model": model,
                    "linear_predictor": score,
                    "probability": expit(score),
                    "cutoff": 0.2,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def run(folder, table):
    write_table(table, folder / "predictions.csv")
    names = {name: folder / f"{name}.csv" for name in [*TABLES, "warnings"]}
    write_rows([], folder / "mislabelled.csv", COLUMNS)
    inputs = {name: folder / f"{name}.csv" for name in ("predictions", "mislabelled")}
    main(job(inputs, names, {**PARAMS, "on_mislabelled": "stop"}))
    return {name: read_table(path) for name, path in names.items()}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(tmp_path_factory.mktemp("external"), predictions())


def test_all_tables_are_of_the_external_sample(results):
    for name, columns in TABLES.items():
        assert list(results[name].columns) == columns
        if "sample" in columns:
            assert set(results[name]["sample"]) == {"external"}
    assert set(results["dca"]["model"]) == {"nomogram", "radiomics", "all", "none"}
    assert results["warnings"]["code"].tolist() == ["small_external"]


@pytest.mark.parametrize("model", ["nomogram", "radiomics"])
def test_figures_by_scikit_learn(results, model):
    rows = predictions().query("model == @model")
    found = results["performance"].query("model == @model").set_index("metric")["estimate"]
    assert found["auc"] == pytest.approx(roc_auc_score(rows["outcome"], rows["linear_predictor"]))
    assert found["brier"] == pytest.approx(brier_score_loss(rows["outcome"], rows["probability"]))
    assert found["cutoff"] == 0.2
    treated = rows["probability"] >= 0.3
    benefit = (treated * (rows["outcome"] - 0.3 / 0.7 * (1 - rows["outcome"]))).mean()
    assert found["net_benefit"] == pytest.approx(benefit)
    curve = results["dca"].query("model == @model").set_index("threshold")
    assert curve.loc[0.3, "net_benefit"] == pytest.approx(benefit)
    roc = results["roc"].query("model == @model").sort_values("specificity")
    area = np.trapezoid(roc["sensitivity"], roc["specificity"])
    assert area == pytest.approx(found["auc"])


def test_raw_stands_beside_its_updates(results):
    for _, rows in results["recalibration"].groupby("model"):
        assert rows["update"].tolist() == ["raw", "in_the_large", "logistic"]


def test_the_test_loses_no_degree_of_freedom(results):
    table = results["hosmer_lemeshow"]
    assert (table["df"] == table["groups"]).all()


def test_the_order_of_rows_changes_nothing(results, tmp_path):
    again = run(tmp_path, predictions().sample(frac=1, random_state=5))
    for name in TABLES:
        pd.testing.assert_frame_equal(again[name], results[name])


def test_one_class(tmp_path):
    found = run(tmp_path, predictions(one_class=True))
    assert found["roc"].empty
    assert set(found["calibration"]["kind"]) == {"group"}
    assert found["dca"].query("model == 'nomogram'")["net_benefit"].notna().all()
    assert found["warnings"]["code"].tolist() == ["one_class"]


def test_patients_without_a_prediction_are_left_out_and_said(tmp_path):
    table = predictions()
    gap = (table["model"] == "radiomics") & (table["patient"].isin(["0003", "0010"]))
    table.loc[gap, ["linear_predictor", "probability"]] = np.nan
    found = run(tmp_path, table)
    warning = found["warnings"].query("code == 'not_predicted'").iloc[0]
    assert warning["subject"] == "radiomics"
    assert "2 of 90 patients have no prediction (0003, 0010)" in warning["message"]
    rows = table[(table["model"] == "radiomics") & ~gap]
    auc = found["performance"].query("model == 'radiomics' and metric == 'auc'")["estimate"].item()
    assert auc == pytest.approx(roc_auc_score(rows["outcome"], rows["linear_predictor"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: pd.concat([t, t.iloc[:1]]), "nomogram predicts patients twice: 0000"),
        (lambda t: t.assign(cutoff=np.arange(len(t))), "a locked model has one"),
        (lambda t: t.assign(model="other"), "no patient is predicted by any of nomogram"),
    ],
)
def test_what_is_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        run(tmp_path, change(predictions()))


def test_a_harmonised_model_is_judged_on_features_as_they_came_too(tmp_path):
    made = predictions()
    own = made["model"] == "radiomics"
    shifted = made["linear_predictor"].where(~own, made["linear_predictor"] * 0.2 + 1)
    raw = {"linear_predictor_raw": shifted, "probability_raw": expit(shifted)}
    performance = run(tmp_path, made.assign(**raw))["performance"]
    beside = performance[performance["sample"] == "external_unharmonised"]
    assert set(beside["model"]) == {"radiomics"}  # the nomogram's score is the same
    found = beside.set_index("metric")["estimate"]
    y, p = made.loc[own, "outcome"], expit(shifted[own])
    assert found["auc"] == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert found["oe"] == pytest.approx(y.sum() / p.sum(), abs=1e-12)
