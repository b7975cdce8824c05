"""Who or what was left out: one row for a patient, a scan or a failed case, with the reason."""

from nomoflow.scans import READINGS

COLUMNS = ("patient", "phase", "reading", "stage", "reason", "detail")


def failure(scan: dict, stage: str, reason: str, detail: str) -> dict[str, str]:
    """The row of a scan that failed in a stage."""
    key = {column: scan[column] for column in COLUMNS[:3]}
    return {**key, "stage": stage, "reason": reason, "detail": detail}


def in_order(rows: list[dict]) -> list[dict]:
    """Rows of scans by patient and phase, the analysed reading first."""
    return sorted(
        rows, key=lambda row: (row["patient"], row["phase"], READINGS.index(row["reading"]))
    )
