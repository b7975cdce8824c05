"""Real scans, stored, read again and extracted: the features equal pyradiomics' one call.

The one call is RadiomicsFeatureExtractor(settings).execute(image file, mask file); the difference
allowed is none.
"""

import math
from copy import deepcopy
from pathlib import Path

import pytest
import SimpleITK as sitk
import yaml
from radiomics.featureextractor import RadiomicsFeatureExtractor

from nomoflow.extraction import extract, extractor
from nomoflow.image_quality import stored_name
from nomoflow.image_resampling import resample
from nomoflow.images import read_scan
from nomoflow.settings import merge_settings

# Of pyradiomics' one call, which the results are compared with.
pytestmark = [
    pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning:radiomics"),
]

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDY = yaml.safe_load((CONFIG / "pyradiomics.yaml").read_text(encoding="utf-8"))
PET = {"setting": {"binWidth": 0.5}}
MR = {"setting": {"normalize": True, "normalizeScale": 100, "removeOutliers": 3, "binWidth": 5}}
SUVS = {"setting": {"binWidth": 0.5, "resegmentRange": [2.5]}}
COUNT = {"setting": {"normalize": True, "binCount": 32}}


def assert_same_features(tmp_path, image, mask, spacing, override, label=1):
    settings = merge_settings(STUDY, override)
    scan = {"patient": "P", "phase": "X", "reading": "a1", "image": str(image), "mask": str(mask)}
    scan["label"] = str(label)
    stored = []
    for part, one in zip(
        ("image", "mask"), resample(*read_scan(scan), spacing, settings), strict=True
    ):
        path = str(tmp_path / stored_name(scan, part))
        sitk.WriteImage(one, path, useCompression=True)
        stored.append(sitk.ReadImage(path))
    found = extract(*stored, extractor(settings))
    whole = deepcopy(settings)
    whole["setting"] |= {"resampledPixelSpacing": [spacing] * 3, "additionalInfo": False}
    whole["featureClass"] = {"shape": None, **whole["featureClass"]}
    expected = RadiomicsFeatureExtractor(whole).execute(str(image), str(mask), label=label)
    assert list(found) == list(expected) and len(found) == 1158
    different = {
        name: (value, float(expected[name]))
        for name, value in found.items()
        if value != float(expected[name])
        and not (math.isnan(value) and not math.isfinite(float(expected[name])))
    }
    assert different == {}


# A small tumour, so that a fine grid stays quick; a large one on a coarse grid.
@pytest.mark.parametrize(
    ("patient", "phase", "spacing", "override"),
    [
        ("STS_019", "CT", 1.0, {}),
        ("STS_019", "PET", 1.5, PET),
        ("STS_019", "PET", 2.0, SUVS),
        ("STS_019", "MR_T1", 1.5, MR),
        ("STS_019", "MR_T1", 2.0, COUNT),
        ("STS_006", "CT", 5.0, {}),
        ("STS_006", "PET", 5.0, PET),
        ("STS_006", "MR_T1", 5.0, MR),
    ],
)
def test_sarcoma(study_data, tmp_path, patient, phase, spacing, override):
    folder = study_data / "sts12" / patient
    files = [folder / f"{phase}_{part}.nii.gz" for part in ("image", "mask")]
    assert_same_features(tmp_path, *files, spacing, override)


@pytest.mark.parametrize("case", ["brain1", "brain2", "breast1"])
@pytest.mark.parametrize("override", [{}, MR], ids=["as it is", "normalised"])
def test_pyradiomics_cases(study_data, tmp_path, case, override):
    folder = study_data / "pyradiomics_cases"
    files = [folder / f"{case}_{part}.nrrd" for part in ("image", "label")]
    assert_same_features(tmp_path, *files, 2.0, override)


def test_label_and_axis_order(study_data, tmp_path):
    """A kidney tumour, label 2 beside the kidney, stored slice by row by column; the grey values
    are made of the mask itself, since the CT is not among the data."""
    mask = study_data / "kits_masks/case_00004_segmentation.nii.gz"
    labels = sitk.Cast(sitk.ReadImage(str(mask)), sitk.sitkFloat32)
    grey = sitk.Cast(sitk.SmoothingRecursiveGaussian(labels, 3.0) * 100, sitk.sitkInt16)
    sitk.WriteImage(grey, str(tmp_path / "grey.nii.gz"))
    assert_same_features(tmp_path, tmp_path / "grey.nii.gz", mask, 3.0, {}, label=2)


def test_abdomen_at_the_spacing_of_the_study(study_data, tmp_path):
    folder = study_data / "abdomen_ct_small"
    files = folder / "example_ct_sm.nii.gz", folder / "kidney_left.nii.gz"
    assert_same_features(tmp_path, *files, 1.5, {})
