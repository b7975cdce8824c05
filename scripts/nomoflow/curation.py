"""What makes a mask doubtful though it can be read: too small, in pieces, with holes, at the edge.

Masks are 1 in the region of interest and 0 elsewhere, with at least one voxel inside.
"""

import numpy as np
import SimpleITK as sitk

from nomoflow.image_problems import ImageProblem, times
from nomoflow.image_regions import bounding_box

# What the config's images.masks may say of each kind, and the severity that follows from it.
SEVERITIES = {"allow": None, "warn": "warning", "refuse": "problem"}
LIMITS = {
    "minimum_voxels": 64,
    "minimum_volume_mm3": 0.0,
    "minimum_extent": 2,
    "masks": {"several_components": "warn", "holes": "warn", "at_edge": "warn"},
}
AXES = ("x", "y", "z")


def problems_of_mask(scan: dict, image, mask, limits: dict | None = None) -> list[ImageProblem]:
    """All that makes a mask doubtful, in the order of its kinds.

    scan : patient, phase, reading, and the mask's path
    image : on the mask's grid, or None; its own edge is the mask's
    limits : of ``LIMITS`` what differs from the defaults
    Kinds: mask_small (voxels), volume_small (mm3), extent_small (voxels along an axis) are always
    problems; several_components, holes and at_edge are what ``limits["masks"]`` says of each:
    ``allow``, ``warn`` or ``refuse``. Raises ValueError for any other word.
    """
    limits = {**LIMITS, **(limits or {})}
    severities = _severities({**LIMITS["masks"], **(limits["masks"] or {})})
    found = _too_small(mask, limits)
    doubts = {"several_components": _components, "holes": _holes, "at_edge": _at_edge}
    for kind, judge in doubts.items():
        if severities[kind] and (problem := judge(mask)):
            problem.severity = severities[kind]
            found.append(problem)
    for problem in found:
        problem.file = str(scan["mask"])
        problem.patient, problem.phase, problem.reading = (
            scan[key] for key in ("patient", "phase", "reading")
        )
    return found


def _severities(chosen: dict[str, str]) -> dict[str, str | None]:
    for kind, word in chosen.items():
        if kind not in LIMITS["masks"] or word not in SEVERITIES:
            raise ValueError(
                f"images.masks: found {kind}: {word}; allowed are {', '.join(LIMITS['masks'])}, "
                f"each {', '.join(SEVERITIES)}"
            )
    return {kind: SEVERITIES[word] for kind, word in chosen.items()}


def _too_small(mask: sitk.Image, limits: dict) -> list[ImageProblem]:
    voxels = int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))
    volume = voxels * float(np.prod(mask.GetSpacing()))
    extent = bounding_box(mask)[1]
    found, remedy = [], "draw the mask again, exclude the patient, or lower images."
    if voxels < int(limits["minimum_voxels"]):
        found.append(
            ImageProblem(
                kind="mask_small",
                problem="the region of interest is too small",
                found=f"{voxels} voxels",
                allowed=f"at least {int(limits['minimum_voxels'])} voxels",
                remedy=remedy + "minimum_voxels",
            )
        )
    if volume < float(limits["minimum_volume_mm3"]):
        found.append(
            ImageProblem(
                kind="volume_small",
                problem="the region of interest has too small a volume",
                found=f"{volume:.4g} mm3",
                allowed=f"at least {float(limits['minimum_volume_mm3']):g} mm3",
                remedy=remedy + "minimum_volume_mm3",
            )
        )
    thin = [axis for axis, n in zip(AXES, extent, strict=True) if n < int(limits["minimum_extent"])]
    if thin:
        found.append(
            ImageProblem(
                kind="extent_small",
                problem=f"the region of interest is too thin along {' and '.join(thin)}",
                found=f"{times(extent)} voxels",
                allowed=f"at least {int(limits['minimum_extent'])} voxels along each axis",
                remedy="was one slice alone drawn? " + remedy + "minimum_extent",
            )
        )
    return found


def component_sizes(mask: sitk.Image) -> list[int]:
    """Voxels of each piece of label 1, largest first; touching corners join two voxels."""
    labels = sitk.ConnectedComponent(_box(mask), True)  # a view does not keep its image alive
    counts = np.bincount(sitk.GetArrayViewFromImage(labels).ravel())
    return sorted(counts[1:].tolist(), reverse=True)


def hole_sizes(mask: sitk.Image) -> list[int]:
    """Voxels of each cavity, largest first: outside the region and closed in on all sides.

    A cavity is what face to face no way leads out of, so that it and the region's pieces, which
    corners join, are counted by the two connectivities that belong together.
    """
    background = sitk.ConstantPad(_box(mask), [1] * 3, [1] * 3, 0) == 0
    labels = sitk.ConnectedComponent(background, False)
    array = sitk.GetArrayViewFromImage(labels)
    counts = np.bincount(array.ravel())
    counts[[0, array[0, 0, 0]]] = 0  # the region, and what lies around it
    return sorted(counts[counts > 0].tolist(), reverse=True)


def _box(mask: sitk.Image) -> sitk.Image:
    start, size = bounding_box(mask)
    return sitk.RegionOfInterest(mask, size.tolist(), start.tolist())


def _components(mask: sitk.Image) -> ImageProblem | None:
    sizes = component_sizes(mask)
    if len(sizes) == 1:
        return None
    rest = sum(sizes[1:])
    return ImageProblem(
        kind="several_components",
        problem="the region of interest is in several pieces",
        found=f"{len(sizes)} pieces; the largest holds {_percent(sizes[0], sum(sizes))} of the "
        f"voxels, the others {rest} voxels",
        allowed="one piece (images.masks.several_components)",
        remedy="erase specks beside the region; allow it where the lesion has several parts",
    )


def _holes(mask: sitk.Image) -> ImageProblem | None:
    sizes = hole_sizes(mask)
    if not sizes:
        return None
    return ImageProblem(
        kind="holes",
        problem="the region of interest has holes",
        found=f"{len(sizes)} hole{'s' * (len(sizes) > 1)}, {sum(sizes)} voxels",
        allowed="no hole (images.masks.holes)",
        remedy="fill the holes; allow them where parts were left out on purpose, such as necrosis",
    )


def edges_touched(mask: sitk.Image) -> list[str]:
    """Sides of the image that the region reaches: "first" or "last" voxel along x, y or z."""
    start, size = bounding_box(mask)
    whole = np.array(mask.GetSize())
    touched = []
    for axis, low, high in zip(AXES, start == 0, start + size == whole, strict=True):
        touched += [f"{side} {axis}" for side, is_so in (("first", low), ("last", high)) if is_so]
    return touched


def _at_edge(mask: sitk.Image) -> ImageProblem | None:
    touched = edges_touched(mask)
    if not touched:
        return None
    return ImageProblem(
        kind="at_edge",
        problem="the region of interest reaches the edge of the image",
        found=f"touches the {', '.join(touched)} of {times(mask.GetSize())} voxels",
        allowed="a voxel between region and edge (images.masks.at_edge)",
        remedy="take a series that holds the whole lesion: a part of it seems to be cut off",
    )


def _percent(part: int, whole: int) -> str:
    """A share that is called 100 % only where it is all."""
    share = 100 * part / whole
    return f"{share:.1f} %" if share < 99.95 else "over 99.9 %"
