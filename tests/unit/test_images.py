"""Reading and checking of scans: each fault by its name."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from synthetic_scans import OBLIQUE, make, save

from nomoflow.images import (
    PROBLEM_COLUMNS,
    ImageProblem,
    check_scan,
    corner_shift_mm,
    load_scan,
    read_scan,
)


@pytest.fixture
def scan(tmp_path):
    return save(tmp_path, *make())


def rewrite(scan, part, change):
    """Replace a file of a scan by what ``change`` makes of its image."""
    sitk.WriteImage(change(sitk.ReadImage(scan[part])), scan[part])


def fault(scan, **limits) -> ImageProblem:
    with pytest.raises(ImageProblem) as caught:
        read_scan(scan, **limits)
    problem = caught.value
    assert (problem.patient, problem.phase, problem.reading) == ("P1", "CT", "a1")
    assert problem.remedy and problem.allowed and "P1 CT a1" in str(problem)
    return problem


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha", ".mhd"])
def test_formats_give_the_same_voxels(tmp_path, suffix):
    image, mask = make()
    read, region = read_scan(save(tmp_path, image, mask, suffix=suffix))
    assert np.array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(image))
    assert np.array_equal(sitk.GetArrayFromImage(region), sitk.GetArrayFromImage(mask))
    assert np.allclose(read.GetOrigin(), image.GetOrigin(), atol=1e-4)


def test_missing_file(scan):
    scan["image"] += ".gone"
    assert fault(scan).problem == "no such file"


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
@pytest.mark.parametrize("part", ["image", "mask"])
def test_truncated_file(tmp_path, part, suffix):
    scan = save(tmp_path, *make(), suffix=suffix)
    with open(scan[part], "rb+") as file:
        file.truncate(file.seek(0, 2) // 2)
    problem = fault(scan)
    assert problem.problem in ("the file cannot be read as an image", "the file is not whole")
    assert problem.file == scan[part]


def test_length_in_the_last_bytes_may_belong_to_the_last_of_several_parts(tmp_path):
    """Parallel compressors join gzip files, each with its own length at its end."""
    scan = save(tmp_path, *make(), suffix=".nii.gz")
    whole = gzip.decompress(Path(scan["image"]).read_bytes())
    parts = gzip.compress(whole[:-100]) + gzip.compress(whole[-100:])
    Path(scan["image"]).write_bytes(parts)
    assert check_scan(scan) == []
    Path(scan["image"]).write_bytes(gzip.compress(whole[:-100]))
    assert fault(scan).found == f"{len(whole) - 100} bytes"


def test_text_instead_of_an_image(scan):
    with open(scan["image"], "w", encoding="utf-8") as file:
        file.write("not an image")
    assert "cannot be read" in fault(scan).problem


def test_message_names_no_folder(scan, tmp_path):
    with open(scan["image"], "w", encoding="utf-8") as file:
        file.write("not an image")
    assert str(tmp_path) not in fault(scan).found


def test_four_dimensions(scan):
    sitk.WriteImage(sitk.JoinSeries([sitk.ReadImage(scan["image"])] * 2), scan["image"])
    assert "40 x 36 x 16 x 2" in fault(scan).found


def test_several_values_a_voxel(scan):
    rewrite(scan, "mask", lambda mask: sitk.Compose(mask, mask))
    assert "2 value(s)" in fault(scan).found


def test_empty_mask(scan):
    rewrite(scan, "mask", lambda mask: mask * 0)
    assert fault(scan).problem == "the mask is empty"


def test_absent_label_lists_those_that_are_there(tmp_path):
    image, mask = make(label=2)
    array = sitk.GetArrayFromImage(mask)
    array[0, 0, :3] = 5
    other = sitk.GetImageFromArray(array)
    other.CopyInformation(mask)
    problem = fault(save(tmp_path, image, other, label=1))
    assert problem.problem == "label 1 is not in the mask"
    assert problem.found == f"labels 2 ({np.sum(array == 2)} voxels), 5 (3 voxels)"
    assert "2" in problem.remedy


def test_label_is_chosen(tmp_path):
    image, mask = make(label=7)
    _, region = read_scan(save(tmp_path, image, mask, label=7))
    assert np.array_equal(sitk.GetArrayFromImage(region) * 7, sitk.GetArrayFromImage(mask))


def test_scaled_mask_names_its_values(scan):
    rewrite(scan, "mask", lambda mask: sitk.Cast(mask, sitk.sitkFloat32) / 255)
    problem = fault(scan)
    assert "no whole numbers" in problem.problem
    assert "0.00392" in problem.found


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_mask_with_a_voxel_without_a_value(scan, value):
    def spoil(mask):
        mask = sitk.Cast(mask, sitk.sitkFloat32)
        mask[0, 0, 0] = value
        return mask

    rewrite(scan, "mask", spoil)
    assert "no whole numbers" in fault(scan).problem


def test_floating_mask_of_whole_numbers_is_fine(scan):
    rewrite(scan, "mask", lambda mask: sitk.Cast(mask, sitk.sitkFloat64))
    assert read_scan(scan)[1].GetPixelID() == sitk.sitkUInt8


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxel_without_a_value(tmp_path, value):
    image, mask = make(pixel=sitk.sitkFloat32)
    image[0, 0, 0] = value
    assert fault(save(tmp_path, image, mask)).found.startswith("1 voxels")


def test_sizes_differ(scan):
    rewrite(scan, "mask", lambda mask: mask[1:, :, :])
    assert fault(scan).found == "image 40 x 36 x 16, mask 39 x 36 x 16 voxels"


def moved(origin=(0, 0, 0), spacing=(0, 0, 0), direction=None):
    def change(mask):
        mask.SetOrigin(np.add(mask.GetOrigin(), origin).tolist())
        mask.SetSpacing(np.add(mask.GetSpacing(), spacing).tolist())
        mask.SetDirection(direction or mask.GetDirection())
        return mask

    return change


@pytest.mark.parametrize(
    ("change", "said", "apart"),
    [
        (moved(origin=(0, 0.6, 0.8)), ["origin differs by 0.8 mm"], 1.0),
        (moved(spacing=(0, 0, 0.01)), ["spacing differs by 0.01 mm"], 0.15),
        (moved(direction=OBLIQUE), ["direction differs by 0.28"], None),
        (moved((1, 0, 0), (0.1, 0, 0)), ["origin differs by 1 mm", "spacing differs"], 1 + 3.9),
    ],
)
def test_other_grid_is_refused_in_millimetres(scan, change, said, apart):
    rewrite(scan, "mask", change)
    problem = fault(scan)
    assert all(part in problem.found for part in said)
    if apart is not None:  # by hand: the farthest corner, (size - 1) voxels away
        assert f"up to {apart:.4g} mm" in problem.found


def test_small_difference_is_repaired_and_written_down(scan):
    rewrite(scan, "mask", moved(origin=(0.003, 0.004, 0)))
    image, mask, shift = load_scan(scan)
    assert shift == pytest.approx(0.005, abs=1e-9)
    assert corner_shift_mm(image, mask) == 0
    assert "corners up to 0.005 mm" in fault(scan, repair_mm=0.004).found


def test_rounding_of_a_header_is_no_shift(scan):
    rewrite(scan, "mask", moved(origin=(1e-9, 0, 0)))
    assert load_scan(scan)[2] == 0


def test_check_scan_names_all_at_once(scan):
    scan["image"] += ".gone"
    rewrite(scan, "mask", lambda mask: mask * 0)
    rows = check_scan(scan)
    assert [row["problem"] for row in rows] == ["no such file", "the mask is empty"]
    assert all(tuple(row) == PROBLEM_COLUMNS for row in rows)


def test_check_scan_of_a_good_scan(scan):
    assert check_scan(scan) == []


def test_small_region(scan):
    voxels = int(sitk.GetArrayFromImage(sitk.ReadImage(scan["mask"])).sum())
    assert check_scan(scan, {"minimum_voxels": voxels}) == []
    (row,) = check_scan(scan, {"minimum_voxels": voxels + 1})
    assert row["found"] == f"{voxels} voxels"
    assert row["allowed"] == f"at least {voxels + 1} voxels"


def test_empty_folder_is_no_series(scan, tmp_path):
    (tmp_path / "series").mkdir()
    scan["image"] = str(tmp_path / "series")
    assert fault(scan).found == "0 series in 0 files"


def test_folder_with_one_dicom_series(tmp_path):
    image, mask = make(size=(20, 18, 5), radius_mm=5)
    folder = tmp_path / "series"
    folder.mkdir()
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for k in range(image.GetSize()[2]):
        slice_ = image[:, :, k]
        position = image.TransformIndexToPhysicalPoint((0, 0, k))
        for tag, value in {
            "0008|0060": "CT",
            "0020|000d": "1.2.3",
            "0020|000e": "1.2.3.4",
            "0008|0018": f"1.2.3.4.{k + 1}",
            "0020|0013": str(k + 1),
            "0020|0032": "\\".join(f"{x:.6f}" for x in position),
            "0020|0037": "1\\0\\0\\0\\1\\0",
        }.items():
            slice_.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{k}.dcm"))
        writer.Execute(slice_)
    scan = save(tmp_path, image, mask)
    scan["image"] = str(folder)
    read, _ = read_scan(scan, repair_mm=0.01)
    assert np.array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(image))
    assert read.GetSpacing() == pytest.approx(image.GetSpacing())
