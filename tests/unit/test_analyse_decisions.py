import pytest
from analyse_decisions import main
from jobs import job
from synthetic_predictions import MODELS, predictions

from nomoflow.run import read_table, write_table


def test_net_benefit_by_counting(tmp_path):
    write_table(predictions(), tmp_path / "predictions.csv")
    main(
        job(
            {"predictions": tmp_path / "predictions.csv"},
            {"dca": tmp_path / "dca.csv"},
            {"models": MODELS, "intervals": 100, "confidence": 0.95, "seed": 1},
        )
    )
    dca = read_table(tmp_path / "dca.csv").set_index(["model", "sample", "threshold"]).sort_index()
    for model, sample in (("nomogram", "apparent"), ("radiomics", "cross_validated")):
        rows = predictions().query("model == @model and sample == @sample")
        for threshold in (0.05, 0.3, 0.77):
            called = rows["probability"] >= threshold
            true = (called & (rows["outcome"] == 1)).mean()
            false = (called & (rows["outcome"] == 0)).mean()
            expected = true - false * threshold / (1 - threshold)
            found = dca.loc[(model, sample, threshold), "net_benefit"]
            assert found == pytest.approx(expected, abs=1e-12)
    assert (dca.loc["none", ["net_benefit", "ci_low", "ci_high"]] == 0).all(axis=None)
    assert (dca["ci_low"] <= dca["ci_high"]).all()
    inside = (dca["ci_low"] <= dca["net_benefit"]) & (dca["net_benefit"] <= dca["ci_high"])
    assert inside.mean() > 0.98
    prevalence = predictions()["outcome"].mean()
    assert dca.loc[("all", "apparent", 0.5), "net_benefit"] == pytest.approx(2 * prevalence - 1)
