"""Grids and random fields that the simulated CT is made of. Axes are (z, y, x), millimetres."""

import hashlib
from dataclasses import dataclass

import numpy as np

from nomoflow.phantom_filters import gaussian_filtered, interpolated

LATTICE_MM = 1.0


@dataclass(frozen=True)
class Grid:
    """Voxel centres of an image: millimetres from the kidney's centre, by array axis."""

    origin: tuple[float, float, float]
    spacing: tuple[float, float, float]
    shape: tuple[int, int, int]

    def axes(self) -> list[np.ndarray]:
        """Coordinates of the voxel centres, one float32 vector an axis (z, y, x)."""
        return [
            (o + s * np.arange(n)).astype(np.float32)
            for o, s, n in zip(self.origin, self.spacing, self.shape, strict=True)
        ]

    def around(self, centre: np.ndarray, half) -> tuple[slice, slice, slice]:
        """The part of the grid within ``half`` millimetres (one, or one an axis) of ``centre``."""
        first = np.ceil((centre - half - self.origin) / np.array(self.spacing)).astype(int)
        last = np.floor((centre + half - self.origin) / np.array(self.spacing)).astype(int)
        last = np.minimum(last + 1, self.shape)
        return tuple(slice(a, max(a, b)) for a, b in zip(np.maximum(first, 0), last, strict=True))

    def mesh(self, part=(slice(None),) * 3) -> list[np.ndarray]:
        """Coordinates of a part of the grid, ready to broadcast."""
        axes = [axis[cut] for axis, cut in zip(self.axes(), part, strict=True)]
        return np.meshgrid(*axes, indexing="ij", sparse=True)


def stream(seed: int, cohort: str, patient: str, *names: str) -> np.random.Generator:
    """The random numbers of one named thing of one patient.

    They depend on nothing but the arguments, so another patient, phase or reading more or less
    moves none of the rest.
    """
    words = "\x1f".join((str(seed), cohort, patient, *names)).encode()
    digest = hashlib.sha256(words).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest, "big")))


def ellipse(axes, centre, semi):
    """Approximate distance to an ellipse or ellipsoid, exact to first order at its border."""
    value, slope = np.float32(-1), np.float32(1e-6)
    for axis, c, a in zip(axes, centre, semi, strict=True):
        t = (axis - np.float32(c)) / np.float32(a)
        value, slope = value + t * t, slope + (t * np.float32(2 / a)) ** 2
    np.sqrt(slope, out=slope)
    value /= slope
    return value


def inside(distance, width):
    """Share of a voxel within a border at ``distance`` millimetres (negative inside)."""
    return np.clip(0.5 - distance / np.float32(width), 0, 1)


def smooth_field(rng, shape, length):
    """A random field of mean 0 and SD 1 whose values go together over ``length`` millimetres."""
    white = rng.standard_normal(shape, dtype=np.float32)
    field = gaussian_filtered(white, length / (2 * LATTICE_MM))
    return (field - field.mean()) / field.std()


def patches(rng, depth, share, length):
    """Soft-edged islands that fill about ``share`` of the inside, away from the border."""
    if share < 0.005:
        return np.zeros_like(depth)
    # Islands keep off the rim, where the tumour is best fed.
    field = smooth_field(rng, depth.shape, 2 * length) - 0.12 * np.clip(depth, -8.0, 0.0)
    level = np.quantile(field[depth < 0], 1 - share)
    return inside((level - field) * length, 1.5)


def sampled(field, grid, part, centre):
    """A lattice field about ``centre``, linearly interpolated at the grid's voxels in ``part``."""
    middle = (np.array(field.shape) - 1) / 2
    starts = np.array([p.start for p in part])
    shape = tuple(p.stop - p.start for p in part)
    spacing = np.array(grid.spacing)
    first = np.array(grid.origin) + spacing * starts - centre
    return interpolated(field, first / LATTICE_MM + middle, spacing / LATTICE_MM, shape)


def directions_on_sphere(n):
    """Unit vectors spread evenly over the sphere (Fibonacci's spiral)."""
    k = np.arange(n) + 0.5
    z = 1 - 2 * k / n
    angle = k * np.pi * (1 + np.sqrt(5))
    ring = np.sqrt(1 - z * z)
    return np.stack((z, ring * np.sin(angle), ring * np.cos(angle)), axis=1).astype(np.float32)


def largest_distance(points):
    """The largest distance between two of the points."""
    squares = (points**2).sum(axis=1)
    return float(np.sqrt((squares[:, None] + squares - 2 * points @ points.T).max()))
