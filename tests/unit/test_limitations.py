"""Limitations: a sentence for each kind of warning, and what the settings imply."""

import ast
import json
from pathlib import Path

import pytest
from synthetic_results import config

from nomoflow.caveats_of_images import SEEN_BEFORE
from nomoflow.limitations import SENTENCES, limitations

MODULES = Path(__file__).resolve().parents[2] / "scripts/nomoflow"


def warning(code, subject="nomogram", message="something was found"):
    return {"stage": "s", "code": code, "subject": subject, "message": message, "remedy": "r"}


def codes(warnings=(), external=0, read_again=40, **changes):
    return [row["code"] for row in limitations(warnings, config(**changes), external, read_again)]


def codes_in_the_code():
    """The codes that the modules of warnings can write: the second argument of caveat()."""
    found = set(SEEN_BEFORE)
    for path in MODULES.glob("caveats*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            place = {"caveat": 1, "_summary": 0}.get(called)
            if place is not None and isinstance(node.args[place], ast.Constant):
                found.add(node.args[place].value)
    return found


def test_every_code_of_a_warning_has_a_sentence():
    sentences = json.loads(SENTENCES.read_bytes())
    known = codes_in_the_code()
    assert {"optimism", "sample_size", "separation", "volume_change", "holes"} <= known
    assert known <= sentences.keys()
    assert all(text.endswith(".") and text[0].isupper() for text in sentences.values())


def test_one_sentence_a_code_names_all_its_subjects_gravest_first():
    rows = limitations(
        [warning("holes", "early"), warning("optimism", "radiomics_late"), warning("optimism")],
        config(), 1, 40,
    )  # fmt: skip
    assert [row["code"] for row in rows[:2]] == ["optimism", "holes"]
    assert "(radiomics nomogram, radiomics signature of late)" in rows[0]["text"]
    assert "(early)" in rows[1]["text"]


def test_a_code_without_a_sentence_is_told_by_its_own_message():
    (row, *_) = limitations([warning("new_code", "late", "it leaks.")], config(), 1, 40)
    assert row == {"code": "new_code", "text": "it leaks (late)."}


@pytest.mark.parametrize(
    ("code", "there", "gone"),
    [
        ("no_external_validation", {"external": 0}, {"external": 1}),
        ("few_resamples", {"evaluation": {"resamples": 50}}, {"evaluation": {"resamples": 500}}),
        ("few_read_again", {"read_again": 29}, {"read_again": 30}),
        ("few_read_again", {"read_again": 1}, {"read_again": 0}),
        ("reliability_filter_once", {}, {"reliability": {"filter": "within_training"}}),
        ("single_imputation", {"models": {"missing": "impute"}}, {}),
        ("harmonised",
         {"centres": {"harmonisation": {"method": "combat", "batch": "site", "reference": None}}},
         {}),
    ],
)  # fmt: skip
def test_settings_bring_their_own_limitations(code, there, gone):
    assert code in codes(**there)
    assert code not in codes(**gone)


def test_selection_is_always_a_condition():
    assert {"conditional_on_selection", "intervals_of_given_models"} <= set(codes())
