"""What the rules of a batch declare: each file once, by who reads it."""

from types import SimpleNamespace

import pytest

from nomoflow.batch_inputs import BatchInputs, reread

BUCKET = SimpleNamespace(bucket="0001")


@pytest.fixture
def scans(tmp_path):
    """A patient read twice in the late phase, a series of DICOM files, and a mask that is lost."""
    for name in ("late.nii", "late_a1.nii", "late_b1.nii", "series_a1.nii"):
        (tmp_path / name).touch()
    (tmp_path / "series").mkdir()
    (tmp_path / "series/1.dcm").write_bytes(b"slice")
    rows = [
        ("p1", "late", "a1", "late.nii", "late_a1.nii"),
        ("p1", "late", "b1", "late.nii", "late_b1.nii"),
        ("p1", "early", "a1", "series#1.2.3", "series_a1.nii"),
        ("p2", "late", "a1", "simulated/s/p2/late.nii.gz", "lost.nii"),
    ]
    columns = ("patient", "phase", "reading", "image", "mask")
    scans = [dict(zip(columns, row, strict=True)) for row in rows]
    return [
        scan | {part: str(tmp_path / scan[part]) for part in ("image", "mask")} for scan in scans
    ]


def names(paths, folder):
    return [path.removeprefix(f"{folder}/") for path in paths]


def test_each_file_once_the_drawn_ones_and_not_the_lost_one(scans, tmp_path):
    batches = BatchInputs({"0001": scans}.get)
    assert batches.scans(BUCKET) == scans
    assert names(batches.files(BUCKET), tmp_path) == [
        "late.nii", "late_a1.nii", "late_b1.nii", "series", "series_a1.nii",
        "simulated/s/p2/late.nii.gz",
    ]  # fmt: skip


def test_a_folder_is_told_by_what_it_holds(scans, tmp_path):
    before = BatchInputs({"0001": scans}.get)
    assert names(before.series(BUCKET), tmp_path) == ["series"]
    (tmp_path / "series/1.dcm").write_bytes(b"a longer slice")
    after = BatchInputs({"0001": scans}.get)
    assert before.folders(BUCKET).keys() == after.folders(BUCKET).keys()
    assert before.folders(BUCKET) != after.folders(BUCKET)


def test_readings_are_compared_of_those_that_have_several(scans, tmp_path):
    batches = BatchInputs(lambda bucket: reread(scans))
    assert [scan["reading"] for scan in batches.scans(BUCKET)] == ["a1", "b1"]
    files = ["late.nii", "late_a1.nii", "late_b1.nii"]
    assert names(batches.files(BUCKET), tmp_path) == files
    assert batches.series(BUCKET) == []
