"""Which subgroup each patient belongs to, and whether the config's subgroups fit the table.

Standard library only: the study is checked before the first job.
"""

from collections.abc import Sequence
from itertools import pairwise

from nomoflow.criteria import as_number
from nomoflow.problems import Problems

MISSING = "missing"
# A column without cuts that has more levels is a measure or an identifier.
MOST_LEVELS = 20
ROW = "_row"


def subgroup_name(item: dict) -> str:
    """What a subgroup is called in the results: its label, or its column."""
    return item.get("label") or item["column"]


def subgroup_levels(rows: Sequence[dict[str, str]], item: dict) -> tuple[list[str], list[str]]:
    """The level of each patient, and the levels in their order, "missing" last.

    rows : text of the participants table; item : {column, cut?: numbers, label?}. Without cuts a
    level is the cell's text, sorted (by size where all are numbers); with them an interval that
    holds its lower end, as ``score >= cut`` does: "< 20", "20 to < 30", ">= 30". Every interval is
    a level, also one that no patient is in. An empty cell is of the level "missing".
    Raises ValueError where a cell that is to be cut is no number.
    """
    cells = [row[item["column"]].strip() for row in rows]
    cuts = sorted(set(item.get("cut") or ()))
    if cuts:
        names = _intervals(cuts)
        levels = [_interval(cell, cuts, names) if cell else MISSING for cell in cells]
    else:
        levels = [cell or MISSING for cell in cells]
        names = sorted(set(levels) - {MISSING}, key=_by_size)
    return levels, names + [MISSING] * (MISSING in levels)


def _intervals(cuts: list[float]) -> list[str]:
    texts = [f"{cut:.15g}" for cut in cuts]
    between = [f"{low} to < {high}" for low, high in pairwise(texts)]
    return [f"< {texts[0]}", *between, f">= {texts[-1]}"]


def _interval(cell: str, cuts: list[float], names: list[str]) -> str:
    number = as_number(cell)
    if number is None:
        raise ValueError(f"{cell!r} is no number")
    return names[sum(number >= cut for cut in cuts)]


def _by_size(level: str) -> tuple[float, str]:
    number = as_number(level)
    return (float("inf") if number is None else number, level)


def check_subgroups(
    path: str, items: Sequence[dict], rows: Sequence[dict[str, str]], problems: Problems
) -> None:
    """Add to ``problems`` each item of evaluation.subgroups that the participants cannot fill.

    path : the table the rows are of; a row may have its line number under ``_row``.
    """
    names = [subgroup_name(item) for item in items]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add(
            "config",
            column="evaluation.subgroups",
            found=f"{names.count(name)} subgroups called {name}",
            allowed="a name for each",
            remedy="give them a `label` each",
        )
    columns = [name for name in rows[0] if name != ROW] if rows else []
    for item in items if rows else ():
        column = item["column"]
        place = {"file": path, "column": f"column {column}"}
        if column not in columns:
            problems.add(
                path,
                row=1,
                column=f"column {column}",
                found=f"no such column; there are {', '.join(columns)}",
                allowed="the columns of the participants table",
                remedy="correct `column` in evaluation.subgroups, or set that to [] for none",
            )
        elif item.get("cut"):
            _check_numbers(rows, column, place, problems)
        else:
            _check_number_of_levels(rows, column, place, problems)


def _check_numbers(rows, column: str, place: dict, problems: Problems) -> None:
    for position, row in enumerate(rows, start=2):
        cell = row[column].strip()
        if cell and as_number(cell) is None:
            problems.add(
                **place,
                row=row.get(ROW, position),
                found=repr(cell),
                allowed="a number, since evaluation.subgroups cuts the column",
                remedy="write digits with a decimal point, without the unit, or leave it empty",
            )


def _check_number_of_levels(rows, column: str, place: dict, problems: Problems) -> None:
    levels = sorted({row[column].strip() for row in rows} - {""})
    if len(levels) > MOST_LEVELS:
        problems.add(
            **place,
            found=f"{len(levels)} different values, such as {', '.join(levels[:3])}",
            allowed=f"at most {MOST_LEVELS}",
            remedy="give `cut` in evaluation.subgroups (a list of numbers), or another column",
        )
