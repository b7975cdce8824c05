"""How often phases and patients that were exchanged are found, and how often others are flagged.

    nice python benchmarks/exchanged_phases.py                # the simulated demo cohort
    nice python benchmarks/exchanged_phases.py --data FOLDER  # CT, PET and MR of sts12 as well

Every patient with every pair of its phases exchanged, one at a time; a tenth of the patients at
once; and one phase exchanged between two patients. Prints counts; everything is seeded.
"""

import argparse
import csv
import random
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import SimpleITK as sitk  # noqa: E402
from synthetic_phases import exchanged  # noqa: E402

from nomoflow.images import examine, single_thread  # noqa: E402
from nomoflow.phantom import draw_image, draw_mask  # noqa: E402
from nomoflow.phantom_patient import draw_patient  # noqa: E402
from nomoflow.phase_comparison import (  # noqa: E402
    phases_apart,
    phases_exchanged,
    problems_of_cohort,
)
from nomoflow.prediction import predict  # noqa: E402
from nomoflow.scan_summary import summarise  # noqa: E402
from nomoflow.simulation import PHASES  # noqa: E402

REPEATS, DRAWS = 20, 200


def demo() -> Iterator[tuple]:
    """Scans of the demo cohort as the workflow draws them: the included, and those left out."""
    with open(ROOT / "config/demo/participants.csv", encoding="utf-8-sig") as file:
        participants = list(csv.DictReader(file))
    for participant in participants:
        patient = draw_patient(participant, "demo", 1)
        for phase in PHASES:
            key = {"patient": participant["patient"], "phase": phase, "reading": "a1"}
            image, mask = (
                sitk.GetImageFromArray(array)
                for array in (draw_image(patient, phase), draw_mask(patient, phase, "a1"))
            )
            for one in (image, mask):
                one.SetSpacing(patient.grid.spacing[::-1])
                one.SetOrigin(patient.grid.origin[::-1])
            yield key | {"image": "drawn.nii.gz"}, image, mask


def sarcomas(folder: Path) -> Iterator[tuple]:
    for patient in sorted((folder / "sts12").glob("STS_*")):
        for phase in ("CT", "PET", "MR_T1"):
            files = {part: str(patient / f"{phase}_{part}.nii.gz") for part in ("image", "mask")}
            scan = {"patient": patient.name, "phase": phase, "reading": "a1", **files}
            image, mask, _, _ = examine(scan)
            yield scan, image, mask


def tell(name: str, scans: Iterator[tuple]) -> None:
    rows = []
    for scan, image, mask in scans:
        key = {column: scan[column] for column in ("patient", "phase", "reading")}
        rows.append(key | predict(image, mask, {}, 1) | summarise(scan, image, mask))
    phases = sorted({row["phase"] for row in rows})
    patients = sorted({row["patient"] for row in rows})
    chance = random.Random(1)
    print(f"{name}: {len(patients)} patients; as they are {len(problems_of_cohort(rows))} flags")

    found = others = 0
    pairs = [(patient, *pair) for patient in patients for pair in combinations(phases, 2)]
    for patient, a, b in pairs:
        flags = phases_exchanged(exchanged(rows, ((patient, a), (patient, b))))
        found += patient in {one.patient for one in flags}
        others += len({one.patient for one in flags} - {patient})
    print(f"  two phases of a patient: {found} of {len(pairs)} found, {others} others flagged")

    found = others = tried = 0
    for _ in range(REPEATS):
        chosen = chance.sample(patients, max(1, len(patients) // 10))
        moves = []
        for patient in chosen:
            a, b = chance.sample(phases, 2)
            moves.append(((patient, a), (patient, b)))
        flagged = {one.patient for one in phases_exchanged(exchanged(rows, *moves))}
        tried += len(chosen)
        found += len(flagged & set(chosen))
        others += len(flagged - set(chosen))
    print(f"  in a tenth of the patients: {found} of {tried} found, {others} others flagged")

    found = others = named = 0
    for _ in range(DRAWS):
        a, b = chance.sample(patients, 2)
        phase = chance.choice(phases)
        flags = phases_apart(exchanged(rows, ((a, phase), (b, phase))))
        ours = [one for one in flags if one.patient in (a, b)]
        found += len(ours)
        named += sum(one.phase == phase for one in ours)
        others += len(flags) - len(ours)
    print(
        f"  a phase of two patients: {found} of {2 * DRAWS} found, {named} with the right phase, "
        f"{others} others flagged"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    single_thread()
    tell("simulated demo cohort", demo())
    if given.data:
        tell("sts12, CT, PET and MR", sarcomas(given.data))


if __name__ == "__main__":
    main()
