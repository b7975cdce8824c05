"""A DICOM series as one image: which one is meant, and whether its slices make a volume."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from nomoflow.dicom_headers import check_pixel_bytes, header, numbers, shown, text
from nomoflow.header_limits import FARTHEST_MM, absurd, check_place, check_size
from nomoflow.image_problems import ImageProblem, listed, times
from nomoflow.series_choice import digest, files_below, split_choice

NOT_IMAGES = frozenset(
    ("SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "RTRECORD", "SR", "PR", "KO", "REG", "DOC", "FID")
)
PLACE = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}
LARGEST = 1e9  # no rescale slope or intercept
SAME_MM = 1e-3  # two slices nearer than this lie at one position
EVEN = 0.05  # of the spacing: how far a slice may lie from the even grid
TILT = 0.1  # of a pixel: how far the slices may drift sideways over the whole stack
SEVERAL = "not exactly one DICOM series in the folder"


@dataclass
class Series:
    """The slices of one series, along their normal once it is known."""

    uid: str
    files: list[Path] = field(default_factory=list)
    headers: list = field(default_factory=list)

    def __str__(self) -> str:
        first = self.headers[0]
        described = shown(first, "SeriesDescription") or "no description"
        slices = f"{len(self.files)} slice{'s' if len(self.files) > 1 else ''}"
        return f"#{digest(self.uid)} {text(first, 'Modality')} {described!r} {slices}"

    def normal(self) -> np.ndarray:
        """Unit vector across the slices."""
        row, column = np.reshape(numbers(self.headers[0], "ImageOrientationPatient"), (2, 3))
        return np.cross(row, column) / np.linalg.norm(np.cross(row, column))

    def positions(self) -> np.ndarray:
        """Where each slice lies along the normal, in mm."""
        corners = [numbers(one, "ImagePositionPatient") for one in self.headers]
        return np.array(corners) @ self.normal()


def series_below(folder: Path) -> list[Series]:
    """The series of images in a folder and below it; those of other objects are left out."""
    found: dict[str, Series] = {}
    for path in files_below(folder):
        read = header(path)
        if read is None or "Rows" not in read or text(read, "Modality") in NOT_IMAGES:
            continue
        uid = text(read, "SeriesInstanceUID")
        one = found.setdefault(uid, Series(uid))
        one.files.append(path)
        one.headers.append(read)
    return [found[uid] for uid in sorted(found)]


def choose(folder: Path, wanted: str = "") -> Series:
    """The series meant. Localisers and pictures without a place in the patient are no volumes.

    Raises ImageProblem, which lists the series, where none or several could be meant.
    """
    there = series_below(folder)
    if wanted:
        chosen = [one for one in there if wanted in (one.uid, digest(one.uid))]
    else:
        chosen = [one for one in there if _is_volume(one)] or there
    if len(chosen) == 1:
        return chosen[0]
    if wanted:
        raise ImageProblem(
            "series_missing",
            "the DICOM series is not in the folder",
            found=_listing(there, folder),
            allowed="the SeriesInstanceUID of one of these, or its digest",
            remedy="correct what follows # in the scans table",
        )
    raise ImageProblem(
        "several_series",
        SEVERAL,
        found=_listing(there, folder),
        allowed="one series a folder, or folder#series",
        remedy="write the one meant behind the folder in the scans table, such as"
        f" {folder.name}#{digest(there[0].uid)}"
        if there
        else "name the folder that holds the slices",
    )


def _of_one_file(path: Path) -> Series:
    read = header(path)
    modality = "" if read is None else text(read, "Modality")
    if read is None or "Rows" not in read or modality in NOT_IMAGES:
        raise ImageProblem(
            "not_an_image",
            "the DICOM file is no image",
            found=f"modality {modality}" if modality else "no modality",
            allowed="the folder of a series of slices",
            remedy="name the folder of the series; a SEG or RTSTRUCT belongs in the column mask",
        )
    return Series(text(read, "SeriesInstanceUID"), [path], [read])


def _is_volume(one: Series) -> bool:
    kinds = text(one.headers[0], "ImageType").split()
    placed = sum("ImagePositionPatient" in read for read in one.headers)
    return "LOCALIZER" not in kinds and (placed > 1 or _frames(one.headers[0]) > 1)


def _listing(there: list[Series], folder: Path) -> str:
    files = len(files_below(folder))
    series = "; ".join(map(str, there))
    return f"{len(there)} series in {files} files" + (f": {series}" if series else "")


def _frames(read) -> int:
    return int((numbers(read, "NumberOfFrames") or [1])[0])


def read_series(path: str | Path) -> tuple[sitk.Image, Series]:
    """Image (rescale slope and intercept applied) and slices of a ``folder`` or ``folder#series``.

    A single DICOM file is a series of one slice. Raises ImageProblem where the slices are no
    volume; RuntimeError where one cannot be decoded.
    """
    place, wanted = split_choice(path)
    one = choose(place, wanted) if place.is_dir() else _of_one_file(place)
    check_series(one)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in one.files])
    scales = {(text(h, "RescaleSlope"), text(h, "RescaleIntercept")) for h in one.headers}
    if len(scales) > 1:  # the first slice's pixel type would cut off the others' decimals
        reader.SetOutputPixelType(sitk.sitkFloat64)
    return reader.Execute(), one


def check_series(one: Series) -> None:
    """Refuse slices that are no volume; sort them along their normal (``one`` is changed).

    Raises ImageProblem: several frames a file, no place in the patient, mixed modalities, sizes,
    pixel spacings or orientations, a slice twice, several images at a position, missing slices,
    uneven spacing, tilted gantry.
    """
    if any(_frames(read) > 1 for read in one.headers):
        raise ImageProblem(
            "several_frames",
            "a DICOM file of several frames (enhanced or multi-frame)",
            found=str(one),
            allowed="one file a slice",
            remedy="export it as a classic series, or convert it to NIfTI",
        )
    lost = [name for name in PLACE if not all(_is_given(read, name) for read in one.headers)]
    if lost:
        raise ImageProblem(
            "no_position",
            "slices without a place in the patient",
            found=f"{listed(lost)} missing or unusable; {one}",
            allowed="position, orientation and pixel spacing in each slice",
            remedy="name the original series; screen captures and reformatted pictures are none",
        )
    for name, keywords, decimals in (
        ("modalities", ["Modality"], None),
        ("matrix sizes", ["Columns", "Rows"], None),
        ("numbers of values a pixel", ["SamplesPerPixel"], None),
        ("pixel spacings", ["PixelSpacing"], 4),
        ("orientations", ["ImageOrientationPatient"], 3),
        ("frames of reference", ["FrameOfReferenceUID"], None),
        ("kinds of pixels", ["BitsAllocated", "PixelRepresentation"], None),
    ):
        _one_kind(one, name, keywords, decimals)
    _check_size(one)
    _check_pixels(one)
    order = np.argsort(one.positions(), kind="stable")
    one.files = [one.files[i] for i in order]
    one.headers = [one.headers[i] for i in order]
    if len(order) > 1:
        _check_doubles(one)
        _check_tilt(one)
        _check_steps(one)


def _check_size(one: Series) -> None:
    """Refuse a matrix or a pixel spacing that no scan has, before a slice is decoded."""
    first = one.headers[0]
    matrix = [(numbers(first, keyword) or [0])[0] for keyword in ("Columns", "Rows")]
    check_size([*matrix, len(one.files)])
    check_place(numbers(first, "PixelSpacing"))


def _check_pixels(one: Series) -> None:
    """Refuse pixels that are too few or too many, or whose meaning is not told alike.

    The library takes a slope that is no number for none.
    """
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        told = [text(read, keyword) for read in one.headers]
        if 0 < told.count("") < len(told):
            raise ImageProblem(
                "mixed_slices",
                f"some slices of the DICOM series have no {keyword}",
                found=f"none in {told.count('')} of {len(told)} slices",
                allowed="one in each slice, or in none",
                remedy="export the series again",
            )
        values = [numbers(read, keyword) for read in one.headers]
        wrong = [
            said
            for said, value in zip(told, values, strict=True)
            if said and (value is None or len(value) > 1 or abs(value[0]) > LARGEST)
        ]
        if wrong:
            raise absurd(f"{keyword} {wrong[0][:40]!r}", f"a number up to {LARGEST:g}")
    for path, read in zip(one.files, one.headers, strict=True):
        check_pixel_bytes(path.name, read)


def _is_given(read, keyword: str) -> bool:
    value = numbers(read, keyword) or []
    if len(value) != PLACE[keyword] or max(map(abs, value)) > FARTHEST_MM:
        return False
    # Rows and columns lie at a right angle: about one, whatever the header's rounding.
    across = np.linalg.norm(np.cross(value[:3], value[3:])) if len(value) == 6 else 1.0
    return abs(across - 1) < 0.01


def _one_kind(one: Series, name: str, keywords: list[str], decimals: int | None) -> None:
    def value(read) -> str:
        if decimals is None:
            said = times(text(read, keyword) for keyword in keywords)
            return digest(said) if keywords[0].endswith("UID") else said
        # Adding zero makes -0 the 0 that it is.
        return listed((np.round(numbers(read, keywords[0]), decimals) + 0.0).tolist())

    kinds = Counter(map(value, one.headers))
    if len(kinds) > 1:
        raise ImageProblem(
            "mixed_slices",
            f"{name} are mixed in the DICOM series",
            found=listed(f"{kind} ({n} slices)" for kind, n in kinds.most_common()),
            allowed="one for all slices",
            remedy="keep the slices of one acquisition, and move the others elsewhere",
        )


def _check_doubles(one: Series) -> None:
    close = np.flatnonzero(np.diff(one.positions()) < SAME_MM)
    if not close.size:
        return
    copies = len(one.headers) - len({text(read, "SOPInstanceUID") for read in one.headers})
    if copies:
        raise ImageProblem(
            "duplicate_slices",
            "slices are there twice in the DICOM series",
            found=f"{copies} of {len(one.headers)} files are copies of others",
            allowed="each slice once",
            remedy="remove the copies",
        )
    differ = []
    for keyword in ("AcquisitionNumber", "TemporalPositionIdentifier", "EchoNumbers", "ImageType"):
        values = sorted({text(read, keyword) for read in one.headers})
        differ += [f"{keyword} {listed(values, 4)}"] if len(values) > 1 else []
    raise ImageProblem(
        "same_position",
        "several images at one position in the DICOM series",
        found=f"{np.union1d(close, close + 1).size} of {len(one.headers)} slices share a position"
        + (f"; they differ in {'; '.join(differ)}" if differ else ""),
        allowed="one acquisition: phase, echo or time point",
        remedy="export each acquisition as a series of its own",
    )


def _check_tilt(one: Series) -> None:
    corners = np.array([numbers(read, "ImagePositionPatient") for read in one.headers])
    way = corners[-1] - corners[0]
    along = way @ one.normal()
    drift = np.linalg.norm(way - along * one.normal())
    pixel = min(numbers(one.headers[0], "PixelSpacing"))
    if drift > TILT * pixel:
        angle = np.degrees(np.arctan2(drift, abs(along)))
        raise ImageProblem(
            "tilt",
            "the slices are sheared: the gantry was tilted",
            found=f"{angle:.3g} degrees; {drift:.4g} mm sideways over the stack",
            allowed=f"up to {TILT * pixel:.3g} mm ({TILT:g} of a pixel)",
            remedy="resample the series to a straight grid, and draw the mask on that",
        )


def _check_steps(one: Series) -> None:
    places = one.positions()
    steps = np.diff(places)
    usual = np.quantile(steps, 0.25, method="lower")  # even where many slices are missing
    gaps = np.flatnonzero(steps > 1.5 * usual)
    if gaps.size:
        said = [f"{steps[i]:.4g} mm after slice {i + 1}" for i in gaps]
        raise ImageProblem(
            "slice_gap",
            "slices are missing in the DICOM series",
            found=f"{listed(said, 4)}, of {len(places)} slices",
            allowed=f"{usual:.4g} mm from slice to slice",
            remedy="export the series again, whole",
        )
    away = np.abs(places - np.linspace(places[0], places[-1], len(places)))
    step = (places[-1] - places[0]) / (len(places) - 1)
    if away.max() > EVEN * step:
        raise ImageProblem(
            "uneven_slices",
            "the slices are unevenly spaced",
            found=f"{steps.min():.4g} to {steps.max():.4g} mm; up to {away.max():.3g} mm off an"
            " even grid",
            allowed=f"up to {EVEN * step:.3g} mm ({EVEN:g} of the spacing)",
            remedy="name a series of one spacing, or resample it and draw the mask on that",
        )
