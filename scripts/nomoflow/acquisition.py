"""How each image was acquired, as far as its file tells; nothing that names a patient.

A DICOM series tells it by its headers. Other formats keep none of it: their rows name the format
alone. Numbers that change from slice to slice (a tube current that follows the body) are given by
their median, text by all its values.
"""

from statistics import median

from nomoflow.dicom_headers import numbers, shown, text
from nomoflow.dicom_series import Series, check_series, choose
from nomoflow.identity import Finder
from nomoflow.identity_headers import of_dicom
from nomoflow.image_problems import ImageProblem, listed
from nomoflow.series_choice import digest, split_choice

MEASURED = {
    "kv": "KVP",
    "tube_current_ma": "XRayTubeCurrent",
    "exposure_time_ms": "ExposureTime",
    "exposure_mas": "Exposure",
    "slice_thickness_mm": "SliceThickness",
    "field_of_view_mm": "ReconstructionDiameter",
    "pitch": "SpiralPitchFactor",
    "gantry_tilt_deg": "GantryDetectorTilt",
    "field_strength_t": "MagneticFieldStrength",
    "repetition_time_ms": "RepetitionTime",
    "echo_time_ms": "EchoTime",
    "flip_angle_deg": "FlipAngle",
}
TOLD = {
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "kernel": "ConvolutionKernel",
    "reconstruction": "ReconstructionMethod",
    "scanning_sequence": "ScanningSequence",
    "contrast_agent": "ContrastBolusAgent",
    "description": "SeriesDescription",
    "protocol": "ProtocolName",
    "image_type": "ImageType",
}
REMOVED = "[removed]"
ACQUISITION_COLUMNS = (
    "patient", "phase", "format", "series", "modality", "units", "slices", "slice_spacing_mm",
    "pixel_spacing_mm", *MEASURED, *TOLD,
)  # fmt: skip
FORMATS = {
    (".nii", ".nii.gz"): "NIfTI", (".nrrd", ".nhdr"): "NRRD", (".mha", ".mhd"): "MetaImage",
}  # fmt: skip


def describe_acquisition(scan: dict) -> dict:
    """One row with the columns ``ACQUISITION_COLUMNS``; empty where the file does not tell.

    What is wrong with a scan is told by ``check_scan``: a series that cannot be used, or is not
    there, has its format alone here. The series is named by a digest of its UID.
    """
    path, wanted = split_choice(scan["image"])
    row = dict.fromkeys(ACQUISITION_COLUMNS, "")
    row |= {"patient": scan["patient"], "phase": scan["phase"], "format": image_format(path)}
    if not path.is_dir():
        return row
    try:
        one = choose(path, wanted)
        check_series(one)
    except ImageProblem:
        return row
    return row | _described(one, scan["patient"])


def image_format(path) -> str:
    """The format of an image, by its name."""
    if path.is_dir():
        return "DICOM"
    name = path.name.lower()
    return next((said for ends, said in FORMATS.items() if name.endswith(ends)), "other")


def _described(one: Series, patient: str) -> dict:
    finder = Finder(of_dicom(one.files[0], patient), (), set())
    places = one.positions()
    apart = (places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else None
    return {
        "series": digest(one.uid),
        "modality": text(one.headers[0], "Modality"),
        "units": units(one),
        "slices": len(one.files),
        "slice_spacing_mm": "" if apart is None else f"{apart:.6g}",
        "pixel_spacing_mm": text(one.headers[0], "PixelSpacing"),
        **{column: _number(one, keyword) for column, keyword in MEASURED.items()},
        **{column: _told(one, keyword, finder, patient) for column, keyword in TOLD.items()},
    }


def units(one: Series) -> str:
    """What a voxel's value means, once slope and intercept are applied.

    CT: HU, unless the rescale type names something else; "not stated" without an intercept. PET:
    the units that the file names, with the type of SUV where it is one. MR has none.
    """
    first = one.headers[0]
    modality = text(first, "Modality")
    if modality == "CT":
        if any(numbers(read, "RescaleIntercept") is None for read in one.headers):
            return "not stated"
        kinds = sorted({text(read, "RescaleType") or "HU" for read in one.headers})
        return listed(kinds)
    if modality == "PT":
        named = text(first, "Units")
        return f"SUV {text(first, 'SUVType') or 'BW'}" if named == "GML" else named or "not stated"
    return text(first, "RescaleType")


def _number(one: Series, keyword: str) -> str:
    values = [found[0] for read in one.headers if (found := numbers(read, keyword))]
    return f"{median(values):.6g}" if values else ""


def _told(one: Series, keyword: str, finder: Finder, patient: str) -> str:
    said = {shown(read, keyword) for read in one.headers} - {""}
    # What names somebody in another form (a date, a physician, an address) is removed whole.
    return " | ".join(sorted({REMOVED if finder.found(f"{patient} {s}") else s for s in said}))
