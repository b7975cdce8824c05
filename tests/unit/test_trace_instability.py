import numpy as np
import pandas as pd
import pytest
from jobs import job
from synthetic_predictions import MODELS, predictions
from trace_instability import main

from nomoflow.run import read_table, write_table
from nomoflow.stability import prediction_instability


def resampled(apparent, resamples, noise=0.1, seed=1):
    """Every patient by every model of each resample, moved a little."""
    random = np.random.default_rng(seed)
    parts = []
    for resample in resamples:
        moved = apparent["probability"] + random.uniform(-noise, noise, len(apparent))
        part = apparent[["model", "patient", "outcome"]].assign(
            resample=resample, probability=moved.clip(0, 1), count=random.poisson(1, len(apparent))
        )
        parts.append(part.sample(frac=1, random_state=resample))
    return pd.concat(parts, ignore_index=True)


APPARENT = predictions().query("sample == 'apparent'").reset_index(drop=True)


def test_by_hand():
    apparent = pd.DataFrame({"patient": ["b"], "model": "m", "probability": 0.5})
    again = pd.DataFrame(
        {"resample": range(1, 6), "patient": "b", "model": "m",
         "probability": [0.1, 0.9, 0.4, 0.35, 0.7]}
    )  # fmt: skip
    row = prediction_instability(apparent, again, ["m"]).iloc[0]
    # R: quantile(c(.1, .9, .4, .35, .7), c(.025, .5, .975))
    assert row[["low", "median", "high"]].tolist() == pytest.approx([0.125, 0.4, 0.88], abs=1e-15)
    # (0.4 + 0.4 + 0.1 + 0.15 + 0.2) / 5
    assert row["mape"] == pytest.approx(0.25, abs=1e-15)


def test_models_made_again_alike_move_nothing():
    table = prediction_instability(APPARENT, resampled(APPARENT, range(4), noise=0), MODELS)
    for column in ("low", "median", "high"):
        np.testing.assert_array_equal(table[column], table["probability"])
    assert (table["mape"] == 0).all()


def traced(folder, batches, rows=None):
    write_table(predictions() if rows is None else rows, folder / "predictions.csv")
    for place, batch in enumerate(batches):
        write_table(batch, folder / f"{place}.parquet")
    main(
        job(
            {
                "predictions": folder / "predictions.csv",
                "resampled": [folder / f"{place}.parquet" for place in range(len(batches))],
            },
            {"instability": folder / "instability.csv"},
            {"models": MODELS, "confidence": 0.9},
        )
    )
    return read_table(folder / "instability.csv")


def test_batches_are_one(tmp_path):
    batches = [resampled(APPARENT, [1, 2, 3]), resampled(APPARENT, [4, 5], seed=2)]
    table = traced(tmp_path, batches)
    # the volume model is unavailable: it has no rows
    assert list(dict.fromkeys(table["model"])) == ["nomogram", "radiomics"]
    assert len(table) == 60 and not table.isna().to_numpy().any()
    every = pd.concat(batches)
    own = APPARENT[(APPARENT["model"] == "radiomics") & (APPARENT["patient"] == "P007")].iloc[0]
    again = every[(every["model"] == "radiomics") & (every["patient"] == "P007")]["probability"]
    row = table[(table["model"] == "radiomics") & (table["patient"] == "P007")].iloc[0]
    assert row["probability"] == own["probability"]
    assert row["median"] == sorted(again)[2]
    # type 7 of five values at 0.05 lies a fifth of the way from the first to the second
    lowest, second = sorted(again)[:2]
    assert row["low"] == pytest.approx(lowest + 0.2 * (second - lowest), rel=1e-12)
    errors = [abs(p - own["probability"]) for p in again]
    assert row["mape"] == pytest.approx(sum(errors) / 5, rel=1e-12)


def test_a_constant_model_goes_through(tmp_path):
    rows = predictions()
    rows["probability"] = 0.5
    table = traced(tmp_path, [resampled(rows.query("sample == 'apparent'"), [1, 2], 0)], rows)
    assert (table["mape"] == 0).all() and (table["low"] == 0.5).all()


def test_a_patient_who_is_not_predicted_is_an_error(tmp_path):
    batch = resampled(APPARENT, [1, 2])
    with pytest.raises(ValueError, match="nomogram: not every patient is predicted in every"):
        traced(tmp_path, [batch[(batch["patient"] != "P003") | (batch["resample"] != 2)]])


def test_a_resample_in_two_batches_is_an_error(tmp_path):
    batch = resampled(APPARENT, [1, 2])
    with pytest.raises(ValueError, match="nomogram: a patient is predicted twice"):
        traced(tmp_path, [batch, batch])
