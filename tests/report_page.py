"""The report as a browser sees it, and changes to the made-up study before it is written."""

import re
from html.parser import HTMLParser
from pathlib import Path

from report_study import job, script

from nomoflow.run import read_rows, write_rows

VOID = {"meta", "img", "br", "link", "wbr"}


class Page(HTMLParser):
    """What a browser sees: balanced tags, headings, links, pictures, titles and text."""

    def __init__(self, source: str):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"style", "script"} & set(self.open):
            return
        if self.tags[-1:] == ["wbr"] and self.text:  # a word that may break there is one word
            self.text[-1] += data
        else:
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.attributes if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def write(folder: Path, study: dict, **changes) -> str:
    """The report's source; it and its parts beside it lie below ``folder``."""
    report = folder / "report/study.html"
    script("write_report").main(job(study, {"report": str(report)}, **changes))
    return report.read_text(encoding="utf-8")


def section(source: str, name: str) -> str:
    """A section's words."""
    found = re.search(rf'<section id="{name}".*?</section>', source, flags=re.S)
    return Page(found[0]).words


def drop_rows(study: dict, name: str, unwanted) -> None:
    """Take rows out of one of the study's tables."""
    path = Path(study["input"][name])
    rows = read_rows(path)
    write_rows([row for row in rows if not unwanted(row)], path, list(rows[0]))


def without(*names):
    return {name: [] for name in names}
