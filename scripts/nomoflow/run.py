"""What every script shares: its log, and tables that are whole or not there at all.

Heavy libraries are imported where they are used, so that imaging jobs start quickly.
"""

import csv
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

LEVEL = logging.INFO
WENT_WRONG = "What went wrong:"
# Set by a run that shows its progress: it reads what went wrong from the log and tells it itself.
TOLD_BY_RUN = "NOMOFLOW_RUN_TELLS"


@contextmanager
def log_to(path: str | Path) -> Iterator[None]:
    """Send prints, warnings and the traceback of a failure to the rule's log.

    What went wrong also goes to the terminal, where the user looks first (unless the run itself
    tells it from the log); how it came to that, the traceback, stands in the log.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    terminal = sys.stderr
    with open(path, "w", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        logging.basicConfig(stream=log, level=LEVEL, format="%(levelname)s %(message)s", force=True)
        logging.captureWarnings(True)
        try:
            yield
        except Exception as error:
            logging.exception("failed")
            words = str(error) or type(error).__name__
            print(f"\n{WENT_WRONG}\n{words}", file=log)
            if TOLD_BY_RUN not in os.environ:
                print(f"\n{words}\n", file=terminal, flush=True)
            raise SystemExit(1) from error
        finally:
            logging.captureWarnings(False)
            logging.shutdown()


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; move it into place only when all went well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: writers such as SimpleITK choose the format by it.
    aside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def read_table(path: str | Path):
    """A table as a DataFrame; numbers exactly as written, identifiers as text.

    Columns named in ``TEXT_COLUMNS`` stay text even when they look like numbers (id 0011).
    """
    import pandas as pd

    path = Path(path)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(TEXT_COLUMNS, "str"),
        keep_default_na=False,
        na_values=[""],
    )


TEXT_COLUMNS = (
    "patient", "phase", "reading", "model", "sample", "metric", "feature", "term", "stage",
    "reason", "detail", "level", "variable", "note", "unit", "coding", "chosen", "code",
    "subject", "message", "remedy", "step", "label", "method", "comparison", "form", "signature",
    "status", "variant", "changed", "subgroup",
)  # fmt: skip


def write_table(frame, path: str | Path) -> None:
    """Write a DataFrame as CSV (full precision) or parquet, by the name's ending."""
    with replacing(path) as aside:
        if aside.suffix == ".parquet":
            frame.to_parquet(aside, index=False)
        else:
            frame.to_csv(aside, index=False, lineterminator="\n")


def read_rows(path: str | Path) -> list[dict[str, str]]:
    """A CSV table as text, row by row, without pandas."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def write_rows(rows: Iterable[dict], path: str | Path, columns: Iterable[str]) -> None:
    """Write dictionaries as CSV without pandas; a key that is no column is an error."""
    with replacing(path) as aside, open(aside, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_json(path: str | Path):
    """The content of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(content, path: str | Path) -> None:
    """Write JSON, keys in the order given; NaN has no JSON form and is an error."""
    with replacing(path) as aside:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        aside.write_text(text + "\n", encoding="utf-8")
