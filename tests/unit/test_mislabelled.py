import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from synthetic_model import locked

from nomoflow.locked_model import design_of
from nomoflow.mislabelled import (
    COLUMNS,
    classes_swapped,
    of_predictors,
    outcome_levels,
    predictor_levels,
    units,
)

AGES = np.random.default_rng(0).normal(54, 12, 150)
RANGE = AGES.min(), AGES.max(), AGES.std(ddof=1)


def ages(seed=1, n=60, shift=0.0):
    return np.random.default_rng(seed).normal(54 + 12 * shift, 12, n)


@pytest.mark.parametrize(("factor", "other"), [(12, "months"), (365.25, "days"), (52.18, "weeks")])
def test_an_age_in_another_unit_is_named(factor, other):
    rows = units("age", "Age", "years", ages() * factor, *RANGE)
    assert len(rows) == 1
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["cause"] == f"Age is in {other}, the model has it in years"
    assert f"divide the column by {factor:g}" in rows[0]["remedy"]


@pytest.mark.parametrize(("unit", "factor", "other"), [
    ("mm", 0.1, "cm"), ("cm", 10, "mm"), ("mL", 1000, "mm3"), ("g/dL", 10, "g/L"),
    ("points", 100, "a unit 100 times smaller"),
])  # fmt: skip
def test_other_units(unit, factor, other):
    values = np.random.default_rng(2).normal(25, 6, 80)
    rows = units("x", "X", unit, values * factor, 12, 40, 6)
    assert other in rows[0]["cause"]


@settings(max_examples=200)
@given(st.integers(0, 10_000), st.floats(-0.5, 0.5), st.integers(4, 200), st.floats(0.6, 1.6))
def test_an_honest_cohort_raises_no_alarm(seed, shift, n, spread):
    random = np.random.default_rng(seed)
    values = random.normal(54 + 12 * shift, 12 * spread, n)
    assert units("age", "Age", "years", values, *RANGE) == []


def test_skewed_markers_raise_no_alarm():
    """Log-normal over two powers of ten, where ten times more is nothing strange."""
    for seed in range(300):
        random = np.random.default_rng(seed)
        ours, theirs = (np.exp(random.normal(m, 1.2, 80)) for m in (2, 2.6))
        rows = units("marker", "Marker", "U/L", theirs, ours.min(), ours.max(), ours.std())
        assert rows == []


def test_a_level_that_nobody_has():
    rows = predictor_levels("sex", "Male sex", ["M"] * 20 + ["F"] * 15, "male", 0.6)
    assert rows[0]["kind"] == "predictor_coding"
    assert "no patient is 'male'" in rows[0]["cause"]
    assert rows[0]["found"] == "F (15), M (20)"
    assert predictor_levels("sex", "Sex", ["male"] * 3 + ["F"] * 4, "male", 0.6) == []
    assert predictor_levels("rare", "Rare", ["no"] * 30, "yes", 0.05) == []
    assert predictor_levels("hidden", "Hidden", ["no"] * 30, "yes", None) == []
    everyone = predictor_levels("s", "S", ["yes"] * 30, "yes", 0.3)
    assert "every patient" in everyone[0]["cause"]


def test_an_outcome_by_other_names():
    rows = outcome_levels(["1", "0", "1", ""], "diagnosis", "ccRCC", "AML.wovf")
    assert rows[0]["found"] == "(empty) (1), 0 (1), 1 (2)"
    assert rows[0]["expected"] == "ccRCC (positive) or AML.wovf (negative)"
    assert outcome_levels(["ccRCC", "AML.wovf"], "diagnosis", "ccRCC", "AML.wovf") == []


def scored(seed, n, effect):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    lp = random.normal(effect * y, 1)
    return y, {"nomogram": lp, "radiomics": lp + random.normal(0, 0.7, n)}


def test_exchanged_classes_are_named_and_not_put_right():
    y, scores = scored(1, 60, 1.5)
    kept = {name: score.copy() for name, score in scores.items()}
    rows = classes_swapped(1 - y, scores, "ccRCC", "AML")
    assert "the positive class is exchanged" in rows[0]["cause"]
    assert "ccRCC and AML" in rows[0]["cause"]
    assert all((scores[name] == kept[name]).all() for name in scores)
    assert classes_swapped(y, scores, "ccRCC", "AML") == []


def test_a_useless_model_is_not_called_exchanged():
    alarms = sum(bool(classes_swapped(*scored(seed, 40, 0.0), "a", "b")) for seed in range(400))
    # one side of a 99 % interval, of the better of two models that agree
    assert alarms <= 400 * 0.005 + 3 * np.sqrt(400 * 0.005) + 4


def test_exchange_is_found_where_models_are_good():
    found = 0
    for seed in range(100):
        y, scores = scored(seed, 60, 1.5)  # AUC 0.86
        found += bool(classes_swapped(1 - y, scores, "a", "b"))
    assert found >= 97


def test_small_one_class_and_constant_cohorts():
    y, scores = scored(1, 60, 1.5)
    assert classes_swapped(np.ones(60, int), scores, "a", "b") == []
    assert classes_swapped(y[:3], {"m": scores["nomogram"][:3]}, "a", "b") == []
    assert classes_swapped(y, {"m": np.zeros(60)}, "a", "b") == []
    with_gaps = scores["nomogram"].copy()
    with_gaps[:5] = np.nan
    assert classes_swapped(1 - y, {"nomogram": with_gaps}, "a", "b")


@pytest.fixture(scope="module")
def study():
    return locked()


def test_predictors_of_a_locked_model(study):
    def rows(clinical):
        given = design_of(study.document, clinical, study.features).given
        return of_predictors(study.document, given, clinical)

    assert rows(study.clinical) == []
    months = study.clinical.assign(age=[repr(12 * float(age)) for age in study.clinical["age"]])
    assert ["in months" in row["cause"] for row in rows(months)] == [True]
    short = study.clinical.assign(sex=study.clinical["sex"].map({"male": "M", "female": "F"}))
    terms = {t["name"]: t for m in study.document["models"].values() for t in m["terms"]}
    if "sex" in terms and not terms["sex"]["negative"]:
        assert [row["kind"] for row in rows(short)] == ["predictor_coding"]


def test_honest_cohorts_of_a_locked_model(study):
    """Means moved by up to 0.5 SD: no alarm over 300 cohorts."""
    random = np.random.default_rng(9)
    terms = {t["name"]: t for m in study.document["models"].values() for t in m["terms"]}
    age = pd.to_numeric(study.clinical["age"])
    y = study.data.y
    for _ in range(300):
        n = int(random.integers(8, 120))
        clinical = pd.DataFrame(
            {"age": random.normal(age.mean() + random.uniform(-0.5, 0.5) * age.std(), age.std(), n),
             "sex": random.choice(["male", "female"], n, p=[0.55, 0.45])}
        )  # fmt: skip
        given = pd.DataFrame({"age": clinical["age"] / 10, "sex": clinical["sex"] == "male"})
        given = given[[name for name in given if name in terms]].astype(float)
        assert of_predictors(study.document, given, clinical) == []
    assert expit(0) == 0.5 and len(y)
