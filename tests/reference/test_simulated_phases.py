"""Simulated patients of the demo: none is flagged as drawn; what is exchanged is found.

The whole cohort, with every exchange that is possible: benchmarks/exchanged_phases.py.
"""

import csv
from itertools import combinations
from pathlib import Path

import pytest
import SimpleITK as sitk
from synthetic_phases import exchanged

from nomoflow.phantom import draw_image, draw_mask
from nomoflow.phantom_patient import draw_patient
from nomoflow.phase_comparison import phases_apart, phases_exchanged, problems_of_cohort
from nomoflow.prediction import predict
from nomoflow.scan_summary import summarise
from nomoflow.simulation import PHASES

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = 9


@pytest.fixture(scope="module")
def rows():
    made = []
    with open(ROOT / "config/demo/participants.csv", encoding="utf-8-sig") as file:
        participants = list(csv.DictReader(file))[:PATIENTS]
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
            scan = key | {"image": "drawn.nii.gz"}
            made.append(key | predict(image, mask, {}, 1) | summarise(scan, image, mask))
    return made


def test_nothing_is_flagged_as_drawn(rows):
    assert problems_of_cohort(rows) == []


def test_exchanged_phases_are_found(rows):
    tried = found = 0
    for patient in sorted({row["patient"] for row in rows}):
        for a, b in combinations(PHASES, 2):
            flags = phases_exchanged(exchanged(rows, ((patient, a), (patient, b))))
            assert {one.patient for one in flags} <= {patient}
            found, tried = found + len(flags), tried + 1
    assert tried == 3 * PATIENTS and found >= 0.9 * tried


def test_exchanged_patients_are_found(rows):
    tried = found = 0
    for a, b in combinations(sorted({row["patient"] for row in rows}), 2):
        flags = phases_apart(exchanged(rows, ((a, PHASES[1]), (b, PHASES[1]))))
        assert {one.patient for one in flags} <= {a, b}
        found, tried = found + len(flags), tried + 2
    assert found >= 0.9 * tried
