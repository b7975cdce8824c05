"""Small scans made up for tests: noise with some structure, and an ellipsoid as region."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk

OBLIQUE = (0.96, -0.28, 0.0, 0.28, 0.96, 0.0, 0.0, 0.0, 1.0)
STRAIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def make(
    size=(40, 36, 16),
    spacing=(0.8, 0.8, 2.5),
    origin=(-101.3, 57.7, -33.1),
    direction=STRAIGHT,
    pixel=sitk.sitkInt16,
    centre=None,
    radius_mm=7.0,
    label=1,
    seed=0,
):
    """Image and mask (SimpleITK) of size x, y, z; the ellipsoid is a ball in millimetres."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices(size[::-1]).astype(float)
    centre = centre or [(n - 1) / 2 for n in size]
    grey = 40 + 25 * np.sin(x / 3) * np.cos(y / 4) + 5 * z + rng.normal(0, 18, size[::-1])
    apart = [(a - c) * s for a, c, s in zip((x, y, z), centre, spacing, strict=True)]
    inside = sum(a**2 for a in apart) <= radius_mm**2
    image = sitk.Cast(sitk.GetImageFromArray(grey), pixel)
    mask = sitk.GetImageFromArray((inside * label).astype(np.uint8))
    for one in (image, mask):
        one.SetSpacing(spacing)
        one.SetOrigin(origin)
        one.SetDirection(direction)
    return image, mask


def save(folder: Path, image, mask, patient="P1", phase="CT", reading="a1", suffix=".mha", label=1):
    """Write image and mask below ``folder``; returns the scan's dictionary."""
    scan = {"patient": patient, "phase": phase, "reading": reading, "label": str(label)}
    for part, one in (("image", image), ("mask", mask)):
        scan[part] = str(folder / f"{patient}_{phase}_{reading}_{part}{suffix}")
        sitk.WriteImage(one, scan[part])
    return scan
