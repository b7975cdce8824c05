"""The quick way on real CT, PET and MR: each value that of pyradiomics as it is, to the last bit.

All feature classes and all types of images; the settings vary the bins and the normalisation. The
mesh of the shape features also on regions as large as a kidney, which pyradiomics takes long for.
"""

import math
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from radiomics import cShape

from nomoflow import fast_shape
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


@pytest.mark.parametrize(
    ("file", "label"),
    [
        *((f"kits_masks/case_000{one}_segmentation.nii.gz", 2) for one in ("04", "15", "21", "38")),
        ("kits_masks/case_00004_segmentation.nii.gz", 1),  # two kidneys
        ("sts12/STS_006/CT_mask.nii.gz", 1),
        ("sts12/STS_010/CT_mask.nii.gz", 1),
        ("pyradiomics_cases/prostate_phantom_subvolume-label.nrrd", 8),
    ],
)
def test_meshes_at_the_spacing_of_the_scan(study_data, file, label):
    image = sitk.ReadImage(str(study_data / file))
    inside = sitk.GetArrayFromImage(image) == label
    box = tuple(slice(one.min(), one.max() + 1) for one in np.nonzero(inside))
    mask, spacing = np.pad(inside[box], 1), np.array(image.GetSpacing()[::-1])
    expected = cShape.calculate_coefficients(mask, spacing)
    assert fast_shape.calculate_coefficients(mask, spacing) == expected
