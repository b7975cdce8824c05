"""Regions of interest in stored images."""

import numpy as np
import SimpleITK as sitk

# Image and mask of one scan are stored as MetaImage: its text header keeps every double of
# spacing, origin and direction. NIfTI keeps the geometry in single precision, and NRRD keeps
# spacing times direction, from which the spacing of an oblique image comes back altered.
SUFFIX = ".mha"


def bounding_box(mask: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size (x, y, z; voxels) of the box around label 1."""
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(mask)
    box = np.array(shape.GetBoundingBox(1))
    return box[:3], box[3:]
