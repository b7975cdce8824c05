"""The preflight of the public soft-tissue sarcoma set: CT, PET and MR as a patient's phases."""

import pytest
from synthetic_phases import exchanged

from nomoflow.images import examine
from nomoflow.phase_comparison import phases_apart, phases_exchanged, problems_of_cohort
from nomoflow.prediction import predict
from nomoflow.scan_summary import summarise

PHASES = ("CT", "PET", "MR_T1")


@pytest.fixture(scope="module")
def checked(study_data):
    rows, problems = [], []
    for patient in sorted((study_data / "sts12").glob("STS_*")):
        for phase in PHASES:
            files = {part: str(patient / f"{phase}_{part}.nii.gz") for part in ("image", "mask")}
            key = {"patient": patient.name, "phase": phase, "reading": "a1"}
            image, mask, _, found = examine(key | files)
            problems += found
            rows.append(key | predict(image, mask, {}, 1) | summarise(key | files, image, mask))
    return rows, problems


def test_masks_that_reach_the_edge_are_all_that_is_found(checked):
    rows, problems = checked
    assert len(rows) == 36
    # STS_038's tumour ends with the field of view, in all three images.
    assert {(one.patient, one.kind, one.severity) for one in problems} == {
        ("STS_038", "at_edge", "warning")
    }
    assert problems_of_cohort(rows) == []


def test_what_is_exchanged_is_found(checked):
    rows, _ = checked
    assert phases_exchanged(rows) == phases_apart(rows) == []
    # Those of STS_019 pass: its CT holds air around the mask, so that it fits nothing well.
    patients, found = sorted({row["patient"] for row in rows}), 0
    for patient in patients:
        for a, b in (("CT", "PET"), ("CT", "MR_T1"), ("MR_T1", "PET")):
            flags = phases_exchanged(exchanged(rows, ((patient, a), (patient, b))))
            assert {one.patient for one in flags} <= {patient}
            found += len(flags)
    assert found >= 30
    flags = phases_apart(exchanged(rows, ((patients[0], "PET"), (patients[5], "PET"))))
    assert [(one.patient, one.phase) for one in flags] == [
        (patients[0], "PET"), (patients[5], "PET"),
    ]  # fmt: skip
