"""Rule import_features: a ready table by phase, and each fault of such a table by name."""

import gzip
import hashlib
import json
from types import SimpleNamespace as Job

import numpy as np
import pandas as pd
import pytest
from import_features import main

from nomoflow.problems import StudyError
from nomoflow.run import read_table

TABLE = """key,early_original_glcm_Idm,early_late_x,late_original_glcm_Idm,note
P2,0.25,7,1e-3,seen
0011,0.5,8,,again
P3,-1,9,4,
"""


def run(tmp_path, text=TABLE, name="table.csv", phases=("early", "late"), patients=None, **table):
    path = tmp_path / name
    if isinstance(text, str):
        path.write_text(text)
    elif text is not None:
        path.write_bytes(text)
    output = Job(
        tables=[tmp_path / f"out_{phase}.parquet" for phase in phases],
        settings=tmp_path / "settings.json",
    )
    table = {"path": str(path), "id": "key", "columns": "{phase}_{feature}", **table}
    params = Job(table=table, phases=list(phases), patients=patients, prescaled=True)
    main(Job(input=Job(table=path), output=output, params=params))
    return *map(read_table, output.tables), json.loads(output.settings.read_bytes())


def faults(tmp_path, *arguments, **keywords):
    with pytest.raises(StudyError) as caught:
        run(tmp_path, *arguments, **keywords)
    assert not list(tmp_path.glob("out_*"))
    return caught.value.problems


def test_phases_ids_and_numbers(tmp_path):
    early, late, settings = run(tmp_path)
    assert early["patient"].tolist() == ["0011", "P2", "P3"]
    assert early["reading"].tolist() == ["a1"] * 3
    assert list(early.columns[2:]) == ["original_glcm_Idm", "late_x"]
    assert early["original_glcm_Idm"].tolist() == [0.5, 0.25, -1]
    np.testing.assert_array_equal(late["original_glcm_Idm"], [np.nan, 0.001, 4])
    assert settings["engine"] == "table" and settings["file"] == "table.csv"
    assert settings["prescaled"] is True
    assert settings["sha256"] == hashlib.sha256(TABLE.encode()).hexdigest()
    assert {k: v["features"] for k, v in settings["phases"].items()} == {"early": 2, "late": 1}


@pytest.mark.parametrize("name", ["t.csv.gz", "t.tsv", "t.parquet"])
def test_formats(tmp_path, name):
    text = TABLE.replace("0011", "11")
    if name.endswith("parquet"):
        frame = pd.DataFrame(
            {"key": [3, 11], "early_a": [1.5, 2.5], "late_a": [1, 2], "early_b": ["0.1", ""]}
        )
        frame.to_parquet(tmp_path / name)
        early, late, _ = run(tmp_path, None, name)
        assert early["patient"].tolist() == ["11", "3"]
        assert early["a"].tolist() == [2.5, 1.5] and late["a"].tolist() == [2, 1]
        assert early["b"][1] == 0.1 and np.isnan(early["b"][0])
        return
    given = gzip.compress(text.encode()) if name.endswith("gz") else text.replace(",", "\t")
    early, _, _ = run(tmp_path, given, name)
    assert early["original_glcm_Idm"].tolist() == [0.5, 0.25, -1]


def test_readings(tmp_path):
    text = "key,reading,early_x\nP1,a2,1\nP1,a1,2\nP1,b1,3\n"
    early, _ = run(tmp_path, text, phases=["early"])
    assert early["reading"].tolist() == ["a1", "b1", "a2"] and early["x"].tolist() == [2, 3, 1]


def test_longer_phase_name_first(tmp_path):
    text = "key,CT_x,CT_late_x\nP1,1,2\n"
    ct, late, _ = run(tmp_path, text, phases=["CT", "CT_late"])
    assert list(ct.columns[2:]) == list(late.columns[2:]) == ["x"]
    assert (ct["x"][0], late["x"][0]) == (1, 2)


def test_feature_before_phase(tmp_path):
    ct, _ = run(tmp_path, "key,x.CT\nP1,1\n", phases=["CT"], columns="{feature}.{phase}")
    assert list(ct.columns[2:]) == ["x"]


def test_patients_of_the_study_alone(tmp_path):
    early, *_ = run(tmp_path, patients=["P3", "P2"])
    assert early["patient"].tolist() == ["P2", "P3"]


def test_missing_patient(tmp_path):
    (problem,) = faults(tmp_path, patients=["P2", "P7", "P8"])
    assert problem.found == "2 of 3 patients are not there: P7, P8"


def test_missing_id_column(tmp_path):
    (problem,) = faults(tmp_path, id="patient_id")
    assert "patient_id" in problem.column and problem.found.startswith("columns key, early")


def test_phase_without_columns_lists_what_they_begin_with(tmp_path):
    (problem,) = faults(tmp_path, phases=["early", "arterial"])
    assert problem.found == "no column of phase 'arterial'; columns begin with early, late, note"


def test_id_twice(tmp_path):
    (problem,) = faults(tmp_path, TABLE + "P2,1,2,3,x\n")
    assert problem.row == "5" and "P2 again" in problem.found


@pytest.mark.parametrize("cell", ["1,5", "12 mm", "inf", "1e999", "yes"])
def test_text_in_numbers_names_row_column_and_value(tmp_path, cell):
    text = f'key,early_x,early_y\nP1,1,2\nP2,3,"{cell}"\n'
    (problem,) = faults(tmp_path, text, phases=["early"])
    assert (problem.row, problem.column) == ("3", "column early_y")
    assert problem.found == repr(cell)


def test_unknown_reading(tmp_path):
    text = "key,reading,early_x\nP1,a1,1\nP1,c1,2\n"
    (problem,) = faults(tmp_path, text, phases=["early"])
    assert problem.row == "3" and problem.allowed == "a1, b1, a2"


def test_pattern_without_phase(tmp_path):
    assert any("{phase}" in p.allowed for p in faults(tmp_path, columns="x_{feature}"))


def test_real_table_of_three_phases(tmp_path, study_data):
    """C4KC-KiTS: 70 patients, 105 features a phase, z-scored by its source (SOURCE.md there)."""
    frames = run(
        tmp_path, None, phases=["noncontrast", "arterial", "late"], id="ID",
        path=str(study_data / "c4kc_kits/C4KC-KiTS.csv.gz"),
    )[:3]  # fmt: skip
    for frame in frames:
        assert frame.shape == (70, 107)
        values = frame.iloc[:, 2:]
        assert np.abs(values.mean()).max() < 1e-9
        assert np.abs(values.std(ddof=0) - 1).max() < 1e-6
