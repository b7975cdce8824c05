"""A simulated three-phase CT of one kidney tumour, and the masks that readers draw in it.

Tissue is laid in with soft edges and thin sub-slices are averaged to the slice thickness, so
that edges carry partial volume. Coordinates are those of ``phantom_patient``; docs/demo.md names
the sources of the attenuation values and says what was chosen by eye.
"""

import numpy as np
import SimpleITK as sitk

from nomoflow.phantom_fields import Grid, ellipse, inside, sampled, smooth_field, stream
from nomoflow.phantom_filters import correlated
from nomoflow.phantom_patient import Patient, breathing, draw_patient
from nomoflow.phantom_scanner import scanner_of
from nomoflow.simulation import PHASES, READINGS

FAT, MUSCLE, AIR, SKIN, MARROW, CORTICAL_BONE = -100.0, 58.0, -1000.0, 10.0, 170.0, 420.0
# HU by phase, in the order of PHASES.
CORTEX = (185.0, 165.0, 118.0)
MEDULLA = (85.0, 150.0, 122.0)
URINE = (12.0, 25.0, 330.0)
LIVER = (78.0, 112.0, 96.0)

NECROTIC_HU = 28.0
VISIBLE_FAT_HU = -70.0

SUBSLICE_MM = 2.0
# SD of a drawn border about its own mean (mm), for a tumour of 12 mm radius, by reading.
BORDER_SD = {"a1": 0.40, "a2": 0.40, "b1": 0.85}


def draw_scans(row: dict, cohort: str, seed: int, phases: list[str], scanner: str = "A"):
    """Images (one a phase) and masks (phase by phase, readings in order) of a patient, and grid.

    Raises ValueError for a phase that the phantom has no attenuation for, and for a scanner that
    there is not.
    """
    unknown = [phase for phase in phases if phase not in PHASES]
    if unknown:
        raise ValueError(f"no simulated phase {unknown}: allowed are {list(PHASES)}")
    patient = draw_patient(row, cohort, seed, scanner_of(scanner))
    images = [draw_image(patient, phase) for phase in phases]
    masks = [draw_mask(patient, phase, reading) for phase in phases for reading in READINGS]
    return images, masks, patient.grid


def draw_image(patient: Patient, phase: str) -> np.ndarray:
    """The CT of a phase: int16 Hounsfield units on ``patient.grid``, axes (z, y, x)."""
    rng = stream(*patient.seed, patient.row["patient"], "image", phase)
    grid, k = patient.grid, PHASES.index(phase)
    shift = breathing(patient, phase)
    parts = int(np.ceil(grid.spacing[0] / SUBSLICE_MM))
    fine = _divided(grid, parts)
    image = np.empty(fine.shape, np.float32)
    image[:] = _wall(patient, fine)
    _lay_liver(image, patient, fine, LIVER[k] * patient.dose, shift)
    _lay_kidney(image, patient, fine, k, shift)
    _lay_tumour(image, patient, fine, phase, shift)
    image = image.reshape(grid.shape[0], parts, *grid.shape[1:]).mean(axis=1)
    if patient.row["artefact"] == "yes":
        image += _streaks(patient, grid)
    image += np.float32(patient.scanner.gain - 1) * np.maximum(image, 0)
    image += np.float32(patient.offset_hu)
    image += draw_noise(rng, grid.shape, patient.noise_sd, patient.kernel)
    return np.clip(np.rint(image), -1024, 3071).astype(np.int16)


def draw_mask(patient: Patient, phase: str, reading: str) -> np.ndarray:
    """What a reader draws in a phase: uint8, 1 inside, on ``patient.grid``.

    Every reading keeps off the border (``Scanner.inset_mm``) and errs smoothly about it. The first
    reader's two readings err alike but independently; the second reader errs more, and draws
    the whole tumour of a patient somewhat larger or smaller.
    """
    tumour, grid = patient.tumour, patient.grid
    centre = tumour.centre + breathing(patient, phase)
    name = patient.row["patient"]
    rng = stream(*patient.seed, name, "mask", phase, reading)
    scale = (tumour.radius / 12.0) ** 0.8
    habits = patient.scanner
    inset = habits.inset_mm
    if reading == "b1":
        habit = stream(*patient.seed, name, "habit", reading)
        inset += scale * float(np.clip(habit.normal(0.0, 0.35), -0.6, 0.6))
    length = 5.0 * scale * habits.border_mm
    spread = BORDER_SD[reading] * scale * habits.border_sd
    error = spread * smooth_field(rng, tumour.depth.shape, length)
    border = tumour.depth + error + np.float32(max(inset, 0.2))
    part = grid.around(centre, tumour.half_width)
    drawn = sampled(border, grid, part, centre) < 0
    # A smooth error can leave a speck beside the outline; a drawn outline is one piece.
    pieces = sitk.GetArrayFromImage(
        sitk.ConnectedComponent(sitk.GetImageFromArray(drawn.astype(np.uint8)))
    )
    mask = np.zeros(grid.shape, np.uint8)
    mask[part] = pieces == 1 + np.bincount(pieces.ravel())[1:].argmax()
    return mask


def _divided(grid, parts):
    """The grid with every slice cut into ``parts``."""
    z, dz = grid.origin[0], grid.spacing[0]
    first = z - dz / 2 + dz / (2 * parts)
    return Grid(
        (first, *grid.origin[1:]),
        (dz / parts, *grid.spacing[1:]),
        (grid.shape[0] * parts, *grid.shape[1:]),
    )


def _lay(image, weight, value):
    """Blend ``value`` in where ``weight`` is above 0."""
    image += weight * (value - image)


def _wall(patient, grid):
    """One axial picture: air, skin, subcutaneous fat, muscle, cavity fat, psoas and spine."""
    body, side = patient.body, patient.side
    _, y, x = grid.mesh()
    y, x = y[0], x[0]
    width = 1.3 * grid.spacing[1]
    centre, inner = body["centre"], body["inner"]
    distance = ellipse((y, x), centre, inner)
    picture = np.full(distance.shape, AIR, np.float32)
    muscle, fat = body["muscle"], body["fat"]
    for offset, value in ((muscle + fat + 2, SKIN), (muscle + fat, FAT), (muscle, MUSCLE)):
        _lay(picture, inside(distance - offset, width), value)
    _lay(picture, inside(distance, width), FAT)
    back = centre + np.array((inner[0] * 0.42, 0.0))
    psoas, flank = ((2.0, 42.0), (25.0, 17.0)), ((34.0, 66.0), (13.0, 30.0))
    for (behind, beside), semi in (psoas, flank):
        part = ellipse((y, x), (back[0] + behind, back[1] + side * beside), semi)
        _lay(picture, inside(part, width), MUSCLE)
    bone = ellipse((y, x), back, (18.0, 23.0))
    _lay(picture, inside(bone, width), CORTICAL_BONE)
    _lay(picture, inside(bone + 1.8, width), MARROW)
    return picture


def _lay_liver(image, patient, grid, value, shift):
    """Liver or spleen before the kidney, kept off the wall and off the perirenal fat."""
    place, semi = patient.body["liver"] + shift, (75.0, 44.0, 52.0)
    part = grid.around(place, np.add(semi, 1.0))
    axes = grid.mesh(part)
    organ = ellipse(axes, place, semi)
    wall = ellipse(axes[1:], patient.body["centre"], patient.body["inner"])
    kidney = ellipse(axes, shift, patient.kidney + 9.0)
    tumour = ellipse(axes, patient.tumour.centre + shift, (patient.tumour.radius * 1.1 + 5,) * 3)
    distance = np.maximum(np.maximum(organ, wall + 2.0), -np.minimum(kidney, tumour))
    _lay(image[part], inside(distance, 1.3 * grid.spacing[1]), value)


def _lay_kidney(image, patient, grid, k, shift):
    """Cortex, medullary pyramids between its columns, sinus fat and the renal pelvis."""
    side, dose, width = patient.side, patient.dose, 1.3 * grid.spacing[1]
    part = grid.around(shift, patient.kidney + 2.0)
    axes, view = grid.mesh(part), image[part]
    border = ellipse(axes, shift, patient.kidney)
    _lay(view, inside(border, width), CORTEX[k] * dose)
    z, y, x = (axis - np.float32(s) for axis, s in zip(axes, shift, strict=True))
    around = np.cos(7 * np.arctan2(y, side * x + 14)) + np.cos(z * np.float32(2 * np.pi / 15))
    pyramids = np.maximum(border + 6.5, (np.float32(-0.45) - around) * 4)
    _lay(view, inside(pyramids, 1.5 * width), MEDULLA[k] * dose)
    sinus, pelvis = (27.0, 11.0, 15.0), (13.0, 5.5, 8.0)
    for inward, semi, value in ((13.0, sinus, FAT + 10), (14.0, pelvis, URINE[k])):
        place = shift + np.array((0.0, 2.0, -side * inward))
        part = grid.around(place, np.add(semi, 1.0))
        _lay(image[part], inside(ellipse(grid.mesh(part), place, semi), width), value)


def _lay_tumour(image, patient, grid, phase, shift):
    tumour, row = patient.tumour, patient.row
    centre = tumour.centre + shift
    part = grid.around(centre, tumour.half_width)
    depth, pattern, necrosis, fat = (
        sampled(field, grid, part, centre)
        for field in (tumour.depth, tumour.pattern, tumour.necrosis, tumour.fat)
    )
    value = patient.tumour_hu[phase] + patient.texture_hu[phase] * pattern
    _lay(value, necrosis, NECROTIC_HU)
    _lay(value, fat, VISIBLE_FAT_HU)
    if row["pseudocapsule"] == "yes":
        # A thin dark ring at first, a bright one later.
        value += np.exp(-(((depth + 0.6) / 0.7) ** 2)) * (-28 if phase == PHASES[0] else 16)
    _lay(image[part], inside(depth, 1.3 * grid.spacing[1]), value)


def _streaks(patient, grid):
    """Rays from a metal clip beside the tumour."""
    rng = stream(*patient.seed, patient.row["patient"], "artefact")
    z, y, x = grid.mesh()
    clip = patient.tumour.centre + rng.normal(0, 1, 3) * 5 + (0, 0, patient.tumour.radius)
    angle = np.arctan2(y - clip[1], x - clip[2])
    far = np.hypot(y - clip[1], x - clip[2])
    rays = sum(np.cos(n * angle + rng.uniform(0, 6.3)) for n in (7, 11, 18, 26))
    return (110 * rays * np.exp(-far / 45) * np.exp(-(((z - clip[0]) / 12) ** 2))).astype("f4")


def draw_noise(rng, shape, sd, kernel):
    """Gaussian noise of this SD, correlated in the plane by the reconstruction kernel (voxels)."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    steps = np.arange(-2, 3)
    weights = np.exp(-0.5 * (steps / kernel) ** 2)
    weights /= np.sqrt((weights**2).sum())
    for plane in noise:
        plane[:] = correlated(correlated(plane, weights * sd, axis=0), weights, axis=1)
    return noise
