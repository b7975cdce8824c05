"""DICOM SEG: a segment on the image's grid, and each fault by its name."""

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.sequence import Sequence
from synthetic_dicom import item, save_segmentation, save_series, scan_of, slice_corner

from nomoflow.images import check_scan, load_scan, read_scan

OBLIQUE = (0.96, 0.28, 0, -0.28, 0.96, 0)
CORONAL = (1, 0, 0, 0, 0, -1)


def organ() -> np.ndarray:
    array = np.zeros((6, 18, 20), dtype=np.uint8)
    array[1:5, 3:14, 2:17] = np.random.default_rng(3).integers(0, 2, (4, 11, 15))
    return array


def tumour() -> np.ndarray:
    array = np.zeros((6, 18, 20), dtype=np.uint8)
    array[2, 5:9, 6:11] = 1
    array[4, 6:8, 7:9] = 1
    return array


@pytest.fixture
def series(tmp_path):
    return save_series(tmp_path / "series")


def saved(tmp_path, **how):
    masks = {"Organ": organ(), "Tumour": tumour()}
    return save_segmentation(tmp_path / "seg.dcm", masks, **how)


def fault(scan, **limits):
    rows = check_scan(scan, {"minimum_voxels": 1, **limits})
    assert len(rows) == 1 and rows[0]["file"] == scan["mask"] and rows[0]["remedy"]
    assert "Doe" not in str(rows)
    return rows[0]


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), CORONAL, OBLIQUE])
@pytest.mark.parametrize(("label", "expected"), [("1", organ()), ("Tumour", tumour())])
def test_segment_lies_where_it_was_saved(tmp_path, orientation, label, expected):
    """Frames of 360 bits: the second one begins inside a byte of none other's."""
    folder = save_series(tmp_path / "series", orientation=orientation)
    scan = scan_of(folder, saved(tmp_path, orientation=orientation), label)
    image, mask, shift = load_scan(scan)
    assert np.array_equal(sitk.GetArrayFromImage(mask), expected)
    assert mask.GetOrigin() == image.GetOrigin()
    assert shift == pytest.approx(0, abs=1e-5)


def test_segmentation_beside_the_series_in_one_folder(tmp_path, series):
    """As an archive exports a study: the series is the image, the segmentation the mask."""
    save_segmentation(series / "seg.dcm", {"Organ": organ()})
    image, mask = read_scan(scan_of(series, series))
    assert image.GetSize() == (20, 18, 6)
    assert np.array_equal(sitk.GetArrayFromImage(mask), organ())
    save_segmentation(series / "seg2.dcm", {"Organ": organ()})
    assert fault(scan_of(series, series))["found"] == "2: seg.dcm, seg2.dcm"


def test_segmentation_of_an_image_that_is_no_dicom(tmp_path, series):
    image, _ = read_scan(scan_of(series, saved(tmp_path)))
    sitk.WriteImage(image, str(tmp_path / "image.nrrd"))
    _, mask = read_scan(scan_of(tmp_path / "image.nrrd", saved(tmp_path), "2"))
    assert np.array_equal(sitk.GetArrayFromImage(mask), tumour())


def test_segments_are_listed(tmp_path, series):
    row = fault(scan_of(series, saved(tmp_path), "cyst"))
    assert row["problem"] == "label cyst is not in the mask"
    assert row["found"] == "labels 1 'Organ', 2 'Tumour'"


def test_two_segments_of_one_name(tmp_path, series):
    path = saved(tmp_path)
    path = save_segmentation(path, {"a": organ(), "A": tumour()})
    _, mask = read_scan(scan_of(series, path, "A"))
    assert np.array_equal(sitk.GetArrayFromImage(mask), tumour())
    path = save_segmentation(path, {"aB": organ(), "Ab": tumour()})
    assert "not the only one" in fault(scan_of(series, path, "ab"))["problem"]


def test_image_that_cannot_be_read_leaves_the_mask_unjudged(tmp_path):
    (row,) = check_scan(scan_of(tmp_path / "gone", saved(tmp_path)))
    assert row["problem"] == "no such file"


def test_small_offset_is_written_down(tmp_path, series):
    def change(k):
        return np.add(slice_corner(k), [0.003, 0.004, 0]).tolist()

    scan = scan_of(series, saved(tmp_path, change=change))
    assert load_scan(scan)[2] == pytest.approx(0.005, abs=1e-6)
    row = fault(scan, repair_mm=0.004)
    assert row["problem"] == "image and mask do not lie on the same grid"
    assert "up to 0.005 mm off" in row["found"]


def test_frames_follow_slices_that_are_nearly_even(tmp_path):
    """A slice 0.1 mm beside its place, its frame with it: the frame lies on that slice."""

    def place(k):
        return np.add(slice_corner(k), [0, 0, 0.1 * (k == 3)]).tolist()

    folder = save_series(tmp_path / "s", change=lambda k: {"ImagePositionPatient": place(k)})
    _, mask, shift = load_scan(scan_of(folder, saved(tmp_path, change=place)))
    assert np.array_equal(sitk.GetArrayFromImage(mask), organ())
    assert shift == pytest.approx(0, abs=1e-5)


def test_frame_outside_the_image(tmp_path, series):
    row = fault(scan_of(series, saved(tmp_path, change=lambda k: slice_corner(k + 2))))
    assert f"{int(organ()[4].sum())} outside" in row["found"]


def measures(**entries):
    measures = item(**{"PixelSpacing": [0.75, 0.5], **entries})
    orientation = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared = item(
        PixelMeasuresSequence=Sequence([measures]), PlaneOrientationSequence=Sequence([orientation])
    )
    return {"SharedFunctionalGroupsSequence": Sequence([shared])}


def test_other_voxels(tmp_path, series):
    """Twice the pixel: each would fall upon every second pixel of the image."""
    row = fault(scan_of(series, saved(tmp_path, **measures(PixelSpacing=[1.5, 1.0]))))
    assert row["found"] == "one column of the mask is 2 x 0 x 0 voxels"


def test_thicker_slices(tmp_path, series):
    row = fault(scan_of(series, saved(tmp_path, **measures(SpacingBetweenSlices="5"))))
    assert row["found"] == "slices of the mask 5 mm apart, of the image 2.5 mm"


def test_no_spacing(tmp_path, series):
    row = fault(scan_of(series, saved(tmp_path, **measures(PixelSpacing=None))))
    assert row["found"] == "no PixelSpacing for frame 1"


def test_other_frame_of_reference(tmp_path, series):
    row = fault(scan_of(series, saved(tmp_path, FrameOfReferenceUID="8.8")))
    assert "another frame of reference" in row["problem"]


@pytest.mark.parametrize(("values", "whole"), [((0, 255), True), ((0, 127, 255), False)])
def test_fractional_segmentation(tmp_path, series, values, whole):
    frames = np.random.default_rng(5).choice(values, organ().shape).astype(np.uint8)
    path = save_segmentation(
        tmp_path / "seg.dcm", {"Organ": frames > -1}, SegmentationType="FRACTIONAL",
        MaximumFractionalValue=255, SegmentationFractionalType="OCCUPANCY",
        BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=frames.tobytes(),
    )  # fmt: skip
    if whole:
        _, mask = read_scan(scan_of(series, path))
        assert np.array_equal(sitk.GetArrayFromImage(mask), frames == 255)
    else:
        assert fault(scan_of(series, path))["problem"] == "the DICOM segmentation is fractional"


def test_label_map_segmentation(tmp_path, series):
    frames = np.random.default_rng(5).choice([0, 1, 2], organ().shape).astype(np.uint8)
    path = save_segmentation(
        tmp_path / "seg.dcm", {"Organ": frames > -1}, SegmentationType="LABELMAP",
        BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=frames.tobytes(),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.66.7",
    )  # fmt: skip
    _, mask = read_scan(scan_of(series, path))
    assert np.array_equal(sitk.GetArrayFromImage(mask), frames == 1)


def test_empty_segment(tmp_path, series):
    named = Sequence([item(SegmentNumber=n, SegmentLabel=f"S{n}") for n in (1, 2, 3)])
    row = fault(scan_of(series, saved(tmp_path, SegmentSequence=named), "S3"))
    assert row["problem"] == "the mask is empty"


def test_cut_off_segmentation(tmp_path, series):
    path = saved(tmp_path)
    with open(path, "rb+") as file:
        file.truncate(file.seek(0, 2) - 100)
    row = fault(scan_of(series, path))
    assert row["problem"] == "the DICOM mask cannot be read"
    assert str(tmp_path) not in row["found"]
