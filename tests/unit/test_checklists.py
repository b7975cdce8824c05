"""The checklists' items as data, conditions, and METRICS' score against its own published rules."""

import itertools
import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nomoflow.checklist_names import CHECKLISTS
from nomoflow.checklists import (
    checklist,
    is_filled,
    judge,
    main_items,
    metrics_score,
    summary,
    tally,
)
from nomoflow.evidence import STATUSES, Results
from nomoflow.statements import known_statements

# Kocak et al. 2024, Insights Imaging 15:8, Table 1: item, weight in units of 0.0001.
PUBLISHED = (
    368, 735, 919, 438, 292, 438, 292, 337, 225, 112, 622, 311, 415, 200, 200, 300, 200, 599, 300,
    352, 234, 176, 117, 293, 176, 375, 749, 75, 75, 75,
)  # fmt: skip
# The same table's footnotes: which items stand under which of its five conditions.
CONDITIONAL = {"8": ["1"], "9": ["1", "2"], "10": ["1"], "12": ["3"], "14": ["4"], "15": ["4"],
               "16": ["4"], "17": ["5"]}  # fmt: skip
# TRIPOD+AI (Collins 2024, Table 2): the parts of each of the 27 items.
PARTS = {"3": "abc", "5": "ab", "6": "abc", "8": "abc", "9": "abc", "12": "abcdefg", "18": "abcdef",
         "20": "abc", "23": "ab", "27": "abc"}  # fmt: skip


def items(name):
    return checklist(name)["items"]


def test_numbers_weights_and_conditions_are_those_published():
    assert [item["item"] for item in items("clear")] == [str(n) for n in range(1, 59)]
    assert [round(10000 * item["weight"]) for item in items("metrics")] == list(PUBLISHED)
    assert sum(PUBLISHED) == 10000
    assert {i["item"]: i["conditions"] for i in items("metrics") if "conditions" in i} == (
        CONDITIONAL
    )
    wanted = [f"{n}{part}" for n in range(1, 28) for part in PARTS.get(str(n), [""])]
    assert [item["item"] for item in items("tripod_ai")] == wanted


@pytest.mark.parametrize("name", CHECKLISTS)
def test_every_item_rests_on_something_that_there_is(name):
    content = checklist(name)
    assert content["doi"].startswith("10.")
    results = Results({}, {}, {}, [])
    for item in content["items"]:
        assert item.keys() & {"evidence", "statements", "write"}, item
        assert item["topic"]
        assert set(item.get("statements", ())) <= known_statements().keys()
        if "evidence" in item:
            judge(item["evidence"], results)
        for condition in item.get("conditions", ()):
            assert condition in (*content.get("conditions", {}), "clusters", "external")
    with pytest.raises(KeyError):
        judge("no_such_evidence", results)


def test_every_statement_is_asked_for_somewhere():
    asked = {
        name for one in CHECKLISTS for item in items(one) for name in item.get("statements", ())
    }
    # the model card and the condition of METRICS read these; imaging_protocol is evidence too
    assert known_statements().keys() - asked == {
        "ethical_considerations", "contact", "segmentation_kind"
    }  # fmt: skip


def scored(statuses):
    return [
        {**item, "status": status, "evidence": "a.csv", "value": "1"}
        for item, status in zip(items("metrics"), statuses, strict=True)
    ]


@given(st.lists(st.sampled_from(STATUSES), min_size=30, max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_score_is_the_share_of_the_weights_that_apply(statuses):
    weights = [Fraction(weight, 10000) for weight in PUBLISHED]
    applies = [s != "not applicable" for s in statuses]
    total = sum(itertools.compress(weights, applies))
    if not total:
        return
    got = sum(w for w, s in zip(weights, statuses, strict=True) if s == "pass")
    lost = sum(w for w, s in zip(weights, statuses, strict=True) if s == "fail")
    found = metrics_score(scored(statuses))
    assert found["score"] == pytest.approx(float(100 * got / total), abs=1e-3)
    assert found["highest"] == pytest.approx(float(100 * (total - lost) / total), abs=1e-3)
    assert found["weight_filled"] == pytest.approx(float(got + lost), abs=1e-4)
    assert found["weight_applicable"] == pytest.approx(float(total), abs=1e-4)


@pytest.mark.parametrize(
    ("passed", "grade"),
    [(range(30), "excellent"), (range(0), "very low"), (range(3), "low"), (range(13), "moderate"),
     (range(20), "good")],
)  # fmt: skip
def test_grades_of_the_score(passed, grade):
    # cumulative weights: 3 items 20.2 %, 13 items 55.0 %, 20 items 76.6 %
    statuses = ["pass" if place in passed else "fail" for place in range(30)]
    assert metrics_score(scored(statuses))["grade"] == grade


def row(item, status, evidence="a.csv", value="1"):
    return {"item": item, "status": status, "evidence": evidence, "value": value}


def test_an_item_is_filled_only_by_evidence_that_can_be_opened():
    assert is_filled(row("1", "pass"))
    assert is_filled(row("1", "fail"))
    assert not is_filled(row("1", "pass", evidence=""))
    assert not is_filled(row("1", "pass", value=""))
    for status in ("not evidenced", "for the authors", "not applicable"):
        assert not is_filled(row("1", status))


def test_an_item_of_tripod_counts_when_all_its_parts_that_apply_do():
    rows = [row("3a", "pass"), row("3b", "for the authors"), row("10", "fail"),
            row("12f", "not applicable"), row("12g", "not applicable"),
            row("23a", "pass"), row("23b", "not applicable")]  # fmt: skip
    assert main_items(rows) == {
        "3": "open", "10": "filled", "12": "not applicable", "23": "filled"
    }  # fmt: skip
    told = summary({"tripod_ai": rows})["tripod_ai"]
    assert (told["main_items"], told["main_items_filled"]) == (4, 2)
    assert tally(rows)["filled"] == 3


def test_the_lists_are_short_words_and_no_page_of_the_papers():
    for name in CHECKLISTS:
        text = json.dumps(checklist(name)["items"])
        assert max(len(item["topic"]) for item in items(name)) < 75
        assert "\\u" not in text
    assert all(Path(f"report/checklists/{name}.json").suffix == ".json" for name in CHECKLISTS)
