"""Selected features on public images: the values of the full extraction, bit for bit."""

import math
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from nomoflow.extraction import extract, extractor, feature_names
from nomoflow.image_resampling import resample
from nomoflow.settings import merge_settings

CONFIG = Path(__file__).resolve().parents[2] / "config/pyradiomics.yaml"
STUDY = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
# Spacing and intensities as such images need them: CT in HU, PET in SUV, MR without a unit.
SCANS = {
    "CT": ("sts12/STS_010/CT", 4.0, {}),
    "PET": ("sts12/STS_010/PET", 4.0, {"binWidth": 0.5}),
    "MR": ("sts12/STS_010/MR_T1", 4.0, {"normalize": True, "binWidth": 0.2}),
    "brain": ("pyradiomics_cases/brain2", 1.5, {}),
    "breast": ("pyradiomics_cases/breast1", 1.0, {"binCount": 32}),
}


def read(stem: Path) -> tuple[sitk.Image, sitk.Image]:
    """An image and its mask of ones, by the names that the two collections have."""
    for image, mask in (("_image.nii.gz", "_mask.nii.gz"), ("_image.nrrd", "_label.nrrd")):
        if Path(f"{stem}{image}").exists():
            both = [sitk.ReadImage(f"{stem}{part}") for part in (image, mask)]
            return both[0], sitk.Cast(both[1] > 0, sitk.sitkUInt8)
    raise FileNotFoundError(stem)


@pytest.mark.parametrize("name", SCANS)
def test_any_features_of_public_images_alone_equal_the_full_extraction(study_data, name):
    stem, spacing, setting = SCANS[name]
    params = merge_settings(STUDY, {"setting": setting})
    prepared = resample(*read(study_data / stem), spacing, params)
    whole = extract(*prepared, extractor(params))
    names, random = feature_names(params), np.random.default_rng(1)
    classes = {}
    for feature in names:
        classes.setdefault(feature.rpartition("_")[0], []).append(feature)
    # of each class of each image one, then few by chance
    draws = [[str(random.choice(found)) for found in classes.values()]]
    draws += [random.choice(names, 8, replace=False).tolist() for _ in range(5)]
    for wanted in draws:
        found = extract(*prepared, extractor(params, selected=wanted))
        assert set(found) == set(wanted)
        for feature, value in found.items():
            same = value == whole[feature] or (math.isnan(value) and math.isnan(whole[feature]))
            assert same, feature
