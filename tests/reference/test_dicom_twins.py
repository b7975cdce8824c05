"""Public scans that come in two formats: both give the same image, mask and features.

Soft-tissue sarcoma STS_019 (IBSI data sets): DICOM series with an RTSTRUCT, and NIfTI files made
of them by its authors. QIICR's liver: DICOM SEG and NRRD. Then masks with traps of their own.
"""

import gzip

import numpy as np
import pytest
import SimpleITK as sitk

from nomoflow.acquisition import describe_acquisition
from nomoflow.extraction import extract, extractor
from nomoflow.image_resampling import resample
from nomoflow.images import check_scan, load_scan, read_image

PATIENT = "STS_019"
CLASSES = {"shape": None, "firstorder": None, "glcm": None}
# Rounded to single precision in the NIfTI file: 6e-8 of a value at the most.
ROUNDING = 2.0**-24


def scan_of(image, mask, label="1", phase="CT") -> dict:
    place = {"patient": "P1", "phase": phase, "reading": "a1", "label": label}
    return place | {"image": str(image), "mask": str(mask)}


def both(study_data, phase) -> tuple[dict, dict]:
    dicom = study_data / "sts_dicom" / PATIENT / phase
    nifti = study_data / "sts12" / PATIENT
    return (
        scan_of(dicom / "image", dicom / "mask", f"GTV_Mass_{phase}", phase),
        scan_of(nifti / f"{phase}_image.nii.gz", nifti / f"{phase}_mask.nii.gz", "1", phase),
    )


def array(image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def problems(scan):
    """What would end a run; a tumour in pieces, or with holes, is a warning."""
    return [row for row in check_scan(scan) if row["severity"] == "problem"]


@pytest.mark.parametrize(("phase", "voxels"), [("CT", 5564), ("PET", 239), ("MR_T1", 3856)])
def test_structure_and_nifti_mask_are_voxel_for_voxel_the_same(study_data, phase, voxels):
    """Dice 1. The voxels are counted in the NIfTI file's own bytes."""
    dicom, nifti = both(study_data, phase)
    assert problems(dicom) == problems(nifti) == []
    _, drawn, _ = load_scan(dicom)
    with gzip.open(nifti["mask"]) as file:
        stored = np.frombuffer(file.read()[352:], dtype=array(sitk.ReadImage(nifti["mask"])).dtype)
    assert np.count_nonzero(stored) == voxels
    assert np.array_equal(array(drawn).ravel(), stored)


@pytest.mark.parametrize("phase", ["CT", "PET", "MR_T1"])
def test_series_and_nifti_image_are_the_same(study_data, phase):
    """PET is SUV in both: the series' own slopes, one a slice, already give it."""
    dicom, nifti = (read_image(scan["image"]) for scan in both(study_data, phase))
    values, stored = array(dicom), array(nifti)
    assert np.abs(values - stored).max() <= ROUNDING * np.abs(values).max()
    for name in ("Origin", "Spacing", "Direction"):
        pair = [getattr(one, f"Get{name}")() for one in (dicom, nifti)]
        assert np.allclose(*pair, rtol=2 * ROUNDING, atol=1e-9)


@pytest.mark.parametrize("phase", ["CT", "PET", "MR_T1"])
def test_nifti_mask_fits_the_dicom_image(study_data, phase):
    """Their headers differ by rounding alone: a shift below a ten-thousandth of a millimetre."""
    dicom, nifti = both(study_data, phase)
    mixed = dicom | {"mask": nifti["mask"], "label": "1"}
    assert problems(mixed) == []
    assert load_scan(mixed)[2] < 1e-4


@pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")
@pytest.mark.parametrize(("phase", "width"), [("CT", 25), ("PET", 0.25), ("MR_T1", 5)])
@pytest.mark.parametrize("spacing", [None, 2])
def test_features_are_the_same(study_data, phase, width, spacing):
    """Shape, first-order and grey-level co-occurrence features, as stored and at 2 mm.

    Both images as doubles: pyradiomics cuts interpolated values of whole-number images off, and
    the series holds whole numbers where the NIfTI file holds the same ones as floats (at 2 mm the
    mean of the CT then differs by 3 %).
    """
    settings = {"setting": {"binWidth": width}, "featureClass": CLASSES}
    found = []
    for scan in both(study_data, phase):
        image, mask, _ = load_scan(scan)
        image = sitk.Cast(image, sitk.sitkFloat64)
        found.append(extract(*resample(image, mask, spacing, settings), extractor(settings)))
    assert len(found[0]) == 14 + 18 + 24
    values = np.array([[one[name] for name in found[0]] for one in found])
    apart = np.abs(values[0] - values[1]) / np.maximum(np.abs(values[1]), 1e-12)
    assert apart.max() < 1e-5, list(found[0])[apart.argmax()]


def test_what_the_series_tell_of_their_acquisition(study_data):
    """Expected: the headers as dcmdump prints them."""
    row = {phase: describe_acquisition(both(study_data, phase)[0]) for phase in ("CT", "PET")}
    told = ("modality", "units", "slices", "kv", "kernel", "manufacturer", "model")
    assert [row["CT"][key] for key in told] == [
        "CT", "HU", 47, "140", "SOFT", "GE MEDICAL SYSTEMS", "Discovery ST",
    ]  # fmt: skip
    assert [row["PET"][key] for key in told] == [
        "PT", "SUV BW", 47, "", "", "GE MEDICAL SYSTEMS", "Discovery ST",
    ]  # fmt: skip
    # The patient's key stands in the description; the table must not pass it on.
    assert row["CT"]["description"] == "IBSI_1_[removed]_CT_image"


@pytest.mark.parametrize("label", ["1", "Liver"])
def test_segmentation_and_nrrd_mask_are_the_same(study_data, label):
    folder = study_data / "dicom_seg_ct"
    scan = scan_of(folder, folder / "liver.dcm", label)
    assert problems(scan) == []
    image, mask, shift = load_scan(scan)
    twin = sitk.ReadImage(str(folder / "liver_seg.nrrd"))
    assert np.array_equal(array(mask), array(twin))
    assert array(mask).sum() == 107098
    # Both give positions to a hundredth and a millionth of a millimetre.
    assert np.allclose(image.GetOrigin(), twin.GetOrigin(), atol=1e-5)
    assert shift < 1e-5
    _, nrrd, _ = load_scan(scan | {"mask": str(folder / "liver_seg.nrrd"), "label": "1"})
    assert np.array_equal(array(nrrd), array(mask))


def test_values_of_the_liver_are_hounsfield_units(study_data):
    """Intercept -1024 applied: a liver in the portal phase lies near 100 HU, air at -1000."""
    folder = study_data / "dicom_seg_ct"
    image, mask, _ = load_scan(scan_of(folder, folder / "liver.dcm"))
    inside = array(image)[array(mask) == 1]
    assert 40 < np.median(inside) < 160
    assert array(image)[:, 256, :20].max() < -900


@pytest.mark.parametrize("case", ["00021", "00038"])
def test_kidneys_with_slices_as_first_axis(study_data, tmp_path, case):
    """Stored as (slice, row, column): read as its header says, both labels, nothing transposed."""
    path = study_data / "kits_masks" / f"case_{case}_segmentation.nii.gz"
    mask = sitk.ReadImage(str(path))
    with gzip.open(path) as file:
        stored = np.frombuffer(file.read()[352:], dtype=array(mask).dtype)
    assert mask.GetSpacing()[0] == 5 and mask.GetSize()[1:] == (512, 512)
    image = sitk.Image(mask.GetSize(), sitk.sitkUInt8)
    image.CopyInformation(mask)
    sitk.WriteImage(image, str(tmp_path / "image.nrrd"), useCompression=True)
    for label in (1, 2):
        scan = scan_of(tmp_path / "image.nrrd", path, str(label))
        assert problems(scan) == []
        _, region, _ = load_scan(scan)
        assert array(region).sum() == np.count_nonzero(stored == label)
    (row,) = check_scan(scan | {"label": "3"})
    assert row["found"].startswith("labels 1 (") and ", 2 (" in row["found"]
    turned = sitk.PermuteAxes(image, [2, 1, 0])
    sitk.WriteImage(turned, str(tmp_path / "turned.nrrd"), useCompression=True)
    (row,) = check_scan(scan | {"image": str(tmp_path / "turned.nrrd")})
    assert row["problem"] == "image and mask have different sizes"


# Voxels as the data set's description gives them.
@pytest.mark.parametrize(("organ", "voxels"), [("kidney_left", 3676), ("kidney_right", 3996)])
def test_abdomen_passes(study_data, organ, voxels):
    folder = study_data / "abdomen_ct_small"
    scan = scan_of(folder / "example_ct_sm.nii.gz", folder / f"{organ}.nii.gz")
    assert problems(scan) == []
    assert array(load_scan(scan)[1]).sum() == voxels


def test_readers_of_lung_nodules_are_on_one_grid(study_data):
    """Four masks of a nodule: sizes agree, so each can be read on another one's grid."""
    folder = study_data / "lidc_four_readers" / "masks"
    first = sorted(folder.glob("*_reader1.nii.gz"))[0]
    for reader in (2, 3, 4):
        other = str(first).replace("reader1", f"reader{reader}")
        assert load_scan(scan_of(first, other))[2] == 0
