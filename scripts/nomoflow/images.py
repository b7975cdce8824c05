"""Scans: reading them, and all that can be wrong with them.

A scan is a dictionary of text: patient, phase, reading, image, mask, label (default "1").
"""

import gzip
import zlib
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import SimpleITK as sitk

REPAIR_MM = 0.01
MINIMUM_VOXELS = 64
# Image and mask of one scan are stored as MetaImage: its text header keeps every double of
# spacing, origin and direction. NIfTI keeps the geometry in single precision, and NRRD keeps
# spacing times direction, from which the spacing of an oblique image comes back altered.
SUFFIX = ".mha"
PROBLEM_COLUMNS = (
    "patient", "phase", "reading", "file", "problem", "found", "allowed", "remedy",
)  # fmt: skip


@dataclass
class ImageProblem(ValueError):
    """What is wrong with a scan, and what to do about it."""

    problem: str
    found: str = ""
    allowed: str = ""
    remedy: str = ""
    file: str = ""
    patient: str = ""
    phase: str = ""
    reading: str = ""

    def __str__(self) -> str:
        place = " ".join(filter(None, (self.patient, self.phase, self.reading)))
        said = [f"{place}: {self.problem}" if place else self.problem]
        parts = ("file", "found", "allowed", "remedy")
        said += [f"{name}: {getattr(self, name)}" for name in parts if getattr(self, name)]
        return "; ".join(said)

    def row(self) -> dict[str, str]:
        """The problem as a row with the columns ``PROBLEM_COLUMNS``."""
        row = asdict(self)
        return {column: row[column] for column in PROBLEM_COLUMNS}


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
    image, mask, shift, problems = _examine(scan, repair_mm)
    if problems:
        raise problems[0]
    return image, mask, shift


def check_scan(scan: dict, limits: dict | None = None) -> list[dict[str, str]]:
    """All that is wrong with a scan, as rows with the columns ``PROBLEM_COLUMNS``.

    limits : ``repair_mm`` and ``minimum_voxels``, where they differ from the defaults
    """
    limits = {"repair_mm": REPAIR_MM, "minimum_voxels": MINIMUM_VOXELS, **(limits or {})}
    _, mask, _, problems = _examine(scan, float(limits["repair_mm"]))
    if mask is not None:
        voxels = int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))
        if voxels < int(limits["minimum_voxels"]):
            small = ImageProblem(
                "the region of interest is too small",
                found=f"{voxels} voxels",
                allowed=f"at least {int(limits['minimum_voxels'])} voxels",
                remedy="draw the mask again, exclude the patient, or lower images.minimum_voxels",
                file=scan["mask"],
            )
            problems.append(_of(scan, small))
    return [problem.row() for problem in problems]


def _of(scan: dict, problem: ImageProblem) -> ImageProblem:
    problem.patient, problem.phase, problem.reading = (
        scan[key] for key in ("patient", "phase", "reading")
    )
    return problem


def _examine(scan: dict, repair_mm: float):
    """Image, mask, shift in mm and problems; what could not be read is None."""
    problems, read = [], {}
    for part in ("image", "mask"):
        try:
            one = read_image(scan[part])
            if part == "image":
                _check_finite(one)
            else:
                one = _region(one, int(scan.get("label") or 1))
            read[part] = one
        except ImageProblem as problem:
            problem.file = scan[part]
            problems.append(_of(scan, problem))
    image, mask, shift = read.get("image"), read.get("mask"), 0.0
    if problems:
        return image, mask, shift, problems
    try:
        mask, shift = _same_geometry(image, mask, repair_mm)
    except ImageProblem as problem:
        problem.file = scan["mask"]
        problems.append(_of(scan, problem))
    return image, mask, shift, problems


def read_image(path: str | Path) -> sitk.Image:
    """A three-dimensional image of one value a voxel: NIfTI, NRRD, MetaImage or a DICOM folder.

    Raises ImageProblem where the file is missing, unreadable or of another kind.
    """
    path = Path(path)
    if not path.exists():
        raise ImageProblem(
            "no such file",
            allowed="an image file, or a folder with one DICOM series",
            remedy="correct the path in the scans table",
        )
    try:
        image = _read_series(path) if path.is_dir() else sitk.ReadImage(str(path))
    except RuntimeError as error:
        reason = [line for line in str(error).splitlines() if line.strip()][-1]
        raise ImageProblem(
            "the file cannot be read as an image",
            found=reason.replace(str(path), path.name).strip(),
            allowed="NIfTI, NRRD, MetaImage, or a folder with one DICOM series",
            remedy="export or copy it again; it may be truncated or of another format",
        ) from error
    _check_whole(path, image)
    values = image.GetNumberOfComponentsPerPixel()
    if image.GetDimension() != 3 or values != 1:
        raise ImageProblem(
            "not a three-dimensional image of one value a voxel",
            found=f"size {times(image.GetSize())}, {values} value(s) a voxel",
            allowed="three dimensions, one value a voxel",
            remedy="export the one volume meant; overlapping segments go to one file each",
        )
    return image


def _check_whole(path: Path, image: sitk.Image) -> None:
    """Refuse a NIfTI file that was cut off: ITK fills in the rest and says nothing."""
    name = path.name.lower()
    if not name.endswith((".nii", ".nii.gz")) or not image.HasMetaDataKey("bitpix"):
        return
    wanted = float(image.GetMetaData("vox_offset"))
    wanted += image.GetNumberOfPixels() * int(image.GetMetaData("bitpix")) / 8
    found = path.stat().st_size
    try:
        if name.endswith(".gz"):
            # The last four bytes hold the length; where they do not fit, it is counted.
            with open(path, "rb") as file:
                file.seek(-4, 2)
                found = int.from_bytes(file.read(), "little")
            if found != wanted % 2**32:
                with gzip.open(path) as file:
                    found = sum(map(len, iter(lambda: file.read(1 << 22), b"")))
    except (EOFError, OSError, zlib.error) as error:
        found = str(error)
    if isinstance(found, str) or found < wanted:
        raise ImageProblem(
            "the file is not whole",
            found=found if isinstance(found, str) else f"{found} bytes",
            allowed=f"{wanted:.0f} bytes, by its header",
            remedy="copy or export it again",
        )


def _read_series(folder: Path) -> sitk.Image:
    series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
    if len(series) != 1:
        raise ImageProblem(
            "not exactly one DICOM series in the folder",
            found=f"{len(series)} series in {len(list(folder.iterdir()))} files",
            allowed="one series a folder",
            remedy="move each series to a folder of its own and name that in the scans table",
        )
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series[0]))
    return reader.Execute()


def _check_finite(image: sitk.Image) -> None:
    values = sitk.GetArrayViewFromImage(image)
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    # One such voxel would spread over the whole image in the B-spline.
    raise ImageProblem(
        "voxels without a value",
        found=f"{int(np.count_nonzero(~np.isfinite(values)))} voxels that are NaN or infinite",
        allowed="a finite value in every voxel",
        remedy="fill the background with a number (CT: -1024) and save the image again",
    )


def _region(mask: sitk.Image, label: int) -> sitk.Image:
    """A mask of one label as 0 and 1 (8 bit), its geometry kept."""
    array = sitk.GetArrayViewFromImage(mask)
    values, counts = np.unique(array[array != 0], return_counts=True)
    odd = [value for value in values.tolist() if value % 1 != 0]
    if odd:
        raise ImageProblem(
            "the mask holds values that are no whole numbers",
            found=", ".join(f"{value:.6g}" for value in odd[:5]) + (" ..." if odd[5:] else ""),
            allowed="whole numbers: 0 outside, a label inside",
            remedy="save the mask as a label map, without scaling (1/255 = 0.0039) or smoothing",
        )
    there = {int(value): int(n) for value, n in zip(values, counts, strict=True)}
    if not there:
        raise ImageProblem(
            "the mask is empty",
            found="0 in every voxel",
            allowed=f"voxels with label {label}",
            remedy="draw or export the mask again",
        )
    if label not in there:
        listed = ", ".join(f"{value} ({n} voxels)" for value, n in list(there.items())[:8])
        likely = max(there, key=there.get)
        raise ImageProblem(
            f"label {label} is not in the mask",
            found=f"labels {listed}",
            allowed=f"label {label}",
            remedy=f"write the right one, such as {likely}, in the scans table's column label",
        )
    region = sitk.GetImageFromArray((array == label).astype(np.uint8))
    region.CopyInformation(mask)
    return region


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
            "image and mask have different sizes",
            found=f"image {times(image.GetSize())}, mask {times(mask.GetSize())} voxels",
            allowed="the same grid",
            remedy="export the mask on this image's grid; check that both are of one series",
        )
    shift = corner_shift_mm(image, mask)
    if shift > repair_mm:
        raise ImageProblem(
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


def times(size) -> str:
    """A size as "512 x 512 x 100"."""
    return " x ".join(map(str, size))


def bounding_box(mask: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size (x, y, z; voxels) of the box around label 1."""
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(mask)
    box = np.array(shape.GetBoundingBox(1))
    return box[:3], box[3:]
