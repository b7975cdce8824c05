"""pyradiomics' own baseline values, through this workflow's resampling and extraction.

Data: data/baseline of AIM-Harvard/pyradiomics (see SOURCE.md beside them), written by its authors
with earlier versions of pyradiomics, SimpleITK and numpy; their own test allows 3 %.
"""

import ast
import csv

import pytest
import SimpleITK as sitk

from nomoflow.extraction import ELSEWHERE, extract, extractor
from nomoflow.image_resampling import resample
from nomoflow.images import read_scan

CASES = ("brain1", "brain2", "breast1")
# Of the surface mesh, which 3.0.1 draws otherwise than the version that wrote the baseline did.
MESH = {
    f"original_shape_{name}"
    for name in ("MeshVolume", "SurfaceArea", "SurfaceVolumeRatio", "Sphericity")
}
CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")


def baselines(folder, name):
    """{test: (case, settings, {feature: value})} of a feature class, for the images at hand."""
    with open(folder / f"baseline/baseline_{name}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    tests = [column for column in rows[0] if column != "featureName"]
    by_name = {row["featureName"]: row for row in rows}
    for test in tests:
        case = by_name["diagnostics_Configuration_TestCase"][test]
        if case in CASES:
            setting = ast.literal_eval(by_name["diagnostics_Configuration_Settings"][test])
            features = {
                feature: float(row[test])
                for feature, row in by_name.items()
                if feature.startswith("original_") and row[test] not in ("", "None")
            }
            yield test, case, setting, features


@pytest.mark.parametrize("name", CLASSES)
def test_baseline(study_data, name):
    folder = study_data / "pyradiomics_cases"
    compared = 0
    for test, case, setting, expected in baselines(folder, name):
        spacing = setting["resampledPixelSpacing"]
        own = {key: value for key, value in setting.items() if key not in ELSEWHERE}
        own = {key: value for key, value in own.items() if value is not None}
        settings = {"setting": own, "featureClass": {} if name == "shape" else {name: None}}
        scan = {
            "patient": case, "phase": "MR", "reading": "a1",
            "image": str(folder / f"{case}_image.nrrd"),
            "mask": str(folder / f"{case}_label.nrrd"),
        }  # fmt: skip
        if name == "shape":
            settings["featureClass"] = {"firstorder": ["Mean"]}
        found = extract(
            *resample(*read_scan(scan), spacing, settings), extractor(settings, name == "shape")
        )
        for feature, value in expected.items():
            near = pytest.approx(value, rel=1e-3 if feature in MESH else 1e-9, abs=1e-12)
            assert found[feature] == near, (test, feature)
            compared += 1
    assert compared >= 42


def test_cases_are_read_with_their_labels(study_data):
    folder = study_data / "pyradiomics_cases"
    mask = sitk.ReadImage(str(folder / "brain1_label.nrrd"))
    assert sitk.GetArrayFromImage(mask).max() == 1
