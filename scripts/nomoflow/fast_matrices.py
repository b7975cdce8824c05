"""Texture matrices by whole-array operations: counts equal to those of pyradiomics' own code.

Along each angle the voxels of a region form lines. Their order follows from the mask alone, so it
is found once for all images of a region; neighbours then stand side by side in a row.
"""

from functools import cached_property

import numpy as np
from radiomics import cMatrices

ONES = np.array([1])  # the one distance that is computed here


class Region:
    """A mask, and the lines through it.

    source : what the mask was made from
    A line is a pair of arrays: the numbers of the region's voxels (as ``image[mask]`` counts them)
    line after line, and whether each one and the next are neighbours along the angle.
    """

    def __init__(self, mask: np.ndarray, source: object = None):
        self.mask, self.source = mask, source
        self._angles: dict[tuple, np.ndarray] = {}
        self._lines: dict[tuple, list[tuple]] = {}

    @cached_property
    def padded(self) -> np.ndarray:
        """The mask with a layer of False after each axis' end.

        In the flat array a step in any direction is then a fixed distance, and no step leaves the
        mask's box without meeting False.
        """
        padded = np.zeros([length + 1 for length in self.mask.shape], bool)
        padded[tuple(slice(length) for length in self.mask.shape)] = self.mask
        return padded

    def angles(self, force2d: bool, dimension: int) -> np.ndarray:
        """Angles of distance 1 as pyradiomics has them, (angles, 3) in voxels."""
        key = (bool(force2d), dimension)
        if key not in self._angles:
            shape = np.array(self.mask.shape)
            self._angles[key] = cMatrices.generate_angles(shape, ONES, False, *key)
        return self._angles[key]

    def steps(self, force2d: bool, dimension: int) -> list[int]:
        """For each angle, how far apart two neighbours lie in the flat padded array."""
        return np.abs(self.angles(force2d, dimension) @ self.padded.strides).tolist()

    def lines(self, force2d: bool, dimension: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The lines of each angle, in the direction of the angle: 65 bytes a voxel in all."""
        key = (bool(force2d), dimension)
        if key not in self._lines:
            rank = np.cumsum(self.padded.reshape(-1), dtype=np.int32) - 1
            self._lines[key] = [self._along(step, rank) for step in self.steps(*key)]
        return self._lines[key]

    def _along(self, step: int, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        length = -(-rank.size // step) + 1  # ends in False: lines do not touch
        whole = np.zeros(length * step, bool)
        whole[: rank.size] = self.padded.reshape(-1)
        place = np.flatnonzero(whole.reshape(length, step).T)
        line, along = np.divmod(place, length)
        return rank[along * step + line], np.diff(place) == 1


class Matrices:
    """In the place of pyradiomics' compiled module, for one image of a region.

    region : its mask
    matrix : grey levels from 1 on, of the mask's shape
    """

    generate_angles = staticmethod(cMatrices.generate_angles)
    calculate_glszm = staticmethod(cMatrices.calculate_glszm)
    calculate_ngtdm = staticmethod(cMatrices.calculate_ngtdm)

    def __init__(self, region: Region, matrix: np.ndarray):
        self.region = region
        levels = matrix[region.mask] - 1
        self.levels = levels.astype(np.min_scalar_type(int(levels.max())))

    def calculate_glcm(self, matrix, mask, distances, levels, force2d, dimension):
        """Pairs of neighbours (1, levels, levels, angles), and the angles."""
        if list(distances) != [1]:
            return cMatrices.calculate_glcm(matrix, mask, distances, levels, force2d, dimension)
        angles = self.region.angles(force2d, dimension)
        found = np.zeros((1, levels, levels, len(angles)))
        kind = np.min_scalar_type(levels * levels)
        for number, (order, joined) in enumerate(self.region.lines(force2d, dimension)):
            level = self.levels.take(order)
            cell = level[:-1].astype(kind)
            cell *= kind.type(levels)
            cell += level[1:]
            found.reshape(-1, len(angles))[:, number] = _counts(cell[joined], levels * levels)
        return found, angles

    def calculate_glrlm(self, matrix, mask, levels, longest, force2d, dimension):
        """Runs of one level (1, levels, lengths from 1 on, angles), and the angles."""
        angles = self.region.angles(force2d, dimension)
        found = np.zeros((1, levels, longest, len(angles)))
        for number, (order, joined) in enumerate(self.region.lines(force2d, dimension)):
            level = self.levels.take(order)
            last = np.ones(level.size, bool)  # of a run
            np.logical_or(~joined, level[1:] != level[:-1], out=last[:-1])
            ends = np.flatnonzero(last)
            cell = level[ends].astype(np.intp)
            cell *= longest
            cell += ends  # the length less one: from the end before it to its own
            cell[1:] -= ends[:-1] + 1
            found.reshape(-1, len(angles))[:, number] = _counts(cell, levels * longest)
        if not found[:, :, 1:].any(axis=(0, 1, 2)).all():
            # Along some angle perhaps no two voxels lie in one line: pyradiomics drops it then.
            return cMatrices.calculate_glrlm(matrix, mask, levels, longest, force2d, dimension)
        return found, angles

    def calculate_gldm(self, matrix, mask, distances, levels, alpha, force2d, dimension):
        """Voxels (1, levels, count of neighbours of the same level, from 0 on)."""
        if alpha != 0 or list(distances) != [1]:
            arguments = (matrix, mask, distances, levels, alpha, force2d, dimension)
            return cMatrices.calculate_gldm(*arguments)
        padded = self.region.padded
        row = np.full(padded.shape, levels, np.min_scalar_type(levels))
        row[padded] = self.levels
        row = row.reshape(-1)
        alike = np.zeros(row.size, np.uint8)
        steps = self.region.steps(force2d, dimension)
        for step in steps:
            same = row[step:] == row[:-step]
            alike[step:] += same
            alike[:-step] += same
        width = 4 * len(steps) + 1  # as pyradiomics has it: twice as many as there can be
        cell = self.levels.astype(np.intp) * width + alike[padded.reshape(-1)]
        return _counts(cell, levels * width).reshape(1, levels, width).astype(float)


def _counts(cells: np.ndarray, length: int) -> np.ndarray:
    return np.bincount(cells, minlength=length)
