"""Write a study's participants and scans tables from a folder of images and an outcome table.

    python tools/tables_from_folder.py data/sts config/sts --outcome data/sts/outcome.csv \\
        --id patient_id --images "{patient}/{phase}_image.nii.gz" \\
        --masks "{patient}/{phase}_mask.nii.gz"

writes config/sts/participants.csv and config/sts/scans.csv, says what it found and what is
missing, and replaces neither table without --force.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from nomoflow.scan_files import SCAN_COLUMNS, find_files


def read_outcome(path: Path, id_column: str) -> list[dict[str, str]]:
    """Rows of the outcome table as text, the id column renamed to ``patient`` and put first."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        names = reader.fieldnames or []
        rows = list(reader)
    if id_column not in names:
        raise ValueError(
            f"{path}: found columns {', '.join(names)}; allowed: a column {id_column!r}; "
            "remedy: name the column with the patients' keys by --id"
        )
    if "patient" in names and id_column != "patient":
        raise ValueError(f"{path}: has a column 'patient' beside {id_column!r}; rename one")
    twice = [key for key, n in Counter(row[id_column].strip() for row in rows).items() if n > 1]
    if twice:
        raise ValueError(f"{path}: patients in more than one row: {', '.join(sorted(twice))}")
    return [
        {"patient": row[id_column].strip()}
        | {name: row[name] for name in names if name != id_column}
        for row in rows
    ]


def make_tables(folder: Path, images: str, masks: str, outcome: Path, id_column: str):
    """Participants' rows, scans' rows, and sentences on what was found and what is missing."""
    participants = read_outcome(outcome, id_column)
    found = {"image": find_files(folder, images), "mask": find_files(folder, masks)}
    known = {row["patient"] for row in participants}
    whole = sorted(found["image"].keys() & found["mask"].keys())
    used = [key for key in whole if key[0] in known]
    scans = [
        dict(zip(SCAN_COLUMNS, (*key, found["image"][key], found["mask"][key]), strict=True))
        for key in used
    ]
    phases = Counter(phase for _, phase, reading in used if reading == "a1")
    patients = sorted({key[0] for key in used})
    said = [
        f"patients: {len(participants)} with an outcome, {len(patients)} of them with scans",
        "phases: " + (", ".join(f"{name} ({n})" for name, n in sorted(phases.items())) or "none"),
    ]
    for one, other in (("image", "mask"), ("mask", "image")):
        alone = sorted(found[one].keys() - found[other].keys())
        said += [f"missing: no {other} for {found[one][key]}" for key in alone]
    analysed = {key[:2] for key in used if key[2] == "a1"}
    for patient in patients:
        lacking = sorted(phase for phase in phases if (patient, phase) not in analysed)
        if lacking:
            said.append(f"missing: patient {patient} has no {', '.join(lacking)}")
    said += [f"missing: no scan of patient {name}" for name in sorted(known - set(patients))]
    strangers = sorted({key[0] for key in whole} - known)
    said += [f"left out: {name} has scans and no row in {outcome.name}" for name in strangers]
    return participants, scans, said


def write_table(rows: list[dict], columns: list[str], path: Path) -> None:
    """Write a CSV table, its folder included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of the images; paths are relative to it")
    parser.add_argument("out", type=Path, help="folder for participants.csv and scans.csv")
    parser.add_argument("--images", required=True, help="pattern with {patient} and {phase}")
    parser.add_argument("--masks", required=True, help="pattern with {patient} and {phase}")
    parser.add_argument("--outcome", required=True, type=Path, help="CSV table, a row a patient")
    parser.add_argument("--id", default="patient", help="its column with the patients' keys")
    parser.add_argument("--force", action="store_true", help="replace tables that exist")
    chosen = parser.parse_args(arguments)
    tables = {name: chosen.out / f"{name}.csv" for name in ("participants", "scans")}
    try:
        participants, scans, said = make_tables(
            chosen.folder, chosen.images, chosen.masks, chosen.outcome, chosen.id
        )
        if not scans:
            raise ValueError(
                f"no image with a mask below {chosen.folder} fits the patterns "
                f"{chosen.images!r} and {chosen.masks!r}"
            )
        existing = [str(path) for path in tables.values() if path.exists() and not chosen.force]
        if existing:  # before either is written
            raise FileExistsError(f"{', '.join(existing)} exist; replace them by --force")
        write_table(participants, list(participants[0]), tables["participants"])
        write_table(scans, list(SCAN_COLUMNS), tables["scans"])
    except (OSError, ValueError) as error:
        print(f"tables_from_folder: {error}", file=sys.stderr)
        return 1
    print("\n".join([*said, *(f"wrote {path}" for path in tables.values())]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
