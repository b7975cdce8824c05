"""What a problem does, by the config; and every problem's kind is a known one."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.policy import DEFAULT, EXCLUDE, STOP, check_policy, policy
from nomoflow.problem_kinds import KINDS
from nomoflow.problems import Problems

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.parametrize("word", [STOP, EXCLUDE])
def test_one_word_is_for_all(word):
    assert {policy(word, kind) for kind in KINDS} == {word}


@given(
    st.dictionaries(st.sampled_from([DEFAULT, *sorted(KINDS)]), st.sampled_from([STOP, EXCLUDE])),
    st.sampled_from(sorted(KINDS)),
)
def test_a_mapping_is_asked_by_kind_and_else_by_its_default(on_problem, kind):
    expected = [on_problem[key] for key in (kind, DEFAULT) if key in on_problem]
    assert policy(on_problem, kind) == [*expected, STOP][0]


def told(on_problem):
    problems = Problems()
    check_policy(on_problem, problems)
    return problems


@pytest.mark.parametrize("on_problem", [STOP, {}, {"default": EXCLUDE, "mask_small": STOP}])
def test_known_kinds(on_problem):
    assert told(on_problem) == []


def test_an_unknown_kind():
    (problem,) = told({"mask_smal": EXCLUDE, "computation": EXCLUDE})
    assert problem.column == "images.on_problem"
    assert problem.found == "unknown kind 'mask_smal'"
    assert "mask_small" in problem.allowed
    assert problem.remedy == "did you mean 'mask_small'?"
    (problem,) = told({"xyz": STOP})
    assert "docs/bad_input.md" in problem.remedy


def test_what_concerns_everyone_cannot_be_excluded():
    (problem,) = told({"settings_unusable": EXCLUDE})
    assert "everyone" in problem.found and "settings_unusable" not in problem.allowed


def raised() -> dict[str, set[str]]:
    """Kinds as they are written where an ImageProblem is made, by file."""
    found = {}
    for path in sorted(SCRIPTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "ImageProblem":
                continue
            named = [word.value for word in node.keywords if word.arg == "kind"]
            for value in [*node.args[:1], *named]:
                if isinstance(value, ast.Constant):
                    found.setdefault(path.name, set()).add(value.value)
    return found


def test_every_problem_is_of_a_known_kind():
    found = raised()
    assert "masks.py" in found and "curation.py" in found
    assert {
        name: kinds - KINDS.keys() for name, kinds in found.items() if kinds - KINDS.keys()
    } == {}


def test_every_kind_is_used_somewhere():
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted(SCRIPTS.rglob("*.py"))
        if path.name != "problem_kinds.py"
    )
    assert [kind for kind in KINDS if f'"{kind}"' not in sources] == []
