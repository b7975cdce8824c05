"""Rule gather_features: a sorted table a phase, its settings, and no mixing."""

import json
import math
from types import SimpleNamespace as Job

import pandas as pd
import pytest
from gather_features import main

from nomoflow.extraction import phase_settings, settings_digest
from nomoflow.run import read_rows, read_table, write_rows

CT = {"featureClass": {"firstorder": ["Mean", "Energy"]}}
MR = {"setting": {"normalize": True}, "featureClass": {"glcm": ["Idm"]}}
MEAN, ENERGY, IDM = "original_firstorder_Mean", "original_firstorder_Energy", "original_glcm_Idm"
COLUMNS = ["patient", "phase", "reading", "settings", MEAN, ENERGY, IDM]


def digest(settings):
    return settings_digest(phase_settings(settings, False, None))


def row(patient, phase, reading, *values):
    settings = digest(CT if phase == "CT" else MR)
    return dict(zip(COLUMNS, (patient, phase, reading, settings, *values), strict=True))


def run(tmp_path, batches, failures=(), selected=None):
    features, failed = [], []
    for k, rows in enumerate(batches):
        features.append(tmp_path / f"{k}.csv")
        write_rows(rows, features[-1], COLUMNS)
        failed.append(tmp_path / f"failures_{k}.csv")
        listed = ("patient", "phase", "reading", "stage", "reason", "detail")
        write_rows(failures if k == 0 else [], failed[-1], listed)
    output = Job(
        tables=[tmp_path / "CT.parquet", tmp_path / "MR.parquet"],
        failures=tmp_path / "failures.csv",
        settings=tmp_path / "settings.json",
    )
    settings = {"CT": CT, "MR": MR}
    params = Job(
        phases=["CT", "MR"], settings=settings, shape=False, subbands=None, spacing_mm=0.75,
        selected=selected,
    )  # fmt: skip
    main(Job(input=Job(features=features, failures=failed), output=output, params=params))
    return *map(read_table, output.tables), output


def test_a_locked_models_features_alone(tmp_path):
    batches = [[row("P1", "CT", "a1", 2, 3, ""), row("P1", "MR", "a1", "", "", 0.3)]]
    ct, mr, _ = run(tmp_path, batches, selected={"CT": [ENERGY], "MR": []})
    assert list(ct) == ["patient", "reading", ENERGY] and ct[ENERGY].tolist() == [3]
    assert list(mr) == ["patient", "reading"]


def test_tables_by_phase_sorted(tmp_path):
    batches = [
        [row("P2", "CT", "a2", 1, 0.1, ""), row("P2", "CT", "a1", 2, "", ""),
         row("P2", "MR", "a1", "", "", 0.3)],
        [],
        [row("0011", "CT", "a1", 4, 5, ""), row("P2", "CT", "b1", 3, 1, "")],
    ]  # fmt: skip
    ct, mr, output = run(tmp_path, batches)
    assert list(ct.columns) == ["patient", "reading", MEAN, ENERGY]
    assert list(zip(ct["patient"], ct["reading"], strict=True)) == [
        ("0011", "a1"), ("P2", "a1"), ("P2", "b1"), ("P2", "a2"),
    ]  # fmt: skip
    assert ct[MEAN].tolist() == [4, 2, 3, 1]
    assert math.isnan(ct[ENERGY][1]) and ct[ENERGY][3] == 0.1
    assert list(mr.columns) == ["patient", "reading", IDM] and mr[IDM].tolist() == [0.3]
    assert all(ct[name].dtype == "float64" for name in (MEAN, ENERGY))
    assert ct.attrs["settings"] == digest(CT)
    assert read_rows(output.failures) == []


def test_settings_in_force_and_versions_are_written(tmp_path):
    *_, output = run(tmp_path, [[row("P1", "CT", "a1", 1, 2, "")]])
    found = json.loads(output.settings.read_bytes())
    assert found["engine"] == "pyradiomics" and found["spacing_mm"] == 0.75
    assert found["versions"]["pyradiomics"] == "3.0.1"
    assert found["phases"]["MR"]["setting"]["normalize"] is True
    assert found["phases"]["CT"]["setting"]["binWidth"] == 25  # by default
    assert [found["phases"][phase]["features"] for phase in ("CT", "MR")] == [2, 1]
    assert found["phases"]["CT"]["digest"] == digest(CT)


def test_other_settings_cannot_be_mixed(tmp_path):
    rows = [row("P1", "CT", "a1", 1, 2, ""), row("P2", "CT", "a1", 1, 2, "") | {"settings": "old"}]
    with pytest.raises(ValueError, match=r"CT come from different settings.*1 of 2.*P2"):
        run(tmp_path, [rows])


def test_phase_without_rows(tmp_path):
    ct, mr, _ = run(tmp_path, [[row("P1", "CT", "a1", 1, 2, "")]])
    assert len(ct) == 1 and len(mr) == 0 and list(mr.columns) == ["patient", "reading", IDM]


def test_feature_that_is_never_defined_stays_a_column(tmp_path):
    ct, *_ = run(tmp_path, [[row("P1", "CT", "a1", 1, "", "")]])
    assert ct[ENERGY].isna().all()


def test_full_precision(tmp_path):
    value = 0.1 + 0.2
    ct, *_ = run(tmp_path, [[row("P1", "CT", "a1", value, 1e-300, "")]])
    assert ct[MEAN][0] == value and ct[ENERGY][0] == 1e-300


def test_failures_are_merged_in_order(tmp_path):
    listed = [
        {
            "patient": p,
            "phase": "CT",
            "reading": r,
            "stage": "features",
            "reason": "x",
            "detail": "",
        }
        for p, r in (("P2", "a2"), ("P2", "b1"), ("P1", "a1"))
    ]
    *_, output = run(tmp_path, [[]], listed)
    found = [(row["patient"], row["reading"]) for row in read_rows(output.failures)]
    assert found == [("P1", "a1"), ("P2", "b1"), ("P2", "a2")]


def test_tables_read_alike_by_pandas_itself(tmp_path):
    *_, output = run(tmp_path, [[row("P1", "CT", "a1", 1, 2, "")]])
    assert pd.read_parquet(output.tables[0])["patient"].tolist() == ["P1"]
