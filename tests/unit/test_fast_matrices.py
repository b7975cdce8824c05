"""Counts of neighbours and runs: those of pyradiomics' compiled code, on masks of any form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from radiomics import cMatrices

from nomoflow.fast_matrices import Matrices, Region

ONE = np.array([1])
PLANES = [(False, 0), (True, 0), (True, 1), (True, 2)]


def all_as_compiled(matrix, mask, plane, distances=ONE, alpha=0):
    levels, longest = int(matrix[mask].max()), max(matrix.shape)
    mine = Matrices(Region(mask), matrix)
    for name, arguments in {
        "calculate_glcm": (distances, levels, *plane),
        "calculate_glrlm": (levels, longest, *plane),
        "calculate_gldm": (distances, levels, alpha, *plane),
    }.items():
        found = getattr(mine, name)(matrix, mask, *arguments)
        expected = getattr(cMatrices, name)(matrix, mask, *arguments)
        if name == "calculate_gldm":
            found, expected = (found,), (expected,)
        for a, b in zip(found, expected, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape, name
            assert a.strides == b.strides, name  # numpy adds in the order of the memory
            np.testing.assert_array_equal(a, b, err_msg=name)


@st.composite
def regions(draw):
    shape = draw(arrays.array_shapes(min_dims=3, max_dims=3, max_side=6))
    mask = draw(arrays.arrays(bool, shape))
    mask.reshape(-1)[draw(st.integers(0, mask.size - 1))] = True
    matrix = draw(arrays.arrays(np.intc, shape, elements=st.integers(1, draw(st.integers(1, 5)))))
    return matrix, mask


@given(regions(), st.sampled_from(PLANES))
@settings(max_examples=150)
def test_any_region(region, plane):
    matrix, mask = region
    if max(mask.shape) > 1 and any(n > 1 for n in np.delete(mask.shape, plane[1])):
        all_as_compiled(matrix, mask, plane)


@pytest.mark.parametrize("levels", [1, 3, 16, 255, 256, 300, 70_000])
def test_any_number_of_levels(levels):
    rng = np.random.default_rng(levels)
    matrix = rng.integers(max(1, levels - 3), levels + 1, (5, 7, 9)).astype(np.intc)
    mask = rng.random(matrix.shape) < 0.7
    if levels == 70_000:  # the matrix of pairs would have 5e9 cells
        mine = Matrices(Region(mask), matrix)
        found = mine.calculate_gldm(matrix, mask, ONE, levels, 0, False, 0)
        expected = cMatrices.calculate_gldm(matrix, mask, ONE, levels, 0, False, 0)
        np.testing.assert_array_equal(found, expected)
    else:
        all_as_compiled(matrix, mask, (False, 0))


def test_lines_are_found_once_for_all_images_of_a_region(monkeypatch):
    rng = np.random.default_rng(2)
    mask = rng.random((6, 5, 8)) < 0.6
    region, found_anew = Region(mask), []
    original = Region._along
    monkeypatch.setattr(Region, "_along", lambda *given: found_anew.append(1) or original(*given))
    for _ in range(2):
        matrix = rng.integers(1, 4, mask.shape).astype(np.intc)
        found, _ = Matrices(region, matrix).calculate_glrlm(matrix, mask, 3, 8, False, 0)
        expected, _ = cMatrices.calculate_glrlm(matrix, mask, 3, 8, False, 0)
        np.testing.assert_array_equal(found, expected)
    assert len(found_anew) == 13


@pytest.mark.parametrize(("distances", "alpha"), [([2], 0), ([1, 2], 0), ([1], 1)])
def test_other_distances_and_tolerances_are_left_to_pyradiomics(distances, alpha):
    rng = np.random.default_rng(3)
    matrix = rng.integers(1, 5, (6, 6, 6)).astype(np.intc)
    all_as_compiled(matrix, rng.random(matrix.shape) < 0.8, (False, 0), np.array(distances), alpha)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flat_regions_lose_angles(axis):
    """Along an angle in which no two voxels lie in line, pyradiomics counts no runs."""
    mask = np.zeros((5, 5, 5), bool)
    np.moveaxis(mask, axis, 0)[2] = True
    matrix = np.arange(125, dtype=np.intc).reshape(mask.shape) % 3 + 1
    all_as_compiled(matrix, mask, (False, 0))
    found, _ = Matrices(Region(mask), matrix).calculate_glrlm(matrix, mask, 3, 5, False, 0)
    assert (found.sum(axis=(0, 1, 2)) == 0).sum() == 9  # of 13
