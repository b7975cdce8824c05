import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from synthetic_centres import (
    MODEL,
    SOFTWARE,
    TERMS,
    participants,
    predictions,
    scans,
    summary,
)

from nomoflow.centre_summary import (
    SCHEMA,
    auc_summary,
    centre_summary,
    describe_cohort,
    oe_summary,
    refuse_near,
)
from nomoflow.discrimination import auc, delong
from nomoflow.sealed import check_schema


def scalars(node):
    """Every key and value of a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from scalars(value)
    elif isinstance(node, list):
        for value in node:
            yield from scalars(value)
    else:
        yield node


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 140), st.integers(1, 10_000), st.sampled_from([0, 1, 5, 10]))
def test_no_patients_own_value_is_in_it(n, seed, limit):
    rows = predictions(n, seed)
    people, images = participants(rows, seed), scans(rows, seed)
    document = summary("B", seed=seed, smallest_cell=limit, rows=rows)
    check_schema(document, SCHEMA, "x")
    text = json.dumps(document)
    found = set(scalars(document))
    for row in [*rows, *people, *images]:
        assert row["patient"] not in text
        for name in ("age", "name", "slice_thickness_mm", "linear_predictor", "probability"):
            if name in row:
                assert row[name] not in found and str(row[name]) not in text


@pytest.mark.parametrize("n, seed, limit", [(12, 1, 5), (40, 2, 5), (90, 3, 5), (200, 4, 10)])
def test_nor_is_it_there_to_as_many_digits_as_are_told(n, seed, limit):
    """Seeds are fixed: among so many numbers two may have the same digits by chance."""
    rows = predictions(n, seed)
    document = summary("B", seed=seed, smallest_cell=limit, rows=rows)
    for model in document["models"].values():
        model.pop("calibration_curve", None)  # three digits, of heights between 0 and 1
    found = {value for value in scalars(document) if isinstance(value, float)}
    for row in [*rows, *participants(rows, seed), *scans(rows, seed)]:
        for name in ("linear_predictor", "probability", "age", "slice_thickness_mm"):
            assert name not in row or float(f"{float(row[name]):.6g}") not in found


@settings(max_examples=25, deadline=None)
@given(st.integers(10, 150), st.integers(1, 10_000))
def test_every_count_that_is_told_is_large_enough(n, seed):
    document = summary("B", n, seed)
    for model in document["models"].values():
        calls = model["at_cutoff"]
        counts = [calls[name] for name in ("tp", "fn", "tn", "fp")]
        for point in model["cuts"]:
            events = document["cohort"]["events"]
            rest = document["cohort"]["n"] - events
            counts += [point["tp"], events - point["tp"], point["fp"], rest - point["fp"]]
        assert all(count is None or count >= 5 for count in counts)
        assert (calls["tp"] is None) == (calls["fn"] is None) == (calls["sensitivity"] is None)
        assert (calls["tn"] is None) == (calls["fp"] is None) == (calls["specificity"] is None)
        if None in counts:
            assert calls["accuracy"] is None


@settings(max_examples=20, deadline=None)
@given(st.integers(12, 60), st.integers(1, 10_000))
def test_hidden_calls_have_at_least_as_many_answers_as_the_limit(n, seed):
    """By exhaustion: all counts at the cut-off that agree with all that is told."""
    document = summary("B", n, seed)
    events = document["cohort"]["events"]
    for model in document["models"].values():
        calls, cut = model["at_cutoff"], expit(model["at_cutoff"]["linear_predictor"])
        for name, all_of, key in (("tp", events, "tp"), ("fp", n - (events or 0), "fp")):
            if calls[name] is not None:
                continue
            above = [p[key] for p in model["cuts"] if p["threshold"] <= cut]
            below = [p[key] for p in model["cuts"] if p["threshold"] >= cut]
            most, least = min([all_of, *above]), max([0, *below])
            told_if = [count for count in range(least, most + 1) if min(count, all_of - count) < 5]
            assert len(told_if) >= 5


def test_figures_are_those_of_the_predictions():
    rows = [row for row in predictions(90, 3) if row["model"] == "nomogram"]
    y = np.array([row["outcome"] for row in rows])
    lp = np.array([row["linear_predictor"] for row in rows])
    found = summary(rows=rows)["models"]["nomogram"]
    assert found["auc"]["estimate"] == pytest.approx(auc(y, lp), rel=1e-5)
    assert found["oe"]["estimate"] == pytest.approx(y.sum() / expit(lp).sum(), rel=1e-5)
    assert found["brier"] == pytest.approx(np.mean((expit(lp) - y) ** 2), rel=1e-5)
    calls = found["at_cutoff"]
    assert calls["tp"] == np.sum((lp >= 0.3) & (y == 1))
    assert calls["specificity"] == pytest.approx(np.mean(lp[y == 0] < 0.3), rel=1e-5)
    for point in found["cuts"]:
        called = expit(lp) >= point["threshold"]
        odds = point["threshold"] / (1 - point["threshold"])
        benefit = np.mean(called * y) - odds * np.mean(called * (1 - y))
        assert point["net_benefit"] == pytest.approx(benefit, abs=1e-5)
    # R: glm(y ~ lp, family = binomial), by its score equations
    fit = found["calibration"]
    rest = y - expit(fit["intercept"] + fit["slope"] * lp)
    assert [rest.sum(), rest @ lp] == pytest.approx([0, 0], abs=2e-3)


def test_variances_are_debrays():
    """By simulation of what they approximate: the spread of logit AUC and log O:E."""
    random = np.random.default_rng(1)
    logits, logs = [], []
    for _ in range(400):
        y = (random.random(150) < 0.4).astype(int)
        score = random.normal(1.2 * y, 1)
        logits.append(logit(auc(y, score)))
        logs.append(math.log(y.sum() / 60))
    area, variance = delong(y, score)
    assert auc_summary(area[0], variance[0, 0])["logit_se"] == pytest.approx(
        np.std(logits), rel=0.2
    )
    assert oe_summary(60, 150, 60)["log_se"] == pytest.approx(np.std(logs), rel=0.1)
    assert oe_summary(60, 150, 60)["log_se"] == pytest.approx(math.sqrt(0.6 / 60), rel=1e-5)


def test_what_has_no_logit_says_so():
    assert auc_summary(1.0, 0.0)["logit"] is None
    assert oe_summary(0, 20, 3.0)["log"] is None


def test_a_cohort_with_few_of_a_class_tells_nothing():
    rows = [{**row, "outcome": int(row["patient"][-4:] < "0004")} for row in predictions(60)]
    document = summary(rows=rows)
    assert document["cohort"]["events"] is None and document["models"] == {}
    assert document["case_mix"] == {"predictors": [], "acquisition": []}
    assert "fewer than 5" in document["cohort"]["reason"]
    check_schema(document, SCHEMA, "x")


def test_a_model_that_misses_patients_tells_nothing():
    rows = [
        row for row in predictions(60) if row["model"] == "nomogram" or row["patient"][-1] != "7"
    ]
    assert summary(rows=rows)["models"]["radiomics"]["shared"] is False


@pytest.mark.parametrize(
    "change, words",
    [
        ({"outcome": 2}, "outcome"),
        ({"cutoff": 1.0}, "one cut-off"),
        ({"probability": 0.5}, "not recalibrated"),
    ],
)
def test_bad_rows_are_refused(change, words):
    rows = predictions(40)
    rows[3] = {**rows[3], **change}
    with pytest.raises(ValueError, match=words):
        summary(rows=rows)


def test_no_rows_or_two_of_a_patient_are_refused():
    with pytest.raises(ValueError, match="no predictions"):
        centre_summary("B", MODEL, [], {}, None, None, SOFTWARE)
    rows = predictions(40)
    with pytest.raises(ValueError, match="two rows"):
        summary(rows=[*rows, rows[0]])


def test_rare_levels_lose_their_names():
    people = [{"patient": str(i), "age": str(40 + i), "sex": "male"} for i in range(30)]
    people[0]["sex"] = "intersex, the only one"
    images = [{"patient": str(i), "manufacturer": "GE" if i else "a rare one"} for i in range(30)]
    described = describe_cohort(people, TERMS, images, 5)
    assert "rare one" not in json.dumps(described) and "only one" not in json.dumps(described)
    (sex,) = [one for one in described["predictors"] if one["name"] == "sex"]
    assert all(level["n"] is None for level in sex["levels"])


def test_few_missing_values_are_not_counted():
    people = [{"patient": str(i), "age": str(40 + i), "sex": "male"} for i in range(30)]
    for count, told in ((3, None), (0, 0), (6, 6)):
        some = [{**one, "age": ""} if i < count else one for i, one in enumerate(people)]
        age = describe_cohort(some, TERMS)["predictors"][0]
        assert age["missing"] == told
        assert (age["n"] is None) == (told is None)


def test_cohorts_that_differ_in_one_patient_are_not_both_told():
    rows = predictions(90)
    fewer = [row for row in rows if row["patient"] != rows[4]["patient"]]
    other = [{**row, "patient": "x"} if row["patient"] == rows[4]["patient"] else row
             for row in rows]  # fmt: skip
    whole = summary(rows=rows)
    for rest in (fewer, [*rows[:-60]]):
        with pytest.raises(ValueError, match="has left the centre already"):
            refuse_near(summary(rows=rest), whole, "summary.json")
    refuse_near(whole, whole, "summary.json")
    refuse_near(summary(rows=fewer, centre="C"), whole, "summary.json")
    refuse_near(summary(rows=rows, digest="c" * 64), whole, "summary.json")
    # as many, but another patient
    changed = [
        {**row, "linear_predictor": 0.1, "probability": float(expit(0.1))}
        if row["patient"] == "x"
        else row
        for row in other
    ]
    with pytest.raises(ValueError, match="other numbers"):
        refuse_near(summary(rows=changed), whole, "summary.json")


def test_many_more_patients_may_be_told():
    refuse_near(summary(n=160), summary(n=90), "summary.json")
