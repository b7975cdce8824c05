"""Every fixed text of figures, pages and manuscript tables has its Chinese form, holes and all."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from spoken_texts import MODULES, ROOT, said_by_template, texts_in

from nomoflow import chinese, chinese_report, wording
from nomoflow.caveats_of_images import SEEN_BEFORE
from nomoflow.language import CATALOGUES, say, speaking, spoken
from nomoflow.problem_kinds import KINDS

OURS = sorted([*MODULES.glob("figure_*.py"), MODULES / "wording.py", MODULES / "manuscript.py"])
PAGES = sorted(
    [
        *MODULES.glob("report*.py"),
        *(MODULES / f"{name}.py" for name in ("gallery", "predictions_page", "checklists_page")),
        *(ROOT / f"scripts/write_{name}.py" for name in ("report", "validation", "centres")),
        *(ROOT / f"scripts/write_{name}.py" for name in ("predictions", "gallery")),
        *(ROOT / f"scripts/{name}.py" for name in ("report_sensitivity", "fill_checklists")),
    ]
)
TEMPLATES = sorted(ROOT.glob("report/*.html.j2"))
PROSE = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z({]{2,}|^[A-Z][a-z]")
# Parts of a text that is said as one, what is looked for in one, and what goes into a log.
PARTS = {
    "not defined: ",
    "P from {least} to {greatest}",
    " over {first} to {last} groups",
    "{model}: coefficients of the log-odds of {positive}{among}, fitted on all of them; ",
    " with the out-of-fold Radscore:",
    "{ci}: Wald's below each estimate, profile likelihood's beside.",
    "separated by",
    "separate the classes",
    "(?<=predictors )[^:;]+(?= separate)|(?<=separated by )[^:;]+",
    "Harrell",
    "{} pictures of {} scans",
}
CAPTIONS = {"flow", "icc", "lasso", "nomogram", "roc", "calibration", "dca", "scores", "stability",
            "instability", "validation", "forest", "centres_dca"}  # fmt: skip


def said_in(path: Path) -> set[str]:
    """Texts that stand within a call of say as they are, a choice between two included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            first = node.args[0]
            choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            found |= {c.value for c in choices if isinstance(c, ast.Constant)}
    return found


@pytest.mark.parametrize("path", [*OURS, *PAGES], ids=lambda path: path.stem)
def test_every_text_has_its_chinese_form(path):
    assert said_in(path) <= set(CATALOGUES["zh"])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_have_no_prose_beside_the_catalogue(path):
    """Texts reach the pages by many ways; so each string that reads like one is looked at."""
    prose = {text for text in texts_in(path) if PROSE.search(text)}
    assert prose - set(CATALOGUES["zh"]) - PARTS == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_what_templates_say_has_its_chinese_form(path):
    assert said_by_template(path) <= set(CATALOGUES["zh"])


@pytest.mark.parametrize("name", sorted(CAPTIONS))
def test_captions_of_figures_have_their_chinese_form(name):
    caption = (ROOT / f"report/captions/{name}.rst").read_text(encoding="utf-8")
    assert " ".join(caption.split()) in CATALOGUES["zh"]


def test_every_figure_is_among_them():
    assert {p.stem.removeprefix("draw_") for p in ROOT.glob("scripts/draw_*.py")} - CAPTIONS == {
        "overlays"  # pictures without a caption
    }


def test_every_kind_of_problem_has_its_chinese_form():
    assert set(KINDS.values()) <= set(CATALOGUES["zh"])


def test_the_scan_finds_texts(tmp_path):
    found = set().union(*map(said_in, OURS))
    assert {"Total points", "1 − specificity", "No prediction interval: two centres"} <= found
    assert len(found) > 100
    page = tmp_path / "page.py"
    page.write_text(
        '"""A docstring is none."""\nsaid = f"{n} more words" + " and so on"\n'
        'raise ValueError("an error is none")\n',
        encoding="utf-8",
    )
    assert texts_in(page)[0] == "{} more words and so on"
    assert not any(" is none" in text for text in texts_in(page))
    template = tmp_path / "page.html.j2"
    template.write_text('{{ say("One" if n == 1 else "Some", n=n) }} {{ say("All (of it)") }}')
    assert said_by_template(template) == {"One", "Some", "All (of it)"}
    assert sum(len(said_by_template(path)) for path in TEMPLATES) > 70


def test_both_forms_have_the_same_holes():
    def holes(text):
        return sorted({name for _, name, _, _ in Formatter().parse(text) if name is not None})

    for catalogue in (chinese.TEXTS, chinese_report.TEXTS, chinese_report.SENTENCES):
        for english, answer in catalogue.items():
            assert holes(english) == holes(answer), english


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


def test_every_kind_of_warning_has_its_chinese_name():
    codes = {*wording._GRAVE, *wording._LIGHT, *SEEN_BEFORE}
    for path in [*MODULES.glob("caveats*.py"), MODULES / "external.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "caveat":
                codes |= {node.args[1].value} if isinstance(node.args[1], ast.Constant) else set()
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_summary":
                codes |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    assert len(codes) > 30
    assert {code for code in codes if code.replace("_", " ") not in CATALOGUES["zh"]} == set()
