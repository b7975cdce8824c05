"""Images and masks told apart by the names that people give them."""

import numpy as np
import pytest
import SimpleITK as sitk

from nomoflow.file_listing import Found, list_images, looks_like_mask, usual_spacing
from nomoflow.scan_pairing import link, pair


def pairs(names, keys, looks_like_mask=lambda _: False):
    """(patient, phase, reading, image, mask) of files by these names, and the whole result."""
    result = pair(link([Found(name) for name in names], keys), looks_like_mask)
    return [tuple(row.values()) for row in result.scans], result


@pytest.mark.parametrize(
    ("image", "mask", "phase"),
    [
        ("P1/CT_image.nii.gz", "P1/CT_mask.nii.gz", "CT"),
        ("P1/MR_T1_image.nii.gz", "P1/MR_T1_mask.nii.gz", "MR_T1"),
        ("images/P1_arterial.nrrd", "labels/P1_arterial.nrrd", "arterial"),
        ("P-1/动脉期.nii.gz", "P-1/动脉期-勾画.nii.gz", "arterial"),
        ("venous/p1.nii", "venous/p1.seg.nrrd", "venous"),
        ("P1_2mm.nii", "P1_2mm_Segmentation.nii", "phase_2mm"),
        ("P1.nii", "P1_ROI.nii", "scan"),
        ("P1/combined.nii", "P1/combined_mask.nii", "phase_combined"),
    ],
)
def test_phases(image, mask, phase):
    found, result = pairs([image, mask], ["P1"])
    assert found == [("P1", phase, "a1", image, mask)]
    assert result.phases == [phase] and not result.open


def test_phases_in_the_order_in_which_they_are_taken():
    names = [f"P1/{phase}{end}.nii" for phase in ("delayed", "venous", "arterial", "plain")
             for end in ("", "_mask")]  # fmt: skip
    assert pairs(names, ["P1"])[1].phases == ["plain", "arterial", "venous", "delayed"]


@pytest.mark.parametrize(
    ("words", "reading"),
    [
        ("a1", "a1"), ("b1", "b1"), ("a2", "a2"), ("r1", "a1"), ("reader2", "b1"), ("B", "b1"),
        ("reader_a_2", "a2"), ("repeat", "a2"), ("r1_repeat", "a2"), ("医生2", "b1"), ("2", "b1"),
        ("radiologist_1_session_2", "a2"), ("obs2", "b1"),
    ],
)  # fmt: skip
def test_readings(words, reading):
    names = ["P1_CT.nii", "P1_CT_mask_a1.nii" if reading != "a1" else "P1_CT_mask_b1.nii"]
    found, _ = pairs([*names, f"P1_CT_mask_{words}.nii"], ["P1"])
    assert {row[4]: row[2] for row in found}[f"P1_CT_mask_{words}.nii"] == reading


def test_readers_by_their_own_names():
    names = [
        "P1/CT.nii",
        "P1/CT_mask_li.nii",
        "P1/CT_mask_wu.nii",
        "P2/CT.nii",
        "P2/CT_mask_wu.nii",
    ]
    found, result = pairs(names, ["P1", "P2"])
    assert {(row[0], row[2], row[4][-6:-4]) for row in found} == {
        ("P1", "a1", "wu"), ("P2", "a1", "wu"), ("P1", "b1", "li"),
    }  # fmt: skip
    assert any("'wu'" in said for said in result.guesses)


def test_too_many_readers_are_left_to_the_user():
    names = ["P1/CT.nii", *(f"P1/CT_mask_{who}.nii" for who in ("li", "wu", "he"))]
    found, result = pairs(names, ["P1"])
    assert found == [] and "whose masks" in result.open[0]


def test_one_number_is_not_within_another():
    names = [f"P{n}/CT{end}.nii" for n in (1, 11, 111) for end in ("", "_mask")]
    found, _ = pairs(names, ["P1", "P11", "P111"])
    assert {(row[0], row[3]) for row in found} == {
        ("P1", "P1/CT.nii"), ("P11", "P11/CT.nii"), ("P111", "P111/CT.nii"),
    }  # fmt: skip


def test_keys_that_are_numbers():
    names = [f"STS_{n:03}/CT_{kind}.nii" for n in (6, 8) for kind in ("image", "mask")]
    found, _ = pairs(names, ["6", "8"])
    assert [(row[0], row[3][:7]) for row in found] == [("6", "STS_006"), ("8", "STS_008")]
    assert link([Found(name) for name in names], ["age 6"]) == {}


def test_what_lacks_its_other_half_is_told():
    names = ["P1/CT.nii", "P1/CT_mask.nii", "P2/CT.nii", "P3/CT_mask.nii"]
    found, result = pairs(names, ["P1", "P2", "P3"])
    assert [row[0] for row in found] == ["P1"]
    assert "masks without an image: P3/CT_mask.nii" in result.open
    assert "images without a mask: P2/CT.nii" in result.open


def test_a_phase_that_few_have_is_left_out():
    names = [f"P{n}/CT{end}.nii" for n in range(1, 6) for end in ("", "_mask")]
    found, result = pairs([*names, "P1/MR.nii", "P1/MR_mask.nii"], [f"P{n}" for n in range(1, 6)])
    assert result.phases == ["CT"] and {row[1] for row in found} == {"CT"}
    assert any("MR is left out" in said for said in result.open)


def test_two_masks_for_one_place():
    found, result = pairs(["P1/CT.nii", "P1/CT_mask.nii", "P1/CT_roi.nii"], ["P1"])
    assert len(found) == 1 and "P1/CT_roi.nii was not" in result.open[0]


def test_the_lesion_among_several_structures():
    names = ["P1/CT.nii", "P1/CT_mask_kidney.nii", "P1/CT_mask_tumor.nii"]
    found, result = pairs(names, ["P1"])
    assert found == [("P1", "CT", "a1", names[0], names[2])]
    assert "kidney" in result.open[0]


def test_two_kinds_of_masks_are_a_question():
    names = ["P1/CT.nii", "P1/CT_mask_kidney.nii", "P1/CT_mask_spleen.nii"]
    assert any("two structures?" in said for said in pairs(names, ["P1"])[1].open)


def test_masks_told_by_what_they_hold(tmp_path):
    noise = np.random.default_rng(0).normal(size=(6, 8, 8)).astype(np.float32)
    block = np.zeros((6, 8, 8), np.uint8)
    block[2:4, 2:5, 2:5] = 1
    for n in (1, 2):
        (tmp_path / f"P{n}").mkdir()
        for name, array in (("venous", noise), ("venous_x", block)):
            image = sitk.GetImageFromArray(array)
            image.SetSpacing((0.5, 0.7, 3.0))
            sitk.WriteImage(image, str(tmp_path / f"P{n}/{name}.nii.gz"))
    found = list_images(tmp_path)
    result = pair(link(found, ["P1", "P2"]), lambda one: looks_like_mask(tmp_path / one.path))
    assert [tuple(row.values()) for row in result.scans] == [
        (f"P{n}", "venous", "a1", f"P{n}/venous.nii.gz", f"P{n}/venous_x.nii.gz") for n in (1, 2)
    ]
    assert usual_spacing([tmp_path / one.path for one in found]) == pytest.approx((0.5, 0.7, 3.0))
    (tmp_path / "P1/broken.nii.gz").write_bytes(b"")
    assert not looks_like_mask(tmp_path / "P1/broken.nii.gz")


def test_dicom_folders(study_data):
    """sts_dicom: one patient's CT, MR and PET series with an RTSTRUCT each (SOURCE.md there)."""
    found = list_images(study_data / "sts_dicom")
    result = pair(link(found, ["STS_019"]), lambda _: False)
    assert result.phases == ["CT", "PET", "MR_T1"] and not result.open
    assert {(row["image"], row["mask"]) for row in result.scans} == {
        (f"STS_019/{phase}/image", f"STS_019/{phase}/mask/RS.dcm") for phase in result.phases
    }
    spacing = usual_spacing([study_data / "sts_dicom" / result.scans[0]["image"]])
    assert spacing == pytest.approx((0.977, 0.977, 3.27), abs=1e-3)
