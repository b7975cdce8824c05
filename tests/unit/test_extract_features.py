"""Rule extract_features: a row a scan in full precision, and failures beside it."""

import os
import sys
import time
from types import SimpleNamespace as Job

import extract_features
import numpy as np
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


def run(tmp_path, scans, stored, settings, resources=None, **params):
    folder = tmp_path / "batch"
    folder.mkdir(parents=True)
    for one, pair in stored:
        for part, image in zip(("image", "mask"), pair, strict=True):
            name = f"{one['patient']}_{one['phase']}_{one['reading']}_{part}.mha"
            sitk.WriteImage(image, str(folder / name))
    output = Job(features=tmp_path / "features.csv", failures=tmp_path / "failures.csv")
    params = {
        "scans": scans, "settings": settings, "shape": False, "subbands": None,
        "shuffle_voxels": False, "seed": 1, "selected": None, "fast": True, **params,
    }  # fmt: skip
    job = Job(input=Job(images=folder), output=output, params=Job(**params))
    job.resources = Job(**(resources or {}))
    main(job)
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


@pytest.mark.parametrize(
    ("disturb", "reason", "detail"),
    [
        (os.abort, "crashed (signal 6)", ""),
        (lambda: time.sleep(60), "took longer than 2 s", ""),
        (lambda: 1 / 0, "features cannot be computed", "ZeroDivisionError: division by zero"),
        pytest.param(
            lambda: np.ones(50_000_000), "more memory than 200 MB", "Unable to allocate 381. MiB",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA is of Linux"),
        ),
    ],
)  # fmt: skip
def test_whatever_becomes_of_a_case_the_others_are_as_undisturbed(
    tmp_path, monkeypatch, disturb, reason, detail
):
    scans = [scan("P1"), scan("P2"), scan("P3")]
    stored = [(one, make(seed=number)) for number, one in enumerate(scans)]
    _, _, whole = run(tmp_path / "whole", scans, stored, {"CT": WIDE})
    expected = whole.features.read_text(encoding="utf-8").splitlines()
    del expected[2]

    def shuffled(image, mask, seed, key):
        if key.startswith("P2"):
            disturb()
        return image

    monkeypatch.setattr(extract_features, "shuffled", shuffled)
    resources = {"mem_mb": 200, "case_seconds": 2}
    _, failures, output = run(
        tmp_path / "disturbed", scans, stored, {"CT": WIDE}, resources, shuffle_voxels=True
    )
    assert output.features.read_text(encoding="utf-8").splitlines() == expected
    assert [(row["patient"], row["stage"]) for row in failures] == [("P2", "features")]
    assert failures[0]["reason"] == reason and failures[0]["detail"].startswith(detail)


def test_undefined_feature_is_an_empty_cell(tmp_path, monkeypatch):
    values = {"original_firstorder_Mean": float("nan"), "original_glcm_Idm": 0.1 + 0.2}
    monkeypatch.setattr(extract_features, "extract", lambda *_: values)
    rows, failures, _ = run(tmp_path, [scan("P1")], [(scan("P1"), make())], {"CT": FEW})
    assert failures == [] and rows[0]["original_firstorder_Mean"] == ""
    assert rows[0]["original_glcm_Idm"] == "0.30000000000000004"


def test_damaged_file_of_the_workflow_fails_the_job_with_the_remedy(tmp_path):
    scans = [scan("P1"), scan("P2")]
    real = extract_features.main

    def damage(job):
        path = tmp_path / "batch/P2_CT_a1_mask.mha"
        path.write_bytes(path.read_bytes()[:-20])
        real(job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "main", damage)
        with pytest.raises(OSError, match=r"batch: .* P2 CT a1, .*; delete this folder and run"):
            run(tmp_path, scans, [(one, make()) for one in scans], {"CT": FEW})
    assert not (tmp_path / "features.csv").exists()


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
