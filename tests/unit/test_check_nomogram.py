"""The rule that reads every patient off the drawn nomogram, against the model itself."""

import numpy as np
import pandas as pd
import pytest
from check_nomogram import main
from fit_models import points_by_patient
from jobs import job
from synthetic_nomogram import made

from nomoflow import nomogram
from nomoflow.nomogram_check import Disagreement
from nomoflow.run import read_table, write_table

OUTCOME = {"positive": "ccRCC", "negative": "AML.wovf"}
NAMES = ("axes", "scale", "points", "predictions")


@pytest.fixture(scope="module", params=["fitted", "firth", "imputed", "constant"])
def one(request):
    return made(request.param)


def tables(one):
    """The tables as fit_models writes them; predictions come from the model, not from points."""
    eta = one.model.intercept + one.columns[list(one.model.terms)] @ one.model.coefficients
    patients, empty = one.data.patients, pd.DataFrame(columns=["patient"])
    return {
        "axes": nomogram.axes(one.terms),
        "scale": nomogram.scale(one.terms, one.model.intercept),
        "points": points_by_patient(one.terms, one.columns, patients) if one.terms else empty,
        "predictions": pd.DataFrame(
            {"patient": patients, "outcome": one.data.y, "model": "nomogram",
             "linear_predictor": eta.to_numpy(), "probability": 1 / (1 + np.exp(-eta.to_numpy()))}
        ),
    }  # fmt: skip


def run(found, folder):
    for name in NAMES:
        write_table(found[name], folder / f"{name}.csv")
    inputs = {name: folder / f"{name}.csv" for name in NAMES}
    main(job(inputs, {"examples": folder / "examples.csv"}, {"outcome": OUTCOME}))
    return read_table(folder / "examples.csv")


def with_points(found, one):
    if not one.terms:
        found["points"] = pd.DataFrame(columns=["patient", "predictor", "value", "points"])
    return found


def test_every_patient_agrees_and_two_are_examples(one, tmp_path):
    shown = run(with_points(tables(one), one), tmp_path)
    if not one.terms:
        assert shown.empty
        return
    assert sorted(set(shown["example"])) == ["A", "B"]
    assert "patient" not in shown
    quartiles = {"A": 0.75, "B": 0.25}
    own = tables(one)["predictions"]
    for name, rows in shown.groupby("example"):
        assert list(rows["predictor"]) == list(one.model.terms)
        assert rows["points"].sum() == pytest.approx(rows["total_points"].iloc[0], abs=1e-9)
        effect = rows["linear_predictor"].iloc[0]
        assert rows["probability"].iloc[0] == pytest.approx(1 / (1 + np.exp(-effect)))
        of_class = own[own["outcome"] == (1 if name == "A" else 0)]
        wanted = np.quantile(own["linear_predictor"], quartiles[name])
        nearest = (of_class["linear_predictor"] - wanted).abs().min()
        assert abs(effect - wanted) == pytest.approx(nearest)
        assert set(rows["outcome"]) == {"ccRCC" if name == "A" else "AML.wovf"}


def spoiled_coefficient(found):
    found["predictions"].loc[3, "linear_predictor"] += 3e-8


def spoiled_axis(found):
    axes = found["axes"]
    last = axes.index[axes["predictor"] == "age"][-1]
    axes.loc[last, "points"] *= 1 + 1e-6


def spoiled_scale(found):
    found["scale"].loc[found["scale"].index[-1], "linear_predictor"] += 1e-5


def spoiled_value(found):
    found["points"].loc[4, "value"] += 1e-4


def lost_patient(found):
    gone = found["predictions"]["patient"].iloc[2]
    found["points"] = found["points"][found["points"]["patient"] != gone]


def lost_axis(found):
    found["axes"] = found["axes"][found["axes"]["predictor"] != "age"]


SPOILED = {
    spoiled_coefficient: "linear predictor of the total points", spoiled_axis: "points on the axis",
    spoiled_scale: "linear predictor of the total points", spoiled_value: "points on the axis",
    lost_patient: "no points", lost_axis: "no axis of the predictor age",
}  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda one: one.__name__)
def test_a_nomogram_that_is_not_the_model_is_refused(spoil, tmp_path):
    found = tables(made("fitted"))
    spoil(found)
    with pytest.raises(Disagreement, match=SPOILED[spoil]):
        run(found, tmp_path)
    assert not (tmp_path / "examples.csv").exists()
