"""The quick way: the same bits as pyradiomics as it is, and only for the sources it knows."""

import gc
import logging
import math
import weakref
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import radiomics
import SimpleITK as sitk
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from radiomics import imageoperations
from synthetic_scans import OBLIQUE, make

from nomoflow import fast_radiomics
from nomoflow.extraction import extract, extractor
from nomoflow.fast_radiomics import (
    QUICK,
    Crop,
    bin_edges,
    bin_image,
    check_mask,
    hindrance,
    unique,
    wavelet_images,
)
from nomoflow.image_resampling import resample
from nomoflow.settings import merge_settings

# Where the untouched engine divides by zero, numpy warns.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

ROOT = Path(__file__).resolve().parents[2]
STUDY = yaml.safe_load((ROOT / "config/pyradiomics.yaml").read_text(encoding="utf-8"))
FILTERS = {"Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}, "Gradient": {}}
CLASSES = dict.fromkeys(("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"))
SMALL = {"size": (34, 32, 12), "spacing": (0.9, 0.9, 2.4), "radius_mm": 6.5}
finite = st.floats(-1e9, 1e9, allow_subnormal=False)
any_float = st.one_of(finite, st.just(math.nan), st.just(math.inf))


def same_bits(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape and a.dtype == b.dtype
    np.testing.assert_array_equal(a, b)


def different(image, mask, settings, **options):
    """Features whose values differ between the quick way and pyradiomics as it is."""
    quick = extract(image, mask, extractor(settings, fast=True, **options))
    slow = extract(image, mask, extractor(settings, fast=False, **options))
    assert list(quick) == list(slow) and quick
    pairs = {name: (value, slow[name]) for name, value in quick.items()}
    return {n: p for n, p in pairs.items() if p[0] != p[1] and not all(map(math.isnan, p))}


@given(arrays.arrays(float, st.tuples(st.just(1), st.integers(1, 700)), elements=finite))
def test_of_complete_values(values):
    """Also around 600 values, from where on numpy takes another way to the median."""
    for name in ("nanmean", "nansum", "nanstd", "nanmedian"):
        same_bits(getattr(QUICK, name)(values, 1), getattr(np, name)(values, 1))
    same_bits(QUICK.nanmean(values, 1, keepdims=True), np.nanmean(values, 1, keepdims=True))
    together = QUICK.nanpercentile(values, (10, 25, 75, 90), axis=1)
    for at, share in enumerate((10, 25, 75, 90)):
        same_bits(QUICK.nanpercentile(values, share, axis=1), np.nanpercentile(values, share, 1))
        same_bits(together[at], np.nanpercentile(values, share, 1))


@given(arrays.arrays(float, arrays.array_shapes(min_dims=2, max_dims=4), elements=any_float))
def test_with_missing_and_infinite_values(values):
    every = tuple(range(1, values.ndim))
    same_bits(QUICK.nanmean(values, every), np.nanmean(values, every))
    for name in ("nanmean", "nansum", "nanstd", "nanmedian"):
        same_bits(getattr(QUICK, name)(values, 1), getattr(np, name)(values, 1))


@given(arrays.arrays(int, st.integers(0, 40), elements=st.integers(-2, 20)))
def test_unique(values):
    for found, expected in zip(
        unique(values, return_counts=True), np.unique(values, return_counts=True), strict=True
    ):
        same_bits(found, expected)
    same_bits(unique(values), np.unique(values))


@given(
    arrays.arrays(
        st.sampled_from([bool, np.intc, float]), (2, 3, 4, 3), elements=st.integers(0, 1)
    ),
    st.sampled_from([None, 0, 1, 3, (1, 2), (0, 1, 2, 3)]),
)
def test_sums(values, axis):
    for array in (values, values.transpose(0, 1, 3, 2), values[:, ::2]):
        same_bits(QUICK.sum(array, axis), np.sum(array, axis))
        same_bits(QUICK.sum(array, axis, keepdims=True), np.sum(array, axis, keepdims=True))


@given(
    arrays.arrays(
        st.sampled_from([np.int16, np.float32, np.float64]), (2, 3, 4), elements=st.integers(-9, 99)
    ),
    st.sampled_from([{"binWidth": 25}, {"binWidth": 0.5}, {"binWidth": 5}, {"binCount": 16}]),
)
def test_bins(image, setting):
    values = image.reshape(-1)
    same_bits(bin_edges(values, **setting), imageoperations.getBinEdges(values, **setting))
    mask = image > image.min()
    if mask.any():
        for a, b in zip(
            bin_image(image, mask, **setting),
            imageoperations.binImage(image, mask, **setting),
            strict=True,
        ):
            same_bits(a, b)


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"binWidth": 5},
        {"binWidth": 100},
        {"binCount": 16},
        {"normalize": True, "normalizeScale": 100, "removeOutliers": 3, "binCount": 32},
        {"force2D": True, "force2Ddimension": 0},
        {"force2D": True, "force2Ddimension": 2},
        {"distances": [1, 2], "gldm_a": 1, "symmetricalGLCM": False, "voxelArrayShift": 300},
        {"weightingNorm": "euclidean"},
        {"weightingNorm": "no_weighting"},
        {"resegmentRange": [-1, 1], "resegmentMode": "sigma", "resegmentShape": True},
        {"resegmentRange": [20, 60], "minimumROISize": 9},
    ],
    ids=str,
)
def test_every_image_and_class_is_equal(setting):
    settings = merge_settings(
        {**STUDY, "imageType": {**STUDY["imageType"], **FILTERS}, "featureClass": CLASSES},
        {"setting": setting},
    )
    image, mask = make(**SMALL, direction=OBLIQUE)
    assert different(*resample(image, mask, 1.2, settings), settings) == {}


@pytest.mark.parametrize("pixel", [sitk.sitkUInt8, sitk.sitkInt16, sitk.sitkFloat64])
def test_pixel_types(pixel):
    assert different(*make(**SMALL, pixel=pixel), STUDY) == {}


def test_regions_of_any_form():
    image, _ = make(size=(14, 13, 12), spacing=(1.0, 1.0, 1.0))
    rng = np.random.default_rng(4)
    settings = {**STUDY, "featureClass": CLASSES}
    forms = [rng.random((12, 13, 14)) < share for share in (0.02, 0.3, 1.1)]
    slab = np.zeros((12, 13, 14), bool)
    slab[5, 3:9, 4:10] = True
    for inside in [*forms, slab]:
        mask = sitk.GetImageFromArray(inside.astype(np.uint8))
        mask.CopyInformation(image)
        assert different(image, mask, settings) == {}
    flat = image * 0 + 7
    assert different(flat, mask, {"featureClass": CLASSES}) == {}


def test_one_extractor_for_many_regions():
    """Nothing of a region is left for the next one."""
    chosen = extractor(STUDY)
    pairs = [make(**SMALL, seed=1), make(**{**SMALL, "radius_mm": 4.0}, seed=2)]
    for image, mask in [*pairs, pairs[0]]:
        found = extract(image, mask, chosen)
        assert found == extract(image, mask, extractor(STUDY, fast=False))
        assert chosen.region is None


def test_an_image_is_gone_when_the_next_one_comes(monkeypatch):
    alive = []

    class Watched(fast_radiomics.Prepared):
        def __init__(self, *given):
            assert not [one for one in alive if one()]
            super().__init__(*given)
            alive.append(weakref.ref(self))

    monkeypatch.setattr(fast_radiomics, "Prepared", Watched)
    gc.disable()
    try:
        extract(*make(**SMALL), extractor({**STUDY, "featureClass": CLASSES}))
    finally:
        gc.enable()
    assert len(alive) == 13 and not [one for one in alive if one()]


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"level": 2, "wavelet": "db2"},
        {"start_level": 1, "level": 2},
        {"force2D": True, "force2Ddimension": 1, "level": 2},
    ],
)
def test_wavelet_images_in_any_choice(own):
    image, mask = make(size=(17, 12, 9), spacing=(1.0, 2.0, 3.0), pixel=sitk.sitkFloat32)
    expected = list(imageoperations.getWaveletImage(image, mask, **own))
    names = [name for _, name, _ in expected]
    for wanted in [names, names[::2], names[1::3], names[-1:], names[:1]]:
        found = list(wavelet_images(image, mask, wanted=wanted, **own))
        assert [name for _, name, _ in found] == [name for name in names if name in wanted]
        by_name = {name: (one, kwargs) for one, name, kwargs in expected}
        for one, name, kwargs in found:
            other, other_kwargs = by_name[name]
            assert kwargs == other_kwargs == own
            assert one.IsSameImageGeometryAs(other)
            same_bits(sitk.GetArrayFromImage(one), sitk.GetArrayFromImage(other))


def test_wavelet_images_come_one_at_a_time(monkeypatch):
    image, mask = make(size=(16, 16, 16), spacing=(1.0, 1.0, 1.0))
    steps, original = [], fast_radiomics.pywt.swt
    monkeypatch.setattr(
        fast_radiomics.pywt, "swt", lambda *a, **k: steps.append(1) or original(*a, **k)
    )
    names = [name for _, name, _ in imageoperations.getWaveletImage(image, mask)]
    counts = [len(steps) for _ in wavelet_images(image, mask, wanted=names)]
    assert counts[0] == 3 and counts[-1] == 7 and all(a <= b for a, b in pairwise(counts))
    steps.clear()
    assert len(list(wavelet_images(image, mask, wanted=["wavelet-HHL"]))) == len(steps) - 2 == 1


def test_box_and_crop():
    image, mask = make(**SMALL, direction=OBLIQUE)
    mask = sitk.Cast(mask, sitk.sitkUInt32)
    box, _ = check_mask(image, mask, label=1)
    expected, _ = imageoperations.checkMask(image, mask, label=1)
    assert box.tolist() == expected.tolist()
    crop = Crop()
    first = crop(image, mask, box)
    again = crop(sitk.Sqrt(image), mask, box)
    assert again[1] is first[1]
    for a, b in zip(first, imageoperations.cropToTumorMask(image, mask, box), strict=True):
        assert a.IsSameImageGeometryAs(b)
        same_bits(sitk.GetArrayFromImage(a), sitk.GetArrayFromImage(b))


@pytest.mark.parametrize(
    ("change", "options"),
    [
        (lambda mask: mask, {"label": 2}),
        (lambda mask: mask[:-1, :, :], {}),
        (lambda mask: sitk.Flip(mask, [True, False, False]), {}),
        (lambda mask: mask, {"minimumROISize": 10**6}),
        (lambda mask: mask, {"minimumROIDimensions": 4}),
    ],
)
def test_what_pyradiomics_refuses_is_refused_in_its_words(change, options):
    image, mask = make(**SMALL)
    mask = change(sitk.Cast(mask, sitk.sitkUInt32))
    with pytest.raises((ValueError, RuntimeError)) as expected:
        imageoperations.checkMask(image, mask, **options)
    with pytest.raises(expected.type) as found:
        check_mask(image, mask, **options)
    assert str(found.value) == str(expected.value)


@pytest.fixture
def asked_anew():
    hindrance.cache_clear()
    yield
    hindrance.cache_clear()


def test_the_installed_sources_are_those_it_was_written_for(asked_anew):
    assert hindrance() == ""


@pytest.mark.usefixtures("asked_anew")
def test_another_version_runs_as_it_is(monkeypatch, caplog):
    monkeypatch.setattr(radiomics, "__version__", "v3.1.0")
    with caplog.at_level(logging.WARNING):
        chosen = extractor(STUDY)
    assert not chosen.fast
    assert "the slow way: pyradiomics is 3.1.0, not 3.0.1" in caplog.text
    assert not extractor(STUDY, fast=False).fast


@pytest.mark.usefixtures("asked_anew")
def test_other_sources_run_as_they_are(monkeypatch, tmp_path):
    for name in fast_radiomics.MODULES:
        source = (Path(radiomics.__file__).parent / f"{name}.py").read_bytes()
        (tmp_path / f"{name}.py").write_bytes(source.replace(b"\n", b"\r\n"))
    monkeypatch.setattr(radiomics, "__file__", str(tmp_path / "__init__.py"))
    assert hindrance() == ""  # line ends do not count
    hindrance.cache_clear()
    (tmp_path / "glcm.py").write_bytes(source)
    assert hindrance() == "the sources of pyradiomics are not those of 3.0.1"


def test_pyradiomics_itself_stays_as_it_is():
    image, mask = make(**SMALL)
    extract(image, mask, extractor(STUDY))
    for module in (imageoperations, radiomics.glcm, radiomics.firstorder):
        assert module.numpy is np
    assert imageoperations.getBinEdges.__globals__ is vars(imageoperations)
    assert radiomics.getFeatureClasses()["glcm"].__mro__[1].__name__ == "RadiomicsFeaturesBase"
