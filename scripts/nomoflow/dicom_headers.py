"""Headers of DICOM files: what is needed of them, and nothing that names a patient."""

import re
import warnings
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
    "InstanceNumber", "RescaleSlope", "RescaleIntercept",
)  # fmt: skip
ACQUISITION = (
    "RescaleType", "Units", "SUVType", "DecayCorrection", "CorrectedImage", "Manufacturer",
    "ManufacturerModelName", "KVP", "XRayTubeCurrent", "ExposureTime", "Exposure",
    "ConvolutionKernel", "ReconstructionMethod", "SliceThickness", "SpacingBetweenSlices",
    "ReconstructionDiameter", "SpiralPitchFactor", "GantryDetectorTilt", "ProtocolName",
    "ContrastBolusAgent", "MagneticFieldStrength", "RepetitionTime", "EchoTime", "FlipAngle",
    "ScanningSequence",
)  # fmt: skip
LONGEST = 64  # characters, as the standard allows for a description
SEGMENTATION, STRUCTURES = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.3"
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
    tags = [*IDENTIFYING, *GEOMETRY, *ACQUISITION]
    with lenient() as pydicom:
        try:
            read = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=tags, force=True)
            for element in read:  # decoded here, not where it is used
                element.value  # noqa: B018
        except Exception as error:  # pydicom has no common base of what a damaged file raises
            raise ImageProblem(
                "a DICOM file cannot be read",
                found=f"{Path(path).name}: {reason(error)}",
                allowed="whole DICOM files",
                remedy="copy or export it again",
            ) from error
    return read if "SOPClassUID" in read else None


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
    """A header's entry as numbers, or None where there is none."""
    try:
        return [float(part) for part in text(read, keyword).split()] or None
    except ValueError:
        return None


def shown(read, keyword: str) -> str:
    """An entry as text without what identifies the patient, should it stand in free text."""
    said = " ".join(text(read, keyword).split())
    for name in IDENTIFYING:
        value = text(read, name)
        parts = [value, *(re.split(r"[\^=\s,]+", value) if name.endswith("Name") else [])]
        for part in sorted({part for part in parts if len(part) >= 3}, key=len, reverse=True):
            said = re.sub(re.escape(part), "[removed]", said, flags=re.IGNORECASE)
    return said[:LONGEST]
