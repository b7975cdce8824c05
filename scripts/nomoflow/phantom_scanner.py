"""The scanners of the simulated centres, and how their readers draw.

Scanner A is the demo's. B and C stand for other hospitals: other voxels, noise, kernels and
calibration, and readers with other habits. All figures were chosen by eye, none is of a device.
"""

from dataclasses import dataclass

THICKNESSES_MM = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 5.0)


@dataclass(frozen=True)
class Scanner:
    """What differs between two centres' images of the same patient.

    pixel_mm, noise_hu, kernel : limits of a uniform draw a patient; the kernel's width in voxels
    thickness : probability of each of ``THICKNESSES_MM``
    gain : of Hounsfield units above 0 (the tube's voltage changes contrast); offset_hu : mean and
        SD between patients of the error of calibration
    inset_mm : how far inside the border a reader draws, negative beyond it
    border_sd, border_mm : factors of a drawn border's error and of the length it goes together over
    """

    pixel_mm: tuple[float, float]
    thickness: tuple[float, ...]
    noise_hu: tuple[float, float]
    kernel: tuple[float, float]
    gain: float = 1.0
    offset_hu: tuple[float, float] = (0.0, 0.0)
    inset_mm: float = 0.8
    border_sd: float = 1.0
    border_mm: float = 1.0


SCANNERS = {
    "A": Scanner(
        pixel_mm=(0.62, 0.88),
        thickness=(0.03, 0.07, 0.1, 0.2, 0.25, 0.25, 0.1),
        noise_hu=(7.0, 14.0),
        kernel=(0.45, 0.85),
    ),
    # newer: thin slices, a soft kernel; readers draw half a millimetre more
    "B": Scanner(
        pixel_mm=(0.55, 0.75),
        thickness=(0.3, 0.3, 0.2, 0.1, 0.1, 0.0, 0.0),
        noise_hu=(6.0, 11.0),
        kernel=(0.75, 1.1),
        offset_hu=(3.0, 1.5),
        inset_mm=0.3,
    ),
    # older: thick slices, a sharp and noisy kernel, other contrast; smooth outlines
    "C": Scanner(
        pixel_mm=(0.7, 0.97),
        thickness=(0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4),
        noise_hu=(11.0, 19.0),
        kernel=(0.35, 0.6),
        gain=0.88,
        offset_hu=(-5.0, 2.0),
        border_sd=0.8,
        border_mm=1.8,
    ),
}


def scanner_of(name: str) -> Scanner:
    """Raises ValueError for a name that is none of ``SCANNERS``."""
    if name not in SCANNERS:
        raise ValueError(
            f"simulation.scanner is {name!r}; allowed are {', '.join(SCANNERS)}: correct the config"
        )
    return SCANNERS[name]
