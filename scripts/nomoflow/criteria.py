"""Inclusion and exclusion, applied one after another with a count after each."""

import math
from collections.abc import Callable, Iterable

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda found, limit: found < limit,
    "<=": lambda found, limit: found <= limit,
    ">": lambda found, limit: found > limit,
    ">=": lambda found, limit: found >= limit,
}


def as_number(text: str) -> float | None:
    """The number that a cell holds, or None where it holds none (NaN and infinity are none)."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def holds(row: dict[str, str], criterion: dict) -> bool:
    """Whether a patient's row meets a criterion.

    Raises ValueError where the cell cannot be compared: it is empty, or no number.
    """
    found, op, value = row[criterion["column"]], criterion["op"], criterion.get("value")
    if op == "missing":
        return found == ""
    if op == "present":
        return found != ""
    if found == "":
        raise ValueError("an empty cell")
    if op in COMPARISONS:
        number = as_number(found)
        if number is None:
            raise ValueError(f"{found!r}, which is no number")
        return COMPARISONS[op](number, float(value))
    allowed = value if op == "in" else [value]
    same = any(_equal(found, other) for other in allowed)
    return not same if op == "!=" else same


def _equal(found: str, value) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return as_number(found) == value
    return found == str(value)


def apply_criteria(
    rows: Iterable[dict[str, str]], include: list[dict], exclude: list[dict]
) -> tuple[list[dict[str, str]], list[dict], list[dict]]:
    """Split patients by the criteria, in their order.

    Parameters
    ----------
    rows : one dict a patient, with the key ``patient``
    include, exclude : criteria as in the config

    Returns
    -------
    included rows; exclusions (patient, stage, reason, detail); flow (step, removed, remaining)
    """
    remaining = list(rows)
    exclusions: list[dict] = []
    flow = [{"step": "patients in the table", "removed": 0, "remaining": len(remaining)}]
    for criterion, wanted in [(c, True) for c in include] + [(c, False) for c in exclude]:
        kept = [row for row in remaining if holds(row, criterion) is wanted]
        names = {row["patient"] for row in kept}
        for row in remaining:
            if row["patient"] not in names:
                detail = f"{criterion['column']} is {row[criterion['column']] or 'empty'}"
                exclusions.append(
                    {
                        "patient": row["patient"],
                        "stage": "cohort",
                        "reason": criterion["reason"],
                        "detail": detail,
                    }
                )
        flow.append(
            {
                "step": criterion["reason"],
                "removed": len(remaining) - len(kept),
                "remaining": len(kept),
            }
        )
        remaining = kept
    return remaining, exclusions, flow
