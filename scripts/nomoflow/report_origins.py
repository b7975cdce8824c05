"""Where each number of the report comes from: a cell of a file, and the rules behind the file."""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path, PurePosixPath

from nomoflow.spreadsheet import unguarded

FORMAT = "nomoflow-trace/1"
MOST_OF_A_FOLDER = 24  # input files of one folder that are told one by one


class Traced(str):
    """A cell of a table that knows its file, the line there (from 1) and its column."""

    file: str
    line: int
    column: str

    def __new__(cls, content: str, file: str, line: int, column: str):
        self = super().__new__(cls, content)
        self.file, self.line, self.column = file, line, column
        return self


def read_traced(path: str | Path) -> list[dict[str, str]]:
    """A CSV table as text, as `nomoflow.run.read_rows` gives it, each cell with its origin."""
    name = Path(path).as_posix()
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        return [
            {
                unguarded(key): Traced(unguarded(cell), name, rows.line_num, unguarded(key))
                for key, cell in row.items()
            }
            for row in rows
        ]


def file_of(value) -> str:
    """The file that a cell was read from; empty where it was computed for the page."""
    return value.file if isinstance(value, Traced) else ""


def files_of(*tables: Iterable[Mapping] | str | None) -> list[str]:
    """The files of tables (rows as `read_traced` gives them, or paths), each once, in order."""
    found = []
    for table in tables:
        if isinstance(table, str | Path):
            found.append(Path(table).as_posix())
        elif table:
            first = next(iter(table))
            found += [file for file in map(file_of, first.values()) if file][:1]
    return list(dict.fromkeys(found))


def lineage(trace: Mapping, wanted: Iterable[str]) -> dict:
    """The wanted files and all that they were made from, small enough to lie in a page.

    trace : a document of format nomoflow-trace/1: files {path: rule, wildcards, params, inputs,
    sha256, size}. Returned: files, rows [path, rule or None, wildcards, place in params or None,
    places of inputs, sha256, size]; params, each once. Many input files of one folder are one row,
    its digest over their lines "sha256  path"; its rule None, its wildcards {"files": how many}.
    Raises ValueError for a document of another format.
    """
    if trace.get("format") != FORMAT:
        raise ValueError(f"the trace has format {trace.get('format')!r}; {FORMAT!r} was expected")
    known, rows, places, params = trace["files"], [], {}, {}

    def add(path: str, row: list) -> int:
        places[path] = len(rows)
        rows.append(row)
        return places[path]

    def place(path: str) -> int:
        if path in places:
            return places[path]
        told = known.get(path) or {}
        rule, given = told.get("rule"), told.get("params")
        at = add(path, [path, rule, told.get("wildcards") or {}, None, [], told.get("sha256"),
                        told.get("size")])  # fmt: skip
        if rule and given:
            text = json.dumps(given, sort_keys=True, ensure_ascii=False)
            rows[at][3] = params.setdefault(text, len(params))
        rows[at][4] = [*map(place, _made(told)), *map(folder, _given(told))]
        return at

    def is_given(path: str) -> bool:
        return not (known.get(path) or {}).get("rule")

    def parts(told: Mapping) -> list[tuple[str, list[str]]]:
        given = sorted(path for path in told.get("inputs") or [] if is_given(path))
        return [
            (str(parent), list(own))
            for parent, own in groupby(given, key=lambda path: PurePosixPath(path).parent)
        ]

    def _made(told: Mapping) -> list[str]:
        few = [p for _, own in parts(told) if len(own) <= MOST_OF_A_FOLDER for p in own]
        return sorted({p for p in told.get("inputs") or [] if not is_given(p)} | set(few))

    def _given(told: Mapping) -> list[tuple[str, list[str]]]:
        return [(parent, own) for parent, own in parts(told) if len(own) > MOST_OF_A_FOLDER]

    def folder(part: tuple[str, list[str]]) -> int:
        parent, own = part
        lines = "".join(f"{known.get(path, {}).get('sha256')}  {path}\n" for path in own)
        digest = hashlib.sha256(lines.encode("utf-8")).hexdigest()
        name = f"{parent}/ #{digest[:8]}"
        if name in places:
            return places[name]
        size = sum(known.get(path, {}).get("size") or 0 for path in own)
        return add(name, [f"{parent}/", None, {"files": len(own)}, None, [], digest, size])

    for path in dict.fromkeys(wanted):
        place(path)
    return {"files": rows, "params": [json.loads(text) for text in params]}
