"""How far two masks of one lesion agree: overlap, surface distances (mm) and volumes.

The surface of a mask are its voxels that share a face with a voxel outside; distances run between
the centres of such voxels. The 95 % Hausdorff distance is the larger of the two directed 95th
percentiles, as in Metrics Reloaded (Maier-Hein et al., Nat Methods 2024;21:195-212), MONAI and
DeepMind's surface-distance (which weighs surface elements by their area; here each voxel counts
once). MedPy takes one percentile of both directions pooled, which is smaller or equal.
"""

import numpy as np
import SimpleITK as sitk

# Which readings are compared: readers with each other, and a reader with himself.
PAIRS = {"inter": ("a1", "b1"), "intra": ("a1", "a2")}
MEASURES = (
    "dice", "jaccard", "hausdorff_mm", "hausdorff95_mm", "mean_surface_mm",
    "volume_a_mm3", "volume_b_mm3",
)  # fmt: skip
DICE_COLUMNS = (
    "patient", "phase", "comparison", "reading_a", "reading_b", *MEASURES, "reason",
)  # fmt: skip
# Grids that lie apart by less than this share of a voxel are one grid (ITK's own tolerance).
SAME_GRID = 1e-6
EMPTY = "no voxel in "


def compare(first: sitk.Image, second: sitk.Image) -> dict[str, float | str]:
    """``MEASURES`` and ``reason`` for two masks (voxels that are not 0) on one grid.

    hausdorff_mm : largest distance from a surface voxel of one mask to the other's surface
    hausdorff95_mm : the larger of the two directed 95th percentiles (linear interpolation)
    mean_surface_mm : mean over the surface voxels of both masks together (ASSD)
    Masks that do not touch have Dice 0 and their distances. Where one mask is empty the overlap is
    0 and there is no distance; where both are, there is neither. What there is not is NaN, and
    ``reason`` says why. Raises ValueError where the grids differ.
    """
    if not same_grid(first, second):
        raise ValueError("the two masks do not lie on one grid")
    voxel = float(np.prod(first.GetSpacing()))
    # ITK's arrays run z, y, x.
    one, other = (sitk.GetArrayViewFromImage(mask) != 0 for mask in (first, second))
    counts = int(np.count_nonzero(one)), int(np.count_nonzero(other))
    measured = dict.fromkeys(MEASURES, float("nan"))
    measured |= {"volume_a_mm3": counts[0] * voxel, "volume_b_mm3": counts[1] * voxel}
    if not any(counts):
        return measured | {"reason": EMPTY + "both masks"}
    box = _box(one | other)
    one, other = one[box], other[box]
    shared = int(np.count_nonzero(one & other))
    measured["dice"] = 2 * shared / sum(counts)
    measured["jaccard"] = shared / (sum(counts) - shared)
    if not all(counts):
        return measured | {"reason": EMPTY + ("the second mask" if counts[0] else "the first mask")}
    directed = surface_distances(one, other, first.GetSpacing())
    measured["hausdorff_mm"] = float(max(part.max() for part in directed))
    measured["hausdorff95_mm"] = float(max(np.percentile(part, 95) for part in directed))
    measured["mean_surface_mm"] = float(np.concatenate(directed).mean())
    return measured | {"reason": ""}


def same_grid(first: sitk.Image, second: sitk.Image) -> bool:
    """Whether two images have the same size and lie in the same place."""
    return first.GetSize() == second.GetSize() and first.IsSameImageGeometryAs(
        second, SAME_GRID, SAME_GRID
    )


def surface_distances(
    one: np.ndarray, other: np.ndarray, spacing: tuple
) -> tuple[np.ndarray, np.ndarray]:
    """Distances (mm) of the surface voxels of each mask to the nearest one of the other.

    one, other : boolean arrays z, y, x with a voxel each at least; spacing : mm, x y z
    """
    # A border of voxels outside: at the edge of the image a mask has a surface too.
    surfaces = [surface(np.pad(mask, 1)) for mask in (one, other)]
    maps = [_distance_map(found, spacing) for found in surfaces]
    return maps[1][surfaces[0]], maps[0][surfaces[1]]


def surface(mask: np.ndarray) -> np.ndarray:
    """Voxels of a mask that share a face with a voxel outside; none lies at the array's edge."""
    inside = mask.copy()
    core = (slice(1, -1),) * mask.ndim
    for axis in range(mask.ndim):
        for step in (slice(None, -2), slice(2, None)):
            beside = list(core)
            beside[axis] = step
            inside[core] &= mask[tuple(beside)]
    return mask & ~inside


def _distance_map(surface_voxels: np.ndarray, spacing: tuple) -> np.ndarray:
    """Exact Euclidean distance (mm) to the nearest surface voxel (Maurer et al. 2003)."""
    image = sitk.GetImageFromArray(surface_voxels.astype(np.uint8))
    image.SetSpacing(spacing)
    squares = sitk.SignedMaurerDistanceMap(
        image, insideIsPositive=False, squaredDistance=True, useImageSpacing=True
    )
    # Signed, and in single precision: the roots are exact to seven digits.
    distances = np.sqrt(np.abs(sitk.GetArrayViewFromImage(squares).astype(np.float64)))
    distances[surface_voxels] = 0.0
    return distances


def _box(mask: np.ndarray) -> tuple[slice, ...]:
    """The smallest box around what is not 0."""
    found = []
    for axis in range(mask.ndim):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        places = np.flatnonzero(mask.any(axis=others))
        found.append(slice(int(places[0]), int(places[-1]) + 1))
    return tuple(found)
