import json

import numpy as np
import pandas as pd
import pytest
from check_centre import main
from jobs import job
from synthetic_cohort import PHASES
from synthetic_model import locked

from nomoflow.mislabelled import COLUMNS
from nomoflow.model_file import digest
from nomoflow.run import read_rows, write_json, write_rows, write_table

HU = dict(zip(PHASES, (140.0, 45.0, 90.0), strict=False))


@pytest.fixture(scope="module")
def study():
    return locked()


def with_intensities(document):
    seen = {p: {"mean": m, "sd": 15.0} for p, m in HU.items()}
    document = json.loads(json.dumps(document))
    document["cohort"]["intensities"] = seen
    return document | {"digest": digest(document)}


def run(folder, study, monkeypatch, change=None, hu=HU, told=True):
    """The table of causes where ``change`` was done to the centre's participants or outcome."""
    clinical = study.clinical.rename(columns={"outcome": "diagnosis"})
    clinical["diagnosis"] = np.where(clinical["diagnosis"] == 1, "ccRCC", "AML.wovf")
    clinical = change(clinical) if change else clinical
    document = with_intensities(study.document) if told else study.document
    # the schema of the model does not matter here
    monkeypatch.setattr("check_centre.read_model", lambda path: json.loads(path.read_bytes()))
    write_json(document, folder / "model.json")
    clinical.to_csv(folder / "participants.csv", index=False)
    for phase in PHASES:
        columns = [name for name in study.features if name.startswith(f"{phase}_")]
        table = study.features[columns].rename(columns=lambda n, p=phase: n.removeprefix(f"{p}_"))
        table.insert(0, "reading", "a1")
        table.insert(0, "patient", study.features["patient"])
        write_table(table, folder / f"{phase}.parquet")
    random = np.random.default_rng(1)
    write_rows(
        [{"patient": patient, "phase": phase, "reading": "a1",
          "mean": repr(random.normal(mean, 15)), "minimum": repr(mean - 60)}
         for patient in study.data.patients for phase, mean in hu.items()],
        folder / "quality.csv", ["patient", "phase", "reading", "minimum", "mean"],
    )  # fmt: skip
    inputs = {
        "model": folder / "model.json", "participants": folder / "participants.csv",
        "features": [folder / f"{phase}.parquet" for phase in PHASES],
    }  # fmt: skip
    if told:
        inputs["quality"] = folder / "quality.csv"
    main(job(inputs, {"mislabelled": folder / "mislabelled.csv"}, {"models": None}))
    assert list(pd.read_csv(folder / "mislabelled.csv").columns) == list(COLUMNS)
    return [(row["kind"], row["subject"]) for row in read_rows(folder / "mislabelled.csv")]


def test_training_itself_raises_no_alarm(tmp_path, study, monkeypatch):
    assert run(tmp_path, study, monkeypatch) == []


def test_a_ready_table_raises_none_either(tmp_path, study, monkeypatch):
    assert run(tmp_path, study, monkeypatch, told=False) == []


def in_months(clinical):
    return clinical.assign(age=[repr(12 * float(age)) for age in clinical["age"]])


def test_age_in_months(tmp_path, study, monkeypatch):
    assert run(tmp_path, study, monkeypatch, in_months) == [("unit", "age")]


def test_offset_of_1024(tmp_path, study, monkeypatch):
    moved = {phase: mean + 1024 for phase, mean in HU.items()}
    found = run(tmp_path, study, monkeypatch, hu=moved)
    assert found == [("hu_offset", phase) for phase in HU]


def test_phase_names_exchanged(tmp_path, study, monkeypatch):
    first, second, *rest = HU
    moved = {first: HU[second], second: HU[first], **{phase: HU[phase] for phase in rest}}
    found = run(tmp_path, study, monkeypatch, hu=moved)
    assert found == [("phases_exchanged", f"{first} {second}")]
