"""What all figures share: widths and language by config, fonts, and bytes that repeat."""

import re

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_study import LOOK, drawn_twice, job, script, words, write_study

from nomoflow import figure_style, figure_text
from nomoflow.figure_style import Look, drawing, look_of, message_figure, save
from nomoflow.figure_text import NoFont, chinese_font, families, text_width, wrapped

NEEDS_FONT = pytest.mark.skipif(
    chinese_font() is None, reason="no font with Chinese letters (apt: fonts-droid-fallback)"
)
# What a Chinese figure may say in Latin letters: the study's own words, features, units, symbols.
OWN = re.compile(
    r"Radscore|Age|years|Sex|Hyperdense on unenhanced CT|Pseudocapsule|female|male|yes|no|ccRCC|"
    r"AML\.wovf|corticomedullary|nephrographic|excretory|wavelet-\w+|LASSO|Harrell|AUC|ICC|ICI|"
    r"Extracted|Reliable|In the signature|larger than 4 cm|marked artefacts|visible fat in the \w+|"
    r"radio- or chemotherapy before the CT|log"
)
FIGURES = ["flow", "icc", "lasso", "nomogram", "roc", "calibration", "dca", "scores", "stability",
           "instability"]  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


def drawn(name, study, monkeypatch, **look):
    """The figure that a script draws, before it is saved."""
    found = []
    rule = script(f"draw_{name}")
    monkeypatch.setattr(rule, "save", lambda figure, *paths: found.append(figure))
    files = {"svg": "", "pdf": "", "png": ""}
    rule.main(job(study, files, params={"look": {**LOOK, **look}}))
    return found[0]


@NEEDS_FONT
@pytest.mark.parametrize("name", FIGURES)
def test_a_chinese_figure_says_all_in_chinese(name, study, monkeypatch):
    shown = words(drawn(name, study, monkeypatch, language="zh"))
    assert re.search(r"[\u4e00-\u9fff]{2}", shown)
    left = OWN.sub("", shown.replace("no feature was kept", ""))
    assert re.findall(r"[A-Za-z]{3,}", left) == []


@NEEDS_FONT
def test_chinese_letters_are_embedded_and_repeat(study, tmp_path):
    look = {"look": {**LOOK, "language": "zh"}}
    svg = drawn_twice("draw_scores", study, tmp_path, params=look)
    assert svg.count("<use") > 50
    assert (tmp_path / "first/figure.pdf").read_bytes().count(b"/FontFile2") >= 2


def test_an_english_figure_does_not_depend_on_the_fonts_of_the_machine(
    study, monkeypatch, tmp_path
):
    files = []
    for turn, found in (("with", figure_text.chinese_font()), ("without", None)):
        monkeypatch.setattr(figure_text, "chinese_font", lambda found=found: found)
        output = {kind: tmp_path / turn / f"scores.{kind}" for kind in ("svg", "pdf")}
        script("draw_scores").main(job(study, output))
        files.append([path.read_bytes() for path in output.values()])
    assert files[0] == files[1]


def test_chinese_without_a_font_is_refused_with_the_remedy(study, monkeypatch):
    monkeypatch.setattr(figure_text, "chinese_font", lambda: None)
    with pytest.raises(NoFont, match=r"fonts-noto-cjk.*set report.language to en"):
        drawn("scores", study, monkeypatch, language="zh")


@pytest.mark.parametrize("name", ["nomogram", "roc", "dca", "scores", "icc", "instability"])
def test_widths_are_those_of_the_config(name, study, monkeypatch):
    for narrow, width in (([name], 84.0), ([], 176.0)):
        figure = drawn(name, study, monkeypatch, widths_mm=[84, 176], one_column=narrow)
        assert figure.get_figwidth() * 25.4 == pytest.approx(width)
        if narrow and name in ("roc", "dca", "icc", "instability"):  # panels below each other
            assert len({round(panel.get_position().x0, 1) for panel in figure.axes}) == 1


def test_the_look_of_a_figure():
    report = {"language": "zh", "widths_mm": [85, 178], "one_column": ["roc"], "other": 1}
    assert look_of(report, "roc") == Look("zh", 85.0, True)
    assert look_of(report, "dca") == Look("zh", 178.0, False)


def test_a_look_ends_with_its_figure():
    @drawing
    def width():
        figure = message_figure("x", "y")
        assert figure_style.page_width() == 100
        return figure

    width(look=Look("en", 100.0))
    assert figure_style.page_width() == 183


def test_each_kind_of_file_is_told_by_its_name(tmp_path):
    figure = drawing(message_figure)("Title", "A message")
    for name, start in (("a.svg", b"<?xml"), ("a.pdf", b"%PDF"), ("a.png", b"\x89PNG")):
        save(figure, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)


@NEEDS_FONT
@settings(max_examples=60, deadline=None)
@given(st.text("ab mW,中文字，。-", max_size=60), st.integers(12, 60))
def test_lines_are_as_wide_as_they_may_be_and_nothing_is_lost(text, width):
    with matplotlib.rc_context({"font.family": families("zh")}):
        lines = wrapped(text, width, 7)
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert all(text_width(line, 7) <= width for line in lines)
