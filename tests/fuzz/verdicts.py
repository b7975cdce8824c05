"""What became of a damaged file, judged without the code that read it.

A file that was read, and gives other values than the whole one, is *unnoticed* if the damage could
have been seen in this file: if a check sum of its packing fails, if it holds more or fewer bytes
than its header says, or if a value is not finite. Else nobody can see it: the format has no check
sum, and the file is a whole one that says something else (*no check sum*).
"""

import gzip
import re
import struct
import zlib
from io import BytesIO

from fuzz.scans import RTSTRUCT, SEG, SERIES

REFUSED, COMPARED, EQUAL, HARMLESS, NO_SUM, UNNOTICED, CRASHED, HUNG, MEMORY, RAISED = OUTCOMES = (
    "refused", "noticed by comparison", "read equal", "harmless", "no check sum", "unnoticed",
    "crashed", "hung", "beyond memory", "no message",
)  # fmt: skip
BAD = (UNNOTICED, CRASHED, HUNG, MEMORY, RAISED)
# Kinds of problems that show in the comparison of image and mask alone.
OF_COMPARISON = {
    "grid_differs", "size_differs", "frame_differs", "contours_off_slices", "contours_outside",
}  # fmt: skip
CONTOURS = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
SHIFT_MM = 0.01  # images.geometry.repair_mm: below it image and mask lie at one place
SIZES = {
    "uchar": 1, "unsigned char": 1, "uint8": 1, "uint8_t": 1, "char": 1, "signed char": 1,
    "int8": 1, "short": 2, "int16": 2, "ushort": 2, "unsigned short": 2, "uint16": 2, "int": 4,
    "int32": 4, "uint": 4, "uint32": 4, "unsigned int": 4, "float": 4, "double": 8,
    "MET_UCHAR": 1, "MET_CHAR": 1, "MET_SHORT": 2, "MET_USHORT": 2, "MET_INT": 4, "MET_UINT": 4,
    "MET_FLOAT": 4, "MET_DOUBLE": 8,
}  # fmt: skip


def visible_damage(name: str, content: bytes) -> str:
    """What in the file itself shows that it is damaged; empty where nothing does."""
    try:
        if name == "NIfTI, gzip":
            return _of_nifti(_ungzipped(content))
        if name == "NIfTI":
            return _of_nifti(content)
        if name in (SERIES, SEG, RTSTRUCT):
            return _of_dicom(content)
        return _of_nrrd(content) if content.startswith(b"NRRD") else _of_meta(content)
    except _Visible as damage:
        return str(damage)


class _Visible(Exception):
    """Damage that can be seen."""


def _ungzipped(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise _Visible(f"gzip: {error}") from error


def _inflated(content: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(content)
    except zlib.error as error:
        raise _Visible(f"zlib: {error}") from error
    if not unpacking.eof:
        raise _Visible("zlib: not whole")
    if unpacking.unused_data:
        raise _Visible("zlib: something follows")
    return data


def _of_nifti(content: bytes) -> str:
    if len(content) < 352:
        return "shorter than its header"
    order = "<" if struct.unpack("<i", content[:4])[0] == 348 else ">"
    dim = struct.unpack(f"{order}8h", content[40:56])
    bits = struct.unpack(f"{order}h", content[72:74])[0]
    start = struct.unpack(f"{order}f", content[108:112])[0]
    voxels = 1
    for size in dim[1 : 1 + max(min(dim[0], 7), 0)]:
        voxels *= max(size, 1)
    if not 352 <= start < 1e12:
        return "voxels that begin within the header, or nowhere"
    end = int(start + voxels * bits / 8)
    if end > len(content):
        return "shorter than its header says"
    # Zeros may fill the last block.
    return "something follows the voxels" if content[end:].strip(b"\0") else ""


def _of_nrrd(content: bytes) -> str:
    head, _, data = content.partition(b"\n\n")
    fields = dict(re.findall(r"(?m)^([\w ]+): ?(.*?)\r?$", head.decode("latin-1")))
    if fields.get("encoding", "").strip() in ("gzip", "gz"):
        data = _ungzipped(data)
    return _length(fields.get("sizes", ""), fields.get("type", "").strip(), len(data))


def _of_meta(content: bytes) -> str:
    end = re.search(rb"ElementDataFile.*\n", content)
    if not end:
        return ""
    head = content[: end.end()].decode("latin-1")
    fields = dict(re.findall(r"(?m)^(\w+)\s*=\s*(.*?)\r?$", head))
    data = content[end.end() :]
    if fields.get("CompressedData", "").strip().lower().startswith(("t", "1")):
        said = fields.get("CompressedDataSize", "").strip()
        if said != str(len(data)):
            return f"{len(data)} bytes of packed voxels, by its header {said}"
        data = _inflated(data)
    return _length(fields.get("DimSize", ""), fields.get("ElementType", "").strip(), len(data))


def _length(sizes: str, kind: str, found: int) -> str:
    numbers = sizes.split()
    if kind not in SIZES or not numbers or not all(one.isdigit() for one in numbers):
        return ""
    wanted = SIZES[kind]
    for size in numbers:
        wanted *= int(size)
    return "" if wanted == found else f"{found} bytes of voxels, {wanted} by its header"


def _of_dicom(content: bytes) -> str:
    """Elements that reach beyond the file or lack, and pixels that are not rows by columns."""
    import pydicom

    try:
        read = pydicom.dcmread(BytesIO(content), force=True)
        lost = _lacking(read)
        if lost or "PixelData" not in read:
            return lost
        if read.file_meta.TransferSyntaxUID.is_compressed:
            return ""
        bits = read.BitsAllocated * read.Rows * read.Columns * int(read.get("NumberOfFrames", 1))
        wanted = (bits * read.get("SamplesPerPixel", 1) + 7) // 8
        found = len(read.PixelData)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return ""  # what that means is left to the reader under test
    except Exception as error:  # pydicom has no common base of what a damaged file raises
        return f"DICOM: {type(error).__name__}"
    return "" if wanted <= found <= wanted + 1 else f"{found} bytes of pixels, not {wanted}"


def _lacking(read) -> str:
    """What the standard requires, and the whole file had: without it a part would be left out."""
    if "RescaleSlope" in read and "RescaleIntercept" not in read:
        return "a slope without an intercept"
    if read.get("BitsStored", 1) > read.get("BitsAllocated", 1):
        return "more bits stored than there is room for"
    segments = {one.get("SegmentNumber") for one in read.get("SegmentSequence", [])}
    for frame in read.get("PerFrameFunctionalGroupsSequence", []):
        named = frame.get("SegmentIdentificationSequence") or [{}]
        if named[0].get("ReferencedSegmentNumber") not in segments:
            return "a frame of no segment"
    for roi in read.get("ROIContourSequence", []):
        for contour in roi.get("ContourSequence", []):
            if contour.get("ContourGeometricType") not in CONTOURS:
                return "a contour of no kind"
            data = contour.get("ContourData") or []
            if len(data) != 3 * (contour.get("NumberOfContourPoints") or 0):
                return "a contour without its points"
    return ""


def judged(answer: dict, whole: dict, damage: str) -> str:
    """The outcome of a case that neither crashed nor hung.

    answer, whole : what ``readings.examined`` returned for the damaged and for the whole scan.
    """
    problems = answer["problems"]
    if problems:
        if not all(one["kind"] and one["found"] and one["remedy"] for one in problems):
            return RAISED
        return COMPARED if {one["kind"] for one in problems} <= OF_COMPARISON else REFUSED
    if answer["scan"] == whole["scan"]:
        return EQUAL
    if not answer["finite"]:
        return UNNOTICED
    same = answer["scan"][:2] == whole["scan"][:2]  # voxels of image and mask
    if same and _apart(answer["scan"][2], whole["scan"][2]) < SHIFT_MM:
        return HARMLESS
    return UNNOTICED if damage else NO_SUM


def _apart(one: list, other: list) -> float:
    """How far the corners of two grids lie apart, mm."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
