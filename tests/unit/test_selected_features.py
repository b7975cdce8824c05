"""Selected features alone: the values of the full extraction, and nothing computed beside them."""

import math
from pathlib import Path

import pytest
import radiomics
import SimpleITK as sitk
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from radiomics import imageoperations
from synthetic_scans import OBLIQUE, make

from nomoflow import fast_radiomics
from nomoflow.extraction import (
    SettingsError,
    extract,
    extractor,
    phase_settings,
    settings_digest,
)
from nomoflow.fast_radiomics import feature_classes
from nomoflow.image_resampling import resample
from nomoflow.settings import merge_settings

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDY = yaml.safe_load((CONFIG / "pyradiomics.yaml").read_text(encoding="utf-8"))
# Every class of three dimensions, every image type, two levels of wavelets, two widths.
EVERYTHING = merge_settings(
    STUDY,
    {
        "imageType": {"Wavelet": {"level": 2, "wavelet": "db2"}, "LoG": {"sigma": [1.5, 2]},
                      "Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {},
                      "Gradient": {"gradientUseSpacing": False}},
        "featureClass": {"ngtdm": None},
    },
)  # fmt: skip
SCAN = {"size": (30, 28, 12), "spacing": (0.9, 0.9, 2.4), "radius_mm": 6.0, "direction": OBLIQUE}


def same(value, other):
    return value == other or (math.isnan(value) and math.isnan(other))


@pytest.fixture(scope="module")
def scan():
    return resample(*make(**SCAN), 1.2, EVERYTHING)


@pytest.fixture(scope="module")
def whole(scan):
    return extract(*scan, extractor(EVERYTHING))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_subset_has_the_values_of_the_full_extraction(scan, whole, data):
    wanted = data.draw(st.lists(st.sampled_from(sorted(whole)), max_size=12))
    found = extract(*scan, extractor(EVERYTHING, selected=wanted))
    assert list(found) == [name for name in whole if name in set(wanted)]
    assert all(same(value, whole[name]) for name, value in found.items())


def test_each_image_and_each_class_alone_has_the_values_of_the_full_extraction(scan, whole):
    parts = {}
    for name in whole:
        image, kind, _ = name.split("_")
        parts.setdefault(kind, []).append(name)
        if kind != "shape":
            parts.setdefault(image, []).append(name)
    assert len(parts) == (1 + 7 + 8 + 2 + 5) + 6 + 1
    for at, names in enumerate(parts.values()):
        wanted = names[at % 3 :: 3]
        found = extract(*scan, extractor(EVERYTHING, selected=wanted))
        assert list(found) == wanted
        assert all(same(found[name], whole[name]) for name in wanted)


@pytest.mark.parametrize(
    "setting",
    [
        {"normalize": True, "normalizeScale": 100, "binWidth": 5},
        {"binCount": 16},
        {"resegmentRange": [30, 60], "resegmentShape": True},
        {"force2D": True},
        {"sigma": [3.0]},  # a width that imageType.LoG has precedence over
    ],
    ids=str,
)
def test_other_settings(setting):
    params = merge_settings(STUDY, {"setting": setting})
    prepared = resample(*make(**SCAN), 1.2, params)
    full = extract(*prepared, extractor(params))
    wanted = sorted(full)[::97]
    found = extract(*prepared, extractor(params, selected=wanted))
    assert sorted(found) == wanted
    assert all(same(found[name], full[name]) for name in wanted)


def test_widths_that_stand_among_the_general_settings():
    params = {"setting": {"sigma": [1.0, 2.0]}, "imageType": {"LoG": None}}
    prepared = resample(*make(**SCAN), 1.2, params)
    wanted = ["log-sigma-2-0-mm-3D_firstorder_Mean"]
    full = extract(*prepared, extractor(params, shape=False))
    assert extract(*prepared, extractor(params, selected=wanted)) == {wanted[0]: full[wanted[0]]}


@pytest.mark.parametrize("fast", [False, True])
def test_nothing_else_is_computed(scan, monkeypatch, fast):
    made, widths, asked = [], [], []
    classes = {**radiomics.getFeatureClasses(), **(feature_classes() if fast else {})}
    for kind, one in classes.items():
        # What costs is a class's matrix or mesh, made once by each of these calls.
        where = "_initSegmentBasedCalculation" if kind == "shape" else "_initCalculation"
        original = getattr(one, where)

        def watch(self, *given, kind=kind, original=original, **named):
            made.append(kind)
            return original(self, *given, **named)

        monkeypatch.setattr(one, where, watch)
    for kind in ("Wavelet", "LoG", "Square", "Gradient", "Original"):
        place, name = imageoperations, f"get{kind}Image"
        if fast and kind == "Wavelet":
            place, name = fast_radiomics, "wavelet_images"
        original = getattr(place, name)

        def filtered(*given, kind=kind, original=original, **named):
            asked.append(kind)
            widths.extend(named["sigma"] if kind == "LoG" else [])
            return original(*given, **named)

        monkeypatch.setattr(place, name, filtered)
    mcc = []
    monkeypatch.setattr(classes["glcm"], "getMCCFeatureValue", lambda self: mcc.append(1))
    wanted = [
        "original_glcm_Idm", "original_glcm_Imc1", "log-sigma-2-mm-3D_glszm_ZoneEntropy",
        "wavelet2-HHL_glcm_Id",
    ]  # fmt: skip
    extract(*scan, extractor(EVERYTHING, selected=wanted, fast=fast))
    assert sorted(made) == ["glcm", "glcm", "glszm"]
    assert sorted(asked) == ["LoG", "Original", "Wavelet"]
    assert widths == [2] and not mcc


def test_shape_alone_takes_no_filter_and_no_matrix(scan, whole, monkeypatch):
    def never(*given, **named):
        raise AssertionError("computed")

    monkeypatch.setattr(imageoperations, "getWaveletImage", never)
    monkeypatch.setattr(fast_radiomics, "wavelet_images", never)
    monkeypatch.setattr(radiomics.firstorder.RadiomicsFirstOrder, "__init__", never)
    monkeypatch.setattr(feature_classes()["firstorder"], "__init__", never)
    name = "original_shape_MeshVolume"
    assert extract(*scan, extractor(EVERYTHING, selected=[name])) == {name: whole[name]}


def test_nothing_asked_for_is_nothing_computed(monkeypatch):
    chosen = extractor(STUDY, selected=[])
    assert chosen.expected == []
    empty = sitk.Image(4, 4, 4, sitk.sitkUInt8)  # which pyradiomics would refuse
    assert extract(empty, empty, chosen) == {}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("original_firstorder_Nope", {}),
        ("wavelet-HHH_firstorder_Mean", {"subbands": ["HHL"]}),
        ("original_shape_Sphericity", {"shape": False}),
        ("early_original_firstorder_Mean", {}),
        ("log-sigma-9-0-mm-3D_firstorder_Mean", {}),
    ],
)
def test_a_feature_that_the_settings_do_not_give_is_an_error(name, given):
    with pytest.raises(SettingsError, match=f"do not give: {name}; allowed"):
        extractor(STUDY, **given, selected=["original_firstorder_Mean", name])


def test_what_is_selected_does_not_change_the_digest_of_the_settings():
    """It is what the locked model's digest of a phase is compared with."""
    before = settings_digest(phase_settings(STUDY))
    extractor(STUDY, selected=["original_glcm_Idm"])
    assert settings_digest(phase_settings(STUDY)) == before


def test_the_extractor_serves_image_after_image(scan, whole):
    wanted = ["original_shape_Sphericity", "original_glcm_Idm", "wavelet-LLH_firstorder_Mean"]
    chosen = extractor(EVERYTHING, selected=wanted)
    first, second = extract(*scan, chosen), extract(*scan, chosen)
    assert first == second == {name: whole[name] for name in wanted}
