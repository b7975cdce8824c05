"""The quick way on real CT, PET and MR: each value that of pyradiomics as it is, to the last bit.

All feature classes and all types of images; the settings vary the bins and the normalisation.
"""

import math
from pathlib import Path

import pytest
import yaml

from nomoflow.extraction import extract, extractor
from nomoflow.image_resampling import resample
from nomoflow.images import read_scan
from nomoflow.settings import merge_settings

CONFIG = Path(__file__).resolve().parents[2] / "config/pyradiomics.yaml"
STUDY = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
EVERYTHING = {
    "setting": STUDY["setting"],
    "imageType": {
        **STUDY["imageType"],
        **{kind: {} for kind in ("Square", "SquareRoot", "Logarithm", "Exponential", "Gradient")},
    },
    "featureClass": dict.fromkeys(("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")),
}
COUNT = 14 + 18 * (88 + 5)
MR = {"normalize": True, "normalizeScale": 100}


def assert_equal(image, mask, spacing, setting):
    settings = merge_settings(EVERYTHING, {"setting": setting})
    scan = {"patient": "P", "phase": "X", "reading": "a1", "image": str(image), "mask": str(mask)}
    prepared = resample(*read_scan({**scan, "label": "1"}), spacing, settings)
    quick, slow = (extract(*prepared, extractor(settings, fast=fast)) for fast in (True, False))
    assert list(quick) == list(slow) and len(quick) == COUNT
    different = {
        name: (value, slow[name])
        for name, value in quick.items()
        if value != slow[name] and not (math.isnan(value) and math.isnan(slow[name]))
    }
    assert different == {}


@pytest.mark.parametrize(
    ("phase", "spacing", "setting"),
    [
        ("CT", 3.0, {}),
        ("CT", 2.0, {"binWidth": 5, "resegmentRange": [-50, 150]}),
        ("CT", 2.0, {"binWidth": 100}),
        ("CT", 3.0, {"binCount": 32}),
        ("PET", 2.0, {"binWidth": 0.5}),
        ("PET", 3.0, {"binCount": 16}),
        ("MR_T1", 3.0, {**MR, "binWidth": 5}),
        ("MR_T1", 2.0, {**MR, "removeOutliers": 3, "binWidth": 25}),
    ],
)
def test_sarcoma(study_data, phase, spacing, setting):
    folder = study_data / "sts12/STS_019"
    files = [folder / f"{phase}_{part}.nii.gz" for part in ("image", "mask")]
    assert_equal(*files, spacing, setting)


@pytest.mark.parametrize(
    ("case", "setting"),
    [
        ("brain1", {"binWidth": 25}),
        ("brain2", {**MR, "binCount": 16}),
        ("breast1", {"binWidth": 5}),
        ("breast1", {**MR, "binWidth": 100}),
    ],
)
def test_pyradiomics_own_cases(study_data, case, setting):
    folder = study_data / "pyradiomics_cases"
    files = [folder / f"{case}_{part}.nrrd" for part in ("image", "label")]
    assert_equal(*files, 2.4, setting)
