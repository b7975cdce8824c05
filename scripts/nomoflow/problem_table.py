"""The problems and warnings of a study's files as one table of text, for the terminal and the log.

Standard library only.
"""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import zip_longest

from nomoflow.policy import EXCLUDE, policy
from nomoflow.problems import printable

WIDTH = 120  # characters, where the terminal does not tell
NARROWEST = 80
HEADS = ("patient", "phase", "reading", "effect", "problem", "remedy")
KEY_SHARE = 1 / 7  # of the width, at the most, for the patient's key and for the phase
GAP = "  "
EFFECTS = ("stop", "excluded", "warning")
NOTHING = "No problem and no warning in the study's files."
WAY_OUT = (
    "Mend what stops the run, or leave those patients out: images.on_problem: exclude, or for one "
    "kind alone {KIND: exclude}, such as {%s: exclude}; docs/bad_input.md tells of every kind."
)


def effect(row: Mapping[str, str], on_problem: str | Mapping[str, str]) -> str:
    """What a problem does: ``stop``, ``excluded`` or ``warning``.

    What is wrong with the settings or the feature table concerns everyone, and always stops.
    """
    if row["severity"] == "warning":
        return "warning"
    excluded = row["patient"] and policy(on_problem, row["kind"]) == EXCLUDE
    return "excluded" if excluded else "stop"


def problem_table(
    rows: Iterable[Mapping[str, str]], on_problem: str | Mapping[str, str], width: int = WIDTH
) -> str:
    """Rows with the columns ``PROBLEM_COLUMNS`` as aligned text, what stops first, warnings last.

    A count stands above the table and, where anything stops, the way out below it. A remedy that is
    the same as in the row above is not told again.
    """
    judged = [(effect(row, on_problem), row) for row in rows]
    judged.sort(key=lambda pair: EFFECTS.index(pair[0]))  # stable: else as they came
    if not judged:
        return NOTHING
    cells, above = [], None
    for does, row in judged:
        remedy = "as above" if row["remedy"] == above else row["remedy"]
        above = row["remedy"]
        who = [row["patient"] or "-", row["phase"], row["reading"], does]
        cells.append([*([printable(cell)] for cell in who), _problem(row), [printable(remedy)]])
    widths = _widths(cells, max(width, NARROWEST))
    rule = ["-" * one for one in widths]
    lines = [_count(Counter(does for does, _ in judged)), "", *_aligned([HEADS, rule], widths)]
    for cell in cells:
        lines += _wrapped(cell, widths)
    kinds = [row["kind"] for does, row in judged if does == "stop" and row["patient"]]
    if kinds:
        lines += ["", *textwrap.wrap(WAY_OUT % kinds[0], max(width, NARROWEST))]
    return "\n".join(lines)


def _count(effects: Counter) -> str:
    stopping, excluded, warnings = (effects[name] for name in EFFECTS)
    problems = stopping + excluded
    said = f"{problems} problem{'s' * (problems != 1)}" if problems else "No problem"
    if stopping and excluded:
        said += f" ({stopping} to mend, {excluded} excluded)"
    elif excluded:
        said += " (excluded)"
    if warnings:
        said += f" and {warnings} warning{'s' * (warnings != 1)}"
    end = "; nothing was computed." if stopping else "."
    return f"{said} in the study's files{end}"


def _problem(row: Mapping[str, str]) -> list[str]:
    """A cell of several lines, each wrapped by itself."""
    kind = f" [{row['kind']}]" if row["kind"] else ""
    told = [f"{name}: {row[name]}" for name in ("found", "allowed") if row[name]]
    return [printable(line) for line in (row["problem"] + kind, row["file"], *told)]


def _widths(cells: list[list[list[str]]], width: int) -> list[int]:
    most = int(width * KEY_SHARE)
    fixed = [
        min(most, max(len(head), *(len(cell[n][0]) for cell in cells)))
        for n, head in enumerate(HEADS[:4])
    ]
    left = width - sum(fixed) - len(GAP) * (len(HEADS) - 1)
    problem = left * 3 // 5
    return [*fixed, problem, left - problem]


class _Wrapper(textwrap.TextWrapper):
    """Breaks lines at spaces, and paths behind a slash."""

    wordsep_simple_re = re.compile(r"(\s+|(?<=/))")


def _wrapped(cell: list[list[str]], widths: list[int]) -> list[str]:
    columns = []
    for parts, width in zip(cell, widths, strict=True):
        wrapper = _Wrapper(width, break_on_hyphens=False)
        lines = wrapper.wrap(parts[0])
        wrapper.subsequent_indent = "  "
        columns.append(lines + [line for part in parts[1:] for line in wrapper.wrap(part)])
    return _aligned(zip_longest(*columns, fillvalue=""), widths)


def _aligned(rows: Iterable[Iterable[str]], widths: list[int]) -> list[str]:
    return [GAP.join(map(str.ljust, row, widths)).rstrip() for row in rows]
