"""The participants table: read as text, checked cell by cell."""

import csv
import re

from nomoflow.criteria import as_number, holds
from nomoflow.problems import Problems

KEY = re.compile(r"\w[\w.-]*")
REFUSE = "refuse"
# From here on the smallest training part, a fold within a fold, has two of a class.
FEWEST_OF_A_CLASS = 4


def read_cells(path: str, columns: list[str], problems: Problems, key: str) -> list[dict[str, str]]:
    """Rows of a CSV table as stripped text, with the line number under ``_row``.

    A missing file or column, a ragged row and an empty table are added to ``problems``; ``key`` is
    the config key that names the table.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            lines = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except (OSError, UnicodeDecodeError) as error:
        problems.add(
            path,
            found="bytes that are not UTF-8" if isinstance(error, ValueError) else "no such file",
            allowed="a CSV table in UTF-8",
            remedy=f"correct {key} in the config, or save the table as 'CSV UTF-8'",
        )
        return []
    before = len(problems)
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        problems.add(
            path,
            row=1,
            found="cells separated by " + ("semicolons" if ";" in header[0] else "tabs"),
            allowed="cells separated by commas",
            remedy="save the table as 'CSV UTF-8' with commas instead of semicolons or tabs, and"
            " with decimal points",
        )
        return []
    for column in columns:
        if header.count(column) != 1:
            problems.add(
                path,
                row=1,
                column=f"column {column}",
                found=f"{header.count(column)} of that name among {', '.join(header) or 'none'}",
                allowed="one",
                remedy="add or rename a column, or correct the config that names it",
            )
    for number, cells in lines:
        if len(cells) != len(header):
            problems.add(
                path,
                row=number,
                found=f"{len(cells)} cells",
                allowed=f"{len(header)}, as in the header",
                remedy="quote cells that hold a comma; fill in or remove cells",
            )
    if not lines:
        problems.add(path, found="no rows", allowed="at least one", remedy="fill in the table")
    if len(problems) > before:
        return []
    return [
        {**dict(zip(header, map(str.strip, cells), strict=True)), "_row": str(number)}
        for number, cells in lines
    ]


def read_participants(cohort: dict, problems: Problems) -> list[dict[str, str]]:
    """All patients, their key under ``patient``; keys and criteria columns are checked."""
    path, key = cohort["participants"], cohort["id"]
    criteria = [*cohort["include"], *cohort["exclude"]]
    named = [key, cohort["outcome"]["column"]]
    named += [entry["name"] for entry in cohort["predictors"]]
    named += [criterion["column"] for criterion in criteria]
    rows = read_cells(path, list(dict.fromkeys(named)), problems, "cohort.participants")
    first_seen: dict[str, str] = {}
    for row in rows:
        place = {"file": path, "row": row["_row"]}
        if not KEY.fullmatch(row[key]):
            problems.add(
                **place,
                column=f"column {key}",
                found=repr(row[key]),
                allowed="letters, digits, '_', '-' and '.'",
                remedy="give the patient a study key of these",
            )
        elif row[key] in first_seen:
            problems.add(
                **place,
                column=f"column {key}",
                found=f"patient {row[key]} again",
                allowed="each patient once",
                remedy=f"remove this row or row {first_seen[row[key]]}",
            )
        first_seen.setdefault(row[key], row["_row"])
        for criterion in criteria:
            try:
                holds(row, criterion)
            except ValueError as error:
                problems.add(
                    **place,
                    column=f"column {criterion['column']}",
                    found=str(error),
                    allowed=f"a value to compare by {criterion['op']} {criterion['value']}",
                    remedy="fill in the cell, or exclude such patients before (op: missing); "
                    "a criterion's value is never imputed",
                )
    return [{"patient": row[key], **row} for row in rows]


def check_analysed(
    cohort: dict, rows: list[dict[str, str]], problems: Problems, missing: str = REFUSE
) -> None:
    """Outcome and predictors of the patients who meet the criteria.

    missing : the config's models.missing; but for ``refuse`` a predictor's cell may be empty, the
        outcome's never
    """
    path, outcome = cohort["participants"], cohort["outcome"]
    levels = (outcome["positive"], outcome["negative"])
    before = len(problems)
    for row in rows:
        found = row[outcome["column"]]
        if found not in levels:
            problems.add(
                path,
                row=row["_row"],
                column=f"column {outcome['column']}",
                found=repr(found) if found else "an empty cell",
                allowed=" | ".join(levels),
                remedy="correct the cell, the criteria, or the levels in cohort.outcome"
                if found
                else "fill it in, or exclude such patients (cohort.exclude, op: missing); "
                "an outcome is never imputed",
            )
    for predictor in cohort["predictors"]:
        _check_predictor(path, predictor, rows, problems, missing)
        if missing != REFUSE:
            _check_gaps(path, predictor["name"], outcome, rows, problems)
    counts = [sum(row[outcome["column"]] == level for row in rows) for level in levels]
    if len(problems) == before and min(counts) < FEWEST_OF_A_CLASS:
        problems.add(
            path,
            column=f"column {outcome['column']}",
            found=f"{counts[0]} patients with {levels[0]} and {counts[1]} with {levels[1]}"
            " after the criteria",
            allowed=f"at least {FEWEST_OF_A_CLASS} of each",
            remedy="check cohort.outcome and the criteria; a model needs both classes",
        )


def _check_gaps(path: str, name: str, outcome: dict, rows: list[dict], problems: Problems) -> None:
    """A predictor needs values in both classes, or only its gaps would tell them apart."""
    for level in (outcome["positive"], outcome["negative"]):
        cells = [row[name] for row in rows if row[outcome["column"]] == level]
        if cells and not any(cells):
            problems.add(
                path,
                column=f"column {name}",
                found=f"no value in any of the {len(cells)} patients with {level}",
                allowed="some values in each class",
                remedy=f"fill it in, or take {name} out of cohort.predictors",
            )


def _check_predictor(
    path: str, predictor: dict, rows: list[dict], problems: Problems, missing: str
) -> None:
    name = predictor["name"]
    for row in rows:
        if row[name] == "":
            if missing != REFUSE:
                continue
            problems.add(
                path,
                row=row["_row"],
                column=f"column {name}",
                found="an empty cell",
                allowed="a value for each patient who is analysed",
                remedy="fill it in, exclude such patients (cohort.exclude, op: missing), or set "
                "models.missing: impute",
            )
        elif predictor["kind"] == "continuous" and as_number(row[name]) is None:
            problems.add(
                path,
                row=row["_row"],
                column=f"column {name}",
                found=repr(row[name]),
                allowed=f"a number ({predictor['unit']})",
                remedy="write digits with a decimal point, without the unit; leave the cell empty "
                "where there is no value",
            )
    found = sorted({row[name] for row in rows} - {""})
    if not found and missing != REFUSE:
        return  # told by _check_gaps
    if predictor["kind"] == "binary" and (len(found) > 2 or predictor["positive"] not in found):
        problems.add(
            path,
            column=f"column {name}",
            found=f"levels {', '.join(found)}",
            allowed=f"two levels, one of them {predictor['positive']}",
            remedy="correct the cells (an empty one where there is no value), or the predictor's "
            "`positive` in the config",
        )
