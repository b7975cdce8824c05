import numpy as np
import pandas as pd
import pytest
from gather_dataset import main, require_both_classes
from jobs import job

from nomoflow.dataset import CLINICAL, as_dataset, complete_cases, phase_of
from nomoflow.run import read_table, write_table

PHASES = ["CT", "CT_late"]


def phase(values, patients=("0001", "0002", "0003")):
    return pd.DataFrame(
        {
            "patient": [*patients, patients[0]],
            "reading": ["a1"] * len(patients) + ["b1"],
            "original_shape_MeshVolume": [1000.0, 2000.0, 3000.0, 9.0][: len(patients) + 1],
            "original_glcm_Idm": values,
            "original_glcm_Id": 1.0,
        }
    )


PEOPLE = "0003,no,30\n0001,yes,50\n0002,no,41\n"


def gather(tmp_path, people=PEOPLE, missing="refuse", prescaled=False):
    """The dataset of two phases, the second of which not all patients have."""
    write_table(phase([1.5, 2.5, 3.5, 9.0]), tmp_path / "CT.parquet")
    write_table(phase([7.0, 8.0, 9.0], ("0001", "0003")), tmp_path / "CT_late.parquet")
    (tmp_path / "people.csv").write_text(f"patient,diagnosis,age\n{people}")
    (tmp_path / "icc.csv").write_text(
        "phase,feature,comparison,kept\n"
        "CT,original_glcm_Idm,inter,True\nCT,original_glcm_Idm,intra,True\n"
        "CT,original_glcm_Id,inter,False\nCT_late,original_glcm_Idm,inter,True\n"
    )
    main(
        job(
            {
                "participants": tmp_path / "people.csv",
                "features": [tmp_path / "CT.parquet", tmp_path / "CT_late.parquet"],
                "icc": tmp_path / "icc.csv",
            },
            {"dataset": tmp_path / "dataset.parquet"},
            {
                "phases": PHASES,
                "outcome": {"column": "diagnosis", "positive": "yes", "negative": "no"},
                "predictors": [{"name": "age", "kind": "continuous", "unit": "y", "per": 10}],
                "prescaled": prescaled,
                "missing": missing,
                "batch": None,
            },
        )
    )
    return as_dataset(read_table(tmp_path / "dataset.parquet"))


@pytest.fixture
def gathered(tmp_path):
    return gather(tmp_path)


def test_only_patients_with_every_phase_are_analysed(gathered):
    assert list(gathered.patients) == ["0001", "0003"]
    assert list(gathered.y) == [1, 0]
    assert list(gathered.clinical["age"]) == [5.0, 3.0]


def test_features_are_those_kept_of_the_analysed_reading(gathered):
    assert gathered.features.to_dict("list") == {
        "CT_original_glcm_Idm": [1.5, 3.5],
        "CT_late_original_glcm_Idm": [7.0, 8.0],
    }
    assert list(gathered.volume["volume_ml"]) == [1.0, 3.0]


def test_a_prescaled_table_has_no_volume(tmp_path):
    """Its mesh volume is a z-score: no mL, so no baseline of volume and no correlation with it."""
    assert gather(tmp_path, prescaled=True).volume is None


def test_a_signature_chooses_from_its_own_phase(gathered):
    assert list(gathered.candidates("CT", PHASES)) == ["CT_original_glcm_Idm"]
    assert list(gathered.candidates("CT_late", PHASES)) == ["CT_late_original_glcm_Idm"]
    assert gathered.candidates("combined", PHASES).shape == (2, 2)


def test_a_missing_predictor_stays_missing_where_it_is_imputed_later(tmp_path):
    gaps = PEOPLE.replace("no,30", "no,")
    with pytest.raises(ValueError, match="patient 0003: age is missing"):
        gather(tmp_path, gaps)
    data = gather(tmp_path, gaps, "impute")
    assert list(data.patients) == ["0001", "0003"]
    assert data.clinical["age"].tolist() == pytest.approx([5.0, np.nan], nan_ok=True)


def test_complete_cases(tmp_path):
    frame = pd.DataFrame(
        {
            "patient": list("abcd"),
            "outcome": [0, 1, 0, 1],
            f"{CLINICAL}age": [1.0, np.nan, 3.0, 4.0],
            f"{CLINICAL}sex": [0.0, 1.0, np.nan, 1.0],
            "CT_f": [5.0, 6.0, 7.0, 8.0],
        }
    )
    complete = complete_cases(frame)
    assert complete["patient"].tolist() == ["a", "d"]
    assert complete.index.tolist() == [0, 1]
    pd.testing.assert_frame_equal(complete_cases(complete), complete)
    assert len(complete_cases(frame.drop(columns=[f"{CLINICAL}age", f"{CLINICAL}sex"]))) == 4
    with pytest.raises(
        ValueError, match=r"1 patients with the outcome and 0 without .* at least 4"
    ):
        gather(tmp_path, PEOPLE.replace("no,30", "no,"), "leave_out")


@pytest.mark.parametrize(("positive", "negative"), [(4, 4), (3, 9), (9, 3)])
def test_complete_cases_need_both_classes(positive, negative):
    y = pd.Series([1] * positive + [0] * negative)
    if min(positive, negative) == 4:
        assert require_both_classes(y) is None
        return
    with pytest.raises(ValueError, match="allowed: at least 4 of each"):
        require_both_classes(y)


def test_rows_are_taken_together(gathered):
    part = gathered.take(np.array([1]))
    assert (part.patients[0], part.y[0], part.features.iloc[0, 0]) == ("0003", 0, 3.5)


def test_a_column_of_no_phase_is_an_error():
    with pytest.raises(ValueError, match="belongs to no phase"):
        phase_of("MR_original_glcm_Id", PHASES)
