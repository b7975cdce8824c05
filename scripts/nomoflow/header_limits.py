"""What a header may say: sizes and places that a scan can have, judged before a voxel is read.

A damaged or made-up header would otherwise be believed: libraries put 1 mm for a spacing of 0, or
ask for the memory of a million million voxels.
"""

import gzip
import math
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from nomoflow.image_problems import ImageProblem, times

# 0.8 m cubed at 1 mm: beyond this a header is wrong, not large.
MOST_VOXELS = 512_000_000
MOST_SPACING_MM = 100
FARTHEST_MM = 1e6  # no place in a patient
DIRECTION = 1e-3  # how far the axes may be from unit vectors at right angles
META_KEYS = (
    "NDims", "DimSize", "ElementType", "ElementDataFile", "BinaryData", "CompressedData",
    "CompressedDataSize", "HeaderSize", "ElementSpacing", "ElementSize", "Offset", "Position",
    "Origin", "TransformMatrix", "Rotation", "Orientation",
)  # fmt: skip
HEADER_BYTES = 1 << 22  # of a text header at the most
# Keys of text headers that hold numbers: how many voxels, and where they lie.
SIZES = ("dimsize", "sizes")
DIMENSIONS = ("ndims", "dimension")
PLACES = (
    "elementspacing", "elementsize", "offset", "position", "origin", "transformmatrix", "rotation",
    "orientation", "space origin",
)  # fmt: skip


def read_header(path: Path) -> sitk.ImageFileReader:
    """The header of a NIfTI, NRRD, MetaImage or other single file, as SimpleITK has read it.

    Raises ImageProblem: ``absurd_header`` where it cannot be a scan's, ``data_elsewhere`` where its
    voxels lie in another folder; RuntimeError and OSError where it cannot be read.
    """
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz", ".hdr")):
        _check_nifti(path)
    elif name.endswith((".mha", ".mhd", ".nrrd", ".nhdr")):
        _check_text(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    dimensions = reader.GetDimension()
    direction = np.reshape(reader.GetDirection(), (dimensions, dimensions))[:3, :3]
    check_size([*reader.GetSize(), reader.GetNumberOfComponents()])
    check_place(reader.GetSpacing()[:3], reader.GetOrigin()[:3], direction)
    return reader


def check_size(size, what: str = "voxels") -> None:
    """Refuse a size of which a number is 0 or less, or the product beyond all measure."""
    size = [int(n) for n in size]
    if min(size) < 1 or math.prod(size) > MOST_VOXELS:
        shown = size[:-1] if size[-1] == 1 and len(size) > 3 else size
        raise absurd(
            f"{times(shown)} {what}",
            f"1 to {MOST_VOXELS:,} voxels in all",
        )


def check_place(spacing, origin=(), direction=None) -> None:
    """Refuse a spacing (mm), origin (mm) or direction (n x n) that no scan has."""
    if not all(0 < step <= MOST_SPACING_MM for step in spacing):  # NaN is neither
        raise absurd(
            f"spacing {times(f'{step:g}' for step in spacing)} mm",
            f"above 0 and up to {MOST_SPACING_MM} mm",
        )
    if not all(abs(x) <= FARTHEST_MM for x in origin):
        raise absurd(
            f"origin {' '.join(f'{x:g}' for x in origin)}", f"numbers up to {FARTHEST_MM:g} mm"
        )
    if direction is None:
        return
    direction = np.asarray(direction, dtype=float)
    apart = np.abs(direction @ direction.T - np.eye(len(direction))).max()
    if not apart <= DIRECTION:
        raise absurd(
            f"direction {' '.join(f'{x:.4g}' for x in direction.ravel())}",
            f"unit vectors at right angles (to {DIRECTION:g})",
        )


def absurd(found: str, allowed: str) -> ImageProblem:
    """The problem of a header that cannot be a scan's."""
    return ImageProblem(
        "absurd_header",
        "the file's header cannot be that of a scan",
        found=found,
        allowed=allowed,
        remedy="export the file again from the program that made it; do not write the header"
        " by hand",
    )


def _check_nifti(path: Path) -> None:
    """What libraries mend in silence: a spacing or a place that is 0 or no number."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            head = file.read(540)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(str(error)) from error
    if len(head) < 348:
        return
    order = "<" if struct.unpack_from("<i", head)[0] in (348, 540) else ">"
    match struct.unpack_from(f"{order}i", head)[0]:
        case 348:
            size = struct.unpack_from(f"{order}8h", head, 40)
            spacing = struct.unpack_from(f"{order}8f", head, 76)
            forms = struct.unpack_from(f"{order}2h", head, 252)
            q, s = (struct.unpack_from(f"{order}{n}f", head, at) for n, at in ((6, 256), (12, 280)))
            start, least = struct.unpack_from(f"{order}f", head, 108)[0], 352
        case 540 if len(head) == 540:
            size = struct.unpack_from(f"{order}8q", head, 16)
            spacing = struct.unpack_from(f"{order}8d", head, 104)
            forms = struct.unpack_from(f"{order}2i", head, 344)
            q, s = (struct.unpack_from(f"{order}{n}d", head, at) for n, at in ((6, 352), (12, 400)))
            start, least = struct.unpack_from(f"{order}q", head, 168)[0], 544
        case _:
            return
    # The library then reads from where it thinks that the header ends, and shifts all voxels.
    alone = not path.name.lower().endswith((".hdr", ".img"))
    if alone and not least <= start <= HEADER_BYTES * 1000:
        raise absurd(f"voxels from byte {start:g}", f"from byte {least}, behind the header")
    dimensions = size[0]
    if not 1 <= dimensions <= 7:
        raise absurd(f"{dimensions} dimensions", "3")
    check_size(size[1 : dimensions + 1])
    # The unit may be another than the millimetre: how large is judged once it is converted.
    if not all(0 < step < math.inf for step in spacing[1 : min(dimensions, 3) + 1]):
        check_place(spacing[1 : min(dimensions, 3) + 1])
    for code, numbers in zip(forms, (q, s), strict=True):
        if code > 0 and not all(map(math.isfinite, numbers)):
            raise absurd("an origin or a direction that is no number", "finite numbers")


@dataclass(frozen=True)
class TextHeader:
    """The header of a NRRD or MetaImage file: its entries (keys in small letters) and its end."""

    nrrd: bool
    told: dict[str, str]
    end: int

    def data_file(self, path: Path) -> Path | None:
        """The file that holds the voxels, where it is another one.

        Raises ImageProblem where it is several, or lies in another folder: it may lead anywhere.
        """
        keys = ("data file", "datafile") if self.nrrd else ("elementdatafile",)
        name = next((self.told[key] for key in keys if key in self.told), "LOCAL")
        if name.upper() == "LOCAL":
            return None
        name = name.replace("\0", "%")  # no name of a file
        place = path.parent / name
        inside = place.resolve().parent == path.parent.resolve()
        if name.upper().startswith("LIST") or "%" in name or not inside or not place.is_file():
            raise ImageProblem(
                "data_elsewhere",
                "the header's voxels do not lie in one file beside it",
                found=repr(name[:60]),
                allowed="the name of a file in the header's own folder",
                remedy="save header and voxels as one file (.mha, .nrrd, .nii.gz)",
            )
        return place


def text_header(path: Path) -> TextHeader:
    """The header of a NRRD or MetaImage file."""
    with open(path, "rb") as file:
        head = file.read(HEADER_BYTES)
    nrrd = head.startswith(b"NRRD")
    last = re.search(rb"\r?\n\r?\n" if nrrd else rb"(?mi)^ElementDataFile[^\n]*(\n|\Z)", head)
    end = last.end() if last else len(head)
    lines = (
        line.partition(":" if nrrd else "=") for line in head[:end].decode("latin-1").splitlines()
    )
    told = {key.strip(): value.strip() for key, mark, value in lines if mark}
    # Where capitals count, the library knows an entry in its own writing alone.
    known = {} if nrrd else {key.lower(): key for key in META_KEYS}
    told = {key.lower(): v for key, v in told.items() if known.get(key.lower(), key) == key}
    return TextHeader(nrrd, told, end)


def _check_text(path: Path) -> None:
    """Sizes and places in the text header of a NRRD or MetaImage file; where its voxels lie."""
    header = text_header(path)
    for key in DIMENSIONS:
        # The library asks for the memory of as many, and crashes.
        if not re.fullmatch("[1-7]", header.told.get(key, "3")):
            raise absurd(f"{key} {header.told[key][:60]!r}", "3")
    for key in (*SIZES, *PLACES):
        if key not in header.told:
            continue
        value = header.told[key]
        numbers = [_number(part) for part in re.findall(r"[^\s,()]+", value)]
        if not numbers or not all(map(math.isfinite, numbers)):
            raise absurd(f"{key} {value[:60]!r}", "finite numbers")
        if key in SIZES:
            check_size(numbers)
    header.data_file(path)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
