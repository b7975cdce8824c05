"""Features: the same as pyradiomics' one call, each expected by name, settings checked."""

import logging
import math
from copy import deepcopy
from pathlib import Path

import pytest
import radiomics
import SimpleITK as sitk
import yaml
from radiomics.featureextractor import RadiomicsFeatureExtractor
from synthetic_scans import OBLIQUE, make

from nomoflow import extraction
from nomoflow.extraction import (
    SETTINGS,
    SettingsError,
    check_settings,
    effective_settings,
    expected_count,
    extract,
    extractor,
    feature_names,
    image_names,
    phase_settings,
    settings_digest,
)
from nomoflow.fast_radiomics import feature_classes
from nomoflow.image_resampling import resample
from nomoflow.settings import merge_settings

# pyradiomics' one call, which these tests compare with, warns of its own pykwalify and divides by
# zero where a feature is not defined; the code under test does neither.
pytestmark = [
    pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning:radiomics"),
]

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDY = yaml.safe_load((CONFIG / "pyradiomics.yaml").read_text(encoding="utf-8"))
QUICK = yaml.safe_load((CONFIG / "ci/pyradiomics.yaml").read_text(encoding="utf-8"))
SMALL = {"size": (34, 32, 12), "spacing": (0.9, 0.9, 2.4), "radius_mm": 6.5}


def one_call(image, mask, params, spacing, shape=True, label=1):
    """All features by pyradiomics itself, from the original image and mask."""
    params = deepcopy(params)
    params["setting"] |= {"resampledPixelSpacing": [spacing] * 3, "additionalInfo": False}
    params["setting"]["label"] = label
    if shape:
        params["featureClass"] = {"shape": None, **params["featureClass"]}
    return RadiomicsFeatureExtractor(params).execute(image, mask)


def assert_equal(found, expected):
    assert list(found) == list(expected)
    for name, value in found.items():
        other = float(expected[name])
        assert value == other or (math.isnan(value) and not math.isfinite(other)), name


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"normalize": True, "normalizeScale": 100, "removeOutliers": 3, "binWidth": 5},
        {"binCount": 16},
        {"resegmentRange": [-2, 2], "resegmentMode": "sigma", "resegmentShape": True},
        {"resegmentRange": [30, 60]},
        {"preCrop": True},
        {"force2D": True},
        {"interpolator": "sitkLinear", "padDistance": 8},
        {"minimumROISize": 5, "voxelArrayShift": 300, "gldm_a": 1, "distances": [1, 2]},
    ],
    ids=str,
)
def test_features_equal_the_one_call_exactly(setting):
    image, mask = make(**SMALL, direction=OBLIQUE, label=2)
    params = merge_settings(STUDY, {"setting": setting})
    prepared = resample(image, mask == 2, 1.2, params)
    found = extract(*prepared, extractor(params))
    expected = one_call(image, mask, params, 1.2, label=2)
    assert set(found) == set(expected)
    assert_equal(found, {name: expected[name] for name in found})


def test_order_is_that_of_pyradiomics():
    image, mask = make(**SMALL)
    found = extract(*resample(image, mask, 1.2, STUDY), extractor(STUDY))
    assert list(found) == list(one_call(image, mask, STUDY, 1.2))


def test_other_filters_and_wavelet_levels():
    params = merge_settings(
        STUDY,
        {"imageType": {"Wavelet": {"level": 2, "wavelet": "db2"}, "Square": None, "Gradient": {},
                       "SquareRoot": {}, "Logarithm": {}, "Exponential": {}}},
    )  # fmt: skip
    image, mask = make(**SMALL)
    found = extract(*resample(image, mask, 1.2, params), extractor(params))
    params["imageType"]["Square"] = {}
    expected = one_call(image, mask, params, 1.2)
    assert set(found) == set(expected)
    assert expected_count(params) == 14 + 88 * (1 + 7 + 8 + 4 + 5)


def test_counts_of_the_study():
    """The paper's 1,144 intensity and texture features, and pyradiomics' 14 of shape."""
    assert expected_count(STUDY, shape=False) == 13 * 88 == 1144
    assert expected_count(STUDY, shape=True) == 1158
    assert len(set(feature_names(STUDY))) == 1158
    assert expected_count(QUICK, shape=True, subbands=["HHL"]) == 14 + 3 * 88
    classes = {"firstorder": 18, "glcm": 24, "glrlm": 16, "glszm": 16, "gldm": 14}
    for name, count in classes.items():
        assert expected_count({**STUDY, "featureClass": {name: None}}, shape=False) == 13 * count


def test_names_of_the_tables():
    names = feature_names(STUDY)
    for name in (
        "original_shape_Sphericity", "wavelet-LLH_glcm_Idm", "log-sigma-1-0-mm-3D_firstorder_Mean",
    ):  # fmt: skip
        assert name in names


@pytest.mark.parametrize(
    ("fast", "place", "where"),
    [
        (False, RadiomicsFeatureExtractor, "computeFeatures"),
        (True, extraction, "features_of"),
    ],
)
def test_subbands_give_the_same_values_and_compute_no_others(monkeypatch, fast, place, where):
    prepared = resample(*make(**SMALL), 1.2, QUICK)
    whole = extract(*prepared, extractor(QUICK))
    chosen = extractor(QUICK, shape=False, subbands=["HHL", "LLL"], fast=fast)
    computed = []
    original = getattr(place, where)

    def watch(*given, **kwargs):
        computed.extend(one for one in given if isinstance(one, str))
        return original(*given, **kwargs)

    monkeypatch.setattr(place, where, watch)
    found = extract(*prepared, chosen)
    wanted = ["original", "wavelet-HHL", "wavelet-LLL", "log-sigma-2-0-mm-3D"]
    assert computed == wanted == image_names(QUICK, ["HHL", "LLL"])
    assert len(found) == 4 * 88
    assert all(whole[name] == value or math.isnan(value) for name, value in found.items())


def test_all_eight_subbands_mean_all_there_are():
    eight = ["LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH", "LLL"]
    assert image_names(STUDY, eight) == image_names(STUDY)
    flat = merge_settings(STUDY, {"setting": {"force2D": True}})
    assert len(image_names(flat, eight)) == 1 + 4 + 4


def test_unknown_subband():
    with pytest.raises(SettingsError, match="unknown subbands HH; allowed: HHH"):
        extractor(STUDY, subbands=["HH"])


def test_region_that_fills_the_image():
    """pyradiomics would call this mask empty when it reads it a second time."""
    image, _ = make(size=(8, 8, 8), spacing=(1.0, 1.0, 1.0))
    full = sitk.Image(image.GetSize(), sitk.sitkUInt8) + 1
    full.CopyInformation(image)
    params = {"featureClass": {"firstorder": ["Mean"]}}
    found = extract(image, full, extractor(params, shape=False))
    assert found["original_firstorder_Mean"] == pytest.approx(sitk.GetArrayFromImage(image).mean())


def test_undefined_feature_is_nan_and_named_in_the_log(caplog):
    image, mask = make(size=(12, 12, 12), spacing=(1.0, 1.0, 1.0), radius_mm=3)
    flat = image * 0 + 7
    params = {"featureClass": {"firstorder": None, "glcm": None, "glszm": None}}
    with caplog.at_level(logging.WARNING):
        found = extract(flat, mask, extractor(params, shape=False))
    assert found["original_firstorder_Mean"] == 7
    # One grey level: one cell of the co-occurrence matrix.
    assert found["original_glcm_JointEnergy"] == 1
    undefined = [name for name, value in found.items() if math.isnan(value)]
    assert all(math.isfinite(v) for name, v in found.items() if name not in undefined)
    assert all(name in caplog.text for name in undefined)


@pytest.mark.parametrize("fast", [False, True])
def test_failed_feature_is_nan(monkeypatch, caplog, fast):
    def broken(self):
        raise ZeroDivisionError

    classes = feature_classes() if fast else radiomics.getFeatureClasses()
    monkeypatch.setattr(classes["firstorder"], "getMeanFeatureValue", broken)
    image, mask = make(**SMALL)
    chosen = extractor({"featureClass": {"firstorder": None}}, shape=False, fast=fast)
    assert math.isnan(extract(image, mask, chosen)["original_firstorder_Mean"])
    assert "original_firstorder_Mean" in caplog.text


def test_filter_wider_than_the_image_is_an_error():
    params = merge_settings(STUDY, {"imageType": {"LoG": {"sigma": [1.0, 90.0]}}})
    prepared = resample(*make(**SMALL), 1.2, params)
    with pytest.raises(ValueError, match=r"instead of 982.*log-sigma-90-0-mm-3D_firstorder"):
        extract(*prepared, extractor(params))


def test_one_voxel_is_refused_by_pyradiomics():
    image, mask = make(size=(9, 9, 9), spacing=(1.0, 1.0, 1.0), radius_mm=0.5)
    with pytest.raises(ValueError, match="only contains 1 segmented voxel"):
        extract(image, mask, extractor({"featureClass": {"firstorder": None}}))


def test_merge_replaces_lists_and_leaves_the_base_alone():
    base = deepcopy(STUDY)
    override = {"setting": {"normalize": True}, "imageType": {"LoG": {"sigma": [2.0]}}}
    merged = merge_settings(base, override)
    assert base == STUDY
    assert merged["imageType"]["LoG"]["sigma"] == [2.0]
    assert merged["setting"] == {**STUDY["setting"], "normalize": True}
    assert merge_settings(base, None) == base


def test_merge_lets_the_overriding_kind_of_bins_win():
    counted = merge_settings(STUDY, {"setting": {"binCount": 32}})
    assert "binWidth" not in counted["setting"]
    assert "binCount" not in merge_settings(counted, {"setting": {"binWidth": 5}})["setting"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"setting": {"binwidth": 5}}, "unknown setting binwidth; allowed: .*binWidth"),
        ({"settings": {}}, "unknown section settings; allowed: featureClass, imageType, setting"),
        ({"imageType": {"Wavelets": {}}}, "unknown imageType Wavelets; allowed: .*Wavelet"),
        ({"imageType": {"LoG": {"sigmas": []}}}, "unknown imageType.LoG sigmas"),
        ({"imageType": {"LoG": {"sigma": []}}}, "LoG needs sigma"),
        ({"featureClass": {"glcms": None}}, "unknown featureClass glcms; allowed: .*glcm"),
        ({"setting": {"resampledPixelSpacing": [1, 1, 1]}}, "set images.spacing_mm"),
        ({"setting": {"label": 2}}, "column label of the scans table"),
        ({"setting": {"correctMask": True}}, "correctMask has no effect"),
    ],
)
def test_settings_without_effect_are_errors(override, said):
    with pytest.raises(SettingsError, match=said):
        check_settings(merge_settings(STUDY, override))


def test_wrong_value_is_an_error_of_pyradiomics():
    with pytest.raises(SettingsError, match="binWidth"):
        extractor(merge_settings(STUDY, {"setting": {"binWidth": "wide"}}))


def test_known_settings_are_those_of_the_installed_pyradiomics():
    schema_file = Path(radiomics.getParameterValidationFiles()[0])
    schema = yaml.safe_load(schema_file.read_text(encoding="utf-8"))
    assert sorted(SETTINGS) == sorted(schema["mapping"]["setting"]["mapping"])


@pytest.mark.parametrize("name", ["pyradiomics.yaml", "ci/pyradiomics.yaml"])
def test_shipped_files_are_parameter_files_of_pyradiomics(name):
    extractor_of_its_own = RadiomicsFeatureExtractor(str(CONFIG / name))
    own = extractor(yaml.safe_load((CONFIG / name).read_text(encoding="utf-8")), shape=False)
    assert extractor_of_its_own.enabledImagetypes == own.enabledImagetypes
    assert extractor_of_its_own.enabledFeatures == own.enabledFeatures


def test_effective_settings_hold_the_defaults():
    found = effective_settings(STUDY)
    assert found["features"] == 1158
    assert found["setting"]["padDistance"] == 5
    assert found["setting"]["symmetricalGLCM"] is True
    assert found["imageType"]["Wavelet"]["wavelet"] == "coif1"
    counted = effective_settings(merge_settings(STUDY, {"setting": {"binCount": 8}}))["setting"]
    assert counted["binCount"] == 8 and "binWidth" not in counted


def test_digest_changes_with_any_setting():
    first = settings_digest(phase_settings(STUDY))
    assert first == settings_digest(phase_settings(deepcopy(STUDY)))
    changed = merge_settings(STUDY, {"setting": {"binWidth": 24}})
    others = [phase_settings(changed), phase_settings(STUDY, shape=False)]
    assert first not in map(settings_digest, others)


def test_nothing_is_printed(capfd):
    params = merge_settings(QUICK, {"setting": {"binCount": 8}})
    extract(*resample(*make(**SMALL), 1.2, params), extractor(params))
    assert capfd.readouterr() == ("", "")
