"""Masks in DICOM segmentations (SEG): a segment's frames on the image's grid."""

import numpy as np
import SimpleITK as sitk

from nomoflow.dicom_headers import LABEL_MAP, check_pixel_bytes, header, numbers, text
from nomoflow.header_limits import check_size
from nomoflow.image_problems import ImageProblem
from nomoflow.mask_labels import Label, chosen_label
from nomoflow.slice_grid import OTHER_GRID, REMEDY, SliceGrid, on_image

FRAMES = {"Columns": 0, "Rows": 0, "NumberOfFrames": 1}  # and what an absent entry means


def read_segment(path, label: str, image: sitk.Image, tolerance_mm: float, series=None):
    """A segment on the image's grid as 0 and 1, and how far its voxels lay off (mm).

    label : segment number, or segment label. series : the image's DICOM series, if it is one.
    Binary segmentations, label maps and fractional ones that hold 0 and the maximum alone.
    Raises ImageProblem: no such segment, another frame of reference or grid, fractions.
    """
    from pydicom import dcmread
    from pydicom.pixels import iter_pixels

    read = dcmread(path, force=True)
    size = [(numbers(read, keyword) or [least])[0] for keyword, least in FRAMES.items()]
    check_size(size, "pixels in columns, rows and frames")
    check_pixel_bytes(path.name, header(path))
    segment = chosen_label(label, segments(read))
    if series is not None:
        check_reference(text(read, "FrameOfReferenceUID"), series)
    grid = SliceGrid(image, series)
    array = np.zeros(image.GetSize()[::-1], dtype=np.uint8)
    label_map = text(read, "SOPClassUID") == LABEL_MAP
    frames = _frames(read, segment.number, label_map)
    off = 0.0
    decoded = iter_pixels(read, indices=frames) if frames else []
    for index, pixels in zip(frames, decoded, strict=True):
        inside = pixels == segment.number if label_map else _whole(pixels, read)
        origin, steps = _plane(read, index)
        for step, name in zip(steps, ("column", "row"), strict=True):
            grid.check_step(step, name)
        places = np.argwhere(inside)
        if len(places):
            points = origin + places[:, 1:] * steps[0] + places[:, :1] * steps[1]
            voxels, away = grid.voxels(points, tolerance_mm)
            array[tuple(voxels.T[::-1])] = 1
            off = max(off, away)
    _check_thickness(read, grid)
    return on_image(array, image), off


def segments(read) -> list[Label]:
    """The segments of a SEG file."""
    return [
        Label(int(one.SegmentNumber), text(one, "SegmentLabel"))
        for one in read.get("SegmentSequence", [])
        if "SegmentNumber" in one
    ]


def check_reference(frame_of_reference: str, series) -> None:
    """Refuse a mask whose coordinates belong to another frame of reference than the series'."""
    own = text(series.headers[0], "FrameOfReferenceUID")
    if frame_of_reference and own and frame_of_reference != own:
        raise ImageProblem(
            "frame_differs",
            "the mask was drawn in another frame of reference than the image's",
            found="another FrameOfReferenceUID",
            allowed="masks drawn on this series, or on one registered to it by the scanner",
            remedy="name the series that the mask was drawn on",
        )


def _group(read, index: int, name: str):
    """An item of a frame's own or the shared functional groups, or an empty list."""
    own = read.get("PerFrameFunctionalGroupsSequence", [])[index : index + 1]
    groups = [*own, *read.get("SharedFunctionalGroupsSequence", [])]
    return next((group.get(name)[0] for group in groups if group.get(name)), [])


def _frames(read, number: int, label_map: bool) -> list[int]:
    count = int((numbers(read, "NumberOfFrames") or [1])[0])
    groups = len(read.get("PerFrameFunctionalGroupsSequence", []))
    if groups != count:
        raise _unplaced(f"{count} frames, {groups} of them described")
    if label_map:
        return list(range(count))
    there = {one.number for one in segments(read)}
    found = []
    for index in range(count):
        group = _group(read, index, "SegmentIdentificationSequence")
        named = numbers(group, "ReferencedSegmentNumber") if group else None
        # A frame left out in silence would be a slice of the mask that is missing.
        if named is None or named[0] not in there:
            raise _unplaced(f"no segment of the file for frame {index + 1}")
        if named[0] == number:
            found.append(index)
    return found


def _unplaced(found: str) -> ImageProblem:
    return ImageProblem(
        "frames_unplaced",
        "the DICOM segmentation does not say where its frames lie",
        found=found,
        allowed="segment, position, orientation and pixel spacing of each frame",
        remedy="export the segmentation again",
    )


def _whole(pixels: np.ndarray, read) -> np.ndarray:
    """Which pixels belong to the segment; fractions are refused."""
    most = int((numbers(read, "MaximumFractionalValue") or [1])[0])
    if text(read, "SegmentationType") == "FRACTIONAL" and not np.isin(pixels, (0, most)).all():
        raise ImageProblem(
            "mask_not_whole",
            "the DICOM segmentation is fractional",
            found=f"values between 0 and {most}",
            allowed="a binary segmentation: in or out",
            remedy="threshold it and save it as a binary segmentation",
        )
    return pixels != 0


def _plane(read, index: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Centre of a frame's first pixel, and the steps from column to column and row to row (mm)."""
    needed = {
        "PlanePositionSequence": "ImagePositionPatient",
        "PlaneOrientationSequence": "ImageOrientationPatient",
        "PixelMeasuresSequence": "PixelSpacing",
    }
    found = []
    for group, keyword in needed.items():
        item = _group(read, index, group)
        value = numbers(item, keyword) if item else None
        if value is None:
            raise ImageProblem(
                "frames_unplaced",
                "the DICOM segmentation does not say where its frames lie",
                found=f"no {keyword} for frame {index + 1}",
                allowed="position, orientation and pixel spacing of each frame",
                remedy="export the segmentation again",
            )
        found.append(np.array(value))
    origin, orientation, spacing = found
    return origin, [orientation[:3] * spacing[1], orientation[3:] * spacing[0]]


def _check_thickness(read, grid: SliceGrid) -> None:
    """Refuse frames that stand for several of the image's slices: the mask would have gaps."""
    group = _group(read, 0, "PixelMeasuresSequence")
    apart = numbers(group, "SpacingBetweenSlices") if group else None
    if apart and apart[0] > 1.5 * grid.spacing[2]:
        raise ImageProblem(
            "grid_differs",
            OTHER_GRID,
            found=f"slices of the mask {apart[0]:.4g} mm apart, of the image"
            f" {grid.spacing[2]:.4g} mm",
            allowed="the image's own slices",
            remedy=REMEDY,
        )
