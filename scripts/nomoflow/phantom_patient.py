"""The patient behind a simulated CT: anatomy, tumour, scanner and enhancement.

Coordinates are millimetres, (z, y, x) as arrays run, +x to the patient's left, +y to the back,
+z to the head, with the kidney's centre at 0. docs/demo.md names the sources of the attenuation
values and says what was chosen by eye.
"""

from dataclasses import dataclass

import numpy as np

from nomoflow.phantom_fields import (
    LATTICE_MM,
    Grid,
    directions_on_sphere,
    largest_distance,
    patches,
    smooth_field,
    stream,
)
from nomoflow.phantom_scanner import SCANNERS, THICKNESSES_MM, Scanner
from nomoflow.simulation import PHASES, POSITIVE

# The tumour before contrast and its enhancement above that by phase: mean and SD between
# patients. TEXTURE is the SD in HU inside the tumour, NECROSIS the mean share without vessels.
UNENHANCED = {True: (32.0, 5.0), False: (39.0, 5.0)}
ENHANCEMENT = {
    True: ((107.0, 30.0), (82.0, 19.0), (55.0, 14.0)),
    False: ((65.0, 25.0), (55.0, 17.0), (39.0, 13.0)),
}
TEXTURE = {True: (18.5, 12.5, 9.0), False: (14.0, 10.0, 7.2)}
SHARED = 0.75  # correlation of a patient's phases with what they have in common
NECROSIS = {True: 0.06, False: 0.03}

FIELD_OF_VIEW_MM = 120.0
MARGIN_Z_MM = 27.0


@dataclass(frozen=True)
class Tumour:
    """A tumour on a lattice of ``LATTICE_MM`` about its centre.

    ``depth`` is millimetres to the border, negative inside; ``pattern`` (mean 0, SD 1) is the
    vessels' unevenness, ``necrosis`` the share of dead tissue in [0, 1], ``fat`` that of fat.
    """

    centre: np.ndarray
    radius: float
    surface: np.ndarray
    depth: np.ndarray
    pattern: np.ndarray
    necrosis: np.ndarray
    fat: np.ndarray

    @property
    def half_width(self) -> float:
        """Half the edge of the cube in which the lattice says all about the tumour, mm."""
        return (self.depth.shape[0] - 1) / 2 * LATTICE_MM - 1.0


@dataclass(frozen=True)
class Patient:
    """All that the three scans of a patient share."""

    row: dict
    seed: tuple
    side: float
    kidney: np.ndarray
    body: dict
    tumour: Tumour
    grid: Grid
    dose: float
    noise_sd: float
    kernel: float
    offset_hu: float
    tumour_hu: dict
    texture_hu: dict
    scanner: Scanner


def draw_patient(row: dict, cohort: str, seed: int, scanner: Scanner = SCANNERS["A"]) -> Patient:
    """Anatomy, tumour and enhancement of a patient (a row of the participants table), scanned."""

    def rng(*names):
        return stream(seed, cohort, row["patient"], *names)

    positive = row["diagnosis"] == POSITIVE
    anatomy = rng("anatomy")
    side = 1.0 if anatomy.random() < 0.5 else -1.0
    size = anatomy.normal(1.0 if row["sex"] == "male" else 0.95, 0.05)
    kidney = np.array((54.0, 30.0, 27.0)) * size
    tumour = _draw_tumour(rng("tumour"), row, kidney, side, positive)
    body = _draw_body(anatomy, tumour, kidney, side)

    settings = rng("scanner")
    pixel = np.round(settings.uniform(*scanner.pixel_mm), 3)
    thickness = settings.choice(THICKNESSES_MM, p=scanner.thickness)
    noise_sd, kernel = settings.uniform(*scanner.noise_hu), settings.uniform(*scanner.kernel)
    grid = _grid(tumour, side, pixel, thickness, settings.uniform(-5.0, 5.0, size=3))
    offset_hu = float(rng("calibration").normal(*scanner.offset_hu))

    dose, tumour_hu, texture_hu = draw_enhancement(row, rng("kinetics"))
    return Patient(
        row, (seed, cohort), side, kidney, body, tumour, grid, dose, noise_sd, kernel, offset_hu,
        tumour_hu, texture_hu, scanner,
    )  # fmt: skip


def draw_enhancement(row: dict, rng: np.random.Generator) -> tuple[float, dict, dict]:
    """Contrast dose (1 on average), and by phase the tumour's mean HU and the SD in HU inside it.

    A part shared by the phases makes a patient's values go together; the rest is each phase's own.
    """
    positive = row["diagnosis"] == POSITIVE
    dose = float(np.clip(rng.normal(1.0, 0.09), 0.75, 1.25))
    common = rng.normal()
    mean, sd = UNENHANCED[positive]
    plain = mean + sd * rng.normal() + (3.0 if row["hyperdense"] == "yes" else -3.0)
    coarse = rng.normal()
    tumour_hu, texture_hu = {}, {}
    for phase, (mean, sd), spread in zip(
        PHASES, ENHANCEMENT[positive], TEXTURE[positive], strict=True
    ):
        latent = SHARED * common + np.sqrt(1 - SHARED**2) * rng.normal()
        tumour_hu[phase] = float(plain + dose * max(mean + sd * latent, 8.0))
        latent = SHARED * coarse + np.sqrt(1 - SHARED**2) * rng.normal()
        texture_hu[phase] = float(spread * np.exp(0.42 * latent))
    return dose, tumour_hu, texture_hu


def breathing(patient: Patient, phase: str) -> np.ndarray:
    """How far the kidney lies from its place in this phase, mm (z, y, x)."""
    rng = stream(*patient.seed, patient.row["patient"], "breathing", phase)
    return np.clip(rng.normal(0.0, (1.2, 0.4, 0.4)), -2.5, 2.5)


def _draw_tumour(rng, row, kidney, side, positive):
    """Border, inner pattern and place of the tumour; its largest diameter is the table's."""
    diameter = float(row["diameter_mm"])
    waves = rng.normal(size=(14, 3)) * rng.uniform(0.9, 2.7, size=(14, 1))
    phases, weights = rng.uniform(0, 2 * np.pi, 14), rng.normal(size=14) * 0.05

    def shape(directions):
        # Plane waves restricted to the unit sphere: a smooth function of direction.
        total = np.zeros(directions.shape[:-1], np.float32)
        for wave, phase, weight in zip(waves, phases, weights, strict=True):
            total += np.float32(weight) * np.cos(directions @ wave.astype(np.float32) + phase)
        return np.clip(1.0 + total, 0.65, 1.45)

    directions = directions_on_sphere(700)
    surface = directions * shape(directions)[:, None]
    radius = diameter / largest_distance(surface)
    surface = surface * radius

    n = int(np.ceil((np.linalg.norm(surface, axis=1).max() + 5.0) / LATTICE_MM))
    steps = np.arange(-n, n + 1, dtype=np.float32) * np.float32(LATTICE_MM)
    z, y, x = np.meshgrid(steps, steps, steps, indexing="ij", sparse=True)
    length = np.sqrt(z * z + y * y + x * x)
    unit = np.stack(np.broadcast_arrays(z, y, x), axis=-1) / np.maximum(length, 1e-3)[..., None]
    depth = length - radius * shape(unit)

    pattern = smooth_field(rng, depth.shape, rng.uniform(2.0, 4.0))
    share = NECROSIS[positive] * rng.gamma(1.2, 1 / 1.2) * min(diameter / 24.0, 1.5)
    necrosis = patches(rng, depth, min(share, 0.4), 2.6)
    fat = patches(rng, depth, 0.18 if row["visible_fat"] == "yes" else 0.0, 2.2)

    # Where it grows from the kidney: lateral to anterior, and how far it bulges.
    azimuth, height = rng.uniform(-0.2, 1.4), rng.uniform(-0.55, 0.55)
    ring = np.sqrt(1 - height**2)
    unit = np.array((height, -ring * np.sin(azimuth), side * ring * np.cos(azimuth)))
    normal = unit / kidney
    normal /= np.linalg.norm(normal)
    bulge = rng.normal(0.35, 0.12) if row["overflowing_beer"] == "yes" else rng.normal(-0.15, 0.2)
    centre = unit * kidney + np.clip(bulge, -0.7, 0.6) * radius * normal
    return Tumour(centre, radius, surface, depth, pattern, necrosis, fat)


def _draw_body(rng, tumour, kidney, side):
    """The trunk as ellipses in the axial plane (y, x), and where the liver or spleen lies."""
    reach = abs(tumour.centre[2]) + tumour.radius
    lateral = max(kidney[2] + rng.uniform(9, 18), reach + rng.uniform(5, 9))
    inner = np.array((rng.uniform(92, 104), rng.uniform(120, 134)))
    # At the kidney's height the trunk is narrower than at its widest.
    centre_y = -0.36 * inner[0] - rng.uniform(0, 6)
    half = inner[1] * np.sqrt(1 - (centre_y / inner[0]) ** 2)
    return {
        "centre": np.array((centre_y, side * (lateral - half))),
        "inner": inner,
        "muscle": rng.uniform(8, 13),
        "fat": rng.uniform(9, 24),
        "liver": np.array((rng.uniform(35, 55), -rng.uniform(58, 70), side * rng.uniform(0, 12))),
    }


def _grid(tumour, side, pixel, thickness, jitter):
    extent = 2 * np.abs(tumour.surface).max(axis=0)
    wide = max(FIELD_OF_VIEW_MM, extent[1:].max() + 70.0)
    nxy = int(np.ceil(wide / pixel))
    nz = int(np.ceil((extent[0] + 2 * MARGIN_Z_MM + 2 * abs(jitter[0])) / thickness))
    # More of the picture for the kidney's side than for the trunk's wall.
    middle = tumour.centre + jitter + (0.0, 8.0, -12.0 * side)
    spacing = (float(thickness), float(pixel), float(pixel))
    shape = (nz, nxy, nxy)
    origin = [m - s * (n - 1) / 2 for m, s, n in zip(middle, spacing, shape, strict=True)]
    return Grid(tuple(round(float(o), 3) for o in origin), spacing, shape)
