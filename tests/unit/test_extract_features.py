"""Rule extract_features: a row a scan in full precision, and failures beside it."""

from types import SimpleNamespace as Job

import pytest
import SimpleITK as sitk
from extract_features import main
from synthetic_scans import make

from nomoflow.extraction import extract, extractor, feature_names
from nomoflow.run import read_rows

WIDE = {"setting": {"binWidth": 10}, "featureClass": {"firstorder": None}}
FEW = {"featureClass": {"firstorder": ["Mean"], "glcm": ["Idm"]}}


def scan(patient, phase="CT", reading="a1"):
    return {"patient": patient, "phase": phase, "reading": reading}


def run(tmp_path, scans, stored, settings, **params):
    folder = tmp_path / "batch"
    folder.mkdir()
    for one, pair in stored:
        for part, image in zip(("image", "mask"), pair, strict=True):
            name = f"{one['patient']}_{one['phase']}_{one['reading']}_{part}.mha"
            sitk.WriteImage(image, str(folder / name))
    output = Job(features=tmp_path / "features.csv", failures=tmp_path / "failures.csv")
    params = {
        "scans": scans, "settings": settings, "shape": False, "subbands": None,
        "shuffle_voxels": False, "seed": 1, **params,
    }  # fmt: skip
    main(Job(input=Job(images=folder), output=output, params=Job(**params)))
    return read_rows(output.features), read_rows(output.failures), output


def test_values_are_those_of_extract_in_full(tmp_path):
    pair = make()
    rows, failures, _ = run(tmp_path, [scan("P1")], [(scan("P1"), pair)], {"CT": WIDE}, shape=True)
    expected = extract(*pair, extractor(WIDE, shape=True))
    assert failures == []
    assert {name: float(rows[0][name]) for name in expected} == expected


def test_shuffled_voxels_keep_the_histogram_and_lose_the_texture(tmp_path):
    pair = make()
    rows, _, _ = run(tmp_path, [scan("P1")], [(scan("P1"), pair)], {"CT": FEW}, shuffle_voxels=True)
    expected = extract(*pair, extractor(FEW))
    mean, idm = "original_firstorder_Mean", "original_glcm_Idm"
    assert float(rows[0][mean]) == pytest.approx(expected[mean], rel=1e-12)
    assert abs(float(rows[0][idm]) - expected[idm]) > 0.01


def test_failure_costs_the_others_nothing(tmp_path):
    image, mask = make()
    dot = mask * 0
    dot[5, 5, 5] = 1
    scans = [scan("P1"), scan("P2"), scan("P3")]
    stored = [(scans[0], (image, mask)), (scans[1], (image, dot)), (scans[2], (image, mask))]
    rows, failures, _ = run(tmp_path, scans, stored, {"CT": WIDE})
    assert [row["patient"] for row in rows] == ["P1", "P3"]
    assert [row["patient"] for row in failures] == ["P2"]
    assert "1 segmented voxel" in failures[0]["detail"] and failures[0]["stage"] == "features"


def test_scan_that_was_not_resampled_is_no_second_failure(tmp_path):
    scans = [scan("P1"), scan("P2")]
    rows, failures, _ = run(tmp_path, scans, [(scans[1], make())], {"CT": WIDE})
    assert [row["patient"] for row in rows] == ["P2"] and failures == []


def test_phases_of_other_features_and_settings(tmp_path):
    scans = [scan("P1", "CT"), scan("P1", "MR")]
    rows, _, _ = run(tmp_path, scans, [(one, make()) for one in scans], {"CT": WIDE, "MR": FEW})
    assert rows[0]["settings"] != rows[1]["settings"]
    filled = [{name for name in row if name.startswith("original") and row[name]} for row in rows]
    assert filled == [set(feature_names(WIDE, False)), set(feature_names(FEW, False))]


def test_empty_batch_has_a_header(tmp_path):
    rows, failures, output = run(tmp_path, [], [], {"CT": FEW})
    assert rows == failures == []
    header = "patient,phase,reading,settings,original_firstorder_Mean,original_glcm_Idm\n"
    assert output.features.read_text(encoding="utf-8") == header


def test_wrong_setting_fails_before_any_scan(tmp_path):
    with pytest.raises(ValueError, match="binwidth"):
        run(tmp_path, [], [], {"CT": {"setting": {"binwidth": 10}}})
