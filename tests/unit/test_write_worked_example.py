"""The worked example, by the json module and arithmetic alone, against what its page prints."""

import hashlib
import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest

from nomoflow.locked_model import predict
from nomoflow.model_file import read_model

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "worked_example.md").read_text(encoding="utf-8")
MODEL = json.loads((DOCS / "worked_example.json").read_bytes())
FEATURES = json.loads(re.search(r"```json\n(.*?)\n```", PAGE, re.DOTALL)[1])
AGE, MALE = 61, 1


def row(first, *others):
    """A row of the page's tables."""
    return f"| `{first}` | {' | '.join(others)} |"


def printed(value):
    return f"{value:.6f}"


@pytest.fixture(scope="module")
def radscore():
    signature = MODEL["signatures"]["combined"]
    score = signature["intercept"]
    for at, name in enumerate(signature["features"]):
        mean, sd = signature["means"][at], signature["sds"][at]
        coefficient = signature["coefficients"][at]
        z = (FEATURES[name] - mean) / sd
        score += coefficient * z
        figures = (mean, sd, z, coefficient, coefficient * z)
        assert row(name, f"{FEATURES[name]:g}", *map(printed, figures)) in PAGE
    return score


@pytest.fixture(scope="module")
def log_odds(radscore):
    model = MODEL["models"]["nomogram"]
    radscore_term, age, sex = model["terms"]
    assert [term["name"] for term in model["terms"]] == ["radscore", "age", "sex"]
    assert (age["per"], sex["positive"]) == (10, "male")
    coded = {"radscore": radscore, "age": AGE / 10, "sex": MALE}
    for term in (radscore_term, age, sex):
        figures = (coded[term["name"]], term["coefficient"])
        assert " | ".join([*map(printed, figures), printed(math.prod(figures))]) in PAGE
    return (
        model["intercept"]
        + radscore_term["coefficient"] * radscore
        + age["coefficient"] * AGE / 10
        + sex["coefficient"] * MALE
    )


def test_the_radscore(radscore):
    intercept = printed(MODEL["signatures"]["combined"]["intercept"])
    assert f"intercept {intercept} + the sum of the last column = **{printed(radscore)}**" in PAGE


def test_the_log_odds_and_the_probability(log_odds):
    intercept = printed(MODEL["models"]["nomogram"]["intercept"])
    assert f"intercept {intercept} + the sum of the last column = **{printed(log_odds)}**" in PAGE
    assert f"exp(-log odds)) = **{printed(1 / (1 + math.exp(-log_odds)))}**" in PAGE


def test_the_call_at_the_cutoff(log_odds):
    cutoff = MODEL["models"]["nomogram"]["cutoff"]
    assert 1 / (1 + math.exp(-cutoff["linear_predictor"])) == pytest.approx(cutoff["probability"])
    assert printed(cutoff["linear_predictor"]) in PAGE and printed(cutoff["probability"]) in PAGE
    side, call = re.search(r"The patient lies (.+) it: \*\*(\w+)\*\*", PAGE).groups()
    above = log_odds >= cutoff["linear_predictor"]
    assert side == ("at or above" if above else "below")
    assert call == MODEL["outcome"]["positive" if above else "negative"]


def test_the_points(radscore, log_odds):
    total = 0.0
    for name, value in {"radscore": radscore, "age": AGE, "sex": MALE}.items():
        ticks = [tick for tick in MODEL["nomogram"]["axes"] if tick["predictor"] == name]
        first, last = ticks[0], ticks[-1]
        share = (value - first["value"]) / (last["value"] - first["value"])
        points = first["points"] + share * (last["points"] - first["points"])
        total += points
        ends = (f"{first['value']:g}", printed(first["points"]))
        ends += (f"{last['value']:g}", printed(last["points"]))
        assert row(name, *ends, printed(points)) in PAGE
    assert f"Total = **{printed(total)}** points" in PAGE
    first, last = MODEL["nomogram"]["scale"][0], MODEL["nomogram"]["scale"][-1]
    share = (total - first["total_points"]) / (last["total_points"] - first["total_points"])
    read = first["linear_predictor"] + share * (
        last["linear_predictor"] - first["linear_predictor"]
    )
    assert read == pytest.approx(log_odds, abs=1e-9)


def test_the_digest():
    rest = {key: value for key, value in MODEL.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False)
    assert hashlib.sha256(text.encode("utf-8")).hexdigest() == MODEL["digest"]
    code = re.search(r"```python\n(.*?)\n```", PAGE, re.DOTALL)[1]
    assert "sort_keys=True, ensure_ascii=False" in code


def test_the_workflow_gives_the_same(log_odds):
    """The example is a model like any other: it is read, checked and applied."""
    model = read_model(DOCS / "worked_example.json")
    clinical = pd.DataFrame([{"patient": "example", "age": AGE, "sex": "male"}])
    features = pd.DataFrame([{"patient": "example", **FEATURES}])
    found = predict(model, clinical, features, ["nomogram"]).iloc[0]
    assert found["linear_predictor"] == pytest.approx(log_odds, abs=1e-12)
    assert found["warning"] == ""
    missing = predict(model, clinical.assign(age=""), features, ["nomogram"]).iloc[0]
    age = MODEL["models"]["nomogram"]["terms"][1]
    moved = age["coefficient"] * (age["imputed"] - AGE) / 10
    assert missing["linear_predictor"] == pytest.approx(log_odds + moved, abs=1e-12)
    assert f"`imputed` ({printed(age['imputed'])} years)" in PAGE
