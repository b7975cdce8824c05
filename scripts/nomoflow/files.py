"""Files that are whole or not there at all: tables as text, and JSON.

Standard library only: Snakemake itself imports this module, and imaging jobs start quickly.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nomoflow.asides import aside, clear_asides
from nomoflow.spreadsheet import guarded, unguarded

WENT_WRONG = "What went wrong:"
# Set by a run that shows its progress: it reads what went wrong from the log and tells it itself.
TOLD_BY_RUN = "NOMOFLOW_RUN_TELLS"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; move it into place only when all went well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_asides(path)
    made = aside(path)
    try:
        yield made
        os.replace(made, path)
    finally:
        made.unlink(missing_ok=True)


def read_rows(path: str | Path) -> list[dict[str, str]]:
    """A CSV table as text, row by row, without pandas."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        return [{unguarded(name): unguarded(cell) for name, cell in row.items()} for row in rows]


def write_rows(rows: Iterable[dict], path: str | Path, columns: Iterable[str]) -> None:
    """Write dictionaries as CSV without pandas; a key that is no column is an error."""
    with replacing(path) as made, open(made, "w", newline="", encoding="utf-8") as file:
        columns = list(columns)
        writer = csv.DictWriter(file, fieldnames=columns, lineterminator="\n")
        writer.writerow({name: guarded(name) for name in columns})
        writer.writerows({name: guarded(cell) for name, cell in row.items()} for row in rows)


def read_json(path: str | Path):
    """The content of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(content, path: str | Path) -> None:
    """Write JSON, keys in the order given; NaN has no JSON form and is an error."""
    with replacing(path) as made:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        made.write_text(text + "\n", encoding="utf-8")
