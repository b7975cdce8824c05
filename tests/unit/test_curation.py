"""What makes a mask doubtful, against counts made by hand and by another library."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from nomoflow.curation import component_sizes, edges_touched, hole_sizes, problems_of_mask
from nomoflow.problem_kinds import KINDS

SCAN = {"patient": "P1", "phase": "late", "reading": "b1", "image": "i.nii", "mask": "m.nii"}
NONE = {"minimum_voxels": 0, "minimum_extent": 0}
DOUBTS = ("several_components", "holes", "at_edge")


def mask_of(array, spacing=(1.0, 1.0, 1.0)):
    mask = sitk.GetImageFromArray(np.asarray(array, dtype=np.uint8))
    mask.SetSpacing(spacing)
    return mask


def block(shape=(12, 12, 12), low=3, high=9):
    array = np.zeros(shape, np.uint8)
    array[low:high, low:high, low:high] = 1
    return array


def kinds(array, limits=None, spacing=(1.0, 1.0, 1.0)):
    mask = mask_of(array, spacing)
    return [one.kind for one in problems_of_mask(SCAN, None, mask, limits)]


def test_a_good_mask_has_no_problem():
    assert kinds(block()) == []


def test_small_masks_are_measured_in_voxels_volume_and_extent():
    array = block(low=3, high=7)  # 64 voxels
    assert kinds(array) == []
    assert kinds(array, {"minimum_voxels": 65}) == ["mask_small"]
    # 64 voxels of 0.5 x 0.5 x 2 mm are 32 mm3.
    spacing = (0.5, 0.5, 2.0)
    assert kinds(array, {"minimum_volume_mm3": 32}, spacing) == []
    assert kinds(array, {"minimum_volume_mm3": 32.1}, spacing) == ["volume_small"]
    assert kinds(array, {"minimum_extent": 4}) == []
    array[6] = 0  # three slices are left: z is the last axis of the image
    (thin,) = problems_of_mask(
        SCAN, None, mask_of(array), {"minimum_extent": 4} | {"minimum_voxels": 1}
    )
    assert thin.kind == "extent_small" and "along z" in thin.problem
    assert thin.found == "4 x 4 x 3 voxels" and "at least 4" in thin.allowed


def test_a_single_slice_is_too_thin_by_default():
    array = np.zeros((9, 20, 20))
    array[4, 5:15, 5:15] = 1
    assert kinds(array) == ["extent_small"]


def test_doubts_say_how_many_and_where():
    array = block((16, 16, 16), 3, 9)  # 216 voxels
    array[5:7, 5, 5] = 0  # a hole of two voxels
    array[12:, 12, 12] = 1  # four voxels, up to the last slice
    found = {one.kind: one for one in problems_of_mask(SCAN, None, mask_of(array), None)}
    assert set(found) == set(DOUBTS) <= set(KINDS)
    assert "2 pieces" in found["several_components"].found
    assert "98.2 %" in found["several_components"].found  # 214 of 218
    assert found["holes"].found == "1 hole, 2 voxels"
    assert found["at_edge"].found == "touches the last z of 16 x 16 x 16 voxels"
    for one in found.values():
        assert one.severity == "warning" and one.remedy and one.allowed
        assert (one.patient, one.phase, one.reading, one.file) == ("P1", "late", "b1", "m.nii")


@pytest.mark.parametrize("kind", DOUBTS)
def test_the_config_decides_on_each_doubt(kind):
    array = block((16, 16, 16), 3, 9)
    array[6, 6, 6] = 0
    array[12:, 12, 12] = 1
    others = dict.fromkeys(set(DOUBTS) - {kind}, "allow")
    mask = mask_of(array)
    for word, severity in (("warn", "warning"), ("refuse", "problem")):
        (one,) = problems_of_mask(SCAN, None, mask, {"masks": {**others, kind: word}})
        assert (one.kind, one.severity) == (kind, severity)
    assert problems_of_mask(SCAN, None, mask, {"masks": {**others, kind: "allow"}}) == []
    with pytest.raises(ValueError, match=f"{kind}: perhaps; allowed are"):
        problems_of_mask(SCAN, None, mask, {"masks": {kind: "perhaps"}})


def test_a_mask_of_the_whole_image_touches_all_sides():
    assert len(edges_touched(mask_of(np.ones((3, 4, 5))))) == 6


def test_an_open_cavity_is_no_hole():
    array = block()
    array[3:6, 6, 6] = 0  # a shaft from the first slice of the block
    assert hole_sizes(mask_of(array)) == []
    array[3, 6, 6] = 1
    assert hole_sizes(mask_of(array)) == [2]


masks = arrays(np.uint8, st.tuples(*[st.integers(1, 6)] * 3), elements=st.integers(0, 1)).filter(
    np.any
)


@given(masks)
def test_pieces_and_holes_are_those_that_scipy_counts(array):
    labels, _ = ndimage.label(array, np.ones((3, 3, 3)))
    assert component_sizes(mask_of(array)) == sorted(np.bincount(labels.ravel())[1:], reverse=True)
    filled = ndimage.binary_fill_holes(array)
    labels, _ = ndimage.label(filled & (array == 0))
    assert hole_sizes(mask_of(array)) == sorted(np.bincount(labels.ravel())[1:], reverse=True)


@given(
    masks,
    st.integers(0, 3),
    st.permutations(range(3)),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_turning_and_padding_change_no_count(array, pad, order, flips):
    turned = np.transpose(array, order)
    turned = turned[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    turned = np.pad(turned, pad)
    for count in (component_sizes, hole_sizes):
        assert count(mask_of(turned)) == count(mask_of(array))
    assert pad == 0 or edges_touched(mask_of(turned)) == []
