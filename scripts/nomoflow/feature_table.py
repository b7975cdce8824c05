"""Feature tables: a table a phase, from batches or from a ready table of many phases."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd

from nomoflow.problems import Problems
from nomoflow.scans import READINGS

MISSING = {"", "NA", "NaN", "nan", "N/A"}


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows sorted by patient, then by reading a1, b1, a2."""
    rank = frame["reading"].map({reading: rank for rank, reading in enumerate(READINGS)})
    order = frame.assign(rank=rank).sort_values(["patient", "rank"], kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def of_phase(batches: pd.DataFrame, phase: str, names: list[str], digest: str) -> pd.DataFrame:
    """The rows of a phase: patient, reading, then ``names`` as numbers.

    batches : columns patient, phase, reading, settings (a digest) and features, all batches
    Raises ValueError where a row was computed with other settings or versions than ``digest``.
    """
    rows = batches[batches["phase"] == phase]
    other = rows[rows["settings"] != digest]
    if len(other):
        raise ValueError(
            f"features of {phase} come from different settings or program versions: "
            f"{len(other)} of {len(rows)} rows, the first of patient {other['patient'].iloc[0]}; "
            "allowed: one for a phase; remedy: delete the study's features/batches and run again"
        )
    frame = rows.reindex(columns=["patient", "reading", *names])
    frame[names] = frame[names].astype("float64")
    frame = in_order(frame)
    frame.attrs["settings"] = digest  # kept in the parquet file
    return frame


def read_ready_table(table: dict, phases: list[str], patients: list[str] | None):
    """A ready feature table by phase, and what is wrong with it.

    table : path (csv, csv.gz, tsv, parquet), id (a column), columns (a pattern such as
        "{phase}_{feature}"); a column ``reading`` is used where there is one
    patients : those of the study; others in the table are left out (None: all are kept)
    Returns ({phase: frame with patient, reading, features}, Problems); no frames with problems.
    """
    problems, path = Problems(), Path(table["path"])
    frame = _read(path)
    if table["id"] not in frame:
        problems.add(
            path, column=f"column {table['id']}", found=f"columns {_some(frame.columns)}",
            allowed="a column with the patients' study keys", remedy="correct features.table.id",
        )  # fmt: skip
        return {}, problems
    frame = frame.rename(columns={table["id"]: "patient"})
    if frame["patient"].dtype.kind == "f" and (frame["patient"] % 1 == 0).all():
        frame["patient"] = frame["patient"].astype("int64")  # 11.0 is patient 11
    frame["patient"] = frame["patient"].astype("str").str.strip()
    if "reading" not in frame:
        frame.insert(1, "reading", READINGS[0])
    names = _columns_by_phase(frame, table["columns"], phases, path, problems)
    if patients is not None:
        frame = frame[frame["patient"].isin(list(patients))]
    _check_rows(frame, table["id"], patients, path, problems)
    columns = list(dict.fromkeys(column for found in names.values() for column in found))
    numbers = _numbers(frame, columns, path, problems)
    if problems:
        return {}, problems
    keys = frame[["patient", "reading"]]
    frames = {
        phase: in_order(pd.concat([keys, numbers[list(found)].rename(columns=found)], axis=1))
        for phase, found in names.items()
    }
    return frames, problems


def digest_of(path: str | Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> pd.DataFrame:
    """All cells as text, indexed by the line of the file (parquet: by the row)."""
    name = path.name.lower()
    if name.endswith(".parquet"):
        frame = pd.read_parquet(path)
        texts = [column for column in frame if frame[column].dtype.kind not in "fiu"]
        frame = frame.astype(dict.fromkeys(texts, "str"))
    else:
        separator = "\t" if ".tsv" in name else ","
        frame = pd.read_csv(path, sep=separator, dtype="str", keep_default_na=False,
                            encoding="utf-8-sig")  # fmt: skip
    frame.index = np.arange(len(frame)) + 2
    frame.columns = [str(column).strip() for column in frame.columns]
    return frame


def _columns_by_phase(frame, pattern, phases, path, problems) -> dict[str, dict[str, str]]:
    """{phase: {column: feature}}; a column that fits two phases belongs to the longer name."""
    if "{feature}" not in pattern or ("{phase}" not in pattern and len(phases) > 1):
        problems.add(
            "config", column="features.table.columns", found=repr(pattern),
            allowed="a pattern with {phase} and {feature}", remedy='such as "{phase}_{feature}"',
        )  # fmt: skip
        return {}
    columns = [column for column in frame.columns if column not in ("patient", "reading")]
    found: dict[str, dict[str, str]] = {phase: {} for phase in phases}
    for column in columns:
        for phase in sorted(phases, key=len, reverse=True):
            parts = re.escape(pattern).replace(r"\{phase\}", re.escape(phase), 1)
            match = re.fullmatch(parts.replace(r"\{feature\}", "(.+)", 1), column)
            if match:
                found[phase][column] = match[1]
                break
    for phase in (phase for phase in phases if not found[phase]):
        starts = sorted({re.split(r"[_.:\s-]", column)[0] for column in columns})
        problems.add(
            path, found=f"no column of phase {phase!r}; columns begin with {_some(starts)}",
            allowed=f"columns such as {pattern.format(phase=phase, feature='original_glcm_Idm')}",
            remedy="correct images.phases or features.table.columns",
        )  # fmt: skip
    return found


def _check_rows(frame, id_column, patients, path, problems) -> None:
    unknown = frame[~frame["reading"].isin(READINGS)]
    for row, reading in unknown["reading"].items():
        problems.add(path, row=row, column="column reading", found=repr(reading),
                     allowed=", ".join(READINGS), remedy="correct the cell")  # fmt: skip
    for row, key in frame[frame.duplicated(["patient", "reading"])].iterrows():
        problems.add(
            path, row=row, column=f"column {id_column}",
            found=f"patient {key['patient']} again (reading {key['reading']})",
            allowed="each patient once a reading", remedy="remove one of the rows",
        )  # fmt: skip
    have = set(frame.loc[frame["reading"] == READINGS[0], "patient"])
    wanted = set(frame["patient"]) if patients is None else set(patients)
    missing = sorted(wanted - have)
    if missing:
        problems.add(
            path, column=f"column {id_column}",
            found=f"{len(missing)} of {len(wanted)} patients are not there: {_some(missing)}",
            allowed="a row (reading a1) for each included patient",
            remedy="add the rows, write the keys alike in both tables, or exclude the patients",
        )  # fmt: skip


def _numbers(frame, columns, path, problems) -> pd.DataFrame:
    """The columns as float64; text and infinite values are problems, empty cells are NaN."""
    numbers = {}
    for column in columns:
        cells = frame[column]
        if cells.dtype.kind not in "fiu":
            text = cells.str.strip()
            parsed = pd.to_numeric(text.mask(text.isin(list(MISSING))), errors="coerce")
            wrong = (parsed.isna() & ~text.isin(list(MISSING))) | np.isinf(parsed)
        else:
            parsed = cells.astype("float64")
            wrong = np.isinf(parsed)
        numbers[column] = parsed.astype("float64")
        for row, cell in cells[wrong].head(3).items():
            problems.add(path, row=row, column=f"column {column}", found=repr(cell),
                         allowed="a number, or an empty cell",
                         remedy="write digits with a decimal point and no unit")  # fmt: skip
    return pd.DataFrame(numbers, index=frame.index)


def _some(names, most: int = 8) -> str:
    names = [str(name) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "none") + more
