"""DICOM series: which is meant, its values and geometry, and each fault by its name."""

import shutil

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from synthetic_dicom import (
    CORNER,
    SERIES,
    SPACING,
    STEP,
    save,
    save_segmentation,
    save_series,
    save_structures,
    slice_corner,
    values,
)

from nomoflow.dicom_series import read_series
from nomoflow.image_problems import ImageProblem
from nomoflow.images import read_image
from nomoflow.series_choice import digest

# Rows along y and z: a coronal series, whose normal is (0, 1, 0) x ... = -y turned.
CORONAL = (1, 0, 0, 0, 0, -1)
OBLIQUE = (0.96, 0.28, 0, -0.28, 0.96, 0)


def fault(path) -> ImageProblem:
    with pytest.raises(ImageProblem) as caught:
        read_image(path)
    problem = caught.value
    assert problem.found and problem.allowed and problem.remedy
    assert "Doe" not in str(problem) and SERIES not in str(problem)
    return problem


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), CORONAL, OBLIQUE])
def test_values_and_geometry_are_those_of_the_headers(tmp_path, orientation):
    image = read_image(save_series(tmp_path / "s", orientation=orientation))
    stored = values()
    assert np.array_equal(sitk.GetArrayFromImage(image), stored - 1024)  # slope 1, intercept -1024
    assert image.GetSpacing() == pytest.approx((SPACING[1], SPACING[0], STEP))
    assert image.GetOrigin() == pytest.approx(CORNER)
    normal = np.cross(orientation[:3], orientation[3:])
    direction = np.column_stack([orientation[:3], orientation[3:], normal])
    assert image.GetDirection() == pytest.approx(direction.ravel())
    last = image.TransformIndexToPhysicalPoint((0, 0, len(stored) - 1))
    assert last == pytest.approx(slice_corner(len(stored) - 1, orientation), abs=1e-5)


def test_slope_and_intercept_of_each_slice(tmp_path):
    """The first slice has a whole slope: the others' decimals must not be cut off."""

    def scale(k):
        return {"RescaleSlope": str(1 + 0.25 * k), "RescaleIntercept": str(-10 * k)}

    image = read_image(save_series(tmp_path, change=scale))
    k = np.arange(6)[:, None, None]
    assert np.array_equal(sitk.GetArrayFromImage(image), values() * (1 + 0.25 * k) - 10.0 * k)


def test_image_keeps_no_entry_of_the_header(tmp_path):
    folder = save_series(tmp_path, stored=values((1, 8, 8)))
    assert read_image(folder).GetMetaDataKeys() == ()
    single = next(folder.glob("*.dcm"))
    assert "0010|0010" in sitk.ReadImage(str(single)).GetMetaDataKeys()
    assert read_image(single).GetMetaDataKeys() == ()


def two_series(folder):
    save_series(folder, SeriesDescription="arterial")
    return save_series(folder / "deeper", values(seed=1), series="1.2.3.5", first=100)


def test_several_series_are_listed(tmp_path):
    two_series(tmp_path)
    problem = fault(tmp_path)
    assert problem.problem == "not exactly one DICOM series in the folder"
    assert problem.found == (
        f"2 series in 12 files: #{digest(SERIES)} CT 'arterial' 6 slices;"
        f" #{digest('1.2.3.5')} CT 'late phase of [removed]' 6 slices"
    )
    assert f"{tmp_path.name}#{digest(SERIES)}" in problem.remedy


@pytest.mark.parametrize("chosen", ["1.2.3.5", digest("1.2.3.5")])
def test_series_is_chosen_by_uid_or_digest(tmp_path, chosen):
    two_series(tmp_path)
    image = read_image(f"{tmp_path}#{chosen}")
    assert np.array_equal(sitk.GetArrayFromImage(image), values(seed=1) - 1024)


def test_absent_series(tmp_path):
    save_series(tmp_path)
    problem = fault(f"{tmp_path}#1.2.3.77")
    assert problem.problem == "the DICOM series is not in the folder"
    assert "6 slices" in problem.found


def test_localiser_and_report_beside_the_series_are_no_choice(tmp_path):
    save_series(tmp_path)
    scout = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    save_series(tmp_path / "scout", values((2, 9, 9)), series="1.2.3.6", **scout)
    save_series(
        tmp_path / "dose", values((1, 9, 9)), series="1.2.3.7", ImagePositionPatient=None,
        change=lambda k: {"ImagePositionPatient": None},
    )  # fmt: skip
    save(tmp_path / "sr.dcm", "1.2.840.10008.5.1.4.1.1.88.67", Modality="SR")
    (tmp_path / "notes.txt").write_text("no DICOM")
    assert read_image(tmp_path).GetSize() == (20, 18, 6)


def mixed(**entries):
    return lambda k: entries if k == 2 else {}


@pytest.mark.parametrize(
    ("change", "problem", "found"),
    [
        (mixed(Modality="PT"), "modalities are mixed", "CT (5 slices), PT (1 slices)"),
        (
            mixed(Columns=10, PixelData=b"\0" * 360),
            "matrix sizes are mixed",
            "20 x 18 (5 slices), 10 x 18 (1 slices)",
        ),
        (
            mixed(PixelSpacing=[0.75, 0.6]),
            "pixel spacings are mixed",
            "0.75, 0.5 (5 slices), 0.75, 0.6 (1 slices)",
        ),
        (mixed(ImageOrientationPatient=list(CORONAL)), "orientations are mixed", "(5 slices)"),
        (mixed(FrameOfReferenceUID="1.9.9"), "frames of reference are mixed", "(1 slices)"),
        (mixed(ImagePositionPatient=None), "without a place", "ImagePositionPatient missing"),
        (
            mixed(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
            "without a place",
            "ImageOrientationPatient missing or",
        ),
        (mixed(PixelSpacing=[0.75]), "without a place", "PixelSpacing missing or"),
        (
            mixed(ImagePositionPatient=slice_corner(3), AcquisitionNumber="7"),
            "several images at one position",
            "2 of 6 slices share a position; they differ in AcquisitionNumber , 7",
        ),
        (mixed(NumberOfFrames="30"), "several frames", "6 slices"),
        # by hand: a slice 0.5 mm, a fifth of the spacing, beside its place
        (
            mixed(ImagePositionPatient=slice_corner(2.2)),
            "unevenly spaced",
            "2 to 3 mm; up to 0.5 mm off an even grid",
        ),
    ],
)
def test_slices_that_are_no_volume(tmp_path, change, problem, found):
    fault_ = fault(save_series(tmp_path, change=change))
    assert problem in fault_.problem
    assert found in fault_.found


def test_copies_of_slices(tmp_path):
    folder = save_series(tmp_path)
    for name in ("900.dcm", "899.dcm"):
        shutil.copy(folder / name, folder / f"copy_{name}")
    problem = fault(folder)
    assert problem.problem == "slices are there twice in the DICOM series"
    assert problem.found == "2 of 8 files are copies of others"


def test_missing_slices(tmp_path):
    folder = save_series(tmp_path, values((8, 9, 9)))
    for k in (2, 5, 6):
        (folder / f"{900 - k}.dcm").unlink()
    assert fault(folder).found == "5 mm after slice 2, 7.5 mm after slice 4, of 5 slices"


def test_tilted_gantry(tmp_path):
    """By hand: 10 degrees shear each 2.5 mm step by 2.5 tan(10) mm; five steps."""
    shear = STEP * np.tan(np.radians(10))

    def change(k):
        return {"ImagePositionPatient": np.add(slice_corner(k), [0, k * shear, 0]).tolist()}

    problem = fault(save_series(tmp_path, change=change))
    assert "gantry" in problem.problem
    assert problem.found == f"10 degrees; {5 * shear:.4g} mm sideways over the stack"


def test_rounded_headers_are_no_fault(tmp_path):
    """Positions of 0.7 mm slices written with one decimal: as good as even."""
    change = {k: [-20.5, 11.25, round(0.625 * k, 2)] for k in range(6)}
    folder = save_series(tmp_path, change=lambda k: {"ImagePositionPatient": change[k]})
    assert read_image(folder).GetSpacing()[2] == pytest.approx(0.625, abs=0.002)


def test_cut_off_slice(tmp_path):
    folder = save_series(tmp_path)
    with open(folder / "898.dcm", "rb+") as file:
        file.truncate(file.seek(0, 2) - 300)
    problem = fault(folder)
    assert problem.problem == "the file cannot be read as an image"
    assert str(tmp_path) not in problem.found


def test_damaged_header(tmp_path):
    """One byte of the first entry's type (VR): the slice must not be left out unsaid."""
    folder = save_series(tmp_path)
    content = bytearray((folder / "900.dcm").read_bytes())
    at = content.index(b"\x10\x00\x10\x00PN")  # (0010,0010), explicit little endian
    content[at + 4 : at + 6] = b"ZZ"
    (folder / "900.dcm").write_bytes(bytes(content))
    problem = fault(folder)
    assert problem.problem == "a DICOM file cannot be read"
    assert problem.found.startswith("900.dcm: ")


def test_compressed_slices(tmp_path):
    """Lossless JPEG 2000, as archives keep them (written by SimpleITK)."""
    folder = save_series(tmp_path / "plain")
    plain = read_image(folder)
    (tmp_path / "packed").mkdir()
    for path in sorted(folder.iterdir()):
        writer = sitk.ImageFileWriter()
        writer.KeepOriginalImageUIDOn()
        writer.UseCompressionOn()
        writer.SetFileName(str(tmp_path / "packed" / path.name))
        slice_ = sitk.ReadImage(str(path))
        short = sitk.Cast(slice_, sitk.sitkInt16)  # the standard packs 16 bits at the most
        for key in slice_.GetMetaDataKeys():
            short.SetMetaData(key, slice_.GetMetaData(key))
        writer.Execute(short)
    packed = pydicom.dcmread(tmp_path / "packed" / "900.dcm")
    assert packed.file_meta.TransferSyntaxUID.is_compressed
    read = read_image(tmp_path / "packed")
    assert np.array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(plain))
    assert read.GetSpacing() == pytest.approx(plain.GetSpacing())


def test_one_file_of_a_series_is_one_slice(tmp_path):
    assert read_image(save_series(tmp_path) / "900.dcm").GetSize() == (20, 18, 1)


def test_mask_in_the_place_of_an_image(tmp_path):
    structures = save_structures(tmp_path / "rs.dcm", {"tumour": []})
    assert fault(structures).found == "modality RTSTRUCT"
    segmentation = save_segmentation(tmp_path / "seg.dcm", {"tumour": values() > 500})
    assert fault(segmentation).problem == "the DICOM file is no image"


def test_changed_file_is_read_again(tmp_path):
    """Headers are remembered for a run, but not beyond a change of the file."""
    folder = save_series(tmp_path)
    first, _ = read_series(folder)
    save_series(tmp_path, SeriesDescription="another, longer one", PixelSpacing=[2, 2])
    second, series = read_series(folder)
    assert first.GetSpacing()[:2] == (0.5, 0.75)
    assert second.GetSpacing()[:2] == (2, 2)
    assert "another" in str(series)
