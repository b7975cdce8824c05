"""Rule draw_overlays: a picture a patient and phase; a case that failed has none and says why."""

import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from compare_masks import compared
from draw_overlays import main
from jobs import job
from PIL import Image
from synthetic_scans import OBLIQUE, make, save

from nomoflow.image_quality import stored_name
from nomoflow.mask_distances import DICE_COLUMNS
from nomoflow.overlay_pictures import COLOURS
from nomoflow.run import read_rows, write_rows

# A key in another script, where the system can name a file by it.
KEY = "患者1" if sys.getfilesystemencoding() == "utf-8" else "Z1"


def run(tmp_path, scans, stored):
    """``stored``: the scans whose images lie among the resampled ones (here: as they are)."""
    images, pictures = tmp_path / "resampled", tmp_path / "overlays/0001"
    images.mkdir(exist_ok=True)
    for scan in stored:
        for part in ("image", "mask"):
            sitk.WriteImage(sitk.ReadImage(scan[part]), str(images / stored_name(scan, part)))
    write_rows(compared(scans, 0.01), tmp_path / "dice.csv", DICE_COLUMNS)
    inputs = {"images": str(images), "dice": tmp_path / "dice.csv"}
    main(job(inputs, {"pictures": str(pictures)}, {"scans": scans, "repair_mm": 0.01}))
    return pictures, read_rows(pictures / "pictures.csv")


def near(picture, name):
    """Pixels of the picture's first panel that have nearly a reading's colour."""
    panel = np.asarray(picture, dtype=int)[37:237, :200]
    return (np.abs(panel - COLOURS[name]).sum(axis=-1) < 120).sum()


def test_one_picture_a_patient_and_phase(tmp_path):
    image, mask = make(direction=OBLIQUE)
    _, other = make(direction=OBLIQUE, radius_mm=5)
    scans = [
        save(tmp_path, image, mask, KEY, "CT"),
        save(tmp_path, image, other, KEY, "CT", "b1"),
        save(tmp_path, image, mask, "P2", "CT"),
    ]
    folder, rows = run(tmp_path, scans, scans)
    assert [(row["patient"], row["picture"]) for row in rows] == [
        ("P2", "P2_CT.jpg"), (KEY, f"{KEY}_CT.jpg"),
    ]  # fmt: skip
    names = {path.name for path in Path(folder).iterdir()}
    assert names == {"P2_CT.jpg", "pictures.csv", f"{KEY}_CT.jpg"}
    both, alone = (Image.open(folder / f"{name}_CT.jpg") for name in (KEY, "P2"))
    assert near(both, "a1") > 100 and near(both, "b1") > 100
    assert near(alone, "a1") > 100 and near(alone, "b1") < 20
    assert set(both.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("fault", ["not stored", "unreadable"])
def test_a_case_that_failed_has_no_picture(tmp_path, fault):
    scans = [save(tmp_path, *make(), patient) for patient in ("P1", "P2")]
    run(tmp_path, scans, scans)  # a run before: its pictures go away
    if fault == "unreadable":
        Path(scans[0]["mask"]).write_text("nonsense", encoding="utf-8")
    else:
        (tmp_path / "resampled" / stored_name(scans[0], "image")).unlink()
    folder, (first, second) = run(tmp_path, scans, scans[1:])
    assert first["picture"] == "" and first["reason"] and second["reason"] == ""
    if fault == "not stored":
        assert "failures.csv" in first["reason"]
    assert sorted(p.name for p in folder.iterdir()) == ["P2_CT.jpg", "pictures.csv"]
    assert [p.name for p in folder.parent.iterdir()] == ["0001"]


def test_a_second_reading_that_failed_is_left_out(tmp_path):
    image, mask = make()
    scans = [save(tmp_path, image, mask), save(tmp_path, image, mask, reading="b1")]
    folder, (row,) = run(tmp_path, scans, scans[:1])
    assert row["picture"] == "P1_CT.jpg"
    assert near(Image.open(folder / "P1_CT.jpg"), "b1") < 20


def test_no_scans(tmp_path):
    folder, rows = run(tmp_path, [], [])
    assert rows == [] and [p.name for p in folder.iterdir()] == ["pictures.csv"]
