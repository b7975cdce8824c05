"""Planes through a region and the outlines of its masks, sampled in millimetres.

Nothing here depends on how a file orders its axes: a plane is a point and two directions in the
patient (LPS: x to the left, y to the back, z to the head), and each of its pixels takes the value
of the voxel that holds it. Shown as radiologists look at them: the patient's right at the left of
the picture, front up in an axial plane, head up in the others.
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import SimpleITK as sitk

PLANES = ("axial", "coronal", "sagittal")
# Axes of the patient that a plane shows: to the right, and down; the third is looked along.
SHOWN = {"axial": ((0, 1), (1, 1)), "coronal": ((0, 1), (2, -1)), "sagittal": ((1, 1), (2, -1))}
LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
# A direction has a second letter where it leans by more than this cosine (about 17 degrees).
LEANS = 0.3
MARGIN, MARGIN_MM = 0.3, 6.0
# A pixel on the border of two voxels belongs to one of them, however the last digit is rounded.
NUDGE = 1e-6


@dataclass(frozen=True)
class Plane:
    """A square of pixels in the patient: ``centre`` (mm), unit vectors, edge of a pixel (mm)."""

    name: str
    centre: np.ndarray
    right: np.ndarray
    down: np.ndarray
    pixel_mm: float
    pixels: int

    def points(self) -> np.ndarray:
        """Where the pixels' centres lie: pixels x pixels x 3, mm; rows run down."""
        steps = (np.arange(self.pixels) - (self.pixels - 1) / 2) * self.pixel_mm
        return self.centre + steps[:, None, None] * self.down + steps[None, :, None] * self.right

    def letters(self) -> dict[str, str]:
        """What lies at the left, right, top and bottom: R, L, A, P, I, S, two where it leans."""
        return {
            "left": direction_letters(-self.right),
            "right": direction_letters(self.right),
            "top": direction_letters(-self.down),
            "bottom": direction_letters(self.down),
        }


def direction_letters(vector: np.ndarray) -> str:
    """Where a direction (unit vector, LPS) points: its main letter, and a second where it leans."""
    order = np.argsort(-np.abs(vector), kind="stable")
    chosen = [axis for axis in order[:2] if axis == order[0] or abs(vector[axis]) > LEANS]
    return "".join(LETTERS[axis][int(vector[axis] > 0)] for axis in chosen)


def patient_axes(image: sitk.Image) -> tuple[int, int, int]:
    """The index axis of an image that runs most nearly along the patient's x, y and z."""
    cosines = np.abs(np.reshape(image.GetDirection(), (3, 3)))
    return max(permutations(range(3)), key=lambda order: sum(cosines[range(3), order]))


def planes(masks: list[sitk.Image], pixels: int) -> list[Plane]:
    """Axial, coronal and sagittal plane of a region, all of one scale.

    masks : the first gives directions and slices, those in which it is largest; all fit into the
    picture, with a margin. Raises ValueError where the first mask is empty.
    """
    first = masks[0]
    inside = sitk.GetArrayViewFromImage(first) != 0
    if not inside.any():
        raise ValueError("the mask is empty")
    cosines = np.reshape(first.GetDirection(), (3, 3))
    spacing = np.array(first.GetSpacing())
    low, high = _extent(masks)
    widest = float(((high - low + 1) * spacing).max())
    side = widest + 2 * max(MARGIN_MM, MARGIN * widest)
    slices = [_largest(inside, axis) for axis in range(3)]
    order = patient_axes(first)
    found = []
    for name in PLANES:
        centre, shown = (low + high) / 2, []
        along = order[_looked_along(name)]
        centre[along] = slices[along]
        for axis, sign in SHOWN[name]:
            column = cosines[:, order[axis]]
            shown.append(column * sign * np.sign(column[axis]))
        place = np.array(first.TransformContinuousIndexToPhysicalPoint(centre.tolist()))
        found.append(Plane(name, place, *shown, side / pixels, pixels))
    return found


def _looked_along(name: str) -> int:
    return ({0, 1, 2} - {axis for axis, _ in SHOWN[name]}).pop()


def _largest(inside: np.ndarray, axis: int) -> int:
    """The slice across an index axis (x, y, z) that holds most voxels; the middle one of equals."""
    counts = inside.sum(axis=tuple(a for a in range(3) if a != 2 - axis))
    equals = np.flatnonzero(counts == counts.max())
    return int(equals[len(equals) // 2])


def _extent(masks: list[sitk.Image]) -> tuple[np.ndarray, np.ndarray]:
    """First and last index (x, y, z) of the first mask's grid between which all masks lie."""
    lows, highs = [], []
    for mask in masks:
        places = np.argwhere(sitk.GetArrayViewFromImage(mask) != 0)[:, ::-1]
        if not len(places):
            continue
        ends = np.array([places.min(axis=0), places.max(axis=0)], dtype=float)
        if mask is not masks[0]:
            corners = np.stack(np.meshgrid(*ends.T, indexing="ij"), axis=-1).reshape(-1, 3)
            to_mm, to_index = index_to_point(mask), point_to_index(masks[0])
            corners = corners @ to_mm[0].T + to_mm[1]
            corners = corners @ to_index[0].T + to_index[1]
            ends = np.array([corners.min(axis=0), corners.max(axis=0)])
        lows.append(ends[0])
        highs.append(ends[1])
    return np.min(lows, axis=0), np.max(highs, axis=0)


def index_to_point(image: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and offset that take an index (x, y, z) to its point in the patient (mm)."""
    matrix = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    return matrix, np.array(image.GetOrigin())


def point_to_index(image: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """The way back: matrix and offset from a point (mm) to the continuous index."""
    matrix, offset = index_to_point(image)
    back = np.linalg.inv(matrix)
    return back, -back @ offset


def sample(image: sitk.Image, plane: Plane) -> tuple[np.ndarray, np.ndarray]:
    """Values of the voxels that hold a plane's pixels, and which pixels lie inside the image."""
    (values,), within = sample_all([image], plane)
    return values, within


def sample_all(images: list[sitk.Image], plane: Plane) -> tuple[list[np.ndarray], np.ndarray]:
    """As ``sample`` for several images that lie on one grid."""
    matrix, offset = point_to_index(images[0])
    index = np.floor(plane.points() @ matrix.T + (offset + 0.5 - NUDGE)).astype(np.int64)
    within = ((index >= 0) & (index < images[0].GetSize())).all(axis=-1)
    x, y, z = np.where(within[..., None], index, 0).transpose(2, 0, 1)
    values = [sitk.GetArrayViewFromImage(image)[z, y, x] for image in images]
    return [np.where(within, one, 0) for one in values], within


def outline(inside: np.ndarray) -> np.ndarray:
    """Pixels of a region that share an edge with a pixel outside, or lie at the picture's edge."""
    padded = np.pad(inside, 1)
    around = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside & ~around


def region_values(image: sitk.Image, mask: sitk.Image) -> tuple[float, float]:
    """The 2nd and 98th percentile of the values in a region; the mask has the image's grid."""
    inside = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(mask) != 0]
    low, high = np.percentile(inside, (2, 98))
    return float(low), float(high)


def window(region: tuple[float, float], shown: list[np.ndarray]) -> tuple[float, float]:
    """The values that are black and white: a region's own, and as much again below and above, as
    far as there is something in the picture (``shown``: the values that the planes hold)."""
    low, high = region
    ends = [(float(values.min()), float(values.max())) for values in shown if values.size]
    least, most = min(low for low, _ in ends), max(high for _, high in ends)
    reach = high - low
    if reach <= 0:
        return least, most
    return max(low - reach, least), min(high + reach, most)


def suits(region: tuple[float, float], black: float, white: float) -> bool:
    """Whether a region's values lie between black and white, and take a sixth of that at least.

    They do not where resampling also normalised the image.
    """
    low, high = region
    return black <= low <= high <= white and 6 * (high - low) >= white - black


def grey(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as 0 to 255 between black and white; all grey where there is no range."""
    if not high > low:
        return np.full(values.shape, 128, dtype=np.uint8)
    scaled = (values.astype(np.float64) - low) / (high - low)
    return np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8)


def scale_bar(width_mm: float) -> float:
    """Length of a scale bar (mm): 1, 2 or 5 times a power of ten, at most a third of the width."""
    most = width_mm / 3
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most))
