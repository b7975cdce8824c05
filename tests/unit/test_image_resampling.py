"""Resampling: pyradiomics bit by bit, whatever the geometry, pixel type and settings."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from radiomics.featureextractor import RadiomicsFeatureExtractor
from synthetic_scans import OBLIQUE, STRAIGHT, make

from nomoflow.image_resampling import SPLINE_MARGIN, resample
from nomoflow.images import ImageProblem


def same(one, other):
    """Equal voxels, pixel type and geometry, bit by bit."""
    return (
        np.array_equal(sitk.GetArrayFromImage(one), sitk.GetArrayFromImage(other))
        and one.GetPixelID() == other.GetPixelID()
        and one.GetSpacing() == other.GetSpacing()
        and one.GetOrigin() == other.GetOrigin()
        and one.GetDirection() == other.GetDirection()
    )


def in_one_step(image, mask, spacing, **setting):
    """What pyradiomics itself prepares from the whole image and mask."""
    defaults = RadiomicsFeatureExtractor._getDefaultSettings()
    setting = {**defaults, **setting, "resampledPixelSpacing": spacing}
    return RadiomicsFeatureExtractor.loadImage(image, mask, None, **setting)


def assert_as_in_one_step(image, mask, spacing, **setting):
    label = setting.pop("label", 1)
    expected, region = in_one_step(image, mask, spacing, label=label, **setting)
    found, found_region = resample(image, mask == label, spacing, {"setting": setting})
    assert same(found, expected)
    assert same(found_region, sitk.Cast(region == label, sitk.sitkUInt8))


BIG = {"size": (150, 140, 70), "spacing": (0.71, 0.71, 1.3), "radius_mm": 6.0}


def test_the_margin_cuts_something_away():
    """Otherwise the comparisons below would prove nothing."""
    size, spacing, radius = BIG["size"], BIG["spacing"], BIG["radius_mm"]
    kept = [2 * (radius / s + 5 * 0.75 / s + SPLINE_MARGIN + 2) for s in spacing]
    assert kept[0] < size[0] and kept[1] < size[1]


@pytest.mark.parametrize("direction", [STRAIGHT, OBLIQUE])
@pytest.mark.parametrize(
    "pixel", [sitk.sitkInt16, sitk.sitkUInt8, sitk.sitkFloat32, sitk.sitkFloat64]
)
def test_resampling_equals_pyradiomics_bit_by_bit(pixel, direction):
    assert_as_in_one_step(*make(**BIG, pixel=pixel, direction=direction), [0.75] * 3)


@pytest.mark.parametrize("spacing", [[1 / 3] * 3, [1.0] * 3, [3.0] * 3, [2.0, 2.0, 0.0]])
def test_samples_on_voxels(spacing):
    """There a whole-number image shows every last bit, since ITK cuts the fraction off."""
    image, mask = make(size=(130, 120, 12), spacing=(1.0, 1.0, 3.0), radius_mm=9)
    assert_as_in_one_step(image, mask, spacing)


@pytest.mark.parametrize(
    "setting",
    [
        {"normalize": True},
        {"normalize": True, "normalizeScale": 100, "removeOutliers": 2},
        {"removeOutliers": 2},
        {"padDistance": 0},
        {"padDistance": 9},
        {"preCrop": True},
        {"force2D": True},
        {"interpolator": "sitkLinear"},
        {"interpolator": "sitkNearestNeighbor"},
        {"interpolator": sitk.sitkBSpline},
        {"interpolator": None},
        {"interpolator": None, "preCrop": True},
        {"label": 3},
    ],
    ids=str,
)
def test_settings_of_pyradiomics(setting):
    image, mask = make(**BIG, label=setting.get("label", 1))
    assert_as_in_one_step(image, mask, [0.75] * 3, **setting)


@pytest.mark.parametrize("spacing", [[0.71, 0.71, 1.3], None])
@pytest.mark.parametrize("normalize", [False, True])
def test_native_spacing(spacing, normalize):
    assert_as_in_one_step(*make(**BIG), spacing, normalize=normalize)


@pytest.mark.parametrize("corner", [(0, 0, 0), (149, 139, 69), (149, 0, 35)])
def test_region_at_the_border(corner):
    assert_as_in_one_step(*make(**BIG, centre=corner), [0.75] * 3)


def test_region_in_one_slice():
    image, mask = make(size=(120, 110, 1), spacing=(0.8, 0.8, 3.0))
    assert_as_in_one_step(image, mask, [0.75] * 3)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    spacing=st.tuples(*[st.floats(0.4, 4.0)] * 3),
    wanted=st.floats(0.5, 4.0),
    origin=st.tuples(*[st.floats(-500, 500)] * 3),
    centre=st.tuples(st.integers(0, 109), st.integers(0, 99), st.integers(0, 9)),
    pixel=st.sampled_from([sitk.sitkInt16, sitk.sitkFloat32]),
)
def test_any_geometry(seed, spacing, wanted, origin, centre, pixel):
    image, mask = make((110, 100, 10), spacing, origin, OBLIQUE, pixel, centre, 9.0, 1, seed)
    _, region = in_one_step(image, mask, [wanted] * 3)
    if not sitk.GetArrayFromImage(region).any():
        with pytest.raises(ImageProblem, match="nothing of the region"):
            resample(image, mask, wanted, {})
    else:
        assert_as_in_one_step(image, mask, [wanted] * 3)


def test_one_number_is_a_cube():
    image, mask = make()
    assert same(resample(image, mask, 1.1, {})[0], resample(image, mask, [1.1] * 3, {})[0])


def test_grid_beyond_all_measure():
    with pytest.raises(ImageProblem, match="too large") as caught:
        resample(*make(), 0.005, {})
    assert "images.spacing_mm" in caught.value.remedy


def test_region_of_one_voxel():
    image, mask = make((30, 30, 30), (1.0, 1.0, 1.0), centre=(9, 9, 9), radius_mm=0.5)
    assert_as_in_one_step(image, mask, [0.5] * 3)


@pytest.mark.parametrize("pixel", [sitk.sitkInt16, sitk.sitkFloat32, sitk.sitkFloat64])
def test_metaimage_keeps_every_bit(tmp_path, pixel):
    rng = np.random.default_rng(3)
    for k in range(20):
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        turn *= np.sign(np.linalg.det(turn))
        spacing, origin = rng.uniform(0.3, 5, 3).tolist(), rng.normal(0, 300, 3).tolist()
        image, _ = make((6, 7, 8), spacing, origin, turn.ravel().tolist(), pixel, seed=k)
        path = str(tmp_path / "image.mha")
        sitk.WriteImage(image, path, useCompression=True)
        assert same(sitk.ReadImage(path), image)
