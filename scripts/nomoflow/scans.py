"""The scans table: one row a patient, phase and reading; its files stay inside the study."""

from pathlib import Path

from nomoflow.participants import read_cells
from nomoflow.policy import EXCLUDE, check_policy, policy
from nomoflow.problems import Problems
from nomoflow.scan_places import SIMULATED, ScanPlaces

READINGS = ("a1", "b1", "a2")
COLUMNS = ("patient", "phase", "reading", "image", "mask")
MISSING_FILE = "file missing"


def read_scans(images: dict, patients: set[str], problems: Problems) -> tuple[list, list]:
    """Scans with resolved paths, and exclusions of scans whose file is missing.

    A missing file is left to the check of the files to tell, or is an exclusion where
    ``images.on_problem`` says so of its kind.
    """
    path = images["scans"]
    rows = read_cells(path, list(COLUMNS), problems, "images.scans")
    beside = Path(path).parent
    places = ScanPlaces([beside, *images["roots"]])
    scans, exclusions = [], []
    first_seen: dict[tuple, str] = {}
    check_policy(images["on_problem"], problems)
    left_out = policy(images["on_problem"], "file_missing") == EXCLUDE
    for row in rows:
        key = (row["patient"], row["phase"], row["reading"])
        _check_names(path, row, images["phases"], patients, problems)
        if key in first_seen:
            problems.add(
                path,
                row=row["_row"],
                found=f"{' '.join(key)} again",
                allowed="one row for each patient, phase and reading",
                remedy=f"remove this row or row {first_seen[key]}",
            )
        first_seen.setdefault(key, row["_row"])
        scan = dict(zip(COLUMNS, key, strict=False)) | {"label": row.get("label") or "1"}
        if not _is_label(scan["label"]):
            problems.add(
                path,
                row=row["_row"],
                column="column label",
                found=repr(scan["label"]),
                allowed="a whole number from 1, or the name that the label has in the mask's file",
                remedy="write the label's number or name, or leave the cell empty for 1",
            )
        for column in ("image", "mask"):
            found = places.locate(row[column])
            if found is None and row[column] and left_out:
                exclusions.append(
                    dict(zip(COLUMNS, key, strict=False))
                    | {"stage": "images", "reason": MISSING_FILE, "detail": row[column]}
                )
            elif found is None and row[column] and places.holds(beside / row[column]):
                # The check of the files tells it, among all else that is wrong with them.
                found = beside / row[column]
            elif found is None or not places.holds(found):
                problems.add(
                    path,
                    row=row["_row"],
                    column=f"column {column}",
                    found=_what(row[column], found),
                    allowed="a file below " + " or ".join(f"{one}/" for one in places.folders),
                    remedy="correct the path, or name its folder in images.roots",
                )
            elif _is_not_drawn(row, column, images["phases"], patients):
                problems.add(
                    path,
                    row=row["_row"],
                    column=f"column {column}",
                    found=f"{row[column]}, which the workflow does not draw for {row['patient']}",
                    allowed=f"{SIMULATED}/<cohort>/{row['patient']}/<phase>.nii.gz, and"
                    " <phase>_<reading>.nii.gz for a mask",
                    remedy="correct the path; images of your own lie in another folder",
                )
            scan[column] = str(found)
        scans.append(scan)
    _check_phases(path, {row["phase"] for row in rows}, images["phases"], problems)
    lost = {(row["patient"], row["phase"], row["reading"]) for row in exclusions}
    return [s for s in scans if (s["patient"], s["phase"], s["reading"]) not in lost], exclusions


def _is_label(text: str) -> bool:
    """A whole number from 1, or a name: what is a number of another kind is neither."""
    try:
        return float(text) >= 1 and text.isdigit()
    except ValueError:
        return True


def _is_not_drawn(row: dict, column: str, phases: list[str], patients: set[str]) -> bool:
    """Whether a path names a simulated file that is not one of this patient's.

    An unknown patient is a problem of its own, told once.
    """
    if SIMULATED not in row[column]:
        return False
    parts = Path(row[column]).parts
    if parts[:1] != (SIMULATED,) or row["patient"] not in patients or row["phase"] not in phases:
        return False
    names = [f"{phase}.nii.gz" for phase in phases]
    if column == "mask":
        names = [f"{phase}_{reading}.nii.gz" for phase in phases for reading in READINGS]
    return len(parts) != 4 or parts[2] != row["patient"] or parts[3] not in names


def _what(text: str, found: Path | None) -> str:
    if not text:
        return "an empty cell"
    return f"no file {text}" if found is None else f"{text}, which leads out of the study's folders"


def _check_names(path, row, phases, patients, problems: Problems) -> None:
    for column, known, allowed in (
        ("patient", patients, "a patient of the participants table"),
        ("phase", phases, ", ".join(phases)),
        ("reading", READINGS, ", ".join(READINGS)),
    ):
        # Where the participants table itself could not be read, that is told once, there.
        if row[column] not in known and (column != "patient" or patients):
            problems.add(
                path,
                row=row["_row"],
                column=f"column {column}",
                found=repr(row[column]),
                allowed=allowed,
                remedy="correct the cell" + (", or images.phases" if column == "phase" else ""),
            )


def _check_phases(path, used: set[str], phases: list[str], problems: Problems) -> None:
    for phase in phases:
        if used and phase not in used:
            problems.add(
                path,
                column="column phase",
                found=f"no scan of phase {phase}, only of {', '.join(sorted(used))}",
                allowed=", ".join(phases),
                remedy="correct images.phases in the config, or the table",
            )
