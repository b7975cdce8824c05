"""Images as hospitals have them: NIfTI, NRRD and MetaImage files, and DICOM series."""

from pathlib import Path

import SimpleITK as sitk

from nomoflow.dicom_headers import is_dicom
from nomoflow.dicom_series import Series, read_series
from nomoflow.header_limits import read_header
from nomoflow.image_problems import ImageProblem, times
from nomoflow.series_choice import split_choice
from nomoflow.stored_voxels import check_voxels


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
            "not_3d",
            "not a three-dimensional image of one value a voxel",
            found=f"size {times(image.GetSize())}, {values} value(s) a voxel",
            allowed="three dimensions, one value a voxel",
            remedy="export the one volume meant; overlapping segments go to one file each",
        )
    return without_entries(image), series


def read_any(path: str | Path) -> tuple[sitk.Image, Series | None]:
    """An image of any dimension with its header entries; the header is judged before it is read."""
    place, _ = split_choice(path)
    if not place.exists():
        raise ImageProblem(
            "file_missing",
            "no such file",
            found="nothing at that place",
            allowed="an image file, or a folder with one DICOM series",
            remedy="correct the path in the scans table",
        )
    try:
        dicom = place.is_dir() or is_dicom(place)
        image, series = read_series(path) if dicom else (_read_file(place), None)
    except (RuntimeError, OSError) as error:
        reason = [line for line in str(error).splitlines() if line.strip()][-1]
        for known in {str(place), str(place.resolve())}:
            reason = reason.replace(known, place.name)
        raise ImageProblem(
            "unreadable",
            "the file cannot be read as an image",
            found=reason.strip(),
            allowed="NIfTI, NRRD, MetaImage, or a folder with one DICOM series",
            remedy="export or copy it again; it may be truncated or of another format",
        ) from error
    return image, series


def _read_file(path: Path) -> sitk.Image:
    reader = read_header(path)
    check_voxels(path, reader)
    return reader.Execute()


def without_entries(image: sitk.Image) -> sitk.Image:
    """The image without its header entries: what is written later names nobody."""
    keys = image.GetMetaDataKeys()
    if not all(map(is_text, keys)):  # such an entry cannot be erased
        vector = image.GetNumberOfComponentsPerPixel() > 1
        bare = sitk.GetImageFromArray(sitk.GetArrayViewFromImage(image), isVector=vector)
        bare.CopyInformation(image)
        return bare
    for key in keys:
        image.EraseMetaData(key)
    return image


def is_text(key: str) -> bool:
    """Whether a header entry's key is text: a damaged one may hold bytes that are none."""
    try:
        return bool(key.encode("utf-8"))
    except UnicodeEncodeError:
        return False
