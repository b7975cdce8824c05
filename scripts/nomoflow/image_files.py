"""Images as hospitals have them: NIfTI, NRRD and MetaImage files, and DICOM series."""

import gzip
import zlib
from pathlib import Path

import SimpleITK as sitk

from nomoflow.dicom_headers import is_dicom
from nomoflow.dicom_series import Series, read_series
from nomoflow.image_problems import ImageProblem, times
from nomoflow.series_choice import split_choice


def read_image(path: str | Path) -> sitk.Image:
    """A three-dimensional image of one value a voxel: NIfTI, NRRD, MetaImage or a DICOM series.

    A DICOM series is a folder, or ``folder#series`` where the folder holds several. The image
    has no header entries, since they may name the patient. Raises ImageProblem where the file is
    missing, unreadable or of another kind.
    """
    return read_with_series(path)[0]


def read_with_series(path: str | Path) -> tuple[sitk.Image, Series | None]:
    """As ``read_image``, with the DICOM series that the image was read from."""
    image, series = read_any(path)
    values = image.GetNumberOfComponentsPerPixel()
    if image.GetDimension() != 3 or values != 1:
        raise ImageProblem(
            "not a three-dimensional image of one value a voxel",
            found=f"size {times(image.GetSize())}, {values} value(s) a voxel",
            allowed="three dimensions, one value a voxel",
            remedy="export the one volume meant; overlapping segments go to one file each",
        )
    return without_entries(image), series


def read_any(path: str | Path) -> tuple[sitk.Image, Series | None]:
    """An image of any dimension with its header entries, checked to be whole."""
    place, _ = split_choice(path)
    if not place.exists():
        raise ImageProblem(
            "no such file",
            allowed="an image file, or a folder with one DICOM series",
            remedy="correct the path in the scans table",
        )
    try:
        dicom = place.is_dir() or is_dicom(place)
        image, series = read_series(path) if dicom else (sitk.ReadImage(str(path)), None)
    except (RuntimeError, OSError) as error:
        reason = [line for line in str(error).splitlines() if line.strip()][-1]
        for known in {str(place), str(place.resolve())}:
            reason = reason.replace(known, place.name)
        raise ImageProblem(
            "the file cannot be read as an image",
            found=reason.strip(),
            allowed="NIfTI, NRRD, MetaImage, or a folder with one DICOM series",
            remedy="export or copy it again; it may be truncated or of another format",
        ) from error
    _check_whole(place, image)
    return image, series


def without_entries(image: sitk.Image) -> sitk.Image:
    """The image without its header entries: what is written later names nobody."""
    for key in image.GetMetaDataKeys():
        image.EraseMetaData(key)
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
