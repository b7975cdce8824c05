"""Headers of DICOM files: what is needed of them, and nothing that names a patient."""

import math
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from nomoflow.image_problems import ImageProblem

# Read of each file; of these only what ``IDENTIFYING`` does not list may be shown.
IDENTIFYING = (
    "PatientName", "PatientID", "OtherPatientIDs", "PatientBirthDate", "AccessionNumber",
    "ReferringPhysicianName", "OperatorsName", "PerformingPhysicianName", "InstitutionName",
)  # fmt: skip
GEOMETRY = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "Modality",
    "ImageType", "SeriesDescription", "SeriesNumber", "NumberOfFrames", "Rows", "Columns",
    "SamplesPerPixel", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
    "AcquisitionNumber", "TemporalPositionIdentifier", "EchoNumbers", "ContentTime",
    "InstanceNumber", "RescaleSlope", "RescaleIntercept", "BitsAllocated", "BitsStored",
    "PixelRepresentation",
)  # fmt: skip
ACQUISITION = (
    "RescaleType", "Units", "SUVType", "DecayCorrection", "CorrectedImage", "Manufacturer",
    "ManufacturerModelName", "KVP", "XRayTubeCurrent", "ExposureTime", "Exposure",
    "ConvolutionKernel", "ReconstructionMethod", "SliceThickness", "SpacingBetweenSlices",
    "ReconstructionDiameter", "SpiralPitchFactor", "GantryDetectorTilt", "ProtocolName",
    "ContrastBolusAgent", "MagneticFieldStrength", "RepetitionTime", "EchoTime", "FlipAngle",
    "ScanningSequence",
)  # fmt: skip
PIXELS = b"\xe0\x7f\x10\x00"  # (7FE0,0010)
PIXEL_COUNTS = {
    "BitsAllocated": 0, "BitsStored": 1, "SamplesPerPixel": 1, "Rows": 0, "Columns": 0,
    "NumberOfFrames": 1,
}  # fmt: skip
LONGEST = 64  # characters, as the standard allows for a description
SEGMENTATION, STRUCTURES = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.3"
# Transfer syntax of files that are packed as a whole, and how large one may become.
DEFLATED, MOST_BYTES, PIECE = b"1.2.840.10008.1.2.1.99", 1 << 28, 1 << 22
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM: by its mark, or by the first tag where the preamble is missing."""
    with open(path, "rb") as file:
        start = file.read(132)
    bare = len(start) == 132 and start[:2] in (b"\x08\x00", b"\x02\x00")
    return start[128:] == b"DICM" or bare


@contextmanager
def lenient() -> Iterator[ModuleType]:
    """pydicom, taking files as they are: hospitals' break the standard in small ways."""
    import pydicom

    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pydicom


def header(path: str | Path):
    """What is used of a file's header (a pydicom Dataset), or None where it is not DICOM.

    Raises ImageProblem where it is DICOM and cannot be read.
    """
    state = Path(path).stat()
    return _header(str(path), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8192)
def _header(path: str, modified: int, size: int):
    if not is_dicom(Path(path)):
        return None
    _check_deflated(Path(path))
    tags = [*IDENTIFYING, *GEOMETRY, *ACQUISITION]
    with lenient() as pydicom:
        try:
            with open(path, "rb") as file:
                read = pydicom.dcmread(file, None, True, force=True, specific_tags=tags)
                for element in read:  # decoded here, not where it is used
                    element.value  # noqa: B018
                read.pixel_bytes = _pixel_bytes(file, read)
        except Exception as error:  # pydicom has no common base of what a damaged file raises
            raise ImageProblem(
                "unreadable",
                "a DICOM file cannot be read",
                found=f"{Path(path).name}: {reason(error)}",
                allowed="whole DICOM files",
                remedy="copy or export it again",
            ) from error
    return read if "SOPClassUID" in read else None


def _pixel_bytes(file, read) -> int | None:
    """Length of the pixels, at which the file was left; None where they are packed or absent."""
    syntax = getattr(read, "file_meta", {}).get("TransferSyntaxUID")
    start = file.read(12)
    if syntax is None or not syntax.is_transfer_syntax or start[:4] != PIXELS:
        return None
    if syntax.is_compressed:
        return None
    return int.from_bytes(start[4:8] if syntax.is_implicit_VR else start[8:12], "little")


def check_pixel_bytes(name: str, read) -> None:
    """Refuse a header whose pixels are more or fewer: libraries fill up what is missing.

    read : of ``header``. Raises ImageProblem of the kinds absurd_header, truncated and too_long.
    """
    bits, stored, values, rows, columns, frames = (
        (numbers(read, keyword) or [default])[0] for keyword, default in PIXEL_COUNTS.items()
    )
    wanted = math.ceil(rows * columns * values * frames * bits / 8)
    given, problem, kind = read.pixel_bytes, "", ""
    if not 0 < stored <= bits:
        kind, problem = "absurd_header", f"{stored:g} bits stored where there is room for {bits:g}"
    elif given is not None and not 0 <= given - wanted <= 1:  # one more makes an odd number even
        kind, problem = ("truncated" if given < wanted else "too_long"), f"{given} bytes of pixels"
    if problem:
        raise ImageProblem(
            kind,
            "a DICOM file has not the pixels that its header announces",
            found=f"{name}: {problem}",
            allowed=f"{wanted} bytes, by its header",
            remedy="copy or export it again",
        )


def _check_deflated(path: Path) -> None:
    """Refuse a file packed as a whole that would expand beyond all measure: pydicom does not."""
    with open(path, "rb") as file:
        start = file.read(1024)
        if DEFLATED not in start:
            return
        # The first entry tells how long the others are that are not packed.
        file.seek(144 + int.from_bytes(start[140:144], "little"))
        stream, data, found = zlib.decompressobj(-zlib.MAX_WBITS), file.read(PIECE), 0
        try:
            while data and found <= MOST_BYTES:
                found += len(stream.decompress(data, PIECE))
                data = stream.unconsumed_tail or (b"" if stream.eof else file.read(PIECE))
        except zlib.error:
            return  # pydicom will say so
    if found > MOST_BYTES:
        raise ImageProblem(
            "absurd_header",
            "a DICOM file expands beyond all measure",
            found=f"{path.name}: over {MOST_BYTES:,} bytes of {path.stat().st_size:,}",
            allowed=f"up to {MOST_BYTES:,} bytes a file packed as a whole (deflated)",
            remedy="export it with another transfer syntax",
        )


def reason(error: Exception) -> str:
    """An error's kind alone: its words may hold values of the file, the patient's name too."""
    return type(error).__name__


def text(read, keyword: str) -> str:
    """A header's entry as text, several values joined by a space; empty where there is none.

    It ends at the first control character: in a damaged file an entry may run into the next ones.
    """
    value = read.get(keyword)
    if value is None:
        return ""
    # A person's name can be iterated, letter by letter; it is no sequence.
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    said = " ".join(map(str, value)) if several else str(value)
    return re.split(r"[\x00-\x1f]", said, maxsplit=1)[0].strip()


def numbers(read, keyword: str) -> list[float] | None:
    """A header's entry as numbers, or None where there is none, or one is not finite."""
    try:
        found = [float(part) for part in text(read, keyword).split()]
    except ValueError:
        return None
    return found if found and all(map(math.isfinite, found)) else None


def shown(read, keyword: str) -> str:
    """An entry as text without what identifies the patient, should it stand in free text."""
    said = " ".join(text(read, keyword).split())
    for name in IDENTIFYING:
        value = text(read, name)
        parts = [value, *(re.split(r"[\^=\s,]+", value) if name.endswith("Name") else [])]
        for part in sorted({part for part in parts if len(part) >= 3}, key=len, reverse=True):
            said = re.sub(re.escape(part), "[removed]", said, flags=re.IGNORECASE)
    return said[:LONGEST]
