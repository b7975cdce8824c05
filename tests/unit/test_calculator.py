"""The calculator's data, and its arithmetic as node runs it."""

import json
import shutil
import subprocess
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from synthetic_nomogram import coded, grid, made

from nomoflow import nomogram
from nomoflow.calculator import BANDS, SOURCES, calculator, cohort, render, slider
from nomoflow.model_document import covariance
from nomoflow.models import Model, linear_predictor
from nomoflow.regression import fit_logistic

KINDS = ["fitted", "firth", "ml", "constant", "imputed"]


@pytest.fixture(scope="module")
def nomograms():
    return {kind: made(kind) for kind in KINDS}


def page_of(one, confidence=0.95):
    return calculator(one.document, one.predictions, "ccRCC", "AML.wovf", confidence)


def node(program, content):
    """What a program says that has the calculator's functions as ``c`` and JSON as ``given``."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed: the calculator's arithmetic is not run")
    source = (
        f"const c = require({json.dumps(str(SOURCES / 'nomogram.js'))});"
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        f"console.log(JSON.stringify({program}));"
    )
    run = subprocess.run(
        ["node", "-e", source], input=json.dumps(content), capture_output=True, encoding="utf-8",
        check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


def assessed(page, patients):
    """The calculator's answer for each patient's entries."""
    return node("given.patients.map((e) => c.assess(given.page, e))",
                {"page": page, "patients": patients})  # fmt: skip


def entered(values):
    return [[{"state": "set", "value": float(v)} for v in row] for row in values.to_numpy()]


@pytest.mark.parametrize("kind", KINDS)
def test_the_calculator_equals_the_model(nomograms, kind):
    one = nomograms[kind]
    page, values = page_of(one), grid(nomograms[kind])
    answers = assessed(page, entered(values))
    expected = linear_predictor(one.model, coded(one, values))
    # relative, for the values a thousand ranges away
    np.testing.assert_allclose([a["eta"] for a in answers], expected, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose([a["p"] for a in answers], expit(expected), rtol=1e-9, atol=1e-12)
    points = nomogram.points(one.terms, values).to_numpy()
    np.testing.assert_allclose(
        np.array([a["points"] for a in answers]).reshape(points.shape), points, rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose([a["total"] for a in answers], points.sum(axis=1), rtol=1e-9)


@pytest.mark.parametrize("kind", ["fitted", "imputed"])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_intervals_are_those_of_a_generalised_linear_model(nomograms, kind, confidence):
    """R: predict(glm(y ~ ., binomial), type = "link", se.fit = TRUE), plogis of fit +- z se."""
    one = nomograms[kind]
    values = grid(one)
    # statsmodels' own exp overflows far out
    values = values[np.abs(linear_predictor(one.model, coded(one, values))) < 100]
    assert len(values) > 300
    exog = sm.add_constant(one.columns[list(one.model.terms)])
    fit = sm.GLM(one.data.y, exog, family=sm.families.Binomial()).fit(tol=1e-12)
    new = sm.add_constant(coded(one, values), has_constant="add")
    expected = fit.get_prediction(new[exog.columns]).summary_frame(alpha=1 - confidence)
    answers = assessed(page_of(one, confidence), entered(values))
    limits = np.array([answer["ci"] for answer in answers])
    bounds = expected[["mean_ci_lower", "mean_ci_upper"]].to_numpy()
    np.testing.assert_allclose(limits, bounds, atol=1e-9)


def test_firths_interval_is_walds_with_firths_covariance(nomograms):
    """logistf's covariance: (X'W(1 + h)X)^-1, from its definition."""
    one = nomograms["firth"]
    x = np.column_stack([np.ones(len(one.data.y)), one.columns[list(one.model.terms)]])
    p = expit(linear_predictor(one.model, one.columns))
    w = p * (1 - p)
    h = np.diag(x @ np.linalg.inv(x.T @ (w[:, None] * x)) @ x.T) * w
    matrix = np.linalg.inv(x.T @ ((w * (1 + h))[:, None] * x))
    values = grid(one)
    design = np.column_stack([np.ones(len(values)), coded(one, values)])
    se = np.sqrt(np.einsum("ij,jk,ik->i", design, matrix, design))
    eta = linear_predictor(one.model, coded(one, values))
    answers = assessed(page_of(one), entered(values))
    bounds = np.column_stack(
        [expit(eta - 1.959963984540054 * se), expit(eta + 1.959963984540054 * se)]
    )
    np.testing.assert_allclose([a["ci"] for a in answers], bounds, atol=1e-9)


def test_a_constant_has_the_interval_of_a_share(nomograms):
    """R: glm(y ~ 1, binomial): se of the log odds is sqrt(1 / (n p q)); here 30 of 60."""
    answer = assessed(page_of(nomograms["constant"]), [[]])[0]
    half = 1.959963984540054 * np.sqrt(1 / 15)
    assert answer["p"] == pytest.approx(0.5)
    assert answer["ci"] == pytest.approx([expit(-half), expit(half)], abs=1e-12)
    assert answer["points"] == [] and answer["total"] == 0


def test_a_term_that_was_left_out_has_no_variance():
    """Two signs that coincide: the first stands for both."""
    one = made("fitted")
    x = one.columns[["age", "sex"]]
    terms, fit = ("age", "again", "sex"), fit_logistic(x, one.data.y)
    model = Model("nomogram", terms, fit.coefficients[0], np.zeros(3), "fitted", fit=fit)
    found = covariance(model, one.data.y)
    matrix = np.array(found["matrix"])
    theirs = sm.GLM(one.data.y, sm.add_constant(x), family=sm.families.Binomial()).fit(tol=1e-12)
    assert found["terms"] == ["(Intercept)", *terms]
    kept = np.ix_([0, 1, 3], [0, 1, 3])
    np.testing.assert_allclose(matrix[kept], theirs.cov_params().to_numpy(), rtol=1e-8)
    assert not matrix[2].any() and not matrix[:, 2].any()


def test_diverging_estimates_have_no_interval(nomograms):
    page = page_of(nomograms["ml"])
    assert (page["covariance"], page["no_interval"]) == (None, "ci_separated")
    assert assessed(page, entered(grid(nomograms["ml"], 3)))[0]["ci"] is None


def test_a_document_without_covariance_is_told_from_one_that_cannot_have_it(nomograms):
    document = json.loads(json.dumps(nomograms["fitted"].document))
    del document["models"]["nomogram"]["covariance"]
    page = calculator(document, [], "a", "b")
    assert (page["covariance"], page["no_interval"]) == (None, "ci_absent")
    assert page["cohort"] is None


def test_the_call_is_positive_at_or_above_the_cutoff(nomograms):
    one = nomograms["fitted"]
    page, values = page_of(one), grid(one)
    called = [answer["positive"] for answer in assessed(page, entered(values))]
    assert called == list(linear_predictor(one.model, coded(one, values)) >= one.model.cutoff)
    assert len(set(called)) == 2
    at = {**page, "intercept": page["cutoff"], "coefficients": [0.0] * len(page["coefficients"])}
    assert assessed(at, entered(values.head(1)))[0]["positive"] is True
    below = {**at, "intercept": page["cutoff"] - 1e-9}
    assert assessed(below, entered(values.head(1)))[0]["positive"] is False


def test_values_beyond_the_cohort_are_told(nomograms):
    one = nomograms["fitted"]
    low, high = one.columns["age"].min() * 10, one.columns["age"].max() * 10
    patients = [
        [{"state": "set", "value": 0}, {"state": "set", "value": age}, {"state": "set", "value": 1}]
        for age in (low, high, low - 0.01, high + 0.01)
    ]
    answers = assessed(page_of(one), patients)
    assert [answer["outside"][1] for answer in answers] == [False, False, True, True]
    assert not any(answer["outside"][2] for answer in answers)
    document = json.loads(json.dumps(one.document))
    document["models"]["nomogram"]["terms"][2]["high"] = 0.0  # no man in the cohort
    answer = assessed(calculator(document, [], "a", "b"), patients[:1])[0]
    assert answer["outside"] == [False, False, True]


def test_a_missing_value_is_replaced_only_where_the_model_allows_it(nomograms):
    one = nomograms["imputed"]
    page = page_of(one)
    patient = [{"state": "set", "value": 0.5}, {"state": "unknown"}, {"state": "unknown"}]
    answer = assessed(page, [patient])[0]
    ages = one.columns["age"].to_numpy()[5:]  # the first five had none
    assert answer["values"][1] == pytest.approx(10 * np.median(ages))
    sexes = one.columns["sex"].to_numpy()
    assert answer["values"][2] == float(sexes.mean() > 0.5)
    assert answer["unknown"] == [False, True, True]
    refused = page_of(nomograms["fitted"])
    assert assessed(refused, [patient]) == [None]
    assert assessed(page, [[{"state": "unset"}, *patient[1:]]]) == [None]
    assert assessed(page, [[{"state": "wrong"}, *patient[1:]]]) == [None]


def test_a_predictor_may_have_several_levels():
    levels = [
        {"label": label, "codes": codes, "points": points, "seen": True}
        for label, codes, points in (("a", [0, 0], 0), ("b", [1, 0], 40), ("c", [0, 1], 100))
    ]
    matrix = [[0.4, -0.1, -0.2], [-0.1, 0.3, 0.1], [-0.2, 0.1, 0.5]]
    page = {
        "predictors": [{"kind": "choice", "terms": [0, 1], "levels": levels, "imputed": None}],
        "intercept": -1.0, "coefficients": [0.8, 2.0], "covariance": matrix,
        "quantile": 1.0, "cutoff": None, "cohort": None,
    }  # fmt: skip
    answers = assessed(page, [[{"state": "set", "value": level}] for level in range(3)])
    assert [answer["eta"] for answer in answers] == pytest.approx([-1.0, -0.2, 1.0])
    assert [answer["total"] for answer in answers] == [0, 40, 100]
    halves = [(a["limits"][1] - a["limits"][0]) / 2 for a in answers]
    assert halves == pytest.approx(np.sqrt([0.4, 0.4 + 0.3 - 0.2, 0.4 + 0.5 - 0.4]))
    assert {answer["positive"] for answer in answers} == {None}


TYPED = {
    "54": 54, " 54.3 ": 54.3, "-1.5": -1.5, "\u22121.5": -1.5, "\u20131.5": -1.5, "+2": 2,
    ".5": 0.5, "5.": 5, "1e-3": 0.001, "54,3": 54.3, "-0,125": -0.125,
    "\uff15\uff14\uff0e\uff13": 54.3, "\uff0d\uff11": -1, "0": 0, "1,2345": 1.2345, "": "empty",
    "  ": "empty", "1,234": "comma", "-12,500": "comma", "abc": "number", "1 2": "number",
    "1.2.3": "number", "1,2,3": "number", "1,234.5": "number", "NaN": "number",
    "Infinity": "number", "0x10": "number", "-": "number", ".": "number", "1e10": "number",
    "1e999": "number", "--1": "number", "5 %": "number",
}  # fmt: skip


def test_numbers_as_people_type_them():
    answers = node("given.map(c.parseNumber)", list(TYPED))
    found = [answer.get("problem", answer.get("value")) for answer in answers]
    assert dict(zip(TYPED, found, strict=True)) == TYPED


def test_numbers_as_they_are_shown():
    assert node("given.map(c.percent)", [0, 1e-12, 0.0009, 0.0011, 0.5, 0.99, 0.9991, 1]) == [
        "< 0.1", "< 0.1", "< 0.1", "0.1", "50.0", "99.0", "> 99.9", "> 99.9",
    ]  # fmt: skip
    assert node("given.map((v) => c.fixed(v, 1))", [-1.25, -0.04, 12]) == [
        "\u22121.3",
        "0.0",
        "12.0",
    ]
    values = [-1.557572788, 2.2733762, 33, 0.00012345, 123456.7, 6.9 * 10, 0]
    assert node("given.map((v) => c.rounded(v, 1))", values) == [
        "\u22121.557", "2.274", "33", "0.0001235", "123457", "69", "0",
    ]  # fmt: skip
    assert node("given.map((v) => c.rounded(v, -1))", values) == [
        "\u22121.558", "2.273", "33", "0.0001234", "123456", "69", "0",
    ]  # fmt: skip


def test_labels_never_meet():
    places, widths = [0, 10, 20, 30, 40, 50, 60], [18] * 7
    kept = node("c.thin(given[0], given[1], 4)", [places, widths])
    assert kept == [0, 3, 6]
    order = [3, 0, 1, 2, 4, 5, 6]
    kept = node("c.chooseLabels(given[0], given[1], 4, given[2])", [places, widths, order])
    assert kept == [0, 3, 6]
    assert all(places[b] - places[a] >= 22 for a, b in pairwise(kept))
    assert node("c.thin([5], [30], 4)", []) == [0] and node("c.thin([], [], 4)", []) == []


def row(patient, outcome, probability, sample="cross_validated", repeat=0, model="nomogram"):
    return {"patient": patient, "outcome": str(outcome), "model": model, "sample": sample,
            "repeat": str(repeat), "probability": str(probability)}  # fmt: skip


def test_the_cohort_is_counted_held_out_where_it_can_be():
    rows = [
        row("A", 1, 0.2), row("A", 1, 0.6, repeat=1), row("B", 0, 0.0), row("C", 1, 1.0),
        row("C", 1, 0.01, sample="apparent"), row("D", 0, 0.3, model="volume"),
    ]  # fmt: skip
    counted = cohort(rows)
    assert counted["sample"] == "cross_validated"
    assert {i: n for i, n in enumerate(counted["positive"]) if n} == {8: 1, 19: 1}
    assert {i: n for i, n in enumerate(counted["negative"]) if n} == {0: 1}
    apparent = cohort(rows[4:])
    assert (apparent["sample"], sum(apparent["positive"]), apparent["positive"][0]) == (
        "apparent", 1, 1,
    )  # fmt: skip
    assert cohort(rows[5:]) is None and cohort([]) is None


def test_the_place_of_a_patient_is_found_from_the_counts():
    random = np.random.default_rng(3)
    p, y = random.random(200), random.integers(0, 2, 200)
    counted = cohort([row(f"P{i}", y[i], p[i]) for i in range(200)])
    for value in (0.0, 0.333, 0.5, 0.99, 1.0):
        place = node("c.placeOf(given[0], given[1])", [counted, value])
        low = min(np.floor(value * BANDS), BANDS - 1) / BANDS
        within = (p >= low) & (p < low + 1 / BANDS)
        assert place["below"] == (p < low).sum()
        assert place["positive"] == (within & (y == 1)).sum()
        assert place["negative"] == (within & (y == 0)).sum()
        assert place["above"] == 200 - place["below"] - within.sum()


def test_only_counts_of_the_patients_are_in_the_page(nomograms):
    one = nomograms["fitted"]
    text = render(page_of(one))
    for patient, score in zip(one.data.patients, one.predictions, strict=False):
        assert str(patient) not in text
        assert score["probability"] not in text and score["linear_predictor"] not in text


@given(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(1e-3, 1e6, allow_nan=False),
)
def test_a_slider_reaches_both_ends_in_enough_steps(low, width):
    ticks = nomogram.pretty(low, low + width)
    given = {name: Decimal(text) for name, text in slider(ticks[0], ticks[-1]).items()}
    steps = (given["max"] - given["min"]) / given["step"]
    assert [float(given["min"]), float(given["max"])] == pytest.approx(list(ticks[[0, -1]]))
    assert steps == int(steps) and 40 <= steps <= 400


def test_an_axis_of_one_value_has_no_slider():
    assert slider(3.0, 3.0) is None


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_probabilities_stand_at_their_totals(nomograms, kind):
    one = nomograms[kind]
    drawn = page_of(one)["drawing"]
    if kind == "constant":
        assert drawn is None
        return
    for total, text in drawn["probability"]:
        reached = expit(nomogram.to_linear_predictor(total, one.terms, one.model.intercept))
        assert reached == pytest.approx(float(text), rel=1e-9)
        assert -1e-9 <= total <= drawn["highest"] + 1e-9
