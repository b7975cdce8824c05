"""Masks as hospitals have them: one label of a file, as 0 and 1 on the image's grid."""

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from nomoflow.dicom_headers import (
    LABEL_MAP,
    SEGMENTATION,
    STRUCTURES,
    header,
    is_dicom,
    lenient,
    reason,
    text,
)
from nomoflow.dicom_masks import read_segment
from nomoflow.image_files import is_text, read_any, read_image, without_entries
from nomoflow.image_problems import ImageProblem
from nomoflow.mask_labels import Label, chosen_label
from nomoflow.rtstruct import read_structure
from nomoflow.series_choice import files_below
from nomoflow.slice_grid import onto_grid

NOT_WHOLE = "the mask holds values that are no whole numbers"
MASKS = (SEGMENTATION, LABEL_MAP, STRUCTURES)


def read_mask(path: str | Path, label: str, image, tolerance_mm: float, series=None):
    """One label of a mask file as 0 and 1 (8 bit), and how far (mm) it was moved.

    The mask has its file's own grid and was moved by None where that is still to be compared with
    the image's; DICOM SEG, RTSTRUCT and the cropped masks of 3D Slicer are laid on the image's.

    path : NIfTI, NRRD, MetaImage, DICOM SEG, RTSTRUCT, or a folder that holds one DICOM object
    label : a number, or a name where the file has names (.seg.nrrd, DICOM SEG, RTSTRUCT)
    image, series : the image, None where it could not be read; its DICOM series, if it is one.
    Raises ImageProblem; returns (None, None) where the mask cannot be judged without an image.
    """
    place = _dicom_mask(Path(path))
    if place is not None:
        if image is None:
            return None, None
        return _read_dicom(place, label, image, tolerance_mm, series)
    if str(path).lower().endswith(".nrrd"):
        mask, names, cropped = _read_nrrd(path, label)
        mask = region(mask, label, names)
        if image is not None and cropped and mask.GetSize() != image.GetSize():
            return onto_grid(mask, image, tolerance_mm)
        return mask, None
    return region(read_image(path), label), None


def _read_dicom(path: Path, label: str, image, tolerance_mm: float, series):
    with lenient():
        try:
            if _class(path) == STRUCTURES:
                mask, off = read_structure(path, label, image, series), 0.0
            else:
                mask, off = read_segment(path, label, image, tolerance_mm, series)
        except ImageProblem:
            raise
        except Exception as error:  # pydicom has no common base of what a damaged file raises
            raise ImageProblem(
                "unreadable",
                "the DICOM mask cannot be read",
                found=f"{path.name}: {reason(error)}",
                allowed="a whole DICOM SEG or RTSTRUCT file",
                remedy="export or copy it again; it may be truncated or incomplete",
            ) from error
    if not sitk.GetArrayViewFromImage(mask).any():
        raise _empty(label)
    return mask, off


def _dicom_mask(path: Path) -> Path | None:
    """The DICOM SEG or RTSTRUCT that a path means, or None where it means another kind of file."""
    if path.is_dir():
        found = [one for one in files_below(path) if _class(one) in MASKS]
        if len(found) > 1:
            raise ImageProblem(
                "several_masks",
                "several DICOM masks in the folder",
                found=f"{len(found)}: {', '.join(one.name for one in found[:8])}",
                allowed="one SEG or RTSTRUCT file",
                remedy="name the file in the scans table",
            )
        return found[0] if found else None
    return path if path.is_file() and is_dicom(path) and _class(path) in MASKS else None


def _class(path: Path) -> str:
    read = header(path)
    return "" if read is None else text(read, "SOPClassUID")


def _read_nrrd(path, label: str) -> tuple[sitk.Image, list[Label], bool]:
    """A NRRD mask, its segments' names, and whether it may be a part of the image's grid.

    3D Slicer keeps segments that overlap in layers; the one that holds the label is taken.
    """
    image, _ = read_any(path)
    layers = image.GetNumberOfComponentsPerPixel()
    entry = {key: image.GetMetaData(key) for key in filter(is_text, image.GetMetaDataKeys())}
    numbered = sorted(
        int(key[7:-11]) for key in entry if key.startswith("Segment") and _is_value(key)
    )
    names, at = [], []
    for n in numbered:
        number, layer = (
            _whole_number(key, entry.get(key, default), most)
            for key, default, most in (
                (f"Segment{n}_LabelValue", "", 2**31), (f"Segment{n}_Layer", "0", layers - 1),
            )
        )  # fmt: skip
        names.append(Label(number, entry.get(f"Segment{n}_Name", "")))
        at.append(layer)
    if layers == 1 or not names or image.GetDimension() != 3:
        # One value a voxel, or of a kind that is refused with its own words.
        return read_image(path), names, "Segmentation_ReferenceImageExtentOffset" in entry
    label = chosen_label(label, names)
    layer = sitk.VectorIndexSelectionCast(image, at[names.index(label)])
    return without_entries(layer), names, "Segmentation_ReferenceImageExtentOffset" in entry


def _whole_number(key: str, value: str, most: int) -> int:
    if re.fullmatch(r"\d{1,10}", value.strip()) and int(value) <= most:
        return int(value)
    raise ImageProblem(
        "unreadable",
        "a segment of the mask has no number, or none that can be",
        found=f"{key} {value[:40]!r}",
        allowed=f"a whole number up to {most}",
        remedy="save the segmentation again from the program that made it",
    )


def _is_value(key: str) -> bool:
    return key.endswith("_LabelValue") and key[7:-11].isdigit()


def region(mask: sitk.Image, label: str, names: list[Label] | None = None) -> sitk.Image:
    """A mask of one label as 0 and 1 (8 bit), its geometry kept."""
    array = sitk.GetArrayViewFromImage(mask)
    values, counts = np.unique(array[array != 0], return_counts=True)
    odd = [value for value in values.tolist() if value % 1 != 0]
    if odd:
        scaled = len(values) == 1 and np.isfinite(odd[0])
        raise ImageProblem(
            "mask_not_whole",
            NOT_WHOLE,
            found=", ".join(f"{value:.6g}" for value in odd[:5])
            + (" ..." if odd[5:] else "")
            + (" alone: a mask that was scaled" if scaled else ""),
            allowed="whole numbers: 0 outside, a label inside",
            remedy="save the mask as a label map, without scaling (1/255 = 0.0039) or smoothing",
        )
    there = {int(value): int(n) for value, n in zip(values, counts, strict=True)}
    if not there:
        raise _empty(label)
    number = int(label) if str(label).isdigit() else _number(label, names or [], there)
    if number not in there:
        named = {one.number: f" {one.name!r}" for one in names or [] if one.name}
        shown = [f"{v}{named.get(v, '')} ({n} voxels)" for v, n in list(there.items())[:8]]
        likely = max(there, key=there.get)
        scaled = "; 255 alone is a mask saved as a black and white picture"
        raise ImageProblem(
            "label_missing",
            f"label {label} is not in the mask",
            found=f"labels {', '.join(shown)}",
            allowed=f"label {label}",
            remedy=f"write the right one, such as {likely}, in the scans table's column label"
            + (scaled if list(there) == [255] else ""),
        )
    inside = sitk.GetImageFromArray((array == number).astype(np.uint8))
    inside.CopyInformation(mask)
    return inside


def _number(label: str, names: list[Label], there: dict[int, int]) -> int:
    return chosen_label(label, names or [Label(value) for value in there]).number


def _empty(label: str) -> ImageProblem:
    return ImageProblem(
        "mask_empty",
        "the mask is empty",
        found="0 in every voxel",
        allowed=f"voxels with label {label}",
        remedy="draw or export the mask again",
    )
