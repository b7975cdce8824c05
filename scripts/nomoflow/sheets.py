"""A spreadsheet as people keep it (.csv, .xlsx), read as plain tables of text.

What people do with headers is undone: titles above the table, merged cells, headings of groups over
two rows, line breaks within a name. Cells are text: numbers with a decimal point, dates as
2024-05-31.
"""

import csv
import datetime
import io
import re
import unicodedata
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from nomoflow.problems import Problems

MOST_BYTES = 200_000_000  # of a workbook, unpacked: beyond this it is no table of patients
HEADER_ROWS = 3  # the most rows that names of columns are written over
DELIMITERS = (",", ";", "\t")
ERRORS = ("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


@dataclass
class Sheet:
    """One table: names of the columns, rows of text (as wide as the names), remarks on reading.

    name : of the sheet; "" for a file that has but one
    """

    name: str
    columns: list[str]
    rows: list[list[str]]
    remarks: list[str] = field(default_factory=list)

    def column(self, name: str) -> list[str]:
        """A column's cells."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def without_empty_columns(self) -> "Sheet":
        """The table without columns that have neither a name nor a value."""
        keep = [
            i
            for i, name in enumerate(self.columns)
            if name or any(row[i] for row in self.rows)
        ]  # fmt: skip
        rows = [[row[i] for i in keep] for row in self.rows]
        return Sheet(self.name, [self.columns[i] for i in keep], rows, self.remarks)


def read_sheets(path: str | Path) -> list[Sheet]:
    """The tables of a file, those without a row of data left out.

    Raises StudyError where the file is missing, of another kind, damaged, or without a table.
    """
    path, problems = Path(path), Problems()
    try:
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            grids = _workbook(path)
        elif path.suffix.lower() in (".csv", ".tsv", ".txt"):
            grids = [_text_table(path)]
        else:
            problems.add(
                path,
                found=f"a file that ends in {path.suffix or 'nothing'}",
                allowed="a table as .csv or .xlsx",
                remedy="save the table as .xlsx or 'CSV UTF-8'",
            )
            grids = []
    except (OSError, csv.Error, KeyError, ValueError, zipfile.BadZipFile) as error:
        problems.add(
            path,
            found=_unread(error),
            allowed="a table as .csv or .xlsx",
            remedy="correct the path after table=, or save the table again",
        )
        grids = []
    sheets = [sheet for grid in grids if (sheet := _sheet(*grid)) and sheet.rows]
    if not sheets and not problems:
        problems.add(
            path,
            found="no table: no row of names with rows of data below it",
            allowed="one row with the names of the columns, then one row a patient",
            remedy="fill in the table",
        )
    problems.stop_if_any()
    return sheets


def _unread(error: Exception) -> str:
    return "no such file" if isinstance(error, FileNotFoundError) else f"unreadable: {error}"


def _workbook(path: Path) -> list[tuple]:
    """(name, cells, merged blocks, remarks) of each sheet that is shown."""
    import openpyxl

    with zipfile.ZipFile(path) as packed:
        size = sum(part.file_size for part in packed.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"{size / 1e6:.0f} MB unpacked, more than {MOST_BYTES / 1e6:.0f} MB")
    book = openpyxl.load_workbook(path, data_only=True)
    found = []
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        cells = [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        blocks = [
            (one.min_row - 1, one.min_col - 1, one.max_row - 1, one.max_col - 1)
            for one in sheet.merged_cells.ranges
        ]
        found.append((sheet.title, cells, sorted(blocks), []))
    book.close()
    return found


def _text_table(path: Path) -> tuple:
    """(name, cells, merged blocks, remarks) of a text file."""
    text, encoding = decoded(path.read_bytes())
    rows = {mark: list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
            for mark in DELIMITERS}  # fmt: skip
    mark = max(DELIMITERS, key=lambda one: _columns(rows[one]))
    cells = [[_text(cell) for cell in row] for row in rows[mark]]
    remarks = [] if encoding.startswith("utf-8") else [f"read as {encoding}: look at its names"]
    if mark != ",":
        remarks.append("cells are separated by " + ("semicolons" if mark == ";" else "tabs"))
    return "", cells, [], remarks


def _columns(rows: list[list[str]]) -> tuple[int, float]:
    """How wide a table most rows agree on, and how many of them; a guess of the right mark."""
    widths = Counter(len(row) for row in rows if any(map(str.strip, row)))
    width, many = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return (width if width > 1 else 0), many


def decoded(content: bytes) -> tuple[str, str]:
    """Text of a file and the encoding that it was read by: UTF-8, UTF-16, GB18030 or Windows-1252.

    What is no UTF-8 is Chinese if most bytes above 127 come in pairs of common characters.
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding), encoding
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        high = sum(byte > 127 for byte in content)
        pairs = re.findall(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]", content)
        if 2 * len(pairs) > 0.6 * high:
            return content.decode("gb18030"), "GB18030"
        return content.decode("cp1252"), "Windows-1252"


def _text(cell) -> str:
    """A cell as text; a whole number without a point, an error of the spreadsheet as nothing."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case float():
            return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
        case datetime.datetime():
            midnight = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
            return cell.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M")
        case _:
            text = unicodedata.normalize("NFC", re.sub(r"\s+", " ", str(cell)).strip())
            return "" if text in ERRORS else text


def _sheet(name: str, cells: list[list[str]], blocks: list[tuple], remarks: list[str]) -> Sheet:
    """The table in a grid of cells: title and rows of names told apart, merged cells filled in."""
    width = max(map(len, cells), default=0)
    cells = [row + [""] * (width - len(row)) for row in cells]
    for top, left, bottom, right in blocks:
        for row in range(top, min(bottom, len(cells) - 1) + 1):
            cells[row][left : right + 1] = [cells[top][left]] * (right + 1 - left)
    start = next((i for i, row in enumerate(cells) if len(set(row) - {""}) > 1), len(cells))
    if start == len(cells):
        return Sheet(name, [], [])
    titles = {text for row in cells[:start] for text in row if text}
    many = _rows_of_names(cells, start, blocks)
    if many > 1 and not blocks:
        cells[start] = _filled(cells[start])
    columns = _names(cells[start : start + many])
    rows = [row for row in cells[start + many :] if any(row)]
    remarks = [*remarks, *(f"title left out: {text}" for text in sorted(titles))]
    if many > 1:
        remarks.append(f"names of columns stand in {many} rows, and were joined")
    return _numbers(Sheet(name, columns, rows, remarks).without_empty_columns())


def _rows_of_names(cells: list[list[str]], start: int, blocks: list[tuple]) -> int:
    """How many rows the names of the columns take: merged cells tell, or gaps in the first row."""
    many = 1
    while many < HEADER_ROWS and any(
        top == start + many - 1 and right > left and bottom == top
        for top, left, bottom, right in blocks
    ):
        many += 1
    tall = [bottom - start + 1 for top, _, bottom, _ in blocks if top == start]
    many = max(many, *(one for one in [*tall, 1] if one <= HEADER_ROWS))
    if many == 1 and not blocks and start + 2 < len(cells):
        first, second = cells[start], cells[start + 1]
        gaps = [i for i, text in enumerate(first) if not text and any(r[i] for r in cells)]
        named = [text for text in second if text]
        words = all(not NUMBER.fullmatch(text) for text in named)
        if gaps and words and all(second[i] for i in gaps) and len(set(named)) == len(named) > 1:
            return 2
    return many


def _filled(row: list[str]) -> list[str]:
    """A row of headings of groups, each put over the columns up to the next."""
    filled: list[str] = []
    for text in row:
        filled.append(text or (filled[-1] if filled else ""))
    return filled


def _names(rows: list[list[str]]) -> list[str]:
    """One name a column: the lowest, with its group's before it where two would be the same."""
    stacks = [list(dict.fromkeys(row[i] for row in rows if row[i])) for i in range(len(rows[0]))]
    lowest = [stack[-1] if stack else "" for stack in stacks]
    names = [
        " ".join(stack) if lowest.count(low) > 1 else low
        for stack, low in zip(stacks, lowest, strict=True)
    ]
    seen: Counter = Counter()
    for i, name in enumerate(names):
        seen[name] += 1
        if name and seen[name] > 1:
            names[i] = f"{name} {seen[name]}"
    return names


def _numbers(sheet: Sheet) -> Sheet:
    """Decimal commas as points, in columns that hold nothing but numbers."""
    for i, name in enumerate(sheet.columns):
        texts = [row[i] for row in sheet.rows if row[i]]
        if any("," in text for text in texts) and all(NUMBER.fullmatch(text) for text in texts):
            sheet.remarks.append(f"column {name}: decimal commas written as points")
            for row in sheet.rows:
                row[i] = row[i].replace(",", ".")
    return sheet
