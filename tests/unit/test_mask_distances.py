"""Overlap and surface distances of two masks against brute force, ITK and known bodies."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist

from nomoflow.icc import COMPARISONS
from nomoflow.mask_distances import MEASURES, PAIRS, compare

SPACING = (0.7, 0.9, 2.5)


def image(array, spacing=SPACING):
    one = sitk.GetImageFromArray(np.asarray(array, np.uint8))
    one.SetSpacing(spacing)
    return one


def brute_force(one, other, spacing):
    """All distances between surface voxels, one by one."""
    points = [np.argwhere(m & ~binary_erosion(m)) * np.array(spacing)[::-1] for m in (one, other)]
    apart = cdist(*points)
    there, back = apart.min(axis=1), apart.min(axis=0)
    return {
        "dice": 2 * (one & other).sum() / (one.sum() + other.sum()),
        "jaccard": (one & other).sum() / (one | other).sum(),
        "hausdorff_mm": max(there.max(), back.max()),
        "hausdorff95_mm": max(np.percentile(there, 95), np.percentile(back, 95)),
        "mean_surface_mm": np.concatenate([there, back]).mean(),
        "volume_a_mm3": one.sum() * np.prod(spacing),
        "volume_b_mm3": other.sum() * np.prod(spacing),
    }


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9), st.tuples(*[st.integers(2, 9)] * 3))
@settings(max_examples=60)
def test_any_two_masks_against_brute_force(seed, share, shape):
    rng = np.random.default_rng(seed)
    one, other = (rng.random(shape) < share for _ in range(2))
    one.flat[rng.integers(one.size)] = other.flat[rng.integers(one.size)] = True
    found = compare(image(one), image(other))
    assert found.pop("reason") == ""
    assert found == pytest.approx(brute_force(one, other, SPACING), rel=1e-6, abs=1e-6)
    swapped = compare(image(other), image(one))
    for name in MEASURES[:5]:
        assert swapped[name] == pytest.approx(found[name], rel=1e-12)


def test_shifted_cubes():
    """Two cubes of 10 voxels, 3 voxels of 0.7 mm apart along x: sums by hand."""
    first, second = np.zeros((2, 30, 30, 30), bool)
    first[10:20, 10:20, 10:20] = True
    second[10:20, 10:20, 13:23] = True
    found = compare(image(first), image(second))
    assert found["dice"] == pytest.approx(0.7) and found["jaccard"] == pytest.approx(7 / 13)
    assert found["hausdorff_mm"] == pytest.approx(2.1)
    assert found["volume_a_mm3"] == pytest.approx(1000 * 0.7 * 0.9 * 2.5)


def test_identical_masks():
    mask = np.zeros((6, 6, 6), bool)
    mask[2:4, 1:5, 3:5] = True
    found = compare(image(mask), image(mask * 7))  # any label is the mask
    assert [found[name] for name in MEASURES[:5]] == [1, 1, 0, 0, 0]


def test_masks_that_do_not_touch():
    first, second = np.zeros((2, 4, 5, 20), bool)
    first[1, 2, 3] = second[1, 2, 13] = True
    found = compare(image(first), image(second))
    assert found["dice"] == found["jaccard"] == 0
    assert [found[name] for name in MEASURES[2:5]] == pytest.approx([7.0, 7.0, 7.0])


def test_empty_masks():
    full = np.ones((3, 3, 3), bool)
    empty = np.zeros_like(full)
    for pair, which in (((empty, full), "first"), ((full, empty), "second")):
        found = compare(*map(image, pair))
        assert found["dice"] == found["jaccard"] == 0
        assert np.isnan([found[name] for name in MEASURES[2:5]]).all()
        assert found["reason"] == f"no voxel in the {which} mask"
    found = compare(image(empty), image(empty))
    assert np.isnan([found[name] for name in MEASURES[:5]]).all()
    assert found["volume_a_mm3"] == 0 and found["reason"] == "no voxel in both masks"


@pytest.mark.parametrize("change", ["size", "spacing", "origin", "direction"])
def test_masks_on_two_grids_are_refused(change):
    first, second = image(np.ones((3, 4, 5))), image(np.ones((3, 4, 5)))
    if change == "size":
        second = image(np.ones((3, 4, 6)))
    elif change == "spacing":
        second.SetSpacing((0.7, 0.9, 2.6))
    elif change == "origin":
        second.SetOrigin((0, 0, 0.1))
    else:
        second.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    with pytest.raises(ValueError, match="one grid"):
        compare(first, second)


def test_the_pairs_are_those_of_the_features():
    assert {name: pair[1] for name, pair in PAIRS.items()} == COMPARISONS
