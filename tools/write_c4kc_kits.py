"""Write the participants table of the C4KC-KiTS example from its public records.

    uv run python tools/write_c4kc_kits.py FOLDER OUT

FOLDER holds C4KC-KiTS.csv.gz (features and outcome, radMLBench) and kits_clinical_70.json (records
of KiTS19); OUT gets participants.csv. config/examples/c4kc_kits.yaml is the study;
c4kc_kits_a.yaml makes a model of half of the patients, c4kc_kits_b.yaml applies it to the others.
"""

import argparse
import csv
import gzip
import json
import sys
from pathlib import Path

COLUMNS = ("patient", "half", "histology", "age", "sex", "size_cm")


def participants(table: Path, records: Path) -> list[dict[str, str]]:
    """One row a patient of the feature table, with age, sex and radiographic size."""
    clinical = {
        record["case_id"].replace("case_", "KiTS-"): record
        for record in json.loads(records.read_text(encoding="utf-8"))
    }
    with gzip.open(table, "rt", encoding="utf-8", newline="") as file:
        targets = {row["ID"]: row["Target"] for row in csv.DictReader(file)}
    missing = sorted(set(targets) - set(clinical))
    if missing:
        raise ValueError(f"{records}: no record of {', '.join(missing)}; each patient needs one")
    histology = {
        patient: "clear cell" if target in ("1", "True") else "other"
        for patient, target in sorted(targets.items())
    }
    half = halves(histology)
    return [
        {
            "patient": patient,
            "half": half[patient],
            "histology": level,
            "age": clinical[patient]["age_at_nephrectomy"],
            "sex": clinical[patient]["gender"],
            "size_cm": clinical[patient]["radiographic_size"],
        }
        for patient, level in histology.items()
    ]


def halves(levels: dict[str, str]) -> dict[str, str]:
    """{patient: a or b}: the patients of each level, sorted by key, in turn."""
    found = {}
    for level in sorted(set(levels.values())):
        patients = sorted(patient for patient, own in levels.items() if own == level)
        found |= {patient: "ab"[place % 2] for place, patient in enumerate(patients)}
    return found


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args(arguments)
    rows = participants(given.folder / "C4KC-KiTS.csv.gz", given.folder / "kits_clinical_70.json")
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "participants.csv"
    if path.exists():
        sys.exit(f"{path} exists; remove it first")
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} patients in {path}")


if __name__ == "__main__":
    main()
