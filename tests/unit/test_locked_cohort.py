"""Patients of the development cohort are found at the next centre, under whatever key."""

import json

import numpy as np
import pytest
from synthetic_cohort import PHASES
from synthetic_model import locked

from nomoflow.fingerprints import fingerprint_list, row_fingerprint
from nomoflow.locked_cohort import refuse_development_patients


@pytest.fixture(scope="module")
def study():
    return locked()


def listing(study, prints, of):
    return json.loads(json.dumps(study.document)) | {
        "fingerprints": fingerprint_list(prints, "mine:1", of)
    }


def quality(prints):
    return [
        {"patient": patient, "phase": phase, "reading": "a1", "fingerprint": f"{one}{phase}"}
        for patient, one in prints.items()
        for phase in PHASES
    ]


def test_the_same_image_under_another_key(study):
    """The development cohort has three images, one of them P005's here."""
    model = listing(study, [f"{one}{PHASES[0]}" for one in ("aa", "bb", "cc")], "images")
    patients = study.clinical["patient"].tolist()
    prints = {patient: f"own{patient}" for patient in patients}
    assert refuse_development_patients(model, patients, quality(prints)) == 40
    with pytest.raises(ValueError, match=r"1 of 40 patients were among .*same voxels\): P005;"):
        refuse_development_patients(model, patients, quality(prints | {"P005": "bb"}))


def test_the_image_of_a_patient_who_was_excluded_here_does_not_count(study):
    model = listing(study, [f"bb{PHASES[0]}"], "images")
    assert refuse_development_patients(model, ["P001"], quality({"X999": "bb"})) == 0


def test_the_same_row_of_a_ready_table(study):
    used = sorted(
        {name for one in study.document["signatures"].values() for name in one["features"]}
    )
    rows = [row_fingerprint(row) for row in study.features.loc[[11], used].to_dict("records")]
    model, patients = listing(study, rows, "features"), study.clinical["patient"].tolist()
    with pytest.raises(ValueError, match=r"same features\): P011; allowed are other patients"):
        refuse_development_patients(model, patients, (), study.features)
    others = study.features.copy()
    others.loc[11, used[0]] = np.nextafter(others.loc[11, used[0]], np.inf)
    assert refuse_development_patients(model, patients, (), others) == 40
