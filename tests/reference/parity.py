"""What nomoflow computes beside what R computed on the same data: rows, and the page they make.

A ``Row`` names one statistic; its values are taken only when asked for, so the list of rows exists
where the reference data do not. ``page`` writes docs/parity.md.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from reference.parity_data import References

# Differences below it are the rounding of double precision.
LEAST = 1e-15
COLUMNS = (
    "statistic", "R call", "data set", "values", "R", "nomoflow", "difference", "tolerance",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One comparison. ``values(references)`` gives R's value and nomoflow's, each a number, an
    array or a list of names, and may add a third: the unit of the difference.

    tolerance: the largest difference allowed, a power of ten; 0 for whole numbers and names, which
    must be equal. per: "" (absolute), "relative", "names", or what the unit is called. shown: the
    value printed of many.
    """

    section: str
    statistic: str
    r_call: str
    data_set: str
    values: Callable[[References], tuple]
    tolerance: float
    per: str = ""
    shown: int = 0

    @property
    def key(self) -> str:
        return f"{self.statistic} | {self.data_set} | {self.r_call}"


@dataclass(frozen=True)
class Compared:
    """A row with its values: how many, the two that are printed, and the largest difference."""

    row: Row
    count: int
    r: object
    ours: object
    difference: float

    @property
    def agrees(self) -> bool:
        """False for a NaN, too."""
        if self.row.tolerance == 0:
            return self.difference == 0
        return self.difference < self.row.tolerance


@cache
def compare(row: Row, references: References) -> Compared:
    """Take both values of a row. Raises AssertionError where they are not of one length."""
    r, ours, *unit = row.values(references)
    if row.per == "names":
        first = [names[0] if names else "none" for names in (r, ours)]
        return Compared(row, len(r), *first, float(list(r) != list(ours)))
    r, ours = np.atleast_1d(r), np.atleast_1d(ours)
    assert r.shape == ours.shape and r.ndim == 1, f"{row.key}: {r.shape} and {ours.shape}"
    assert len(r), f"{row.key}: nothing to compare"
    difference = np.abs(r.astype(float) - ours.astype(float))
    if row.per == "relative":
        size = np.abs(r.astype(float))
        difference = np.divide(difference, size, out=difference, where=size > 0)
    elif row.per:
        difference = difference / unit[0]
    # max, unlike nanmax, lets a NaN through: it agrees with nothing
    return Compared(row, len(r), r[row.shown], ours[row.shown], float(difference.max()))


# --- The page ---------------------------------------------------------------------------------


def number(value, least: float = 0.0) -> str:
    """Ten significant digits; what is nearer to 0 than ``least`` is 0."""
    if isinstance(value, str):
        return value
    value = float(value)
    return f"{0.0 if abs(value) <= least else value:.10g}"


def power(value: float) -> str:
    """A power of ten as it is written: 1e-14."""
    return f"1e{round(math.log10(value)):d}"


def difference(compared: Compared) -> str:
    """The least power of ten above the difference, no less than ``LEAST``."""
    if compared.row.tolerance == 0:
        return "none"
    if compared.difference < LEAST:
        return f"< {power(LEAST)}"
    return f"< {power(10.0 ** (math.floor(math.log10(compared.difference)) + 1))}"


def tolerance(row: Row) -> str:
    if row.tolerance == 0:
        return "equal"
    return f"{power(row.tolerance)} {row.per}".rstrip()


def cells(compared: Compared) -> tuple[str, ...]:
    """The cells of a row of the page, in the order of ``COLUMNS``."""
    row = compared.row
    least = 0.0 if row.per else row.tolerance
    return (
        row.statistic,
        f"`{row.r_call}`",
        row.data_set,
        str(compared.count),
        number(compared.r),
        number(compared.ours, least),
        difference(compared),
        tolerance(row),
    )


def table(columns: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    rows = [list(columns)]
    rows.append(["---"] * len(rows[0]))
    rows += [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def page(introduction: str, compared: list[Compared]) -> str:
    """docs/parity.md: the introduction, a count by section, and a table for each section."""
    sections = list(dict.fromkeys(each.row.section for each in compared))
    by_section = {s: [each for each in compared if each.row.section == s] for s in sections}
    counts = [
        (f"[{s}](#{s.lower().replace(' ', '-')})", str(len(rows)), str(sum(r.count for r in rows)))
        for s, rows in by_section.items()
    ]
    counts.append(("together", str(len(compared)), str(sum(each.count for each in compared))))
    parts = [introduction, table(("part", "rows", "values compared"), counts)]
    for section, rows in by_section.items():
        parts.append(f"## {section}\n\n{table(COLUMNS, map(cells, rows))}")
    return "\n".join(parts)


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of the tables of a written page, {column: cell}."""
    found = []
    for line in text.splitlines():
        parts = [part.replace("\\|", "|").strip() for part in re.split(r"(?<!\\)\|", line)][1:-1]
        if len(parts) == len(COLUMNS) and parts[0] not in (COLUMNS[0], "---"):
            found.append(dict(zip(COLUMNS, parts, strict=True)))
    return found
