"""A control: the voxels within a mask change places, so that texture is destroyed.

Shape, volume and the histogram within the mask stay as they were; a signature that does as well on
shuffled voxels rests on those alone (Welch et al., Radiother Oncol 2019;130:2-9).
"""

import hashlib

import numpy as np
import SimpleITK as sitk


def shuffled(image: sitk.Image, mask: sitk.Image, seed: int, key: str) -> sitk.Image:
    """The image with the values of the mask's voxels permuted; voxels outside stay.

    ``key`` names the scan, so that each has a permutation of its own that no other scan changes.
    """
    values = sitk.GetArrayFromImage(image)
    inside = sitk.GetArrayViewFromImage(mask) != 0
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    values[inside] = np.random.default_rng([seed, number]).permutation(values[inside])
    made = sitk.GetImageFromArray(values)
    made.CopyInformation(image)
    return made
