import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from nomoflow.nomogram import (
    ROUND_PROBABILITIES,
    axes,
    points,
    pretty,
    scale,
    to_linear_predictor,
)


def continuous(name, coefficient, low, high):
    return {"name": name, "label": name.title(), "kind": "continuous", "unit": "years",
            "coefficient": coefficient, "low": low, "high": high}  # fmt: skip


def binary(name, coefficient):
    return {"name": name, "label": name.title(), "kind": "binary", "unit": "",
            "coefficient": coefficient, "levels": ["no", "yes"]}  # fmt: skip


TERMS = [
    continuous("age", 0.05, 28, 85),
    continuous("radscore", -2.0, -1.3, 1.9),
    binary("beer", 0.7),
    binary("hyperdense", -1.1),
]

coefficients = st.floats(-5, 5).filter(lambda b: b == 0 or abs(b) > 1e-3)
ranges = st.tuples(st.floats(-100, 100), st.floats(0.01, 100))


@st.composite
def models(draw):
    terms = []
    for i in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            low, width = draw(ranges)
            terms.append(continuous(f"c{i}", draw(coefficients), low, low + width))
        else:
            terms.append(binary(f"b{i}", draw(coefficients)))
    return terms, draw(st.floats(-10, 10))


@given(models(), st.integers(0, 2**32 - 1))
def test_points_add_up_to_the_linear_predictor(model, seed):
    terms, intercept = model
    generator = np.random.default_rng(seed)
    values = pd.DataFrame(
        {
            term["name"]: generator.normal(0, 50, 8)  # beyond the axes too
            if term["kind"] == "continuous"
            else generator.integers(0, 2, 8)
            for term in terms
        },
        index=range(8),
    )
    total = points(terms, values).sum(axis=1)
    expected = intercept + sum(
        (term["coefficient"] * values[term["name"]] for term in terms), np.zeros(8)
    )
    found = to_linear_predictor(total, terms, intercept)
    assert found == pytest.approx(np.asarray(expected), abs=1e-9)


@given(models())
def test_axes_start_at_zero_and_the_longest_ends_at_one_hundred(model):
    terms, intercept = model
    table = axes(terms)
    for term in terms:
        rows = table[table["predictor"] == term["name"]]
        assert rows["points"].min() == 0
        assert rows["value"].is_monotonic_increasing
        gain = np.diff(rows["points"])
        assert (np.sign(gain) == np.sign(term["coefficient"])).all()
        if term["kind"] == "continuous":
            rounding = 1e-9 * (term["high"] - term["low"])
            assert rows["value"].iloc[0] <= term["low"] + rounding
            assert rows["value"].iloc[-1] >= term["high"] - rounding
    if any(term["coefficient"] for term in terms):
        assert table["points"].max() == 100.0
    reading = scale(terms, intercept)
    assert reading["total_points"].is_monotonic_increasing
    assert reading["total_points"].is_unique
    assert reading["linear_predictor"].to_numpy() == pytest.approx(
        to_linear_predictor(reading["total_points"], terms, intercept), abs=1e-9
    )
    assert reading["probability"].to_numpy() == pytest.approx(
        expit(reading["linear_predictor"].to_numpy()), abs=1e-14
    )


def test_axes():
    table = axes(TERMS)
    assert list(table.columns) == ["predictor", "label", "value", "level", "points"]
    radscore = table[table["predictor"] == "radscore"]
    # R: pretty(c(-1.3, 1.9), 10) is -1.5, -1, ..., 2; 3.5 * 2 = 7 log-odds are 100 points
    assert radscore["value"].tolist() == [-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]
    assert radscore["points"].tolist() == pytest.approx(np.linspace(100, 0, 8).tolist())
    assert radscore["level"].tolist() == ["-1.5", "-1", "-0.5", "0", "0.5", "1", "1.5", "2"]
    beer = table[table["predictor"] == "beer"]
    assert beer["level"].tolist() == ["no", "yes"]
    assert beer["points"].tolist() == pytest.approx([0, 10])
    hyperdense = table[table["predictor"] == "hyperdense"]
    assert hyperdense["points"].tolist() == pytest.approx([110 / 7, 0])


def test_scale():
    table = scale(TERMS, intercept=-0.5).set_index("total_points")
    # lowest: -0.5 + 0.05 * 25 - 2 * 2 + 0 - 1.1; 7 log-odds a hundred points
    assert table.loc[0, "linear_predictor"] == pytest.approx(-4.35)
    assert table.loc[100, "linear_predictor"] == pytest.approx(2.65)
    assert table.loc[100, "probability"] == pytest.approx(1 / (1 + np.exp(-2.65)))
    assert table.index[(table["probability"] == 0.5)].tolist() == [pytest.approx(435 / 7)]
    within = [p for p in ROUND_PROBABILITIES if p > expit(-4.35)]
    assert set(within) <= set(table["probability"])
    assert 0.01 not in set(table["probability"])  # out of reach


def test_no_predictors():
    assert axes([]).empty
    assert list(axes([]).columns) == ["predictor", "label", "value", "level", "points"]
    table = scale([], 0.4)
    assert table.to_dict("records") == [
        {"total_points": 0, "linear_predictor": 0.4, "probability": expit(0.4)}
    ]
    nobody = points([], pd.DataFrame(index=["a", "b"]))
    assert nobody.shape == (2, 0)
    assert to_linear_predictor(nobody.sum(axis=1), [], 0.4).tolist() == [0.4, 0.4]


def test_no_effects():
    terms = [continuous("age", 0.0, 20, 80), binary("beer", 0.0)]
    assert axes(terms)["points"].eq(0).all()
    assert len(scale(terms, -1.0)) == 1
    total = points(terms, pd.DataFrame({"age": [30.0, 60], "beer": [0, 1]})).sum(axis=1)
    assert to_linear_predictor(total, terms, -1.0).tolist() == [-1, -1]


def test_predictor_that_does_not_vary():
    terms = [continuous("age", 0.1, 50, 50), binary("beer", 1.0)]
    table = axes(terms)
    assert table.loc[table["predictor"] == "age", ["value", "points"]].to_numpy().tolist() == [
        [50, 0]
    ]
    total = points(terms, pd.DataFrame({"age": [50.0, 60], "beer": [0, 1]})).sum(axis=1)
    assert to_linear_predictor(total, terms, 0.0) == pytest.approx([5, 7])


# R: pretty(c(low, high), n = 10)
@pytest.mark.parametrize(
    ("low", "high", "first", "step", "last"),
    [(25, 80, 25, 5, 80), (-0.121, 1.603, -0.2, 0.2, 1.8), (-0.677, 2.341, -1, 0.5, 2.5),
     (0, 1, 0, 0.1, 1), (0, 257.586, 0, 20, 260), (25, 84, 25, 5, 85),
     (0, 67, 0, 5, 70), (0, 71.5, 0, 10, 80)],
)  # fmt: skip
def test_pretty(low, high, first, step, last):
    values = pretty(low, high)
    assert values[0] == first and values[-1] == last
    assert np.diff(values) == pytest.approx(step)


@given(st.floats(-1e6, 1e6), st.floats(1, 1e6))
def test_pretty_covers_with_few_round_values(low, width):
    high = low + width
    values = pretty(low, high)
    step = values[1] - values[0]
    assert values[0] <= low + 1e-9 * step and values[-1] >= high - 1e-9 * step
    assert values[1] > low - 1e-9 * step and values[-2] < high + 1e-9 * step
    assert 3 <= len(values) <= 22
    mantissa = step / 10 ** np.floor(np.log10(step) + 1e-6)
    assert min(abs(mantissa - k) for k in (1, 2, 5)) < 1e-3


@pytest.mark.parametrize(("low", "high"), [(1, 0), (np.nan, 1), (0, np.inf)])
def test_impossible_axis(low, high):
    with pytest.raises(ValueError, match="cannot be drawn"):
        axes([continuous("age", 1.0, low, high)])


def test_impossible_coefficient():
    with pytest.raises(ValueError, match="coefficient of beer is nan"):
        axes([binary("beer", np.nan)])
