"""What could name a patient in the headers of images and masks, as values to look for."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nomoflow.dicom_headers import is_dicom, lenient
from nomoflow.identity import DATE, NAME, NUMBER, PHRASE, UID, Value
from nomoflow.identity_outputs import image_header, nifti_entries
from nomoflow.series_choice import files_below, place_of

NUMBERS = (
    "PatientID", "OtherPatientIDs", "AccessionNumber", "StudyID", "AdmissionID",
    "MedicalRecordLocator", "RequestedProcedureID", "ScheduledProcedureStepID",
    "PerformedProcedureStepID", "FillerOrderNumberImagingServiceRequest",
    "PlacerOrderNumberImagingServiceRequest", "PatientTelephoneNumbers", "ServiceEpisodeID",
)  # fmt: skip
PHRASES = (
    "InstitutionName", "InstitutionAddress", "PatientAddress", "ReferringPhysicianAddress",
    "ReferringPhysicianTelephoneNumbers",
)  # fmt: skip
NAMES = (
    "PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName",
    "ResponsiblePerson", "ReferringPhysicianName", "PerformingPhysicianName", "PhysiciansOfRecord",
    "NameOfPhysiciansReadingStudy", "OperatorsName", "RequestingPhysician",
)  # fmt: skip
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
BIRTH = "PatientBirthDate"
OF_EACH_FILE = [*NAMES, *NUMBERS, *PHRASES, *UIDS, BIRTH, "SpecificCharacterSet"]
WHOLE = {"stop_before_pixels": True, "force": True}
# Long, and without persons: the pixels, the contours, what is told frame by frame.
LONG = frozenset(
    ("PixelData", "ROIContourSequence", "PerFrameFunctionalGroupsSequence", "OverlayData",
     "EncapsulatedDocument", "WaveformSequence")
)  # fmt: skip
# As ITK copies DICOM entries into NRRD and MetaImage files.
TAGS = {
    "0010|0010": "PatientName", "0010|0020": "PatientID", "0010|0030": "PatientBirthDate",
    "0008|0050": "AccessionNumber", "0020|0010": "StudyID", "0008|0080": "InstitutionName",
    "0008|0081": "InstitutionAddress", "0008|0090": "ReferringPhysicianName",
    "0008|1050": "PerformingPhysicianName", "0008|1070": "OperatorsName",
    "0020|000d": "StudyInstanceUID", "0020|000e": "SeriesInstanceUID",
    "0008|0018": "SOPInstanceUID", "0020|0052": "FrameOfReferenceUID",
}  # fmt: skip
KNOWN = {
    re.sub(r"\W", "", name).lower(): name for name in (*NAMES, *NUMBERS, *PHRASES, *UIDS, BIRTH)
}
PARTS = ("image", "mask")
PERSON = re.compile(r"[^\W\d_]{2,}\^[^\W\d_]{2,}")


def values_of(scans: Iterable[dict]) -> tuple[list[Value], int]:
    """The values of all files of some scans, each once, and how many files could not be read.

    scans : dictionaries with patient, image and mask.
    """
    places = sorted({(scan["patient"], place_of(scan[part])) for scan in scans for part in PARTS})
    found: set[Value] = set()
    unread = 0
    for patient, place in places:
        path = Path(place)
        seen: set[tuple] = set()
        for one in files_below(path) if path.is_dir() else [path]:
            try:
                found |= _of_file(one, patient, seen)
            except Exception as error:  # pydicom has no common base of what a damaged file raises
                print(f"a file of {patient} was not read: {type(error).__name__}")
                unread += 1
    return sorted(found, key=lambda value: (value.tag, value.patient, value.text)), unread


def _of_file(path: Path, patient: str, seen: set) -> set[Value]:
    if is_dicom(path):
        return set(of_dicom(path, patient, seen))
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        return set(_of_nifti(nifti_entries(path), patient))
    if name.endswith((".mha", ".mhd", ".nrrd", ".nhdr")):
        return set(_of_lines(image_header(path), patient))
    return set()


def of_dicom(path: Path, patient: str, seen: set | None = None) -> Iterator[Value]:
    """The values of a DICOM file. Of each series in ``seen`` only the entries that may change."""
    seen = set() if seen is None else seen
    with lenient() as pydicom:
        read = pydicom.dcmread(path, specific_tags=OF_EACH_FILE, **WHOLE)
        series = tuple(str(read.get(name, "")) for name in ("SeriesInstanceUID", "PatientName"))
        if series not in seen:
            seen.add(series)
            read = pydicom.dcmread(path, **WHOLE)
        yield from _of_entries(read, patient)


def _of_entries(read, patient: str) -> Iterator[Value]:
    for element in read:
        keyword = element.keyword
        if keyword in LONG or element.value is None:
            continue
        if element.VR == "SQ":
            for item in element.value:
                yield from _of_entries(item, patient)
            continue
        kind = _kind(keyword, element.VR)
        if kind:
            several = element.VM > 1 and not isinstance(element.value, str | bytes)
            for one in element.value if several else [element.value]:
                said = str(one).split("\0")[0].strip()
                if said:
                    yield Value(keyword or f"{element.tag}", patient, kind, said)


def _kind(keyword: str, representation: str) -> str:
    if representation == "PN":
        return NAME
    if representation == "UI":
        return UID
    if keyword == BIRTH:
        return DATE
    return NUMBER if keyword in NUMBERS else PHRASE if keyword in PHRASES else ""


def _of_nifti(entries: dict[str, str], patient: str) -> Iterator[Value]:
    """A name as DICOM writes it, which some converters keep; other entries hold settings."""
    for name, said in entries.items():
        for found in PERSON.finditer(said):
            yield Value(name, patient, NAME, found[0])
        if name == "extension":
            yield from _of_lines(said, patient)


def _of_lines(header: str, patient: str) -> Iterator[Value]:
    """Entries of a NRRD or MetaImage header whose key is that of a DICOM entry that names one."""
    for line in header.splitlines():
        key, mark, said = line.partition(":=" if ":=" in line else "=" if "=" in line else ":")
        key, said = key.strip(), said.strip().strip('"')
        tag = next((name for number, name in TAGS.items() if number in key.lower()), "")
        tag = tag or KNOWN.get(re.sub(r"[\W_]|dicom", "", key.lower()), "")
        if mark and tag and said:
            kind = NAME if tag in NAMES else UID if tag in UIDS else ""
            yield Value(tag, patient, kind or _kind(tag, ""), said)
        for found in PERSON.finditer(said):
            yield Value(tag or "header", patient, NAME, found[0])
