"""What image files a folder holds, and what their headers say where their names say nothing."""

import os
import statistics
from dataclasses import dataclass
from pathlib import Path

from nomoflow.dicom_headers import header, is_dicom, text
from nomoflow.image_problems import ImageProblem

SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
MASK_MODALITIES = ("SEG", "RTSTRUCT")
MOST_LABELS = 10  # different values of a mask, the background among them
SAMPLE = 5  # files whose headers are read, of each phase


@dataclass(frozen=True)
class Found:
    """An image file, or the folder of a DICOM series; its path is relative to the folder.

    modality : of DICOM files, by their header; "" of others
    """

    path: str
    modality: str = ""

    @property
    def stem(self) -> str:
        """The path without the ending that names the format."""
        lower = self.path.lower()
        ending = next((one for one in (*SUFFIXES, ".dcm") if lower.endswith(one)), "")
        kept = self.path[: len(self.path) - len(ending)]
        return kept + " seg" if ending == ".seg.nrrd" else kept


def list_images(folder: str | Path) -> list[Found]:
    """All image files and DICOM series below a folder, by path; hidden files are left out.

    A folder of DICOM files is one series; a SEG or RTSTRUCT in it is a file of its own.
    """
    folder, found = Path(folder), []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        others = []
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(place, name)
            if name.lower().endswith(SUFFIXES):
                found.append(Found(path.relative_to(folder).as_posix()))
            elif name != "DICOMDIR" and path.is_file() and is_dicom(path):
                others.append(path)
        found += _dicom(others, folder)
    return sorted(found, key=lambda one: one.path)


def _dicom(files: list[Path], folder: Path) -> list[Found]:
    kinds = {path: _modality(path) for path in files}
    found = [
        Found(path.relative_to(folder).as_posix(), kind)
        for path, kind in kinds.items()
        if kind in MASK_MODALITIES
    ]
    slices = [path for path in files if kinds[path] not in MASK_MODALITIES]
    if slices:
        place = slices[0].parent.relative_to(folder).as_posix()
        found.append(Found(place, kinds[slices[0]]))
    return found


def _modality(path: Path) -> str:
    try:
        read = header(path)
    except ImageProblem:
        return ""  # the check of the files tells what is wrong with it
    return "" if read is None else text(read, "Modality")


def looks_like_mask(path: str | Path) -> bool:
    """Whether a file holds a few whole numbers, most of them 0; False where it cannot be read."""
    import numpy as np
    import SimpleITK as sitk

    try:
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError:
        return False
    values, counts = np.unique(voxels, return_counts=True)
    few = len(values) <= MOST_LABELS and values.min() == 0 and (values % 1 == 0).all()
    return bool(few and counts[0] > voxels.size / 2)


def usual_spacing(paths: list[Path]) -> tuple[float, float, float] | None:
    """The median spacing (mm) along x, y and z of some of these files; None where none is read."""
    import SimpleITK as sitk

    found = []
    for path in paths[:: max(1, len(paths) // SAMPLE)][:SAMPLE]:
        if path.is_dir():
            names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(path))[:2]
            read = [one for one in map(header, names) if one is not None]
            if len(read) == 2 and all("ImagePositionPatient" in one for one in read):
                rows, columns = map(float, read[0].PixelSpacing)
                corners = [list(map(float, one.ImagePositionPatient)) for one in read]
                step = sum((a - b) ** 2 for a, b in zip(*corners, strict=True)) ** 0.5
                found.append((columns, rows, step))
            continue
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        try:
            reader.ReadImageInformation()
        except RuntimeError:
            continue  # the check of the files tells what is wrong with it
        found.append(tuple(reader.GetSpacing()[:3]))
    if not found:
        return None
    return tuple(statistics.median(axis) for axis in zip(*found, strict=True))
