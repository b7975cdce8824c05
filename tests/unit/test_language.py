"""Every fixed text of figures and manuscript tables has its Chinese form, holes and all."""

import ast
import re
from pathlib import Path

import pytest

from nomoflow.chinese import TEXTS
from nomoflow.language import CATALOGUES, say, speaking, spoken

MODULES = Path(__file__).resolve().parents[2] / "scripts/nomoflow"
OURS = sorted([*MODULES.glob("figure_*.py"), MODULES / "wording.py", MODULES / "manuscript.py"])
HOLES = re.compile(r"\{(\w+)\}")


def said_in(path: Path) -> set[str]:
    """Texts that stand within a call of say as they are, a choice between two included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            first = node.args[0]
            choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            found |= {c.value for c in choices if isinstance(c, ast.Constant)}
    return found


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_every_text_has_its_chinese_form(path):
    assert said_in(path) <= set(CATALOGUES["zh"])


def test_the_scan_finds_texts():
    found = set().union(*map(said_in, OURS))
    assert {"Total points", "1 − specificity", "No prediction interval: two centres"} <= found
    assert len(found) > 100


def test_both_forms_have_the_same_holes():
    for english, chinese in TEXTS.items():
        assert sorted(HOLES.findall(english)) == sorted(HOLES.findall(chinese)), english


def test_what_is_said_depends_on_the_language_spoken():
    assert say("Total points") == "Total points" and spoken() == "en"
    with speaking("zh"):
        assert say("Total points") == "总分" and spoken() == "zh"
        assert say("{n} patients", n=3) == "3 例患者"
        assert say("Age {of} diagnosis") == "Age {of} diagnosis"  # a study's own words
        with speaking("en"):
            assert say("Total points") == "Total points"
        assert spoken() == "zh"
    assert spoken() == "en"


def test_a_language_that_nobody_speaks_is_refused():
    with pytest.raises(ValueError, match="allowed are en, zh"), speaking("fr"):
        pass
