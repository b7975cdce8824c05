"""A locked model gives its own patients what the study gave them, and says what it cannot."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_cohort import CHOICES, PHASES, cohort
from synthetic_model import NAMES, imputing, locked

from nomoflow import nomogram
from nomoflow.locked_model import (
    COLUMNS,
    RANGE_COLUMNS,
    design_of,
    feature_columns,
    inverse_logit,
    nomogram_points,
    outside_range,
    predict,
)
from nomoflow.models import linear_predictor
from nomoflow.validation import predictions


@pytest.fixture(scope="module")
def plain():
    return locked()


@pytest.fixture(scope="module")
def filled():
    return imputing()


def separated():
    table = cohort()
    table["clinical.sex"] = table["outcome"].astype(float)
    return locked(table)


def constant():
    table = cohort(n=60, effect=0.0, seed=3).drop(columns=["clinical.age", "clinical.sex"])
    made = locked(table, replace(CHOICES, penalty="1se", predictors=[]))
    assert made.document["signatures"]["combined"]["status"] == "empty"
    return made


@pytest.mark.parametrize("made", [locked, imputing, separated, constant])
def test_equal_to_the_studys_own_prediction_of_its_patients(made):
    one = made()
    columns = one.fitted.design(one.data)
    expected = predictions(
        one.data, columns, one.fitted.models, sorted(NAMES), one.data.y,
        sample="apparent", repeat=0, fold=0,
    )  # fmt: skip
    found = predict(one.document, one.clinical, one.features)
    assert found[["patient", "model"]].equals(expected[["patient", "model"]])
    for column in ("linear_predictor", "probability", "cutoff"):
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-12, atol=1e-12)
    radiomics = found[found["model"] == "radiomics"]["linear_predictor"].to_numpy()
    if one.document["signatures"]["combined"]["features"]:
        scored = found[found["model"] == "nomogram"]["radscore"]
        np.testing.assert_array_equal(scored, radiomics)
    else:
        assert len(set(radiomics)) == 1


def test_call_is_that_at_the_locked_cutoff(plain):
    found = predict(plain.document, plain.clinical, plain.features)
    positive = found["linear_predictor"] >= found["cutoff"]
    assert positive.any() and not positive.all()
    assert (found["call"] == np.where(positive, "ccRCC", "AML.wovf")).all()


def test_points_are_those_of_the_drawn_nomogram(plain):
    """nomogram.points has them from the terms, the locked model from the ticks of its axes."""
    found = predict(plain.document, plain.clinical, plain.features, ["nomogram"])
    columns = plain.fitted.design(plain.data)
    values = columns.assign(age=columns["age"] * 10)
    terms = plain.document["models"]["nomogram"]["terms"]
    drawn = [
        {**term, "coefficient": term["coefficient"] / term.get("per", 1)}
        | ({"levels": ["a", "b"]} if term["kind"] == "binary" else {})
        for term in terms
    ]
    expected = nomogram.points(drawn, values)
    for name in expected:
        np.testing.assert_allclose(found[f"points_{name}"], expected[name], atol=1e-9)
    np.testing.assert_allclose(found["total_points"], expected.sum(axis=1), atol=1e-9)
    again = nomogram.to_linear_predictor(
        found["total_points"], drawn, plain.document["models"]["nomogram"]["intercept"]
    )
    np.testing.assert_allclose(again, found["linear_predictor"], atol=1e-9)


def test_only_the_nomogram_has_points(plain):
    found = predict(plain.document, plain.clinical, plain.features)
    assert list(found)[: len(COLUMNS)] == list(COLUMNS)
    has = found.groupby("model")["total_points"].apply(lambda points: points.notna().all())
    assert has[has].index.tolist() == ["nomogram"]


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.integers(0, 39), min_size=1, max_size=12, unique=True), order=st.randoms())
def test_a_patients_prediction_depends_on_no_other_patient_nor_on_order(plain, rows, order):
    whole = predict(plain.document, plain.clinical, plain.features).set_index(["model", "patient"])
    shuffled = list(range(len(plain.features)))
    order.shuffle(shuffled)
    some = predict(plain.document, plain.clinical.iloc[rows], plain.features.iloc[shuffled])
    some = some.set_index(["model", "patient"])
    expected = whole.loc[some.index]
    for column in ("linear_predictor", "total_points"):
        np.testing.assert_allclose(some[column], expected[column], rtol=1e-12, equal_nan=True)


def test_without_an_outcome(plain):
    """The tables of patients whose outcome nobody knows yet."""
    with_it = predict(plain.document, plain.clinical, plain.features)
    without = predict(plain.document, plain.clinical.drop(columns="outcome"), plain.features)
    pd.testing.assert_frame_equal(with_it, without)


def test_a_missing_predictor_costs_its_patient_alone_the_models_that_need_it(plain):
    clinical = plain.clinical.copy()
    clinical.loc[3, "age"] = ""
    before = predict(plain.document, plain.clinical, plain.features)
    found = predict(plain.document, clinical, plain.features)
    lost = found["linear_predictor"].isna()
    assert set(zip(found[lost]["patient"], found[lost]["model"], strict=True)) == {
        ("P003", "nomogram"),
        ("P003", "image_features"),
    }
    assert (found[lost]["warning"] == "no probability: age is missing").all()
    assert (found[lost]["call"] == "").all() and found[lost]["probability"].isna().all()
    assert found[lost]["total_points"].isna().all()
    pd.testing.assert_frame_equal(found[~lost], before[~lost])
    assert (found[~lost]["warning"] == "").all()


def test_a_missing_predictor_takes_the_value_the_model_was_made_with(filled):
    found = predict(filled.document, filled.clinical, filled.features, ["nomogram"])
    assert found["probability"].notna().all()
    stands = 10 * float(np.nanmedian(filled.data.clinical["age"]))  # of the training's patients
    said = found.set_index("patient")["warning"]
    assert (
        said[[f"P{i:03d}" for i in range(5)]] == f"age is missing: {stands:.6g} years stands for it"
    ).all()
    assert (said.iloc[5:] == "").all()
    written = filled.clinical.assign(age=[age or repr(stands) for age in filled.clinical["age"]])
    expected = predict(filled.document, written, filled.features, ["nomogram"])
    np.testing.assert_allclose(found["linear_predictor"], expected["linear_predictor"], rtol=1e-12)


def test_the_value_that_stands_never_comes_from_the_patients_at_hand(filled):
    clinical = filled.clinical.iloc[:5].assign(sex="")
    found = predict(filled.document, clinical, filled.features, ["image_features"])
    assert found["linear_predictor"].nunique() == 1
    level = "male" if filled.data.clinical["sex"].median() == 1 else "female"
    assert found["warning"].str.endswith(f"sex is missing: {level} stands for it").all()


def test_a_missing_feature_is_named(plain):
    feature = plain.document["signatures"]["combined"]["features"][0]
    features = plain.features.copy()
    features.loc[2, feature] = np.nan
    found = predict(plain.document, plain.clinical, features, ["nomogram", "volume"])
    row = found[(found["patient"] == "P002") & (found["model"] == "nomogram")].iloc[0]
    assert row["warning"] == f"no probability: features are missing: {feature}"
    assert math.isnan(row["probability"])
    assert found["linear_predictor"].isna().sum() == 1


def test_a_patient_without_images(plain):
    found = predict(plain.document, plain.clinical, plain.features.iloc[1:])
    lost = found[found["linear_predictor"].isna()]
    assert set(lost["patient"]) == {"P000"}
    assert set(lost["model"]) == set(NAMES) - {"image_features"}
    assert "volume_ml is missing" in lost.set_index("model").loc["volume", "warning"]


def test_a_column_that_is_not_there(plain):
    feature = plain.document["signatures"]["combined"]["features"][0]
    with pytest.raises(ValueError, match=f"lack 1 columns of the signature.*{feature}"):
        predict(plain.document, plain.clinical, plain.features.drop(columns=feature))
    with pytest.raises(ValueError, match="no column age"):
        predict(plain.document, plain.clinical.drop(columns="age"), plain.features)


def test_what_a_model_does_not_need_may_be_absent(plain):
    found = predict(plain.document, plain.clinical, models=["image_features"])
    assert len(found) == 40 and found["probability"].notna().all()
    volume = plain.features[["patient", "early_original_shape_MeshVolume"]]
    bare = plain.clinical[["patient"]]
    found = predict(plain.document, bare, volume, ["volume"])
    by_ml = volume.assign(volume_ml=volume.iloc[:, 1] / 1000)[["patient", "volume_ml"]]
    pd.testing.assert_frame_equal(found, predict(plain.document, bare, by_ml, ["volume"]))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("sex", "m", "allowed|'male' or 'female'"),
        ("sex", "Male", "'male' or 'female'"),
        ("age", "54 years", "no number"),
    ],
)
def test_a_predictor_that_is_written_otherwise(plain, column, value, said):
    clinical = plain.clinical.copy()
    clinical.loc[7, column] = value
    with pytest.raises(ValueError, match=f"patient P007: {column} .*({said})"):
        predict(plain.document, clinical, plain.features)


def test_a_patient_twice(plain):
    with pytest.raises(ValueError, match="more than one row: P001"):
        predict(plain.document, plain.clinical.iloc[[1, 1]], plain.features)
    with pytest.raises(ValueError, match="more than one row: P001"):
        predict(plain.document, plain.clinical, plain.features.iloc[[1, 1]])


def test_an_unavailable_model_has_no_rows():
    one = locked(choices=replace(CHOICES, predictors=[]))
    assert one.document["models"]["image_features"]["status"] == "unavailable"
    found = predict(one.document, one.clinical[["patient"]], one.features)
    assert set(found["model"]) == set(NAMES) - {"image_features"}


def test_no_patient_of_the_training_is_outside_its_range(plain, filled):
    for one in (plain, filled):
        found = outside_range(one.document, one.clinical, one.features)
        assert list(found) == list(RANGE_COLUMNS) and found.empty


def test_values_beyond_the_range_are_told_with_their_distance(plain):
    document, clinical, features = plain.document, plain.clinical.copy(), plain.features.copy()
    feature = document["signatures"]["combined"]["features"][0]
    values = plain.data.features[feature]
    ages = 10 * plain.data.clinical["age"]
    clinical.loc[4, "age"] = repr(float(ages.max() + 2 * ages.std(ddof=1)))
    features.loc[6, feature] = values.min() - 3 * values.std(ddof=0)
    found = outside_range(document, clinical, features, ["nomogram"]).set_index(["patient", "kind"])
    age = found.loc[("P004", "predictor")]
    assert (age["name"], age["unit"]) == ("age", "years")
    assert age["sds_beyond"] == pytest.approx(2)
    assert (age["low"], age["high"]) == pytest.approx((ages.min(), ages.max()))
    one = found.loc[("P006", "feature")]
    assert one["name"] == feature and one["sds_beyond"] == pytest.approx(3)
    assert one["value"] < one["low"] == values.min()
    assert set(found.index.get_level_values("patient")) == {"P004", "P006"}


def test_a_level_that_training_never_had():
    table = cohort()
    table["clinical.sex"] = 1.0
    one = locked(table)
    clinical = one.clinical.copy()
    clinical.loc[0, "sex"] = "female"
    found = outside_range(one.document, clinical, one.features)
    assert found[["patient", "name", "value", "low"]].values.tolist() == [["P000", "sex", 0, 1]]
    assert found["sds_beyond"].isna().all()


def test_missing_values_are_outside_of_nothing(plain):
    clinical = plain.clinical.assign(age="")
    features = plain.features.copy()
    features.loc[:, features.columns != "patient"] = np.nan
    assert outside_range(plain.document, clinical, features).empty


def test_feature_columns_join_the_phases(plain):
    phases = {}
    for phase in PHASES:
        names = [name for name in plain.features if name.startswith(f"{phase}_")]
        part = plain.features[["patient", *names]]
        part = part.rename(columns=lambda name, phase=phase: name.removeprefix(f"{phase}_"))
        again = part.assign(reading="b1", **{part.columns[1]: -1.0})
        phases[phase] = pd.concat([again, part.assign(reading="a1")]).iloc[::-1]
    joined = feature_columns(phases)
    pd.testing.assert_frame_equal(
        predict(plain.document, plain.clinical, joined),
        predict(plain.document, plain.clinical, plain.features),
    )


def test_design_is_the_studys(plain):
    found = design_of(plain.document, plain.clinical, plain.features)
    expected = plain.fitted.design(plain.data)
    for name in found.columns:
        np.testing.assert_allclose(found.columns[name], expected[name], rtol=1e-12)
    for name, model in plain.fitted.models.items():
        assert linear_predictor(model, found.columns) == pytest.approx(
            linear_predictor(model, expected), abs=1e-12
        ), name
    assert nomogram_points(plain.document, found.columns).shape == (40, 3)


def test_inverse_logit_at_its_ends():
    found = inverse_logit(np.array([-800.0, 0.0, 800.0, math.nan]))
    assert found[:3].tolist() == [0.0, 0.5, 1.0] and math.isnan(found[3])
