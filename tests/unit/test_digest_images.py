"""Rule digest_images: every file of a batch's images, and of what was made of them."""

import csv
import hashlib

import digest_images
from synthetic_history import (
    DIGESTS,
    FILES,
    FOLDERS,
    IMAGES,
    OVERLAYS,
    RESAMPLED,
    SERIES,
    digest_job,
    finished_study,
    in_folder,
)


def test_what_was_checked_and_each_file_made_of_it(tmp_path):
    study = finished_study(tmp_path / "project")
    (study / RESAMPLED / ".snakemake_timestamp").touch()
    in_folder(study, (digest_images.main, digest_job()))
    text = (study / DIGESTS).read_text(encoding="utf-8")
    assert text.startswith((study / FILES).read_text(encoding="utf-8"))
    found = list(csv.DictReader(text.splitlines()))
    made = {f"{folder}/{name}" for folder in (RESAMPLED, OVERLAYS) for name in FOLDERS[folder]}
    assert {row["path"] for row in found} == {IMAGES[0], IMAGES[1], IMAGES[3], *SERIES, *made}
    for row in found:
        content = (study / row["path"]).read_bytes()
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert int(row["size"]) == len(content)
    told = {(row["patient"], row["kind"], row["path"]) for row in found}
    assert ("p1", "mask", IMAGES[1]) in told and ("", "overlay", f"{OVERLAYS}/p1.jpg") in told
