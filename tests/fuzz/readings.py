"""A scan read as preflight and computation read it, told in numbers that can be compared."""

import hashlib
from itertools import product

import numpy as np
import SimpleITK as sitk

from nomoflow.images import check_scan, load_scan, single_thread


def examined(scan: dict) -> dict:
    """Problems of a scan, or else digests of its voxels, and where its corners lie."""
    single_thread()
    problems = [row for row in check_scan(scan) if row["severity"] == "problem"]
    if problems:
        return {"problems": problems, "scan": None, "finite": True}
    image, mask, _ = load_scan(scan)
    values = sitk.GetArrayFromImage(image)
    again = sitk.GetArrayFromImage(load_scan(scan)[0])
    if not np.array_equal(values, again, equal_nan=values.dtype.kind == "f"):
        raise RuntimeError("two readings give different voxels: memory that was never written")
    ends = [(0, size - 1) for size in image.GetSize()]
    corners = [image.TransformIndexToPhysicalPoint(corner) for corner in product(*ends)]
    return {
        "problems": [],
        # As numbers: a file that keeps the same values in another type is the same.
        "scan": [_digest(values.astype(np.float64)), _digest(sitk.GetArrayFromImage(mask)),
                 np.ravel(corners).tolist()],
        "finite": bool(np.isfinite(values).all() and np.isfinite(corners).all()),
    }  # fmt: skip


def _digest(array: np.ndarray) -> str:
    return hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()
