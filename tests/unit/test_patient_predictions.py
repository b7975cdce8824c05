import numpy as np
import pytest
from scipy.special import expit
from synthetic_model import imputing, locked

from nomoflow.patient_predictions import (
    COLUMNS,
    POINT_COLUMNS,
    WARNING_COLUMNS,
    intervals,
    numbers_for,
    predictions,
)


@pytest.fixture(scope="module")
def one():
    return locked()


def test_interval_is_the_studys_own_by_hand(one):
    """x' V x with the fit's own covariance (R: predict(glm, se.fit = TRUE), plogis of its ends)."""
    model = one.fitted.models["nomogram"]
    columns = one.fitted.design(one.data)
    order = [model.fit.names.index(name) for name in ["(Intercept)", *model.terms]]
    covariance = model.fit.covariance[np.ix_(order, order)]
    for confidence, z in ((0.95, 1.959963984540054), (0.8, 1.2815515655446004)):
        found = intervals(one.document["models"]["nomogram"], columns, confidence)
        for i in range(5):
            x = np.array([1.0, *columns[list(model.terms)].iloc[i]])
            eta = x @ np.array([model.intercept, *model.coefficients])
            half = z * np.sqrt(x @ covariance @ x)
            assert found[i] == pytest.approx(expit([eta - half, eta + half]), abs=1e-10)


def test_a_model_without_covariance_has_no_interval(one):
    bare = {**one.document["models"]["nomogram"], "covariance": None}
    assert np.isnan(intervals(bare, one.fitted.design(one.data))).all()


def test_rows_of_each_patient_and_model(one):
    table, points, _ = predictions(one.document, one.clinical, one.features)
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert list(points.columns) == list(POINT_COLUMNS)
    assert not table.duplicated(["patient", "model"]).any()
    inside = table[table["ci_low"].notna()]
    assert (inside["ci_low"] <= inside["probability"]).all()
    assert (inside["probability"] <= inside["ci_high"]).all()
    assert set(table["model_digest"]) == {one.document["digest"]}
    totals = table[table["model"] == "nomogram"].set_index("patient")["total_points"]
    sums = points.groupby("patient")["points"].sum()
    np.testing.assert_allclose(sums.loc[totals.index], totals, rtol=1e-12)


def test_the_order_of_patients_does_not_matter(one):
    turned = one.clinical.sample(frac=1, random_state=1).reset_index(drop=True)
    first, second = (
        predictions(one.document, clinical, one.features)[0] for clinical in (one.clinical, turned)
    )
    assert first.equals(second)


def test_values_are_shown_as_people_read_them(one):
    _, points, _ = predictions(one.document, one.clinical, one.features)
    own = points[points["patient"] == one.clinical["patient"][0]].set_index("predictor")
    assert own["value"].isin(["male", "female"]).any()
    age = float(one.clinical["age"][0])
    assert any(value == f"{age:.4g} years" for value in own["value"])


def test_warnings_name_what_was_found_and_expected(one):
    clinical = one.clinical.copy()
    clinical.loc[0, "age"] = "212"
    images = [{"patient": clinical["patient"][0], "kind": "image", "subject": "ct",
               "found": "slices of 7 mm", "expected": "0.5 to 5 mm"}]  # fmt: skip
    table, _, warned = predictions(one.document, clinical, one.features, images)
    own = warned[warned["patient"] == clinical["patient"][0]]
    assert list(warned.columns) == list(WARNING_COLUMNS)
    age = own[own["subject"] == "age"].iloc[0]
    assert age["found"] == "212 years" and age["expected"].endswith("years")
    assert "slices of 7 mm" in set(own["found"])
    assert (table[table["patient"] == clinical["patient"][0]]["warnings"] == len(own)).all()


def test_a_missing_value_is_said_once():
    one = imputing()
    clinical = one.clinical.copy()
    clinical.loc[:, "age"] = "54"
    clinical.loc[3, "age"] = ""
    _, points, warned = predictions(one.document, clinical, one.features)
    said = warned[(warned["kind"] == "missing")]
    assert list(said["patient"]) == [clinical["patient"][3]]
    assert "stands for it" in said["subject"].iloc[0]
    own = points[points["patient"] == clinical["patient"][3]]
    assert "missing" in set(own["value"]) and own["points"].notna().all()


def test_numbers_are_opaque_and_fixed():
    keys = [f"P{i:03d}" for i in range(50)]
    numbers = numbers_for(keys, "d")
    assert sorted(numbers.values()) == list(range(1, 51))
    assert numbers == numbers_for(keys[::-1], "d")
    assert [numbers[key] for key in keys] != list(range(1, 51))
    assert numbers != numbers_for(keys, "e")
