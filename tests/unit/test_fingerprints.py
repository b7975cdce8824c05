"""The same patient in two cohorts is found; another is not; nothing names one."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
from synthetic_scans import make

from nomoflow.fingerprints import fingerprint_list, patients_in_both, row_fingerprint, salted
from nomoflow.image_fingerprint import image_fingerprint

SALT = "mine:1"


@pytest.fixture(scope="module")
def image():
    return make(size=(12, 10, 6))[0]


def test_the_format_of_a_file_changes_nothing(image, tmp_path):
    for name in ("image.nii.gz", "image.nrrd", "image.mha"):
        sitk.WriteImage(image, str(tmp_path / name))
        assert image_fingerprint(sitk.ReadImage(str(tmp_path / name))) == image_fingerprint(image)


@pytest.mark.parametrize("pixel", [sitk.sitkInt32, sitk.sitkFloat32, sitk.sitkFloat64])
def test_the_type_of_the_voxels_changes_nothing(image, pixel):
    assert image_fingerprint(sitk.Cast(image, pixel)) == image_fingerprint(image)


@pytest.mark.parametrize("orientation", ["RAS", "LPI", "SPL", "ARI"])
def test_the_order_of_the_axes_changes_nothing(image, orientation):
    turned = sitk.DICOMOrient(image, orientation)
    assert turned.GetDirection() != image.GetDirection()
    assert image_fingerprint(turned) == image_fingerprint(image)


def test_programs_that_remove_names_may_move_the_origin(image):
    moved = sitk.Image(image)
    moved.SetOrigin((0.0, 0.0, 0.0))
    moved.SetSpacing([round(x, 2) for x in image.GetSpacing()])
    assert image_fingerprint(moved) == image_fingerprint(image)


def test_one_voxel_makes_another_image(image):
    other = sitk.Image(image)
    other[3, 4, 5] += 1
    assert image_fingerprint(other) != image_fingerprint(image)
    flipped = sitk.GetImageFromArray(sitk.GetArrayFromImage(image)[::-1])
    flipped.CopyInformation(image)
    assert image_fingerprint(flipped) != image_fingerprint(image)
    flat = sitk.GetImageFromArray(np.zeros((2, 6, 4), np.int16))
    assert image_fingerprint(flat) != image_fingerprint(sitk.GetImageFromArray(np.zeros((4, 6, 2))))


def test_rows_of_features():
    row = {"b": 0.1 + 0.2, "a": 1.0, "c": -2.5}
    assert row_fingerprint(row) == row_fingerprint(dict(sorted(row.items())))
    assert row_fingerprint(row) != row_fingerprint(row | {"b": 0.3})
    assert row_fingerprint(row) != row_fingerprint({"b": 0.1 + 0.2, "a": 1.0, "d": -2.5})
    assert row_fingerprint({"a": 1.0, "b": 2.0}) is None


def test_patients_of_both_cohorts_are_found():
    listed = fingerprint_list(["x1", "x2", None, "x1"], SALT, "images")
    own = {"P1": ["y1"], "P2": ["y2", "x2"], "P3": [None]}
    assert patients_in_both(listed, own) == ["P2"]
    assert patients_in_both(fingerprint_list([], SALT, "images"), own) == []


def test_what_is_listed_tells_no_order_and_cannot_be_linked_to_another_list():
    first = fingerprint_list(["x1", "x2", "x3"], SALT, "images")
    assert first == fingerprint_list(["x3", "x1", "x2"], SALT, "images")
    other = fingerprint_list(["x1", "x2", "x3"], "other:1", "images")
    assert not set(first["values"]) & set(other["values"])
    assert not any(one in json.dumps(first) for one in ("x1", "x2", "x3"))
    assert first["values"] == sorted(salted(one, SALT) for one in ("x1", "x2", "x3"))
