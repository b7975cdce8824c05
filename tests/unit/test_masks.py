"""Masks in files: labels by number and by name, 3D Slicer's segmentations, scaled masks."""

import numpy as np
import pytest
import SimpleITK as sitk
from synthetic_scans import OBLIQUE, make, save

from nomoflow.images import check_scan, load_scan, read_scan
from nomoflow.mask_labels import Label, chosen_label


def slicer_file(folder, mask, segments, cropped=False):
    """A .seg.nrrd as 3D Slicer writes it: segments is [(name, value, layer)]."""
    entries = {"Segmentation_MasterRepresentation": "Binary labelmap"}
    for n, (name, value, layer) in enumerate(segments):
        entries |= {f"Segment{n}_Name": name, f"Segment{n}_LabelValue": str(value)}
        entries |= {f"Segment{n}_ID": f"Segment_{n}", f"Segment{n}_Layer": str(layer)}
    if cropped:
        entries["Segmentation_ReferenceImageExtentOffset"] = "3 4 5"
    for key, value in entries.items():
        mask.SetMetaData(key, value)
    path = folder / "mask.seg.nrrd"
    sitk.WriteImage(mask, str(path), useCompression=True)
    return str(path)


@pytest.fixture
def scan(tmp_path):
    return save(tmp_path, *make())


def fault(scan):
    (row,) = check_scan(scan)
    assert row["remedy"] and row["allowed"] and row["file"] == scan["mask"]
    return row


@pytest.mark.parametrize("label", ["7", "Tumour", "tumour "])
def test_segment_by_number_or_name(tmp_path, label):
    image, mask = make(label=7)
    scan = save(tmp_path, image, mask, label=label)
    _, expected = read_scan(scan | {"label": "7"})
    scan["mask"] = slicer_file(tmp_path, mask, [("Kidney", 3, 0), ("Tumour", 7, 0)])
    _, region = read_scan(scan)
    assert np.array_equal(sitk.GetArrayFromImage(region), sitk.GetArrayFromImage(expected))
    assert region.GetMetaDataKeys() == ()


def test_segments_in_layers_overlap(tmp_path):
    image, tumour = make(radius_mm=4)
    _, kidney = make(radius_mm=9)
    scan = save(tmp_path, image, tumour)
    both = sitk.Compose(kidney, tumour)
    scan["mask"] = slicer_file(tmp_path, both, [("Kidney", 1, 0), ("Tumour", 1, 1)])
    for name, expected in (("Kidney", kidney), ("Tumour", tumour)):
        _, region = read_scan(scan | {"label": name})
        assert np.array_equal(sitk.GetArrayFromImage(region), sitk.GetArrayFromImage(expected))
    row = fault(scan)
    assert row["problem"] == "label 1 is not the only one of its name in the mask"
    assert row["found"] == "labels 1 'Kidney', 1 'Tumour'"


def test_names_are_listed(tmp_path):
    image, mask = make(label=7)
    scan = save(tmp_path, image, mask, label="Cyst")
    scan["mask"] = slicer_file(tmp_path, mask, [("Kidney", 3, 0), ("Tumour", 7, 0)])
    assert fault(scan)["found"] == "labels 3 'Kidney', 7 'Tumour'"
    row = fault(scan | {"label": "1"})
    assert row["found"].startswith("labels 7 'Tumour' (")


def test_name_for_a_file_without_names(scan):
    row = fault(scan | {"label": "Tumour"})
    assert row["problem"] == "label Tumour is not in the mask"
    assert row["found"] == "labels 1"


@pytest.mark.parametrize("direction", [(1, 0, 0, 0, 1, 0, 0, 0, 1), OBLIQUE])
@pytest.mark.parametrize("turn", [lambda mask: mask, lambda mask: mask[::-1, :, ::-1]])
def test_cropped_segmentation_is_laid_on_the_image(tmp_path, direction, turn):
    """3D Slicer saves the box around the segments, and says where it lay."""
    image, mask = make(direction=direction)
    scan = save(tmp_path, image, mask)
    box = turn(mask[6:33, 4:35, 2:14])
    scan["mask"] = slicer_file(tmp_path, box, [("Tumour", 1, 0)], cropped=True)
    read, region, shift = load_scan(scan)
    assert np.array_equal(sitk.GetArrayFromImage(region), sitk.GetArrayFromImage(mask))
    assert region.GetDirection() == read.GetDirection()
    assert shift == pytest.approx(0, abs=1e-6)


def test_cropped_segmentation_of_another_image(tmp_path):
    image, mask = make()
    scan = save(tmp_path, image, mask)
    box = mask[6:33, 4:35, 2:14]
    box.SetOrigin(np.add(box.GetOrigin(), [0.2, 0, 0]).tolist())
    scan["mask"] = slicer_file(tmp_path, box, [("Tumour", 1, 0)], cropped=True)
    row = fault(scan)
    assert row["problem"] == "image and mask do not lie on the same grid"
    assert "up to 0.2 mm off" in row["found"]
    box.SetSpacing([0.4, 0.8, 2.5])
    scan["mask"] = slicer_file(tmp_path, box, [("Tumour", 1, 0)], cropped=True)
    assert fault(scan)["found"] == "one column of the mask is 0.5 x 0 x 0 voxels"


def test_mask_of_another_size_is_not_guessed(tmp_path):
    """Without 3D Slicer's word that it was cropped, another size is another image."""
    image, mask = make()
    scan = save(tmp_path, image, mask)
    scan["mask"] = slicer_file(tmp_path, mask[6:33, 4:35, 2:14], [("Tumour", 1, 0)])
    assert fault(scan)["problem"] == "image and mask have different sizes"


@pytest.mark.parametrize(
    ("scale", "pixel", "part", "said"),
    [
        (255, sitk.sitkUInt8, "remedy", "255 alone is a mask saved as a black and white picture"),
        (1 / 255, sitk.sitkFloat32, "found", "0.00392157 alone: a mask that was scaled"),
        (0.5, sitk.sitkFloat64, "found", "0.5 alone: a mask that was scaled"),
    ],
)
def test_scaled_mask_is_named(tmp_path, scale, pixel, part, said):
    image, mask = make()
    scaled = sitk.Cast(sitk.Cast(mask, sitk.sitkFloat64) * scale, pixel)
    row = fault(save(tmp_path, image, scaled, suffix=".nii.gz"))
    assert said in row[part]


def test_label_255_can_be_chosen(tmp_path):
    image, mask = make(label=255)
    _, region = read_scan(save(tmp_path, image, mask, label=255))
    assert sitk.GetArrayFromImage(region).max() == 1


def test_image_keeps_no_entry_of_its_header(scan):
    """A NRRD header may hold anything, and what is stored later would pass it on."""
    image = sitk.ReadImage(scan["image"])
    image.SetMetaData("patient", "Doe")
    path = scan["image"].replace(".mha", ".nrrd")
    sitk.WriteImage(image, path)
    assert "patient" in sitk.ReadImage(path).GetMetaDataKeys()
    assert read_scan(scan | {"image": path})[0].GetMetaDataKeys() == ()


def test_numbers_go_before_names():
    there = [Label(1, "2"), Label(2, "1")]
    assert chosen_label("1", there).number == 1
    assert chosen_label(" 2 ", there).number == 2
