"""The participants table: read as text, checked cell by cell."""

import csv
import re
import unicodedata

from nomoflow.criteria import as_number, holds
from nomoflow.forbidden_columns import forbidden
from nomoflow.problems import Problems

KEY = re.compile(r"\w[\w.-]*")
LONGEST_KEY = 64  # characters: a file's name holds it, the phase and the reading
# Names that Windows keeps for devices, with whatever ending.
DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
REFUSE = "refuse"
# From here on the smallest training part, a fold within a fold, has two of a class.
FEWEST_OF_A_CLASS = 4
FEWEST_OF_A_BATCH = 3


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
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.add(
            path,
            found=_unread(error),
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


def _unread(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "bytes that are not UTF-8"
    if isinstance(error, csv.Error):
        return f"no CSV table: {error}"
    return "no such file" if isinstance(error, FileNotFoundError) else f"{error.strerror or error}"


def _check_columns(path: str, row: dict[str, str], key: str, problems: Problems) -> None:
    """No column names the patient, and none stands in the way of the study key."""
    for column in row:
        what = forbidden(column)
        if what:
            problems.add(
                path,
                row=1,
                column=f"column {column}",
                found=f"{what[0]} by its heading",
                allowed="a study key, and what is needed of the patient (age, sex, findings)",
                remedy=what[1],
            )
    if key != "patient" and "patient" in row:
        problems.add(
            path,
            row=1,
            column="column patient",
            found=f"a second column of keys beside {key}",
            allowed="the study key in one column; results call it patient",
            remedy="rename or remove the column, or set cohort.id: patient",
        )


def _check_key(path: str, row: dict[str, str], key: str, problems: Problems) -> bool:
    """Keys become names of files, on any system."""
    found = row[key]
    if (
        KEY.fullmatch(found)
        and len(found) <= LONGEST_KEY
        and not found.endswith(".")
        and not DEVICES.fullmatch(found)
    ):
        return True
    device = DEVICES.fullmatch(found)
    problems.add(
        path,
        row=row["_row"],
        column=f"column {key}",
        found=repr(found) if len(found) <= LONGEST_KEY else f"{len(found)} characters",
        allowed=f"up to {LONGEST_KEY} letters, digits, '_', '-' and '.', the first a letter or"
        " digit, the last no '.'" + ("; no name of a device of Windows" if device else ""),
        remedy="give the patient a study key of these",
    )
    return False


def read_participants(
    cohort: dict, problems: Problems, outcome_known: bool = True
) -> list[dict[str, str]]:
    """All patients, their key under ``patient``; keys and criteria columns are checked."""
    path, key = cohort["participants"], cohort["id"]
    criteria = [*cohort["include"], *cohort["exclude"]]
    named = [key, cohort["outcome"]["column"]] if outcome_known else [key]
    named += [entry["name"] for entry in cohort["predictors"]]
    named += [criterion["column"] for criterion in criteria]
    rows = read_cells(path, list(dict.fromkeys(named)), problems, "cohort.participants")
    if rows:
        _check_columns(path, rows[0], key, problems)
    first_seen: dict[str, dict] = {}
    for row in rows:
        place = {"file": path, "row": row["_row"]}
        # Where capitals do not count in names of files, these two would be one.
        folded = unicodedata.normalize("NFKC", row[key]).casefold()
        if _check_key(path, row, key, problems) and folded in first_seen:
            other = first_seen[folded]
            problems.add(
                **place,
                column=f"column {key}",
                found=f"patient {row[key]} again" + f" as {other[key]}" * (other[key] != row[key]),
                allowed="each patient once, by a key that differs in more than capitals",
                remedy=f"remove or rename this row or row {other['_row']}",
            )
        first_seen.setdefault(folded, row)
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
    _check_outcomes(path, outcome, rows, problems)
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


def check_judged(
    cohort: dict, rows: list[dict[str, str]], problems: Problems, outcome_known: bool
) -> None:
    """Outcome and predictors of the patients whom a locked model is applied to.

    A predictor may be missing: the model says by itself what that means for the patient.
    """
    if outcome_known:
        _check_outcomes(cohort["participants"], cohort["outcome"], rows, problems)
    for predictor in cohort["predictors"]:
        _check_cells(cohort["participants"], predictor, rows, problems)
        if predictor["kind"] == "binary":
            known = {predictor["positive"], predictor["negative"], ""}
            unknown = sorted({row[predictor["name"]] for row in rows} - known)
            if unknown:
                problems.add(
                    cohort["participants"],
                    column=f"column {predictor['name']}",
                    found=f"levels {', '.join(unknown)}",
                    allowed=f"{predictor['positive']} or {predictor['negative']}, as in the model",
                    remedy="write the levels as the locked model has them",
                )


def check_batches(path: str, asked: dict, rows: list[dict], problems: Problems) -> None:
    """The batches of ``centres.harmonisation`` in the patients who meet the criteria.

    asked : method, batch (a column, or None) and reference of the config
    """
    name, combat = asked["batch"], asked["method"] == "combat"
    if name is None:
        if combat:
            problems.add(
                "config",
                column="centres.harmonisation.batch",
                found="null, and centres.harmonisation.method: combat",
                allowed="the column of the participants table with the scanner or site",
                remedy="name it, or set centres.harmonisation.method: none",
            )
        return
    if rows and name not in rows[0]:
        problems.add(
            path,
            row=1,
            column=f"column {name}",
            found="no such column",
            allowed="the column that centres.harmonisation.batch names",
            remedy="add it, or correct centres.harmonisation.batch",
        )
        return
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row[name]] = sizes.get(row[name], 0) + 1
        if not row[name]:
            problems.add(
                path,
                row=row["_row"],
                column=f"column {name}",
                found="an empty cell",
                allowed="the scanner or site of each patient who is analysed",
                remedy="fill it in, or exclude such patients (cohort.exclude, op: missing)",
            )
    if "" in sizes or not combat or not rows:
        return
    if len(sizes) < 2 or min(sizes.values()) < FEWEST_OF_A_BATCH:
        problems.add(
            path,
            column=f"column {name}",
            found=", ".join(f"{level} in {sizes[level]}" for level in sorted(sizes)),
            allowed=f"two levels or more, each in {FEWEST_OF_A_BATCH} patients or more",
            remedy="join small levels into a coarser one, exclude their patients, or set "
            "centres.harmonisation.method: none",
        )
    if asked["reference"] is not None and asked["reference"] not in sizes:
        problems.add(
            "config",
            column="centres.harmonisation.reference",
            found=asked["reference"],
            allowed=" | ".join(sorted(sizes)),
            remedy=f"name a level of column {name}, or null",
        )


def _check_outcomes(path: str, outcome: dict, rows: list[dict], problems: Problems) -> None:
    levels = (outcome["positive"], outcome["negative"])
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
    for row in rows if missing == REFUSE else ():
        if row[name] == "":
            problems.add(
                path,
                row=row["_row"],
                column=f"column {name}",
                found="an empty cell",
                allowed="a value for each patient who is analysed",
                remedy="fill it in, exclude such patients (cohort.exclude, op: missing), or set "
                "models.missing: impute",
            )
    _check_cells(path, predictor, rows, problems)
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


def _check_cells(path: str, predictor: dict, rows: list[dict], problems: Problems) -> None:
    """A continuous predictor's cells hold numbers, or nothing."""
    name = predictor["name"]
    for row in rows if predictor["kind"] == "continuous" else ():
        if row[name] and as_number(row[name]) is None:
            problems.add(
                path,
                row=row["_row"],
                column=f"column {name}",
                found=repr(row[name]),
                allowed=f"a number ({predictor['unit']})",
                remedy="write digits with a decimal point, without the unit; leave the cell empty "
                "where there is no value",
            )
