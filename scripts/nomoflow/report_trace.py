"""The last section of the report: the files behind its tables and figures, and their rules."""

from collections.abc import Mapping, Sequence

from nomoflow.language import say
from nomoflow.report_blocks import absent, cell, link, table, text
from nomoflow.report_origins import lineage


def shown_files(sections: Sequence[Mapping]) -> dict[str, list[str]]:
    """{file: titles of the sections that show it}, in the order of the page."""
    found: dict[str, list[str]] = {}
    for section in sections:
        for block in section["blocks"]:
            for file in block.get("sources", []):
                titles = found.setdefault(file, [])
                if section["title"] not in titles:
                    titles.append(section["title"])
    return found


def trace_section(trace: Mapping | None, sections: Sequence[Mapping], page: str) -> list[dict]:
    """A line a file, with its rule and digest; ``page``: where the trace lies, seen from it."""
    files = shown_files(sections)
    if trace is None:
        return [
            absent(
                "This run made no trace (provenance/trace.json), so that only the files are known "
                "that tables and figures were made from."
            )
        ] + ([_table(files, {})] if files else [])
    known = {row[0]: row for row in lineage(trace, files)["files"]}
    return [
        text(
            "Every table and figure was made from the files below; the button Source beside each, "
            "and a click on a number, leads from there through the rules to the study's own files. "
            "The same in full:"
        ),
        link(page, "trace.json"),
        _table(files, known),
    ]


def _table(files: Mapping[str, Sequence[str]], known: Mapping[str, Sequence]) -> dict:
    nothing = [None] * 7
    return table(
        ["File, SHA-256", "Rule", "Shown in"],
        [
            [
                cell(path, below=known.get(path, nothing)[5] or ""),
                cell(known.get(path, nothing)[1], "not in the trace"),
                say(", ").join(titles),
            ]
            for path, titles in files.items()
        ],
        say("Files behind the tables and figures ({many}).", many=len(files)),
    )
