"""What is recorded of a scan before and after resampling."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_scans import make

from nomoflow.image_quality import QUALITY_COLUMNS, quality
from nomoflow.image_resampling import resample

SCAN = {"patient": "P1", "phase": "CT", "reading": "a1", "label": "1"}


def row_of(image, mask, spacing=1.0):
    return quality(SCAN, 0.0, (image, mask), resample(image, mask, spacing, {}))


def test_a_row_has_the_columns():
    row = row_of(*make())
    assert tuple(row) == QUALITY_COLUMNS
    assert (row["components"], row["holes"], row["touches_edge"]) == (1, 0, "no")


def test_pieces_holes_and_edges_are_counted():
    image, mask = make(radius_mm=9.0)
    array = sitk.GetArrayFromImage(mask)
    array[8, 18, 20] = array[8, 18, 22] = 0  # two holes
    array[0, :2, 0] = 1  # a piece of its own, at the edge
    changed = sitk.GetImageFromArray(array)
    changed.CopyInformation(mask)
    row = row_of(image, changed)
    assert (row["components"], row["holes"], row["touches_edge"]) == (2, 2, "yes")


def test_the_change_of_volume_is_a_share_of_the_volume_before():
    image, mask = make()
    row = row_of(image, mask, 2.0)
    assert row["volume_change"] == pytest.approx(
        (row["volume_after_mm3"] - row["volume_mm3"]) / row["volume_mm3"]
    )
    same = quality(SCAN, 0.0, (image, mask), (image, mask))
    assert same["volume_change"] == 0


@settings(max_examples=15)
@given(st.floats(5, 10), st.sampled_from([0.5, 0.8, 1.0]))
def test_a_ball_keeps_its_volume_in_finer_voxels(radius, spacing):
    row = row_of(*make(size=(44, 40, 20), radius_mm=radius), spacing)
    assert abs(row["volume_change"]) < 0.1
    assert np.isfinite([row["minimum"], row["mean"], row["maximum"]]).all()
