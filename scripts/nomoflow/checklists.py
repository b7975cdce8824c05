"""Checklists filled from a run: for each item a status, the value read and the files it is in.

The items (number, topic in our words, weight, condition, what they rest on) are data in
report/checklists/*.json. An item rests on evidence (a function of the results), on the authors'
statements, on both, or on the authors' paper alone.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from nomoflow import (
    evidence_of_cohort,
    evidence_of_ibsi,
    evidence_of_images,
    evidence_of_models,
    evidence_of_testing,
)
from nomoflow.evidence import (
    FAIL,
    FILLED,
    FOR_AUTHORS,
    NOT_APPLICABLE,
    NOT_EVIDENCED,
    PASS,
    STATUSES,
    Finding,
    Results,
)
from nomoflow.statements import LISTS, known_statements

COLUMNS = ("item", "section", "topic", "status", "evidence", "value", "note")
WEIGHT = "weight"
BETWEEN = "; "
LONGEST = 160  # characters of an authors' text that are shown
# METRICS' own names of its score, by the lower limit in percent (Kocak 2024).
GRADES = ((80, "excellent"), (60, "good"), (40, "moderate"), (20, "low"), (0, "very low"))
MODULES = (
    evidence_of_cohort, evidence_of_images, evidence_of_ibsi, evidence_of_models,
    evidence_of_testing,
)  # fmt: skip
TEXT_NOTE = "the authors' text; what it says is for the reader to judge"


def checklist(name: str) -> dict:
    """A checklist's items as data."""
    return json.loads((LISTS / f"{name}.json").read_bytes())


def judge(name: str, results: Results) -> Finding:
    """What the evidence of this name finds. Raises KeyError for a name that there is not."""
    for module in MODULES:
        if hasattr(module, name):
            return getattr(module, name)(results)
    raise KeyError(name)


def fill(name: str, results: Results, phases: Sequence[str], folder: str | Path) -> list[dict]:
    """The rows of a checklist, evidence as paths relative to ``folder``.

    The columns are ``COLUMNS``, and weight where the items have one. IBSI ends with a row for each
    feature of the combined signature.
    """
    content = checklist(name)
    conditions = {
        key: judge(one["evidence"], results) for key, one in conditions_of(content).items()
    }
    rows = []
    for item in content["items"]:
        finding = _finding(item, conditions, content, results)
        rows.append(_row(item, finding, folder))
    if name == "ibsi":
        for item in evidence_of_ibsi.feature_rows(results, phases):
            rows.append(_row(item, item["finding"], folder))
    return rows


def conditions_of(content: Mapping) -> dict[str, dict]:
    """Conditions of METRICS stand in its list; clusters and other centres are ours."""
    own = {"clusters": {"evidence": "has_clusters"}, "external": {"evidence": "has_external"}}
    return {**own, **content.get("conditions", {})}


def _row(item: Mapping, finding: Finding, folder: str | Path) -> dict:
    paths = dict.fromkeys(Path(os.path.relpath(path, folder)).as_posix() for path in finding.files)
    row = {key: item.get(key, "") for key in ("item", "section", "topic")}
    if WEIGHT in item:
        row[WEIGHT] = item[WEIGHT]
    return row | {
        "status": finding.status,
        "evidence": BETWEEN.join(paths),
        "value": " ".join(finding.value.split()),
        "note": " ".join(finding.note.split()),
    }


def _finding(item: Mapping, conditions: Mapping, content: Mapping, results: Results) -> Finding:
    """Conditions first; then the worst of what evidence and statements say."""
    for key in item.get("conditions", ()):
        met = conditions[key]
        if met.status != PASS:
            topic = conditions_of(content)[key].get("topic", "")
            words = f"condition not met: {topic}" if met.status == NOT_APPLICABLE else met.note
            return Finding(met.status, met.value, met.files, words if topic else met.note)
    parts = []
    if "evidence" in item:
        parts.append(judge(item["evidence"], results))
    if "statements" in item:
        parts.append(stated(item["statements"], results))
        if parts[0].status == NOT_EVIDENCED and len(parts) > 1:
            del parts[0]  # the run has nothing on it: the authors' text stands alone
    if "write" in item:
        parts.append(Finding(FOR_AUTHORS, note=f"write {item['write']}"))
    return _worst(parts)


def stated(names: Sequence[str], results: Results) -> Finding:
    """The authors' texts of these names; where one is missing, what to write."""
    given = [name for name in names if name in results.statements]
    lacking = [name for name in names if name not in results.statements]
    value = BETWEEN.join(_short(results.statements[name]).rstrip(".") for name in given)
    files = results.paths.get("statements", ()) if given else ()
    if not lacking:
        return Finding(PASS, value, files, TEXT_NOTE)
    asks = [f"{name}: {known_statements()[name]['ask']}" for name in lacking]
    return Finding(FOR_AUTHORS, value, files, f"in the file of statements, {BETWEEN.join(asks)}")


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1].rsplit(" ", 1)[0] + " …"


def _worst(parts: Sequence[Finding]) -> Finding:
    """One finding of several: the gravest status, all values, files and remarks."""
    order = (FAIL, NOT_EVIDENCED, FOR_AUTHORS, PASS, NOT_APPLICABLE)
    status = min((part.status for part in parts), key=order.index)
    files = tuple(dict.fromkeys(path for part in parts for path in part.files))
    notes = [part.note for part in parts if part.note]
    if status == FOR_AUTHORS:  # the remark on texts that are there would only confuse
        notes = [note for note in notes if note != TEXT_NOTE]
    values = [part.value for part in parts if part.value]
    return Finding(status, BETWEEN.join(values), files, BETWEEN.join(notes))


def tally(rows: Sequence[Mapping]) -> dict[str, int]:
    """Items by status, and how many are filled with evidence that opens."""
    counts = {status: sum(row["status"] == status for row in rows) for status in STATUSES}
    return {"items": len(rows), "filled": sum(map(is_filled, rows)), **counts}


def is_filled(row: Mapping) -> bool:
    """Something decides, and it can be opened."""
    return row["status"] in FILLED and bool(row["evidence"]) and bool(row["value"])


def main_items(rows: Sequence[Mapping]) -> dict[str, str]:
    """TRIPOD+AI's 27 items: filled where each applicable part is; else open, or not applicable."""
    parts: dict[str, list] = {}
    for row in rows:
        parts.setdefault(row["item"].rstrip("abcdefg"), []).append(row)
    told = {}
    for number, own in parts.items():
        own = [row for row in own if row["status"] != NOT_APPLICABLE]
        told[number] = (
            NOT_APPLICABLE if not own else "filled" if all(map(is_filled, own)) else "open"
        )
    return told


def metrics_score(rows: Sequence[Mapping]) -> dict:
    """METRICS: the weights of the items met, in percent of those of the items that apply.

    score counts what is evidenced; highest adds what is still the authors' to say or not
    evidenced. grade is METRICS' name of the first; weight_filled the weight of the items that
    evidence decides, of all thirty.
    """
    weights = {
        status: sum(float(row[WEIGHT]) for row in rows if row["status"] == status)
        for status in STATUSES
    }
    applicable = sum(weights.values()) - weights[NOT_APPLICABLE]
    score = 100 * weights[PASS] / applicable
    highest = 100 * (applicable - weights[FAIL]) / applicable
    grade = next(name for limit, name in GRADES if score >= limit)
    filled = sum(float(row[WEIGHT]) for row in rows if is_filled(row))
    return {
        "score": round(score, 4),
        "highest": round(highest, 4),
        "grade": grade,
        "weight_applicable": round(applicable, 4),
        "weight_filled": round(filled, 4),
    }


def summary(filled: Mapping[str, Sequence[Mapping]]) -> dict:
    """How far each checklist is filled: for pages and tools."""
    told = {name: tally(rows) for name, rows in filled.items()}
    if "tripod_ai" in filled:
        parts = list(main_items(filled["tripod_ai"]).values())
        told["tripod_ai"]["main_items"] = len(parts)
        told["tripod_ai"]["main_items_filled"] = parts.count("filled")
    if "metrics" in filled:
        told["metrics"] |= metrics_score(filled["metrics"])
    return told
