"""Rule digest_images: every file of a batch's images, and of what was made of them."""

import csv
import hashlib

import digest_images
import pytest
from synthetic_history import (
    DIGESTS,
    FOLDERS,
    IMAGES,
    OVERLAYS,
    RESAMPLED,
    SCANS,
    SERIES,
    digest_job,
    finished_study,
    in_folder,
)


@pytest.fixture
def study(tmp_path):
    return finished_study(tmp_path / "project")


def rows(root):
    with open(root / DIGESTS, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_file_once_for_each_scan_and_kind(study):
    (study / RESAMPLED / ".snakemake_timestamp").touch()
    in_folder(study, (digest_images.main, digest_job()))
    found = rows(study)
    made = {f"{folder}/{name}" for folder in (RESAMPLED, OVERLAYS) for name in FOLDERS[folder]}
    assert {row["path"] for row in found} == {IMAGES[0], IMAGES[1], IMAGES[3], *SERIES, *made}
    for row in found:
        content = (study / row["path"]).read_bytes()
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert int(row["size"]) == len(content)
    told = {(row["patient"], row["kind"], row["path"]) for row in found}
    assert ("p2", "image", "data/p2/series/deep/2.dcm") in told
    assert ("p1", "mask", IMAGES[1]) in told and ("", "overlay", f"{OVERLAYS}/p1.jpg") in told


def test_an_image_of_several_readings_and_one_that_is_missing(study):
    second = {**SCANS[0], "reading": "b1", "mask": "data/p1/missing.nii.gz"}
    in_folder(study, (digest_images.main, digest_job({"scans": [SCANS[0], second]})))
    images = [(row["reading"], row["path"]) for row in rows(study) if row["kind"] == "image"]
    assert images == [("a1", IMAGES[0]), ("b1", IMAGES[0])]
    assert not any("missing" in row["path"] for row in rows(study))


def test_an_archive_elsewhere_is_not_named(study, tmp_path):
    archive = tmp_path / "archive"
    (study / "data").rename(archive)
    scans = [{**scan, **{kind: str(archive / scan[kind][5:]) for kind in ("image", "mask")}}
             for scan in SCANS]  # fmt: skip
    given = digest_job({"scans": scans, "folders_of_images": [str(archive), "config/mini"]})
    in_folder(study, (digest_images.main, given))
    assert "<outside>/p2/series/deep/2.dcm" in {row["path"] for row in rows(study)}
    assert str(tmp_path) not in (study / DIGESTS).read_text(encoding="utf-8")
