"""What a scan shows that lets it be compared with the patient's others, and with other patients."""

import hashlib

import numpy as np
import SimpleITK as sitk

from nomoflow.dicom_headers import lenient, shown, text
from nomoflow.dicom_series import choose
from nomoflow.image_fingerprint import image_fingerprint
from nomoflow.image_problems import ImageProblem
from nomoflow.image_regions import bounding_box
from nomoflow.series_choice import split_choice

SHELL_MM = (5.0, 10.0)  # distances from the region's border between which lies its surrounding
MOST_SHELL = 4_000_000  # voxels of the box around region and shell; coarser where there are more
TIMES = ("AcquisitionTime", "ContentTime", "SeriesTime")
DESCRIPTIONS = ("SeriesDescription", "ProtocolName", "ContrastBolusAgent")


def summarise(scan: dict, image, mask) -> dict:
    """Place, field of view, values inside and around, when acquired, and the image's fingerprint.

    image, mask : on one grid; the mask is 1 in the region, which is not empty
    centre_*_mm : mean position of the region; field_low_mm, field_high_mm : the box, along the
    patient's axes, that holds the centres of all voxels; around_* : of the shell ``SHELL_MM``
    outside the region's border (empty where the image has no voxel there); acquired_s : seconds
    of the day at which a DICOM series began; described : a digest of what its headers say of it.
    """
    inside = sitk.GetArrayViewFromImage(mask) == 1
    values = sitk.GetArrayViewFromImage(image)[inside].astype(np.float64)
    around = _around(image, mask)
    low, high = field_of_view(image)
    centre = _centre(mask)
    return {
        **{f"centre_{axis}_mm": place for axis, place in zip("xyz", centre, strict=True)},
        "field_low_mm": _listed(low),
        "field_high_mm": _listed(high),
        "inside_mean": float(values.mean()),
        "inside_sd": float(values.std()),
        "around_mean": float(around.mean()) if len(around) else "",
        "around_sd": float(around.std()) if len(around) else "",
        "around_p90": float(np.percentile(around, 90)) if len(around) else "",
        **_told(scan),
        "digest": image_fingerprint(image),
    }


def field_of_view(image: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest coordinates (mm) of the centres of an image's voxels."""
    size = np.array(image.GetSize()) - 1
    corners = [
        image.TransformIndexToPhysicalPoint((size * np.array(which)).tolist())
        for which in np.ndindex(2, 2, 2)
    ]
    return np.min(corners, axis=0), np.max(corners, axis=0)


def _centre(mask: sitk.Image) -> list[float]:
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(mask)
    return [float(place) for place in shape.GetCentroid(1)]


def _around(image, mask) -> np.ndarray:
    """Values of the shell around the region."""
    spacing = np.array(mask.GetSpacing())
    start, extent = bounding_box(mask)
    margin = np.ceil((SHELL_MM[1] + 1) / spacing).astype(int)
    low = np.maximum(start - margin, 0)
    high = np.minimum(start + extent + margin, mask.GetSize())
    step = max(1, int(np.ceil((np.prod((high - low).astype(float)) / MOST_SHELL) ** (1 / 3))))
    part = [
        one[tuple(slice(int(a), int(b), step) for a, b in zip(low, high, strict=True))]
        for one in (image, mask)
    ]
    if not sitk.GetArrayViewFromImage(part[1]).any():  # too thin for so coarse a grid
        return np.zeros(0)
    distance = sitk.SignedMaurerDistanceMap(
        part[1], insideIsPositive=False, squaredDistance=False, useImageSpacing=True
    )
    away = sitk.GetArrayViewFromImage(distance)
    shell = (away >= SHELL_MM[0]) & (away <= SHELL_MM[1])
    return sitk.GetArrayViewFromImage(part[0])[shell].astype(np.float64)


def _told(scan: dict) -> dict:
    """What the headers of a DICOM series tell; a time of day without its date, and no text."""
    path, wanted = split_choice(scan["image"])
    empty = {"acquired_s": "", "described": ""}
    if not path.is_dir():
        return empty
    try:
        one = choose(path, wanted)
    except ImageProblem:  # told where the image was read
        return empty
    times = [
        seconds
        for path in {one.files[0], one.files[-1]}
        if (seconds := _seconds(_time(path))) is not None
    ]
    words = [shown(one.headers[0], name).strip().lower() for name in DESCRIPTIONS]
    return {
        "acquired_s": min(times) if times else "",
        "described": hashlib.sha256("|".join(words).encode()).hexdigest()[:12]
        if any(words)
        else "",
    }


def _time(path) -> str:
    """When a slice was acquired, as its header states it; empty where it does not."""
    with lenient() as pydicom:
        read = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(TIMES), force=True)
        return next(filter(None, (text(read, name) for name in TIMES)), "")


def _seconds(stated: str) -> float | None:
    """Seconds of the day of a DICOM time such as 143005.25, or None."""
    digits = stated.strip().replace(":", "")
    if len(digits) < 4 or not digits.replace(".", "", 1).isdigit():
        return None
    return int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + float(digits[4:] or 0)


def _listed(values) -> str:
    return " ".join(f"{value:.6g}" for value in values)
