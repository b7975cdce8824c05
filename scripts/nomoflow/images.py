"""Scans: reading them, and all that can be wrong with them.

A scan is a dictionary of text: patient, phase, reading, image, mask, label (default "1").
"""

from itertools import product

import numpy as np
import SimpleITK as sitk

from nomoflow.curation import problems_of_mask
from nomoflow.image_files import read_image, read_with_series
from nomoflow.image_problems import PROBLEM_COLUMNS, ImageProblem, times
from nomoflow.image_regions import SUFFIX, bounding_box
from nomoflow.masks import read_mask
from nomoflow.series_choice import without_uid

__all__ = [
    "PROBLEM_COLUMNS", "SUFFIX", "ImageProblem", "bounding_box", "check_scan", "corner_shift_mm",
    "examine", "load_scan", "read_image", "read_scan", "single_thread", "times",
]  # fmt: skip
REPAIR_MM = 0.01


def single_thread() -> None:
    """One numeric thread and no warnings past the log: Snakemake counts the cores."""
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)


def read_scan(scan: dict, repair_mm: float = REPAIR_MM) -> tuple[sitk.Image, sitk.Image]:
    """Image and mask of a scan; the mask is 1 in the region of interest and 0 elsewhere.

    The mask takes the image's geometry where they differ by less than ``repair_mm`` at every
    corner. Raises ImageProblem, naming patient, phase, reading, what was found and the remedy.
    """
    image, mask, _ = load_scan(scan, repair_mm)
    return image, mask


def load_scan(scan: dict, repair_mm: float = REPAIR_MM) -> tuple[sitk.Image, sitk.Image, float]:
    """As ``read_scan``, with the distance in mm by which the mask was moved (0: not moved)."""
    image, mask, shift, problems = _load(scan, repair_mm)
    if problems:
        raise problems[0]
    return image, mask, shift


def check_scan(scan: dict, limits: dict | None = None) -> list[dict[str, str]]:
    """All that is wrong with a scan, as rows with the columns ``PROBLEM_COLUMNS``.

    limits : ``repair_mm`` and those of ``curation.problems_of_mask``, where they differ from the
        defaults
    """
    return [problem.row() for problem in examine(scan, limits)[3]]


def examine(scan: dict, limits: dict | None = None):
    """Image, mask, shift of the mask in mm, and all problems and warnings, from one reading.

    What could not be read is None. limits : as for ``check_scan``
    """
    limits = dict(limits or {})
    image, mask, shift, problems = _load(scan, float(limits.pop("repair_mm", REPAIR_MM)))
    if mask is not None:
        problems += [_of(scan, one, "mask") for one in problems_of_mask(scan, image, mask, limits)]
    return image, mask, shift, problems


def _of(scan: dict, problem: ImageProblem, part: str) -> ImageProblem:
    problem.file = without_uid(scan[part])
    problem.patient, problem.phase, problem.reading = (
        scan[key] for key in ("patient", "phase", "reading")
    )
    return problem


def _load(scan: dict, repair_mm: float):
    """Image, mask, shift in mm and problems; what could not be read is None."""
    problems: list[ImageProblem] = []
    image = mask = shift = series = None
    try:
        image, series = read_with_series(scan["image"])
        _check_finite(image)
    except ImageProblem as problem:
        problems.append(_of(scan, problem, "image"))
    try:
        label = str(scan.get("label") or 1)
        mask, shift = read_mask(scan["mask"], label, image, repair_mm, series)
        if not problems and shift is None:
            mask, shift = _same_geometry(image, mask, repair_mm)
    except ImageProblem as problem:
        problems.append(_of(scan, problem, "mask"))
    return image, mask, shift or 0.0, problems


def _check_finite(image: sitk.Image) -> None:
    values = sitk.GetArrayViewFromImage(image)
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    # One such voxel would spread over the whole image in the B-spline.
    raise ImageProblem(
        "not_finite",
        "voxels without a value",
        found=f"{int(np.count_nonzero(~np.isfinite(values)))} voxels that are NaN or infinite",
        allowed="a finite value in every voxel",
        remedy="fill the background with a number (CT: -1024) and save the image again",
    )


def corner_shift_mm(image: sitk.Image, mask: sitk.Image) -> float:
    """How far apart, in mm, the same corner of two images of one size lies, at the most."""
    ends = [(0, size - 1) for size in image.GetSize()]
    there, here = (
        np.array([one.TransformIndexToPhysicalPoint(corner) for corner in product(*ends)])
        for one in (image, mask)
    )
    return float(np.linalg.norm(there - here, axis=1).max())


def _same_geometry(image, mask, repair_mm: float) -> tuple[sitk.Image, float]:
    if image.GetSize() != mask.GetSize():
        raise ImageProblem(
            "size_differs",
            "image and mask have different sizes",
            found=f"image {times(image.GetSize())}, mask {times(mask.GetSize())} voxels",
            allowed="the same grid",
            remedy="export the mask on this image's grid; check that both are of one series",
        )
    shift = corner_shift_mm(image, mask)
    if shift > repair_mm:
        raise ImageProblem(
            "grid_differs",
            "image and mask do not lie on the same grid",
            found=f"{_differences(image, mask)}; corners up to {shift:.4g} mm apart",
            allowed=f"up to {repair_mm:g} mm (images.geometry.repair_mm)",
            remedy="export the mask on this image's grid; check that both are of one series",
        )
    # Below ITK's own tolerance nothing is touched: features then equal those of the files.
    if shift <= 1e-6 * min(image.GetSpacing()):
        return mask, 0.0
    mask.CopyInformation(image)
    return mask, shift


def _differences(image: sitk.Image, mask: sitk.Image) -> str:
    said = []
    for name, unit in (("Origin", " mm"), ("Spacing", " mm"), ("Direction", "")):
        pair = [getattr(one, f"Get{name}")() for one in (image, mask)]
        if pair[0] != pair[1]:
            apart = np.abs(np.subtract(*pair)).max()
            said.append(f"{name.lower()} differs by {apart:.4g}{unit}")
    return ", ".join(said)
