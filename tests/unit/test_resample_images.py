"""Rule resample_images: what is stored equals what pyradiomics prepares; failures stay alone."""

import os
import sys
import time
from types import SimpleNamespace as Job

import numpy as np
import pytest
import resample_images
import SimpleITK as sitk
from resample_images import main
from synthetic_scans import OBLIQUE, make, save

from nomoflow.image_quality import QUALITY_COLUMNS
from nomoflow.image_resampling import resample
from nomoflow.images import PROBLEM_COLUMNS
from nomoflow.run import read_rows, write_rows

SETTINGS = {"CT": {}, "MR": {"setting": {"normalize": True, "normalizeScale": 100}}}


linux = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA is of Linux")


def run(tmp_path, scans, problems=None, spacing_mm=1.3, **resources):
    output = Job(
        images=tmp_path / "batch",
        quality=tmp_path / "quality.csv",
        failures=tmp_path / "failures.csv",
    )
    inputs = Job()
    if problems is not None:
        inputs.problems = tmp_path / "problems.csv"
        rows = [dict.fromkeys(PROBLEM_COLUMNS, "") | row for row in problems]
        write_rows(rows, inputs.problems, PROBLEM_COLUMNS)
    params = Job(scans=scans, spacing_mm=spacing_mm, repair_mm=0.01, settings=SETTINGS)
    main(Job(input=inputs, output=output, params=params, resources=Job(**resources)))
    return output.images, read_rows(output.quality), read_rows(output.failures)


def test_stored_files_are_the_resampled_ones_bit_by_bit(tmp_path):
    image, mask = make(direction=OBLIQUE, pixel=sitk.sitkFloat32)
    folder, rows, failures = run(tmp_path, [save(tmp_path, image, mask, phase="MR")])
    assert failures == [] and len(rows) == 1
    expected_pair = resample(image, mask, 1.3, SETTINGS["MR"])
    for part, expected in zip(("image", "mask"), expected_pair, strict=True):
        stored = sitk.ReadImage(str(folder / f"P1_MR_a1_{part}.mha"))
        assert np.array_equal(sitk.GetArrayFromImage(stored), sitk.GetArrayFromImage(expected))
        assert stored.GetPixelID() == expected.GetPixelID()
        for name in ("GetSpacing", "GetOrigin", "GetDirection"):
            assert getattr(stored, name)() == getattr(expected, name)()


def test_quality_row(tmp_path):
    """Counts, volumes and values by numpy from the arrays themselves."""
    image, mask = make(spacing=(0.8, 0.8, 2.5))
    array = sitk.GetArrayFromImage(mask)
    array[0, :2, :2] = 1  # a second piece, in the first slice
    other = sitk.GetImageFromArray(array)
    other.CopyInformation(mask)
    other.SetOrigin([x + 0.002 for x in mask.GetOrigin()])
    folder, (row,), _ = run(tmp_path, [save(tmp_path, image, other)])
    assert tuple(row) == QUALITY_COLUMNS
    assert row["size"] == "40 36 16" and row["spacing_mm"] == "0.8 0.8 2.5"
    assert int(row["voxels"]) == array.sum()
    assert float(row["volume_mm3"]) == pytest.approx(array.sum() * 1.6)
    assert row["components"] == "2" and row["touches_edge"] == "yes"
    assert float(row["shift_mm"]) == pytest.approx(0.002 * 3**0.5, abs=1e-9)
    grey = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "P1_CT_a1_image.mha")))
    inside = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "P1_CT_a1_mask.mha"))) == 1
    assert int(row["voxels_after"]) == inside.sum()
    assert float(row["volume_after_mm3"]) == pytest.approx(inside.sum() * 1.3**3)
    assert float(row["volume_after_mm3"]) == pytest.approx(float(row["volume_mm3"]), rel=0.05)
    assert float(row["minimum"]) == grey[inside].min()
    assert float(row["maximum"]) == grey[inside].max()
    assert float(row["mean"]) == pytest.approx(grey[inside].mean())


def test_failure_costs_the_others_nothing(tmp_path):
    image, mask = make()
    scans = [
        save(tmp_path, image, mask, "P1"),
        save(tmp_path, image, mask * 0, "P2"),
        save(tmp_path, image, mask, "P3", "unheard of"),
        save(tmp_path, image, mask, "P4"),
    ]
    folder, rows, failures = run(tmp_path, scans)
    assert [row["patient"] for row in rows] == ["P1", "P4"]
    assert [row["patient"] for row in failures] == ["P2", "P3"]
    assert failures[0]["reason"] == "the mask is empty" and failures[0]["stage"] == "images"
    assert len(list(folder.iterdir())) == 4


def stored(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def disturbed(monkeypatch, patient, disturb):
    """The script, with something done to one patient after its image has been read."""
    load = resample_images.load_scan

    def load_scan(scan, repair_mm):
        if scan["patient"] == patient:
            disturb()
        return load(scan, repair_mm)

    monkeypatch.setattr(resample_images, "load_scan", load_scan)


@pytest.mark.parametrize(
    ("disturb", "reason", "detail"),
    [
        (os.abort, "crashed (signal 6)", ""),
        (lambda: os.kill(os.getpid(), 9), "killed by the system, likely out of memory", ""),
        (lambda: time.sleep(60), "took longer than 2 s", ""),
        (lambda: 1 / 0, "the scan cannot be resampled", "ZeroDivisionError: division by zero"),
        pytest.param(
            lambda: np.ones(50_000_000), "more memory than 200 MB", "Unable to allocate 381. MiB",
            marks=linux,
        ),
    ],
)  # fmt: skip
def test_whatever_becomes_of_a_case_the_others_are_as_undisturbed(
    tmp_path, monkeypatch, disturb, reason, detail
):
    (tmp_path / "undisturbed").mkdir()
    scans = [save(tmp_path, *make(seed=n), f"P{n}") for n in (1, 2, 3)]
    whole, rows, _ = run(tmp_path / "undisturbed", scans)
    disturbed(monkeypatch, "P2", disturb)
    folder, others, failures = run(tmp_path, scans, mem_mb=200, case_seconds=2)
    assert others == [row for row in rows if row["patient"] != "P2"] and len(others) == 2
    assert [(row["patient"], row["stage"]) for row in failures] == [("P2", "images")]
    assert failures[0]["reason"].startswith(reason) and failures[0]["detail"].startswith(detail)
    expected = {name: content for name, content in stored(whole).items() if "P2" not in name}
    assert stored(folder) == expected and len(expected) == 4


def test_half_written_images_of_a_failed_case_are_not_kept(tmp_path, monkeypatch):
    def write(image, name, useCompression):
        WRITE(image, name, useCompression=useCompression)
        if "P2" in name:
            os.abort()

    WRITE = sitk.WriteImage
    scans = [save(tmp_path, *make(), "P1"), save(tmp_path, *make(), "P2")]
    monkeypatch.setattr(resample_images.sitk, "WriteImage", write)
    folder, _, failures = run(tmp_path, scans)
    assert [row["reason"] for row in failures] == ["crashed (signal 6)"]
    assert sorted(stored(folder)) == ["P1_CT_a1_image.mha", "P1_CT_a1_mask.mha"]


def test_image_that_cannot_be_written_fails_the_job_and_leaves_nothing(tmp_path, monkeypatch):
    def write(image, name, useCompression):
        raise RuntimeError("Exception thrown\nReason: No space left on device")

    scans = [save(tmp_path, *make())]
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(resample_images.sitk, "WriteImage", write)
    with pytest.raises(OSError, match=r"P1_CT_a1_image\.mha .* No space left on device"):
        run(tmp_path, scans)
    assert sorted(tmp_path.iterdir()) == before


def test_warnings_of_the_preflight_exclude_nobody(tmp_path):
    problem = {"patient": "P1", "phase": "CT", "reading": "a1", "severity": "warning"}
    _, rows, failures = run(tmp_path, [save(tmp_path, *make())], [problem])
    assert len(rows) == 1 and failures == []


def test_patients_with_problems_are_left_out(tmp_path):
    scans = [
        save(tmp_path, *make(), patient, phase, reading)
        for patient, phase, reading in (
            ("P1", "CT", "a1"), ("P1", "MR", "a1"), ("P2", "CT", "a1"), ("P2", "CT", "b1"),
        )
    ]  # fmt: skip
    problems = [
        {"patient": "P1", "phase": "CT", "reading": "a1", "problem": "too small"},
        {"patient": "P2", "phase": "CT", "reading": "b1", "problem": "too small"},
    ]
    _, rows, failures = run(tmp_path, scans, problems)
    assert [(row["patient"], row["phase"], row["reading"]) for row in rows] == [("P2", "CT", "a1")]
    assert [(row["patient"], row["reading"]) for row in failures] == [("P2", "b1")]
    assert failures[0]["reason"] == "too small"


def test_empty_batch_and_old_files(tmp_path):
    (tmp_path / "batch").mkdir()
    (tmp_path / "batch/old.mha").touch()
    (tmp_path / ".4711.batch").mkdir()
    (tmp_path / ".4711.batch/half.mha").touch()
    folder, rows, failures = run(tmp_path, [])
    assert rows == failures == [] and list(folder.iterdir()) == []
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["batch", "failures.csv", "quality.csv"]
