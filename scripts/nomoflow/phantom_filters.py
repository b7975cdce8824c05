"""Smoothing and interpolation for the simulated CT, equal to scipy.ndimage's to the last bit.

Importing scipy.ndimage takes longer than drawing a patient; each step here is done in the order in
which scipy does it, in double precision.
"""

import numpy as np


def correlated(array: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """An array weighted along an axis that is closed to a ring.

    weights : symmetric, of odd length. As ``ndimage.correlate1d(..., mode="wrap")``.
    """
    half, size = len(weights) // 2, array.shape[axis]
    width = [(half, half) if k == axis else (0, 0) for k in range(array.ndim)]
    ring = np.pad(array, width, mode="wrap").astype(np.float64)

    def moved(steps):
        return ring[(slice(None),) * axis + (slice(half + steps, half + steps + size),)]

    total = moved(0) * weights[half]
    for steps in range(-half, 0):
        pair = moved(steps) + moved(-steps)
        pair *= weights[half + steps]
        total += pair
    return total.astype(array.dtype)


def gaussian_filtered(array: np.ndarray, sd: float, truncate: float = 3.0) -> np.ndarray:
    """An array smoothed along every axis, each closed to a ring; ``sd`` in voxels.

    As ``ndimage.gaussian_filter(..., mode="wrap")``.
    """
    half = int(truncate * sd + 0.5)
    weights = np.exp(-0.5 / (sd * sd) * np.arange(-half, half + 1) ** 2)
    weights /= weights.sum()
    for axis in range(array.ndim):
        array = correlated(array, weights, axis)
    return array


def interpolated(field: np.ndarray, first, step, shape: tuple[int, int, int]) -> np.ndarray:
    """A field of three axes, linearly interpolated on a grid; beyond its ends its last values.

    first, step : of the grid, by axis, in voxels of the field; shape : voxels of the grid
    As ``ndimage.affine_transform(field, step, first, shape, order=1, mode="nearest")``.
    """
    double = field.astype(np.float64)
    ends, weights = [], []
    for size, count, begin, width in zip(field.shape, shape, first, step, strict=True):
        place = (np.arange(count) + begin / width) * width
        lower = np.floor(place)
        ends.append([np.clip(lower + end, 0, size - 1).astype(int) for end in (0, 1)])
        near = 1 - (place - lower)
        weights.append((near, 1 - near))
    total = np.zeros(shape)
    for z, z_weight in zip(ends[0], weights[0], strict=True):
        slices = double[z] * z_weight[:, None, None]
        for y, y_weight in zip(ends[1], weights[1], strict=True):
            lines = slices[:, y] * y_weight[:, None]
            for x, x_weight in zip(ends[2], weights[2], strict=True):
                total += lines[:, :, x] * x_weight
    return total.astype(field.dtype)
