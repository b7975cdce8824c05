"""Masks in RTSTRUCT files: a structure's contours, filled on the image's slices.

A voxel belongs to the structure where its centre lies inside the contour. On a slice, a contour
within another one is a hole, and one within the hole an island (exclusive or; DICOM PS3.3,
C.8.8.6.3: a hole may also be joined to the outline by a channel, which the even-odd rule leaves
without width). Nothing is filled in between slices.
"""

from itertools import combinations, pairwise

import numpy as np
import SimpleITK as sitk

from nomoflow.dicom_headers import numbers, text
from nomoflow.dicom_masks import check_reference
from nomoflow.image_problems import ImageProblem, listed
from nomoflow.mask_labels import Label, chosen_label
from nomoflow.slice_grid import SliceGrid, on_image

POINT = "POINT"  # marks a place, and encloses nothing
CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
FLAT = 0.1  # of the slice spacing: how far a contour may lie from its slice
GAP = 4  # slices: a longer pause between contours is a second body, not a contour forgotten


def read_structure(path, label: str, image: sitk.Image, series=None) -> sitk.Image:
    """A structure on the image's grid as 0 and 1.

    label : ROI name, or ROI number. series : the image's DICOM series, if it is one.
    The slices that the contours name are not compared: de-identification often renames them. Where
    the contours lie is. Raises ImageProblem: no such structure, no closed contour, another frame of
    reference, contours off the image's slices or outside the image, crossing or repeated contours,
    slices left out between contours.
    """
    from pydicom import dcmread

    read = dcmread(path, force=True)
    rois = structures(read)
    roi = chosen_label(label, list(rois))
    if series is not None:
        check_reference(text(rois[roi], "ReferencedFrameOfReferenceUID"), series)
    contours = _contours(read, roi)
    return on_image(filled(_in_voxels(contours, SliceGrid(image, series)), image.GetSize()), image)


def structures(read) -> dict[Label, object]:
    """The structures of an RTSTRUCT file, with the items that describe them."""
    return {
        Label(int(one.ROINumber), text(one, "ROIName")): one
        for one in read.get("StructureSetROISequence", [])
        if "ROINumber" in one
    }


def _contours(read, roi: Label) -> list:
    items = [
        one
        for one in read.get("ROIContourSequence", [])
        if numbers(one, "ReferencedROINumber") == [roi.number]
    ]
    contours = [contour for one in items for contour in one.get("ContourSequence", [])]
    kinds = {text(one, "ContourGeometricType") for one in contours}
    closed = [one for one in contours if text(one, "ContourGeometricType") in CLOSED]
    other = kinds - {*CLOSED, POINT}  # open ones, and what no contour can be
    if other or not closed:
        raise ImageProblem(
            "open_contours",
            f"the structure {roi.name!r} is not made of closed contours",
            found=f"{len(contours)} contours" + (f": {listed(sorted(kinds))}" if kinds else ""),
            allowed=listed(CLOSED),
            remedy="close the contours, or export the structure as a mask on this image",
        )
    return closed


def _in_voxels(contours: list, grid: SliceGrid) -> list[tuple[int, np.ndarray]]:
    """Slice and corner points (n x 2; x, y; voxels) of each contour that encloses anything."""
    found, off, outside, tilted = [], 0.0, 0, 0
    for contour in contours:
        data, count = numbers(contour, "ContourData"), numbers(contour, "NumberOfContourPoints")
        if data is None or len(data) % 3 or (count and count[0] != len(data) / 3):
            # Left out in silence, it would be a slice of the mask that is missing.
            raise ImageProblem(
                "unreadable",
                "a contour of the structure has not the points that it announces",
                found=f"{len(data or []) / 3:g} points" + (f", not {count[0]:g}" if count else ""),
                allowed="three coordinates of each point",
                remedy="export the structures again",
            )
        points = np.reshape(data, (-1, 3))
        if len(points) < 3:
            continue
        index = grid.index(points)
        # Judged by their extremes: half of each voxel at the border belongs to the image.
        z = index[:, 2]
        tilted += np.ptp(z) > FLAT
        off = max(off, float(np.abs(z - np.rint(z.mean())).max()))
        low, high = index.min(axis=0), index.max(axis=0)
        outside += bool((low < -1).any() or (high > grid.size).any())
        found.append((int(np.rint(z.mean())), index[:, :2]))
    for wrong, problem, said in (
        (not found, "no contour of the structure encloses anything", f"{len(contours)} contours"),
        (tilted, "contours do not lie in the image's planes", f"{tilted} of {len(found)} contours"),
        (
            outside,
            "contours lie outside the image",
            f"{outside} of {len(found)} contours, by more than a voxel",
        ),
        (off > FLAT, "contours lie between the image's slices", f"up to {off:.3g} slices off"),
    ):
        if wrong:
            raise ImageProblem(
                "contours_off",
                problem,
                found=said,
                allowed=f"closed contours on the image's slices, up to {FLAT:g} of a slice off",
                remedy="name the series that the structure was drawn on, or export a mask",
            )
    return found


def filled(contours: list[tuple[int, np.ndarray]], size) -> np.ndarray:
    """Mask (z, y, x) of contours given as slice and corner points (voxels); size is x, y, z."""
    columns, rows, slices = size
    by_slice: dict[int, list[np.ndarray]] = {}
    for z, corners in contours:
        inside = fill_polygon(corners, (rows, columns))
        if 0 <= z < slices and inside.any():
            by_slice.setdefault(z, []).append(inside)
    array = np.zeros((slices, rows, columns), dtype=np.uint8)
    for z, parts in sorted(by_slice.items()):
        _check_crossing(z, parts)
        array[z] = np.logical_xor.reduce(parts)
    _check_gaps(array, sorted(by_slice))
    return array


def fill_polygon(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Whether each pixel's centre lies inside a closed polygon, by the even-odd rule.

    corners : n x 2 (x, y; pixels, 0 is the first pixel's centre). shape : rows, columns. A centre
    upon the outline belongs to the polygon on its right or below, so that polygons which share a
    side share no pixel. Every row's crossings are counted from the left.
    """
    rows, columns = shape
    start, end = corners, np.roll(corners, -1, axis=0)
    # Each side from its upper end, so that a channel's two sides are crossed at the same place.
    turned = (start[:, 1] > end[:, 1])[:, None]
    upper, lower = np.where(turned, end, start), np.where(turned, start, end)
    first = np.clip(np.ceil(upper[:, 1]), 0, rows).astype(int)
    last = np.clip(np.ceil(lower[:, 1]), 0, rows).astype(int)
    side = np.repeat(np.arange(len(corners)), last - first)
    row = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)] or [[]])
    row = row.astype(int)
    run, rise = (lower[side] - upper[side]).T
    crossing = upper[side, 0] + (row - upper[side, 1]) / rise * run
    turns = np.zeros((rows, columns + 1), dtype=np.int32)
    np.add.at(turns, (row, np.clip(np.ceil(crossing), 0, columns).astype(int)), 1)
    return np.cumsum(turns, axis=1)[:, :columns] % 2 == 1


def _check_crossing(z: int, parts: list[np.ndarray]) -> None:
    """Contours of a slice are apart, or one lies within the other."""
    for one, other in combinations(parts, 2):
        both = np.count_nonzero(one & other)
        smaller, larger = sorted((np.count_nonzero(one), np.count_nonzero(other)))
        same = both == smaller == larger
        if same or 0 < both < smaller:
            raise ImageProblem(
                "contours_cross",
                "a contour is there twice" if same else "contours cross each other",
                found=f"slice {z + 1}: {both} voxels inside both",
                allowed="contours that are apart, or one within the other (a hole)",
                remedy="mend the contours, or export the structure as a mask on this image",
            )


def _check_gaps(array: np.ndarray, drawn: list[int]) -> None:
    """Refuse a body with slices left out between two that overlap."""
    for below, above in pairwise(drawn):
        if 1 < above - below <= GAP and (array[below] & array[above]).any():
            raise ImageProblem(
                "contours_missing",
                "slices without a contour between others of the same body",
                found=f"none from slice {below + 2} to {above}; contours on {len(drawn)} of"
                f" {drawn[-1] - drawn[0] + 1} slices",
                allowed="a contour on each slice",
                remedy="interpolate the contours, or export the structure as a mask on this image",
            )
