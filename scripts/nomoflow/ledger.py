"""The ledger of a locked model: each look at patients it was not made from, chained by digests.

A model that is judged on the same external set again and again, and changed in between, is no
longer judged on external patients. So each look is written down once, with the digest of the model,
of the cohort and of the look before it. What is changed, taken out or moved breaks the chain; what
is cut off at its end, or a ledger that was deleted or made anew, is found by the head that each
look left among its results. Standard library only.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

FORMAT = "nomoflow-ledger/1"
NOTHING = "0" * 64  # what the first entry follows
ENTRY = ("count", "centre", "model", "cohort", "previous", "digest")
REMEDY = "bring models/<study>/ledger.json back from version control (git or DVC) as it was"


class LedgerError(ValueError):
    """A ledger that does not tell all that was looked at."""


def cohort_digest(rows: Iterable[Mapping[str, object]]) -> str:
    """SHA-256 of a cohort's rows, whatever the order of rows and columns.

    rows : what is judged: study key, outcome, predictors and features of each patient. They are
        many digits that nobody outside can guess, so the digest tells none of them; outcomes of a
        few patients with known keys alone could be found by trying all. Raises ValueError below
        one row, and where a row equals another.
    """
    lines = sorted(json.dumps(_plain(row), sort_keys=True, ensure_ascii=False) for row in rows)
    if not lines:
        raise ValueError("a cohort without patients has no digest")
    if len(set(lines)) < len(lines):
        raise ValueError("a cohort's rows are not all different: a patient stands there twice")
    return _sha256("\n".join(lines))


def _plain(row: Mapping[str, object]) -> dict[str, str]:
    """Cells as text; numbers in full precision, missing ones empty."""
    made = {}
    for name, value in row.items():
        if value is None or value != value:  # NaN alone differs from itself
            made[str(name)] = ""
        elif isinstance(value, str):
            made[str(name)] = value
        else:
            made[str(name)] = repr(float(value))
    return made


def empty_ledger() -> dict:
    """A ledger before the first look."""
    return {"format": FORMAT, "entries": []}


def look(ledger: Mapping, centre: str, model: str, cohort: str) -> tuple[dict, dict]:
    """The ledger with this look in it, and the look's entry.

    centre : the name of the other centre's study; model, cohort : digests (SHA-256, hex)
    The same model on the same cohort of the same centre is one look however often it is computed:
    then both come back as they were. Raises LedgerError where the ledger is not whole.
    """
    verify(ledger)
    for entry in ledger["entries"]:
        if (entry["centre"], entry["model"], entry["cohort"]) == (centre, model, cohort):
            return dict(ledger), dict(entry)
    entries = [dict(entry) for entry in ledger["entries"]]
    content = {
        "count": len(entries) + 1,
        "centre": centre,
        "model": model,
        "cohort": cohort,
        "previous": entries[-1]["digest"] if entries else NOTHING,
    }
    entry = content | {"digest": entry_digest(content)}
    return {"format": FORMAT, "entries": [*entries, entry]}, entry


def entry_digest(entry: Mapping) -> str:
    """SHA-256 of an entry without its own ``digest``, as JSON with sorted keys."""
    content = {key: value for key, value in entry.items() if key != "digest"}
    return _sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False))


def head_of(entry: Mapping) -> dict:
    """What a look leaves among the results (centres/look.json): enough to miss the ledger by."""
    return {key: entry[key] for key in ENTRY}


def verify(ledger: object, heads: Iterable[Mapping] = ()) -> None:
    """Raise LedgerError where an entry was changed, taken out, put in or moved.

    heads : of earlier looks (``head_of``), from the results of all centres at hand; each must
        stand in the ledger as it was.
    """
    if not isinstance(ledger, Mapping) or set(ledger) != {"format", "entries"}:
        raise LedgerError(f"ledger: not format and entries alone; {REMEDY}")
    if ledger["format"] != FORMAT or not isinstance(ledger["entries"], list):
        raise LedgerError(f"ledger: format is not {FORMAT!r}, or entries are no list; {REMEDY}")
    previous = NOTHING
    for number, entry in enumerate(ledger["entries"], start=1):
        if not isinstance(entry, Mapping) or set(entry) != set(ENTRY):
            raise LedgerError(f"ledger: entry {number} has other keys than {ENTRY}; {REMEDY}")
        if entry_digest(entry) != entry["digest"]:
            raise LedgerError(f"ledger: entry {number} was changed; {REMEDY}")
        if type(entry["count"]) is not int or entry["count"] != number:
            raise LedgerError(
                f"ledger: look {entry['count']} stands in place {number}, so an entry was taken "
                f"out, put in or moved; {REMEDY}"
            )
        if entry["previous"] != previous:
            raise LedgerError(
                f"ledger: entry {number} does not follow the one before it, which was changed or "
                f"replaced; {REMEDY}"
            )
        previous = entry["digest"]
    for head in heads:
        if set(head) != set(ENTRY) or entry_digest(head) != head["digest"]:
            raise LedgerError(
                f"look.json of look {head.get('count')} was changed; compute that validation anew"
            )
        at = head["count"] - 1
        known = ledger["entries"][at]["digest"] if at < len(ledger["entries"]) else None
        if known != head["digest"]:
            lost = "is not in the ledger" if known is None else "is another one in the ledger"
            raise LedgerError(
                f"ledger: look {head['count']} ({head['centre']}), whose results are here, {lost} "
                f"of {len(ledger['entries'])}: it was deleted, cut off or made anew; {REMEDY}"
            )


def as_text(ledger: Mapping) -> str:
    """The ledger as its file has it."""
    return json.dumps(ledger, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_ledger(path: str | Path, heads: Iterable[Mapping] = ()) -> dict:
    """The ledger in a file, verified; an empty one where there is no file and no head.

    Raises LedgerError where a byte of it was changed (CR LF as line ends aside).
    """
    path, heads = Path(path), list(heads)
    if not path.exists():
        ledger = empty_ledger()
        text = as_text(ledger)
    else:
        try:
            text = path.read_bytes().replace(b"\r\n", b"\n").decode("utf-8")
            ledger = json.loads(text)
        except ValueError as error:
            raise LedgerError(f"{path}: no JSON in UTF-8 ({error}); {REMEDY}") from error
    verify(ledger, heads)
    if as_text(ledger) != text:
        raise LedgerError(f"{path}: written otherwise than the workflow writes it; {REMEDY}")
    return ledger


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
