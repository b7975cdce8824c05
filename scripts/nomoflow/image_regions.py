"""Regions of interest in stored images."""

import numpy as np
import SimpleITK as sitk

# Image and mask of one scan are stored as MetaImage: its text header keeps every double of
# spacing, origin and direction. NIfTI keeps the geometry in single precision, and NRRD keeps
# spacing times direction, from which the spacing of an oblique image comes back altered.
SUFFIX = ".mha"


def bounding_box(mask: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size (x, y, z; voxels) of the box around label 1, which is somewhere."""
    inside = sitk.GetArrayViewFromImage(mask) == 1
    plane = inside.any(axis=0)
    ends = [
        np.flatnonzero(one)[[0, -1]] for one in (plane.any(0), plane.any(1), inside.any((1, 2)))
    ]
    first, last = np.array(ends).T
    return first, last - first + 1
