"""The pieces of a report (heading, text, table, figure, link, absent) and its number formats.

A block is a dictionary that the template draws by its ``kind``; every text in it is plain and is
escaped by the template. Texts are English and are said in the language spoken now (`language.say`,
with their {holes} filled in); the cells of a table stay as they are: what is a text there is said
by who fills them.
"""

import math
from collections.abc import Container, Iterable, Mapping, Sequence

from nomoflow.language import say, spoken
from nomoflow.report_heard import hear
from nomoflow.report_origins import Traced, file_of, files_of
from nomoflow.wording import number, signed, span

MISSING = "—"
_LONG = 60  # letters of a cell that needs room
_OUTSIDE = "†"  # beside an interval that does not hold its estimate


def heading(content: str) -> dict:
    """A heading within a section."""
    return {"kind": "heading", "content": say(content)}


def text(content: str, /, **values) -> dict:
    return {"kind": "text", "content": say(content, **values)}


def note(content: str, /, **values) -> dict:
    """A text that must not be overlooked."""
    return {"kind": "note", "content": say(content, **values)}


def link(source: str, content: str) -> dict:
    """A link to a page or file beside the report."""
    return {"kind": "link", "source": source, "content": say(content)}


def absent(content: str, /, **values) -> dict:
    """Stands where a table or figure would, and says why there is none."""
    return {"kind": "absent", "content": say(content, **values)}


def figure(source: str, alt: str, caption: str, file: str = "") -> dict:
    """A picture beside the page; ``file`` is its path in the trace."""
    shown = {"source": source, "alt": say(alt), "caption": caption}
    return {"kind": "figure", **shown, "sources": [file] if file else []}


def pictures(shown: Sequence[Mapping], caption: str) -> dict:
    """Small pictures side by side, each a link to itself: source, alt and caption of each."""
    return {"kind": "pictures", "pictures": list(shown), "caption": caption}


def sentences(*parts: str) -> str:
    """Texts that were said, one after another as the language spoken now sets them."""
    between = "" if spoken() == "zh" else " "
    return between.join(part for part in parts if part)


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence],
    caption: str,
    groups: Sequence[tuple[str, int]] = (),
    folded: bool = False,
    marked: Container[int] = (),
    sources: Iterable = (),
) -> dict:
    """A table; cells are texts or `cell` dictionaries, ``groups`` a first head row (name, span).

    ``folded`` hides a long table behind its caption until it is opened (print shows it).
    ``marked`` are the columns (from 0) that hold optimistic figures: italics on hatched ground.
    ``sources``: tables (rows, or paths) that the figures were computed from; those whose cells
    are shown as they are need not be named.
    """
    body = [[c if isinstance(c, dict) else cell(c) for c in row] for row in rows]
    if any(_OUTSIDE in one["below"] for row in body for one in row):
        remark = "The interval does not hold the estimate: see how it was made."
        caption = sentences(say(caption), f"{_OUTSIDE} {say(remark)}")
    # A column is set right if numbers are for it; its gaps and its head follow.
    numeric = [any(one["right"] for one in column) for column in zip(*body, strict=True)] or [
        False
    ] * len(columns)
    longest = [max(len(one["text"]) for one in column) for column in zip(*body, strict=True)]
    return {
        "kind": "table",
        "columns": [
            {
                "name": say(name),
                "numeric": right,
                "marked": place in marked,
                "long": bool(longest) and longest[place] > _LONG,
            }
            for place, (name, right) in enumerate(zip(columns, numeric, strict=True))
        ],
        "rows": body,
        "caption": say(caption),
        "groups": [(say(name), wide) for name, wide in groups],
        "folded": folded,
        "sources": _sources(body, sources),
    }


def _sources(body: list[list[dict]], named: Iterable) -> list[str]:
    shown = [file_of(one["value"]) for row in body for one in row]
    return list(dict.fromkeys([*files_of(*named), *filter(None, shown)]))


def cell(
    content: str | None,
    missing: str = "not available",
    numeric: bool = False,
    below: str = "",
    value: object = None,
) -> dict:
    """One cell; an empty one is an em dash whose title says what is missing.

    ``below`` is a second, smaller line, such as an interval. ``value`` is what the cell shows in
    full: a number, or the cell of the file that it was read from.
    """
    value = content if value is None and isinstance(content, Traced) else value
    if content in ("", None):
        shown = {"text": MISSING, "title": say(missing), "numeric": False, "below": ""}
    else:
        shown = {"text": str(content), "title": "", "numeric": numeric, "below": below}
    return {**shown, "right": numeric, "value": value}


def estimate(
    row: Mapping[str, str] | None,
    digits: int = 3,
    missing: str = "not computed",
    value: str = "estimate",
) -> dict:
    """An estimate over its interval; where it is not defined, the row's method may say why."""
    if row is None:
        return cell("", missing, numeric=True)
    found = number(row[value])
    if math.isnan(found):
        why = hear(row.get("method") or row.get("note"))
        return cell("", why or "not defined", numeric=True, value=row[value])
    low, high = row.get("ci_low", ""), row.get("ci_high", "")
    ends, full = span(low, high, digits), row[value]
    if not ends:
        return cell(signed(found, digits), numeric=True, value=full)
    outside = found < number(low) - 1e-9 or found > number(high) + 1e-9
    below = f"({ends}){f' {_OUTSIDE}' * outside}"
    shown = cell(signed(found, digits), numeric=True, below=below, value=full)
    return {**shown, "title": hear(row.get("method", "")) if outside else ""}


def decimal(value: str | float | None, digits: int = 3, missing: str = "not defined") -> dict:
    """A number with a fixed count of decimals."""
    found = _float(value)
    content = "" if math.isnan(found) else signed(found, digits) if math.isfinite(found) else "∞"
    return cell(content, missing, numeric=True, value=value)


def whole(value: str | float | None, missing: str = "not available") -> dict:
    """A count."""
    found = _float(value)
    content = "" if math.isnan(found) else f"{found:.0f}"
    return cell(content, missing, numeric=True, value=value)


def filled(pattern: str, *cells: Mapping) -> dict:
    """Several numbers in one cell: "72 (70.6)"; the first is the cell's value."""
    content = pattern.format(*(one["text"] for one in cells))
    return cell(content, numeric=True, value=cells[0]["value"])


def coefficient(value: str | float | None, missing: str = "not defined", digits: int = 3) -> dict:
    """Three decimals, fewer of large numbers; three digits where decimals would hide the value."""
    found = _float(value)
    if 10000 <= abs(found) < 1e7:
        return decimal(value, 0)
    if math.isfinite(found) and abs(found) > 1e-12 and not 0.01 <= abs(found) < 10000:
        content = f"{found:.{digits}g}".replace("-", "−")
        return cell(content, numeric=True, value=value)
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
        return cell("", missing, numeric=True)
    first, last = (decimal(end, digits)["text"] for end in ends)
    content = say("{low} to {high}", low=first, high=last)
    return cell(content, numeric=True, value=row.get(low))


def p_value(value: str | float | None, missing: str = "not defined") -> dict:
    """As journals print it: 0.002, <0.001, >0.999."""
    found = _float(value)
    if math.isnan(found):
        return cell("", missing, numeric=True, value=value)
    inside = f"{found:.3f}" if found <= 0.999 else ">0.999"
    return cell("<0.001" if found < 0.001 else inside, numeric=True, value=value)


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
        return ", ".join(map(_plain, value)) or say("none")
    if value is None or value == {}:
        return say("none")
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    value = str(value)
    if value.startswith(("/", "~", "\\\\")) or value[1:3] in (":\\", ":/"):
        return "…/" + value.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return value
