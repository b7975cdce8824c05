"""Patients' rows of a spreadsheet: which column names the patients, and what must stay out."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from nomoflow.file_names import squeezed
from nomoflow.forbidden_columns import compared, forbidden
from nomoflow.participants import KEY, LONGEST_KEY
from nomoflow.problems import Problems
from nomoflow.sheets import Sheet

KEY_WORDS = (
    "patientid", "studykey", "studyid", "caseid", "patient", "subject", "subjectid", "id", "case",
    "key", "pid", "编号", "患者编号", "病例编号", "研究编号", "序号", "no", "number",
)  # fmt: skip
MOSTLY = 0.9  # different values of a column that names patients; shared keys of two sheets
MOST_TOLD = 6


@dataclass
class PatientTable:
    """Rows with the study key under ``patient``, first; and the name of each in the files' paths.

    columns : without the key and without what names a patient
    linked : {value in the column that the files are named by: study key}
    """

    columns: list[str]
    rows: list[dict[str, str]]
    linked: dict[str, str]
    by_record: str = ""  # the column of names or hospital numbers that the files are named by
    guesses: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def patient_table(
    file: str, sheets: Sequence[Sheet], named_in_files: Callable[[Collection[str]], int]
) -> PatientTable:
    """The table of patients among a file's sheets, the other sheets joined where they fit.

    named_in_files : how many files hold one of these keys in their path. Raises StudyError where
    no column names the patients as the files do, the key is a name or number that must not be
    used, or a patient has two rows.
    """
    problems = Problems()
    ranked = [
        (named_in_files(values), -_rank(column), -i, -j, sheet, column)
        for i, sheet in enumerate(sheets)
        for j, column in enumerate(sheet.columns)
        if (values := {cell for cell in sheet.column(column) if cell})
        and len(values) >= MOSTLY * sum(1 for cell in sheet.column(column) if cell)
    ]
    best = max(ranked, key=lambda one: one[:4], default=(0,))
    if not best[0]:
        headings = "; ".join(", ".join(sheet.columns) for sheet in sheets)
        problems.add(
            file,
            found=f"no column whose values stand in the files' paths, among {headings}",
            allowed="a column with each patient's key, as the files or folders are named",
            remedy="name files or folders by the key of the table, or add a column with the names"
            " that they have",
        )
    problems.stop_if_any()
    sheet, column = best[4:]
    key = _key_column(file, sheet, column, problems)
    problems.stop_if_any()
    table = _rows(file, sheet, column, key, problems)
    problems.stop_if_any()
    if sheet.name:
        table.guesses.insert(0, f"patients: sheet {sheet.name}")
    for other in sheets:
        if other is not sheet:
            _join(table, other)
    _take_out(table)
    return table


def _rank(column: str) -> int:
    word = compared(column)
    return KEY_WORDS.index(word) if word in KEY_WORDS else len(KEY_WORDS)


def _key_column(file: str, sheet: Sheet, column: str, problems: Problems) -> str:
    """The column of study keys: the one that files are named by, unless that names the patient."""
    if not forbidden(column):
        return column
    others = [
        name
        for name in sheet.columns
        if not forbidden(name)
        and _rank(name) < len(KEY_WORDS)
        and len({*sheet.column(name)}) == len(sheet.rows)
    ]
    if others:
        return min(others, key=_rank)
    problems.add(
        file,
        column=f"column {column}",
        found=f"files are named by {forbidden(column)[0]}, and no column has study keys",
        allowed="a column of study keys, such as P001, called `patient` or 编号",
        remedy="add one; best rename files and folders by it too, and keep the list that joins"
        f" {column} to the keys outside of the project",
    )
    return ""


def _rows(file: str, sheet: Sheet, column: str, key: str, problems: Problems) -> PatientTable:
    keys = {text: study_key(text) for text in sheet.column(key) if text}
    rows, linked, without = [], {}, 0
    for cells in sheet.rows:
        row = dict(zip(sheet.columns, cells, strict=True))
        if not row[key]:
            without += 1
            continue
        linked[row[column]] = keys[row[key]]
        others = {name: cell for name, cell in row.items() if name and name != key}
        rows.append({"patient": keys[row[key]]} | _renamed(others))
    for name, many in sorted(Counter(row["patient"] for row in rows).items()):
        if many > 1:
            problems.add(
                file,
                column=f"column {key}",
                found=f"{name} in {many} rows",
                allowed="one row a patient",
                remedy="join a patient's rows into one; several lesions need keys of their own",
            )
    wrong = [text for text, made in keys.items() if not KEY.fullmatch(made)]
    for text in wrong[:MOST_TOLD]:
        problems.add(
            file,
            column=f"column {key}",
            found=repr(text),
            allowed=f"up to {LONGEST_KEY} letters, digits, '_', '-' and '.', the first a letter or"
            " digit",
            remedy="give the patient a study key of these",
        )
    said = [f"column {key} holds the study keys"]
    said += [f"files are named by column {column}"] * (column != key)
    changed = sorted(text for text, made in keys.items() if text != made)
    if changed:
        said.append(f"keys without blanks and marks, such as {keys[changed[0]]} of {changed[0]}")
    by_record = column if forbidden(column) else ""
    table = PatientTable(list(rows[0])[1:] if rows else [], rows, linked, by_record)
    table.guesses += [*sheet.remarks, *said]
    if without:
        table.open.append(f"{without} row(s) without a key were left out")
    return table


def _renamed(row: dict[str, str]) -> dict[str, str]:
    """A second column called patient would stand beside the key of that name."""
    return {("patient_of_table" if n == "patient" else n): cell for n, cell in row.items()}


def study_key(text: str) -> str:
    """A key as files can be named by it; one that is fit for that is left as it is."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_.")


def _join(table: PatientTable, sheet: Sheet) -> None:
    """Add the columns of a sheet that has a row for nearly each patient; else say it was left."""
    of_key = {squeezed(row["patient"]): row for row in table.rows}
    of_key |= {squeezed(name): of_key[squeezed(key)] for name, key in table.linked.items()}
    for column in sheet.columns:
        keys = [squeezed(cell) for cell in sheet.column(column)]
        known = [key for key in keys if key in of_key]
        if len(set(known)) != len(known) or len(known) < MOSTLY * len(table.rows):
            continue
        new = [name for name in sheet.columns if name and name != column]
        new = [name for name in new if name not in table.columns and name != "patient"]
        for row in table.rows:
            row.update(dict.fromkeys(new, ""))
        for key, cells in zip(keys, sheet.rows, strict=True):
            if key in of_key:
                there = dict(zip(sheet.columns, cells, strict=True))
                of_key[key].update({name: there[name] for name in new})
        table.columns += new
        table.guesses += sheet.remarks
        table.guesses.append(f"sheet {sheet.name}: {', '.join(new)} joined by column {column}")
        return
    table.open.append(f"sheet {sheet.name} was not used: no column of it names the patients")


def _take_out(table: PatientTable) -> None:
    for name in table.columns:
        found = forbidden(name)
        if found:
            table.guesses.append(f"column {name} was not copied: {found[0]}")
    table.columns = [name for name in table.columns if not forbidden(name)]
    table.rows = [{n: row[n] for n in ("patient", *table.columns)} for row in table.rows]
