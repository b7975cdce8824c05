"""The script from table to table; the figures themselves are checked in test_optimism.py."""

import numpy as np
import pandas as pd
import pytest
from correct_optimism import main
from jobs import job
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

from nomoflow.run import read_table, write_table

MODELS = ["nomogram", "radiomics", "image_features", "radiomics_early", "volume"]
# ``volume`` is missing, as in studies without volumes.
MADE = MODELS[:-1]
N, B = 30, 8
METRICS = ["auc", "sensitivity", "specificity", "accuracy", "brier", "calibration_intercept",
           "calibration_slope", "net_benefit"]  # fmt: skip
Y = np.arange(N) % 2
PATIENTS = np.array([f"{i:04d}" for i in range(N)])


def predicted(score, model, **columns):
    return pd.DataFrame(
        {
            "patient": PATIENTS,
            "outcome": Y,
            "model": model,
            **columns,
            "linear_predictor": score,
            "probability": expit(score),
            "cutoff": 0.4,
            "baseline": 0.0,
        }
    )


@pytest.fixture
def inputs():
    """Apparent predictions (with a repeat of cross-validation), resamples and penalties."""
    random = np.random.default_rng(5)
    own, drawn, penalties = [], [], []
    for model in MADE:
        score = random.normal(0.8 * Y, 1)
        same = {"repeat": 0, "fold": 0}
        own.append(predicted(score, model, sample="apparent", **same))
        own.append(predicted(-score, model, sample="cross_validated", **same))
        counts = np.random.default_rng(7).multinomial(N, np.full(N, 1 / N), size=B)
        for b in range(B):
            lp = score + 0.8 * (Y - 0.5) * (counts[b] > 0) + random.normal(0, 0.2, N)
            refused = 2 if b == 3 else 0
            columns = {"resample": b + 1, "count": counts[b], "refused": refused}
            drawn.append(predicted(lp, model, **columns))
    for b in range(B):
        status = {"early": "selected", "combined": "empty" if b < 2 else "fallback"}
        penalties += [(b + 1, name, status[name], 0.1, 3, False) for name in ("early", "combined")]
    columns = ["resample", "signature", "status", "lambda", "nonzero", "at_end"]
    return pd.concat(own), pd.concat(drawn), pd.DataFrame(penalties, columns=columns)


def run(folder, inputs, models=MODELS, threshold=0.5, first=3):
    """The script; resamples in two batches, the later one first, rows in any order."""
    own, drawn, penalties = inputs
    write_table(own, folder / "predictions.csv")
    for name, part in (("1", drawn["resample"] <= first), ("2", drawn["resample"] > first)):
        write_table(drawn[part].sample(frac=1, random_state=1), folder / name / "p.parquet")
        here = penalties["resample"].isin(drawn.loc[part, "resample"])
        write_table(penalties[here], folder / name / "penalties.csv")
    main(
        job(
            {
                "predictions": folder / "predictions.csv",
                "resamples": [folder / "2" / "p.parquet", folder / "1" / "p.parquet"],
                "penalties": [folder / "2" / "penalties.csv", folder / "1" / "penalties.csv"],
            },
            {"performance": folder / "corrected.csv", "dca": folder / "dca_corrected.csv"},
            {
                "models": models,
                "threshold": threshold,
                "confidence": 0.9,
                "intervals": 200,
                "seed": 1,
            },
        )
    )
    return read_table(folder / "corrected.csv"), read_table(folder / "dca_corrected.csv")


@pytest.fixture
def results(tmp_path, inputs):
    return run(tmp_path, inputs)


def test_each_available_model_has_each_metric_by_both_corrections(results):
    corrected, _ = results
    columns = ["model", "sample", "metric", "estimate", "ci_low", "ci_high", "method"]
    assert list(corrected) == columns
    assert list(corrected["model"].unique()) == MADE
    assert list(corrected["sample"].unique()) == ["corrected", "corrected_632"]
    for _, rows in corrected.groupby(["model", "sample"]):
        assert list(rows["metric"]) == METRICS


@pytest.mark.parametrize("metric, measure, column", [
    ("auc", roc_auc_score, "linear_predictor"), ("brier", brier_score_loss, "probability")
])  # fmt: skip
def test_harrells_figure_by_hand(results, inputs, metric, measure, column):
    """With tables in which each patient stands as often as drawn, and scikit-learn."""
    own, drawn, _ = inputs
    for model in MADE:
        optimism = []
        for _, rows in drawn[drawn["model"] == model].groupby("resample"):
            copies = rows.loc[rows.index.repeat(rows["count"])]
            optimism.append(
                measure(copies["outcome"], copies[column]) - measure(rows["outcome"], rows[column])
            )
        apparent = own[(own["model"] == model) & (own["sample"] == "apparent")]
        expected = measure(apparent["outcome"], apparent[column]) - np.mean(optimism)
        row = results[0].query("model == @model and metric == @metric and sample == 'corrected'")
        assert row["estimate"].item() == pytest.approx(expected, abs=1e-12)


def test_each_figure_has_an_interval_that_holds_it(results):
    corrected, _ = results
    assert len(corrected) == len(MADE) * 2 * len(METRICS)
    assert corrected["estimate"].between(corrected["ci_low"], corrected["ci_high"]).all()
    assert (corrected["ci_low"] < corrected["ci_high"]).all()


def test_a_score_that_is_always_empty_has_figures_without_interval_and_says_why(tmp_path, inputs):
    own, drawn, penalties = inputs
    for table in (own, drawn):
        constant = table["model"] == "radiomics"
        table.loc[constant, ["linear_predictor", "probability"]] = [0.4, expit(0.4)]
    corrected, _ = run(tmp_path, (own, drawn, penalties))
    of_others = corrected[corrected["model"] != "radiomics"]
    assert of_others[["estimate", "ci_low", "ci_high"]].notna().all(axis=None)
    table = corrected[corrected["model"] == "radiomics"].set_index(["sample", "metric"])
    without = table["ci_low"].isna() | table["ci_high"].isna()
    assert (table["method"].str.contains("not defined: ") == without).all()
    for sample in ("corrected", "corrected_632"):
        assert table.loc[(sample, "auc"), "estimate"] == 0.5 and without[sample, "auc"]
        assert np.isnan(table.loc[(sample, "calibration_slope"), "estimate"])


def test_the_files_are_the_same_however_resamples_were_batched(tmp_path, inputs):
    written = []
    for first in (1, 4, 7):
        folder = tmp_path / str(first)
        run(folder, inputs, first=first)
        names = ("corrected.csv", "dca_corrected.csv")
        written.append([(folder / name).read_bytes() for name in names])
    assert written[0] == written[1] == written[2]


def test_the_method_tells_what_a_figure_stands_on(results):
    method = results[0].query("metric == 'auc' and sample == 'corrected'").set_index("model")
    method = method["method"]
    assert method.str.startswith("Harrell's optimism, 8 resamples").all()
    assert method.str.contains("2 draws with too few of a class drawn again").all()
    empty = method.str.contains("signature empty in 25 % of resamples")
    assert empty.to_dict() == {
        "nomogram": True, "radiomics": True, "image_features": False, "radiomics_early": False,
    }  # fmt: skip
    plus = results[0].query("sample == 'corrected_632'")["method"]
    assert plus.str.startswith(".632+, 8 resamples").all()


def test_the_decision_curves(results):
    corrected, dca = results
    assert list(dca) == ["model", "sample", "threshold", "net_benefit", "ci_low", "ci_high"]
    sizes = dca.groupby(["model", "sample"]).size()
    assert set(sizes) == {99} and len(sizes) == 2 * (len(MADE) + 2)
    for sample in ("corrected", "corrected_632"):
        here = dca[dca["sample"] == sample].set_index(["model", "threshold"])["net_benefit"]
        metric = corrected[(corrected["metric"] == "net_benefit") & (corrected["sample"] == sample)]
        for row in metric.itertuples():
            assert here[row.model, 0.5] == row.estimate
        assert (here["none"] == 0).all()
        # everyone is treated: half of them rightly
        assert here["all"][0.2] == pytest.approx(0.5 - 0.5 * 0.25)


def test_a_resample_without_a_patient_is_an_error(tmp_path, inputs):
    own, drawn, penalties = inputs
    with pytest.raises(ValueError, match="each patient of the study once"):
        run(tmp_path, (own, drawn[drawn["patient"] != "0004"], penalties))


def test_a_study_without_any_available_model_has_a_header(tmp_path, inputs):
    corrected, dca = run(tmp_path, inputs, models=["volume"])
    assert corrected.empty and "method" in corrected
    assert set(dca["model"]) == {"all", "none"}
