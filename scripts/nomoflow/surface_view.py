"""A mask as a body in space: a depth map from an oblique viewpoint, shaded by its slope."""

import numpy as np
import SimpleITK as sitk

# Where the viewer stands (LPS): before the patient, to his left, and above.
VIEWER = np.array([0.45, -0.75, 0.5])
# How light each side is: from the viewer's upper left.
LIGHT = np.array([-0.45, -0.55, -0.7])
SAMPLES = 84
# Smoothing before the surface is sought, as a share of a voxel: staircases are not anatomy.
SMOOTH = 0.7


def view_axes() -> np.ndarray:
    """Rows: what is to the right, down, and away from the viewer (unit vectors, LPS)."""
    away = -VIEWER / np.linalg.norm(VIEWER)
    right = np.cross(away, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(away, right), away])


def surface_view(mask: sitk.Image, side_mm: float, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Brightness (0 to 255) of a square picture of a mask's surface, and where the mask is hit.

    Orthographic, so lengths across the view are to scale: ``side_mm`` is the square's edge, its
    centre that of the mask's box. The surface is where the smoothed mask is one half.
    """
    field, centre = _field(mask)
    axes = view_axes()
    step = side_mm / SAMPLES
    # No body is deeper than its box's diagonal.
    deep = max(2, int(np.ceil(diagonal_mm(mask) / step)) + 2)
    view = sitk.Image([SAMPLES, SAMPLES, deep], sitk.sitkFloat32)
    view.SetSpacing([step] * 3)
    view.SetDirection(axes.T.ravel().tolist())
    half = (np.array([SAMPLES, SAMPLES, deep]) - 1) / 2 * step
    view.SetOrigin((centre - axes.T @ half).tolist())
    seen = sitk.Resample(field, view, sitk.Transform(), sitk.sitkLinear, 0.0)
    values = sitk.GetArrayViewFromImage(seen)
    level = min(0.5, 0.5 * float(values.max()))
    depth, hit = _depth(values, level)
    light = _shade(depth, hit)
    return _enlarged(light, hit, pixels)


def diagonal_mm(mask: sitk.Image) -> float:
    """Diagonal of the box around a mask: a square of that edge shows it whole from every side.

    Raises ValueError where the mask is empty.
    """
    return float(np.linalg.norm(_box(mask)[1] * np.array(mask.GetSpacing())))


def _box(mask: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size (x, y, z) of the box around what is not 0."""
    inside = sitk.GetArrayViewFromImage(mask) != 0
    ends = []
    for axis in (2, 1, 0):
        places = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
        if not len(places):
            raise ValueError("the mask is empty")
        ends.append((places[0], places[-1] - places[0] + 1))
    first, size = np.array(ends).T
    return first, size


def _field(mask: sitk.Image) -> tuple[sitk.Image, np.ndarray]:
    """The mask as a smooth field, cropped with a border; and the centre of its box (mm)."""
    first, size = _box(mask)
    middle = first + (size - 1) / 2
    centre = np.array(mask.TransformContinuousIndexToPhysicalPoint(middle.tolist()))
    cropped = sitk.RegionOfInterest(mask, size.tolist(), first.tolist()) != 0
    wide = sitk.ConstantPad(sitk.Cast(cropped, sitk.sitkFloat32), [3] * 3, [3] * 3, 0.0)
    variance = [(SMOOTH * spacing) ** 2 for spacing in wide.GetSpacing()]
    return sitk.DiscreteGaussian(wide, variance, 9, 0.01, True), centre


def _depth(values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Depth (in samples) at which each ray enters the body, and which rays do at all."""
    above = values >= level
    hit = above.any(axis=0)
    first = above.argmax(axis=0)
    rows, columns = np.indices(first.shape)
    here = values[first, rows, columns]
    before = values[np.maximum(first - 1, 0), rows, columns]
    rise = np.where(here > before, here - before, 1.0)
    return first - np.clip((here - level) / rise, 0, 1), hit


def _shade(depth: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """Lambert's law on the slope of the depth, and darker the farther away."""
    slopes = [_slope(depth, hit, axis) for axis in (1, 0)]
    # Of a surface z(x, y) the normal towards the viewer (z is away from him).
    normal = np.stack([slopes[0], slopes[1], -np.ones_like(depth)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    diffuse = np.clip(normal @ (LIGHT / np.linalg.norm(LIGHT)), 0, 1)
    near, far = (depth[hit].min(), depth[hit].max()) if hit.any() else (0.0, 1.0)
    distance = (depth - near) / max(far - near, 1.0)
    return np.where(hit, 255 * (0.25 + 0.75 * diffuse) * (1 - 0.3 * distance), 0)


def _slope(depth: np.ndarray, hit: np.ndarray, axis: int) -> np.ndarray:
    """Rise of the depth from sample to sample, from the neighbours that are on the body."""
    ahead, behind = np.roll(depth, -1, axis), np.roll(depth, 1, axis)
    has_ahead, has_behind = np.roll(hit, -1, axis), np.roll(hit, 1, axis)
    ahead, behind = np.where(has_ahead, ahead, depth), np.where(has_behind, behind, depth)
    steps = has_ahead.astype(float) + has_behind
    return (ahead - behind) / np.maximum(steps, 1)


def _enlarged(light: np.ndarray, hit: np.ndarray, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Bilinear: light is weighted by the body, so that the ground does not darken its rim."""
    at = (np.arange(pixels) + 0.5) * len(light) / pixels - 0.5
    low = np.clip(np.floor(at).astype(int), 0, len(light) - 1)
    high = np.minimum(low + 1, len(light) - 1)
    share = np.clip(at - low, 0, 1)

    def grown(values):
        values = values[low] * (1 - share)[:, None] + values[high] * share[:, None]
        return values[:, low] * (1 - share) + values[:, high] * share

    body = grown(hit.astype(float))
    shown = grown(np.where(hit, light, 0)) / np.maximum(body, 1e-9)
    return np.rint(np.clip(shown, 0, 255)).astype(np.uint8), body >= 0.5
