"""Two versions of a result compared: equal bytes, or each value within a stated tolerance.

Standard library and PyYAML; pyarrow where a parquet file is compared.
"""

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# A digest follows from the bytes: where these may differ it must. So do matplotlib's names in SVG.
DIGEST = re.compile(r"\b(?:[0-9a-f]{64}|(?=\w*[a-f])(?=\w*\d)[0-9a-f]{12}|[pm][0-9a-f]{10})\b")
SMALL = (
    1e-6  # below it a value may itself be a rounding error: its relative difference says nothing
)
TABLES, TEXTS = (".csv", ".parquet"), (".svg", ".html", ".txt", ".md", ".ok", ".bib")
Pairs = Iterator[tuple[str, object, object]]


class Unlike(ValueError):
    """Two files whose values cannot be laid side by side."""


def read_tolerances(path: str | Path) -> dict:
    """The tolerance file: ``tolerances`` (files, relative, absolute) and ``bytes`` (patterns)."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def compare_files(expected: Path, found: Path, name: str, tolerances: Mapping) -> dict:
    """How two versions of a file differ that are not the same bytes.

    name : its path below results/<study>/, by which its tolerance is chosen
    Returns ``state`` (within, beyond, bytes), the number of ``values`` compared, the largest
    ``absolute`` difference, the largest ``relative`` one of values that are not next to 0, and its
    ``place``. ``bytes``: it holds no values that could be compared.
    """
    limits = next(one for one in tolerances["tolerances"] if fnmatchcase(name, one["files"]))
    result = {"path": name, "state": "within", "values": 0, "relative": 0.0, "absolute": 0.0}
    result |= {"place": "", "limits": f"{limits['relative']:g}, {limits['absolute']:g}"}
    if any(fnmatchcase(name, pattern) for pattern in tolerances["bytes"]):
        return {**result, "state": "bytes", "place": "no values to compare"}
    try:
        pairs = list(_pairs(expected, found))
    except ImportError as error:
        return {**result, "state": "bytes", "place": f"not to be read here: {error}"}
    except ValueError as error:
        return {**result, "state": "beyond", "place": str(error)}
    for place, one, other in pairs:
        verdict = _distance(one, other)
        if verdict is None:
            return {**result, "state": "beyond", "place": f"{place}: {other!r}, expected {one!r}"}
        absolute, relative = verdict
        result["values"] += 1
        result["absolute"] = max(result["absolute"], absolute)
        if absolute == 0:
            continue
        if abs(float(one)) > SMALL and relative > result["relative"]:
            result |= {"relative": relative, "place": place}
        if absolute > limits["absolute"] + limits["relative"] * abs(float(one)):
            result |= {"state": "beyond", "place": f"{place}: {other}, expected {one}"}
            return result
    return result


def _distance(one, other) -> tuple[float, float] | None:
    """Absolute and relative difference; None of what are not two numbers, and not the same."""
    if one == other:
        return 0.0, 0.0
    try:
        a, b = float(one), float(other)
    except (TypeError, ValueError):
        same = isinstance(one, str) and isinstance(other, str)
        same = same and DIGEST.sub("", one) == DIGEST.sub("", other)
        return (0.0, 0.0) if same else None
    if math.isnan(a) and math.isnan(b):
        return 0.0, 0.0
    if not (math.isfinite(a) and math.isfinite(b)) or isinstance(one, bool):
        return None
    return abs(a - b), abs(a - b) / max(abs(a), abs(b))


def _pairs(expected: Path, found: Path) -> Pairs:
    """(where, value expected, value found) of all that stands in two files of one kind."""
    if expected.suffix in TABLES:
        yield from _of_tables(*_table(expected), *_table(found))
    elif expected.suffix == ".json":
        yield from _of_documents(json.loads(expected.read_bytes()), json.loads(found.read_bytes()))
    elif expected.suffix in TEXTS:
        yield from _of_texts(*(DIGEST.sub("#", p.read_text("utf-8")) for p in (expected, found)))
    else:
        raise Unlike(f"files {expected.suffix or 'without an ending'} are compared as bytes alone")


def _table(path: Path) -> tuple[list[str], list[list]]:
    """Columns and rows."""
    if path.suffix == ".csv":
        with open(path, newline="", encoding="utf-8") as file:
            columns, *rows = csv.reader(file)
        return columns, rows
    from pyarrow import parquet

    table = parquet.read_table(path)
    return table.column_names, [list(row.values()) for row in table.to_pylist()]


def _of_tables(columns: list[str], rows: list[list], others: list[str], found: list[list]) -> Pairs:
    if columns != others or len(rows) != len(found):
        raise Unlike("other columns, or another number of rows")
    for number, (row, other) in enumerate(zip(rows, found, strict=True), start=1):
        for column, value, made in zip(columns, row, other, strict=True):
            yield f"{column}, row {number}", value, made


def _of_documents(expected, found, place: str = "") -> Pairs:
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(expected) != list(found):
            raise Unlike(f"{place or 'the document'}: other keys")
        for key, value in expected.items():
            yield from _of_documents(value, found[key], f"{place}.{key}".removeprefix("."))
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            raise Unlike(f"{place}: {len(found)} entries, expected {len(expected)}")
        for number, (value, other) in enumerate(zip(expected, found, strict=True)):
            yield from _of_documents(value, other, f"{place}[{number}]")
    else:
        yield place, expected, found


def _of_texts(expected: str, found: str) -> Pairs:
    """Numbers side by side, where all between them is the same."""
    if NUMBER.sub("#", expected) != NUMBER.sub("#", found):
        raise Unlike("other words than expected")
    pairs = zip(NUMBER.findall(expected), NUMBER.findall(found), strict=True)
    for number, (one, other) in enumerate(pairs, start=1):
        yield f"number {number}", one, other
