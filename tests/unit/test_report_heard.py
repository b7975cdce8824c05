"""The report in another language: no text beside the catalogue, none missing in it."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest
from report_page import Page
from report_study import in_chinese, job, script, write_study

from nomoflow import chinese_report, language
from nomoflow.report_heard import hear


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path)


def without_marks(text):
    """Words, without what stands between the marks of a text that was said; innermost first."""
    while (less := re.sub("⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = less
    return text


def test_every_text_is_said_through_the_catalogue(tmp_path, study, monkeypatch):
    """Said in marks: what stands outside of them is the study's own, and so in its files."""

    class Marked(dict):
        def get(self, text, _):
            return f"⟦{text}⟧" if text.strip() else text

    monkeypatch.setitem(language.CATALOGUES, "zh", Marked())
    report = {"report": str(tmp_path / "report/zh.html")}
    script("write_report").main(job(study, report, params=in_chinese(study)))
    words = without_marks(Page(Path(report["report"]).read_text(encoding="utf-8")).words)
    own = json.dumps(study, default=str)
    own += "".join(p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.[cjm][sd]*"))
    # Names in formulae and units; what hear() has no pattern for is in a file and so passes.
    allowed = {"ln", "mL", "true", "none", "SHA", "zh"}
    loose = {word for word in re.findall(r"[A-Za-z]{2,}", words) if word not in own} - allowed
    assert loose == set()


def test_no_text_is_missing_in_chinese(tmp_path, study, monkeypatch):
    missing = set()

    class Watched(dict):
        def get(self, text, default):
            if text not in self and re.search("[A-Za-z]{2}", text):
                missing.add(text)
            return super().get(text, default)

    monkeypatch.setitem(language.CATALOGUES, "zh", Watched(language.CATALOGUES["zh"]))
    nothing = {name: [] for name in study["input"]}
    for given in ({}, nothing):
        report = {"report": str(tmp_path / "report/zh.html")}
        script("write_report").main(job(study, report, params=in_chinese(study), input=given))
    # Texts that were said before and are now part of another; the study's own words.
    missing = {text for text in missing if not re.search("[\u4e00-\u9fff\uff00-\uffef]", text)}
    own = json.dumps(study) + "".join(
        path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.[cjm][sd]*")
    )
    assert {text for text in missing if text not in own} == set()


def test_chinese_texts_have_the_holes_of_the_english():
    def holes(text):
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)

    for catalogue in (chinese_report.TEXTS, chinese_report.SENTENCES):
        for english, answer in catalogue.items():
            assert holes(english) == holes(answer), english


@pytest.mark.parametrize(
    ("english", "heard"),
    [
        ("patients resampled 200 times, percentile; 5 not defined",
         "患者重抽样 200 次，百分位法；5 次无定义"),
        ("not defined: the difference has no variance", "无定义：差值没有方差"),
        ("larger than 4 cm", "larger than 4 cm"),
        ("a; b", "a; b"),
        ("", ""),
    ],
)  # fmt: skip
def test_sentences_of_tables_are_known_by_their_pattern(english, heard):
    assert hear(english) == english
    with language.speaking("zh"):
        assert hear(english) == heard
