"""From points in the patient to voxels of an image, for masks that come without its grid."""

import numpy as np
import SimpleITK as sitk

from nomoflow.image_problems import ImageProblem

OTHER_GRID = "image and mask do not lie on the same grid"
REMEDY = "export the mask on this image's grid; check that both are of one series"


class SliceGrid:
    """The voxels of an image. With a DICOM series, its slices lie where their headers say."""

    def __init__(self, image: sitk.Image, series=None):
        self.size = np.array(image.GetSize())
        self.spacing = np.array(image.GetSpacing())
        self._origin = np.array(image.GetOrigin())
        direction = np.reshape(image.GetDirection(), (3, 3))
        self._to_index = np.linalg.inv(direction * self.spacing)
        self._slices = None
        if series is not None and len(series.files) > 1:
            places = series.positions()
            self._slices = (places - places[0]) / self.spacing[2]

    def index(self, points) -> np.ndarray:
        """Continuous voxel indices (n x 3; x, y, z) of points (n x 3, mm, DICOM's axes)."""
        index = (np.asarray(points, dtype=float) - self._origin) @ self._to_index.T
        if self._slices is not None:
            even, z = np.arange(len(self._slices)), index[:, 2]
            inside = (z >= self._slices[0]) & (z <= self._slices[-1])
            index[:, 2] = np.where(inside, np.interp(z, self._slices, even), z)
        return index

    def voxels(self, points, tolerance_mm: float) -> tuple[np.ndarray, float]:
        """Voxel indices (n x 3) of points that are voxel centres, and how far off they lie (mm).

        Raises ImageProblem where one lies farther off than ``tolerance_mm``, or outside.
        """
        index = self.index(points)
        voxels = np.rint(index).astype(int)
        off = np.linalg.norm((index - voxels) * self.spacing, axis=1).max(initial=0.0)
        outside = ((voxels < 0) | (voxels >= self.size)).any(axis=1).sum()
        if off > tolerance_mm or outside:
            raise ImageProblem(
                "grid_differs",
                OTHER_GRID,
                found=f"voxels of the mask lie up to {off:.4g} mm off the image's,"
                f" {outside} outside the image",
                allowed=f"up to {tolerance_mm:g} mm (images.geometry.repair_mm)",
                remedy=REMEDY,
            )
        return voxels, float(off)

    def check_step(self, step_mm, name: str) -> None:
        """Refuse a mask whose voxels have another size or direction: ``step_mm`` is one voxel's."""
        step = self._to_index @ np.asarray(step_mm, dtype=float)
        if np.abs(np.abs(step) - np.eye(3)[np.abs(step).argmax()]).max() > 0.01:
            raise ImageProblem(
                "grid_differs",
                OTHER_GRID,
                found=f"one {name} of the mask is {' x '.join(f'{x:.4g}' for x in step)} voxels",
                allowed="the image's own voxels",
                remedy=REMEDY,
            )


def onto_grid(mask: sitk.Image, image: sitk.Image, tolerance_mm: float) -> tuple[sitk.Image, float]:
    """A mask of a part of the image's grid, on the whole grid, and how far it was moved (mm).

    mask : 0 and 1; its axes may run the other way. Raises ImageProblem where its voxels are no
    voxels of the image.
    """
    grid = SliceGrid(image)
    steps = np.reshape(mask.GetDirection(), (3, 3)) * mask.GetSpacing()
    for step, name in zip(steps.T, ("column", "row", "slice"), strict=True):
        grid.check_step(step, name)
    there = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1]
    voxels, off = grid.voxels(there @ steps.T + mask.GetOrigin(), tolerance_mm)
    array = np.zeros(image.GetSize()[::-1], dtype=np.uint8)
    array[tuple(voxels.T[::-1])] = 1
    return on_image(array, image), off


def on_image(array: np.ndarray, image: sitk.Image) -> sitk.Image:
    """A mask (z, y, x) with an image's geometry."""
    mask = sitk.GetImageFromArray(array.astype(np.uint8))
    mask.CopyInformation(image)
    return mask
