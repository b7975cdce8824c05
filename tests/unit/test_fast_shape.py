"""Area, volume and diameters of a mesh: those of pyradiomics' compiled code, to the last bit."""

import logging
import math

import numpy as np
import pytest
import radiomics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from radiomics import cShape
from synthetic_scans import OBLIQUE, make

from nomoflow import fast_radiomics, fast_shape
from nomoflow.extraction import extract, extractor

SPACINGS = [(1.0, 1.0, 1.0), (0.75, 0.75, 0.75), (5.0, 0.703125, 0.703125), (0.1, 7.3, 1 / 3)]
ONLY_SHAPE = {"setting": {"binWidth": 25}, "imageType": {"Original": {}}}


def assert_as_compiled(inside, spacing):
    mask, spacing = np.pad(inside, 1), np.array(spacing)
    found = fast_shape.calculate_coefficients(mask, spacing)
    assert found == cShape.calculate_coefficients(mask, spacing)
    numbers = (*found[:2], *found[2])
    assert all(type(one) is float for one in numbers)
    return numbers


@given(
    arrays.arrays(bool, arrays.array_shapes(min_dims=3, max_dims=3, max_side=7)),
    st.tuples(*3 * [st.floats(0.05, 20, allow_subnormal=False)]),
    st.integers(0, 400),
)
@settings(max_examples=300)
def test_any_region(inside, spacing, at):
    inside.reshape(-1)[at % inside.size] = True
    assert_as_compiled(inside, spacing)


@given(st.integers(0, 2**32), st.sampled_from([0.01, 0.2, 0.5, 0.9]), st.sampled_from(SPACINGS))
@settings(max_examples=60)
def test_many_components(seed, share, spacing):
    rng = np.random.default_rng(seed)
    inside = rng.random(rng.integers(1, 18, 3)) < share
    inside[0, 0, 0] = True
    assert_as_compiled(inside, spacing)


@pytest.mark.parametrize("spacing", SPACINGS, ids=str)
def test_every_cube(spacing):
    """Each of the 256 ways in which eight voxels can lie in a region and outside."""
    for number in range(1, 256):
        assert_as_compiled(np.array([number >> bit & 1 for bit in range(8)], bool).reshape(2, 2, 2),
                           spacing)  # fmt: skip


def ball(radius, squeeze=(1.0, 1.0, 1.0)):
    axes = (np.arange(-radius, radius + 1) * by for by in squeeze)
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return z**2 + y**2 + x**2 <= radius**2


def far_apart(shape):
    """Two voxels in opposite corners: no plane of voxels holds both."""
    inside = np.zeros(shape, bool)
    inside[0, 0, 0] = inside[-1, -1, -1] = True
    return inside


FORMS = {
    "one voxel": np.ones((1, 1, 1), bool),
    "line": np.ones((1, 40, 1), bool),
    "plane": np.ones((30, 1, 20), bool),
    "box": np.ones((6, 17, 9), bool),
    "corners that touch": far_apart((2, 2, 2)),
    "in neighbouring planes": far_apart((2, 1, 6)),
    "far apart": far_apart((9, 60, 30)),
    "staircase": np.tri(25, dtype=bool)[None].repeat(3, axis=0),
    "chequers": np.indices((8, 9, 10)).sum(axis=0) % 2 == 0,
    "ball": ball(14),
    "hollow": ball(14) & ~np.pad(ball(11), 3),
    "cigar": ball(30, (1.0, 4.3, 5.1)),
    "disc": ball(30, (9.0, 1.0, 1.1)),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name):
    for axes in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        for spacing in SPACINGS:
            assert_as_compiled(FORMS[name].transpose(axes), spacing)


def test_one_voxel_by_hand():
    """An octahedron: eight triangles, and corners half a voxel away."""
    area, volume, *diameters = assert_as_compiled(FORMS["one voxel"], (1.0, 1.0, 1.0))
    assert area == pytest.approx(8 * math.sqrt(3) / 8)
    assert volume == pytest.approx(1 / 6)
    assert diameters == [1.0] * 4


def test_in_parts(monkeypatch):
    monkeypatch.setattr(fast_shape, "AT_ONCE", 7)
    monkeypatch.setattr(fast_shape, "PAIRS_AT_ONCE", 50)
    assert_as_compiled(ball(9), SPACINGS[1])


def test_few_points_are_compared(monkeypatch):
    compared, original = [], fast_shape._farthest
    monkeypatch.setattr(
        fast_shape,
        "_farthest",
        lambda points, *rest: compared.append(points.shape[1]) or original(points, *rest),
    )
    inside = ball(20)
    assert_as_compiled(inside, SPACINGS[0])
    vertices = fast_shape._vertices(np.pad(inside, 1)).shape[1]
    assert len(compared) == 4 and max(compared[:3]) < vertices / 4 and compared[3] < vertices / 8


@pytest.fixture
def asked_anew():
    caches = fast_shape.hindrance, fast_radiomics.shape_class
    for one in caches:
        one.cache_clear()
    yield
    for one in caches:
        one.cache_clear()


@pytest.mark.usefixtures("asked_anew")
def test_the_quick_mesh_is_the_one_in_use(monkeypatch):
    image, mask = make(direction=OBLIQUE)
    selected = [f"original_shape_{name}" for name in ("MeshVolume", "Maximum3DDiameter")]
    ways = {fast: extractor(ONLY_SHAPE, selected=selected, fast=fast) for fast in (True, False)}
    expected = extract(image, mask, ways[False])
    monkeypatch.setattr(radiomics.shape, "cShape", None)
    assert fast_shape.hindrance() == ""
    assert extract(image, mask, ways[True]) == expected
    with pytest.raises(AttributeError):
        extract(image, mask, ways[False])


@pytest.mark.usefixtures("asked_anew")
def test_a_machine_that_rounds_otherwise_uses_the_compiled_code(monkeypatch, caplog):
    class Otherwise:
        @staticmethod
        def calculate_coefficients(mask, spacing):
            area, volume, diameters = cShape.calculate_coefficients(mask, spacing)
            return area, math.nextafter(volume, 0), diameters

    monkeypatch.setattr(fast_shape, "cShape", Otherwise)
    with caplog.at_level(logging.WARNING):
        chosen = fast_radiomics.shape_class()
    assert chosen is radiomics.getFeatureClasses()["shape"]
    assert "the slow way: pyradiomics' compiled code rounds otherwise" in caplog.text
