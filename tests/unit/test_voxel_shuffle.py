"""The control with shuffled voxels: the same values within the mask, elsewhere nothing changes."""

import numpy as np
import SimpleITK as sitk
from synthetic_scans import make

from nomoflow.voxel_shuffle import shuffled


def arrays(*images):
    return [sitk.GetArrayFromImage(image) for image in images]


def test_only_the_places_change():
    image, mask = make()
    done = shuffled(image, mask, 1, "P1 CT a1")
    before, after, region = arrays(image, done, mask)
    inside = region != 0
    assert (before[~inside] == after[~inside]).all()
    assert (before[inside] != after[inside]).any()
    assert (np.sort(before[inside]) == np.sort(after[inside])).all()
    assert done.GetSpacing() == image.GetSpacing() and done.GetOrigin() == image.GetOrigin()
    assert done.GetPixelID() == image.GetPixelID()


def test_each_scan_has_its_own_order_and_keeps_it():
    image, mask = make()
    first, again, other, seeded = arrays(
        shuffled(image, mask, 1, "P1 CT a1"),
        shuffled(image, mask, 1, "P1 CT a1"),
        shuffled(image, mask, 1, "P2 CT a1"),
        shuffled(image, mask, 2, "P1 CT a1"),
    )
    assert (first == again).all()
    assert (first != other).any() and (first != seeded).any()
