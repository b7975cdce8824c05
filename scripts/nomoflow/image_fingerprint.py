"""The fingerprint of an image: the same whatever the file's format, name or headers."""

import hashlib

import numpy as np
import SimpleITK as sitk


def image_fingerprint(image: sitk.Image) -> str:
    """SHA-256 of the size and the voxels as 32-bit floats, axes along the body's (LPS).

    Turned to one orientation, a series in DICOM and its copy in NIfTI agree. Spacing, origin and
    direction are left out: formats round them, and programs that remove names move the origin;
    no two images have the same voxels by chance.
    """
    turned = sitk.DICOMOrient(image, "LPS")  # named: a view does not keep its image alive
    voxels = sitk.GetArrayViewFromImage(turned)
    content = hashlib.sha256(" ".join(map(str, voxels.shape)).encode("ascii"))
    for plane in voxels:
        # Adding 0 makes of -0.0, which equals 0 and has other bits, the same.
        content.update(np.ascontiguousarray(plane, dtype="<f4") + np.float32(0))
    return content.hexdigest()
