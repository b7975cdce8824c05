"""What every script shares: its log, and tables that are whole or not there at all.

Heavy libraries are imported where they are used, so that imaging jobs start quickly.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from nomoflow.files import (
    TOLD_BY_RUN,
    WENT_WRONG,
    read_json,
    read_rows,
    replacing,
    write_json,
    write_rows,
)
from nomoflow.job_record import given, took
from nomoflow.spreadsheet import guarded, unguarded

__all__ = [
    "log_to", "read_json", "read_rows", "read_table", "replacing", "write_json", "write_rows",
    "write_table",
]  # fmt: skip
LEVEL = logging.INFO


@contextmanager
def log_to(job) -> Iterator[None]:
    """Send prints, warnings and the traceback of a failure to the job's log.

    job : Snakemake's object of a script. What it holds and what the job took is the log's first
    and its last line.

    What went wrong also goes to the terminal, where the user looks first (unless the run itself
    tells it from the log); how it came to that, the traceback, stands in the log.
    """
    path, began, terminal = Path(job.log[0]), time.monotonic(), sys.stderr
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        print(given(job))
        logging.basicConfig(stream=log, level=LEVEL, format="%(levelname)s %(message)s", force=True)
        logging.captureWarnings(True)
        try:
            yield
            print(took(began))
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


def read_table(path: str | Path):
    """A table as a DataFrame; numbers exactly as written, identifiers as text.

    Columns named in ``TEXT_COLUMNS`` stay text even when they look like numbers (id 0011).
    """
    import pandas as pd

    path = Path(path)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    frame = pd.read_csv(
        path,
        dtype=dict.fromkeys(TEXT_COLUMNS, "str"),
        keep_default_na=False,
        na_values=[""],
    )
    return _each_text(frame, unguarded)


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
            _each_text(frame, guarded).to_csv(aside, index=False, lineterminator="\n")


def _each_text(frame, change):
    """A table with its texts changed, and the names of its columns."""
    texts = {
        name: column.map(change, na_action="ignore").astype(column.dtype)
        for name, column in frame.items()
        if column.dtype.kind == "O" and any(change(one) is not one for one in column.unique())
    }
    return frame.assign(**texts).rename(columns=change)
