"""Nomogram axes and points against R's rms::nomogram 6.5-0."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from nomoflow.nomogram import axes, points, points_per_unit, scale, to_linear_predictor

CONTINUOUS = ("radscore", "age")


@pytest.fixture(scope="module", params=["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"])
def cohort(request, reference):
    result = json.loads((reference / f"{request.param}.json").read_bytes())
    data = pd.read_csv(reference / f"{request.param}.model.csv")
    model = result["models"]["comb"]
    intercept, *coefficients = model["coef"]
    terms = []
    for name, coefficient in zip(model["terms"][1:], coefficients, strict=True):
        # R: dd <- datadist(D); dd$limits[c("Low", "High"), name]: the range of the data
        low, high = result["nomogram"]["datadist"][name][2:]
        kind = "continuous" if name in CONTINUOUS else "binary"
        term = {"name": name, "label": name, "kind": kind, "unit": "", "levels": ["0", "1"]}
        terms.append(term | {"coefficient": coefficient, "low": low, "high": high})
    return data, result["nomogram"], terms, intercept, model


# R: no <- nomogram(lrm(y ~ radscore + age + sign1 + sign2 + sex), fun = plogis, lp = TRUE)
def test_axes(cohort):
    _, expected, terms, _, _ = cohort
    table = axes(terms)
    for name, axis in expected["variables"].items():
        rows = table[table["predictor"] == name]
        assert rows["value"].tolist() == pytest.approx(axis["values"], abs=1e-12)
        assert rows["points"].tolist() == pytest.approx(axis["points"], abs=1e-11)
    assert points_per_unit(terms) == pytest.approx(expected["sc"], rel=1e-12)


def test_total_points(cohort):
    _, expected, terms, intercept, _ = cohort
    assert to_linear_predictor(0, terms, intercept) == pytest.approx(
        expected["Intercept"], abs=1e-11
    )
    # R: no$lp gives the total points of round linear predictors
    for total, effect in zip(expected["lp"]["x"], expected["lp"]["x.real"], strict=True):
        assert to_linear_predictor(total, terms, intercept) == pytest.approx(effect, abs=1e-11)
    # R: the risk axis, total points of round probabilities, which R interpolates linearly in a
    # grid of linear predictors (up to 3e-4 points off); the logit checks the exact value
    table = scale(terms, intercept)
    for total, risk in zip(expected["risk"]["x"], expected["risk"]["x.real"], strict=True):
        row = table[table["probability"] == risk]
        assert len(row) == 1
        assert row["total_points"].item() == pytest.approx(total, abs=1e-3)
        assert row["linear_predictor"].item() == pytest.approx(logit(risk), abs=1e-14)


def test_points_of_the_patients(cohort):
    data, expected, terms, intercept, model = cohort
    total = points(terms, data).sum(axis=1)
    # R: rowSums of approx(axis values, axis points, xout = patient's value)
    assert total.tolist() == pytest.approx(expected["patient_points"], abs=1e-11)
    found = to_linear_predictor(total, terms, intercept)
    assert found == pytest.approx(logit(np.array(model["prob"])), abs=1e-9)
