"""The pieces of a report (heading, text, table, figure, link, absent) and its number formats.

A block is a dictionary that the template draws by its ``kind``; every text in it is plain and is
escaped by the template.
"""

import math
from collections.abc import Container, Iterable, Mapping, Sequence

from nomoflow.wording import number, signed, span

MISSING = "—"
_OUTSIDE = "†"  # beside an interval that does not hold its estimate


def heading(content: str) -> dict:
    """A heading within a section."""
    return {"kind": "heading", "content": content}


def text(content: str) -> dict:
    return {"kind": "text", "content": content}


def note(content: str) -> dict:
    """A text that must not be overlooked."""
    return {"kind": "note", "content": content}


def link(source: str, content: str) -> dict:
    """A link to a page or file beside the report."""
    return {"kind": "link", "source": source, "content": content}


def absent(reason: str) -> dict:
    """Stands where a table or figure would, and says why there is none."""
    return {"kind": "absent", "content": reason}


def figure(source: str, alt: str, caption: str) -> dict:
    return {"kind": "figure", "source": source, "alt": alt, "caption": caption}


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence],
    caption: str,
    groups: Sequence[tuple[str, int]] = (),
    folded: bool = False,
    marked: Container[int] = (),
) -> dict:
    """A table; cells are texts or `cell` dictionaries, ``groups`` a first head row (name, span).

    ``folded`` hides a long table behind its caption until it is opened (print shows it).
    ``marked`` are the columns (from 0) that hold optimistic figures: italics on hatched ground.
    """
    body = [[c if isinstance(c, dict) else cell(c) for c in row] for row in rows]
    if any(_OUTSIDE in one["below"] for row in body for one in row):
        caption += f" {_OUTSIDE} The interval does not hold the estimate: see how it was made."
    # A column is set right if it holds numbers; its gaps and its head follow.
    numeric = [any(one["numeric"] for one in column) for column in zip(*body, strict=True)] or [
        False
    ] * len(columns)
    return {
        "kind": "table",
        "columns": [
            {"name": name, "numeric": right, "marked": place in marked}
            for place, (name, right) in enumerate(zip(columns, numeric, strict=True))
        ],
        "rows": body,
        "caption": caption,
        "groups": list(groups),
        "folded": folded,
    }


def cell(
    content: str | None, missing: str = "not available", numeric: bool = False, below: str = ""
) -> dict:
    """One cell; an empty one is an em dash whose title says what is missing.

    ``below`` is a second, smaller line, such as an interval.
    """
    if content in ("", None):
        return {"text": MISSING, "title": missing, "numeric": False, "below": ""}
    return {"text": str(content), "title": "", "numeric": numeric, "below": below}


def estimate(
    row: Mapping[str, str] | None,
    digits: int = 3,
    missing: str = "not computed",
    value: str = "estimate",
) -> dict:
    """An estimate over its interval; where it is not defined, the row's method may say why."""
    if row is None:
        return cell("", missing)
    found = number(row[value])
    if math.isnan(found):
        return cell("", row.get("method") or row.get("note") or "not defined")
    low, high = row.get("ci_low", ""), row.get("ci_high", "")
    ends = span(low, high, digits)
    if not ends:
        return cell(signed(found, digits), numeric=True)
    outside = found < number(low) - 1e-9 or found > number(high) + 1e-9
    shown = cell(signed(found, digits), numeric=True, below=f"({ends}){f' {_OUTSIDE}' * outside}")
    return {**shown, "title": row.get("method", "") if outside else ""}


def decimal(value: str | float | None, digits: int = 3, missing: str = "not defined") -> dict:
    """A number with a fixed count of decimals."""
    value = _float(value)
    content = "" if math.isnan(value) else signed(value, digits) if math.isfinite(value) else "∞"
    return cell(content, missing, numeric=True)


def whole(value: str | float | None, missing: str = "not available") -> dict:
    """A count."""
    value = _float(value)
    return cell("" if math.isnan(value) else f"{value:.0f}", missing, numeric=True)


def filled(pattern: str, *cells: Mapping) -> dict:
    """Several numbers in one cell: "72 (70.6)"."""
    return cell(pattern.format(*(one["text"] for one in cells)), numeric=True)


def coefficient(value: str | float | None, missing: str = "not defined", digits: int = 3) -> dict:
    """Three decimals, or as many significant digits where those would hide the value."""
    value = _float(value)
    if math.isfinite(value) and value and not 0.01 <= abs(value) < 10000:
        return cell(f"{value:.{digits}g}".replace("-", "−"), numeric=True)
    return decimal(value, digits, missing)


def interval(
    row: Mapping[str, str],
    low: str = "ci_low",
    high: str = "ci_high",
    digits: int = 3,
    missing: str = "no interval is computed for it",
) -> dict:
    """ "0.962 to 0.996"; without both ends an em dash."""
    ends = [_float(row.get(name)) for name in (low, high)]
    if any(map(math.isnan, ends)):
        return cell("", missing)
    return cell(" to ".join(decimal(end, digits)["text"] for end in ends), numeric=True)


def p_value(value: str | float | None, missing: str = "not defined") -> dict:
    """As journals print it: 0.002, <0.001, >0.999."""
    value = _float(value)
    if math.isnan(value):
        return cell("", missing)
    if value < 0.001:
        return cell("<0.001", numeric=True)
    return cell(">0.999" if value > 0.999 else f"{value:.3f}", numeric=True)


def _float(value: str | float | None) -> float:
    return number(value) if isinstance(value, str) or value is None else float(value)


def flat(content: Mapping | Sequence, name: str = "") -> list[tuple[str, str]]:
    """Nested settings as (dotted name, value); folders of this machine are left out of paths."""
    if isinstance(content, Mapping) and content:
        pairs = content.items()
    elif isinstance(content, list | tuple) and any(isinstance(v, Mapping | list) for v in content):
        pairs = enumerate(content, start=1)
    else:
        return [(name, _plain(content))]
    return [
        row for key, value in pairs for row in flat(value, f"{name}.{key}" if name else f"{key}")
    ]


def _plain(value) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "none"
    if value is None or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    value = str(value)
    if value.startswith(("/", "~", "\\\\")) or value[1:3] in (":\\", ":/"):
        return "…/" + value.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return value
