"""What a reader must know of the images: scans of one phase that do not mean the same.

Rows of ``caveats.COLUMNS``; the codes never change their meaning.
"""

from collections import Counter
from collections.abc import Iterable

from nomoflow.caveats import Row, caveat


def of_images(quality: Iterable[Row], acquisition: Iterable[Row]) -> list[Row]:
    """Phases whose scans differ in modality, units or kind of pixel, and values without units.

    quality : rows of images/quality.csv; acquisition : rows of images/acquisition.csv
    """
    found = []
    told = [row for row in acquisition if row["modality"]]
    for phase in _phases(told):
        of_phase = [row for row in told if row["phase"] == phase]
        modalities = Counter(row["modality"] for row in of_phase)
        units = Counter(row["units"] for row in of_phase)
        if len(modalities) > 1:
            found.append(
                caveat(
                    "images",
                    "mixed_modalities",
                    phase,
                    f"the scans of phase {phase} are of several modalities: {_counts(modalities)}",
                    "correct the scans table: a phase is one kind of image",
                )
            )
        elif len(units) > 1:
            found.append(
                caveat(
                    "images",
                    "mixed_units",
                    phase,
                    f"the values of phase {phase} have several units: {_counts(units)}; the same "
                    "feature then means different things in different patients",
                    "convert the images to one unit (CT: HU; PET: SUV) before the study",
                )
            )
        elif modalities.keys() == {"PT"} and not next(iter(units)).startswith("SUV"):
            found.append(
                caveat(
                    "images",
                    "pet_not_suv",
                    phase,
                    f"the PET values of phase {phase} are {next(iter(units))}, not SUV: they "
                    "follow the injected dose, the time since and the patient's weight",
                    "convert the series to SUV; nomoflow does not",
                )
            )
    quality = [row for row in quality if row["reading"] == "a1"]
    for phase in _phases(quality):
        kinds = Counter(
            "floating" if "float" in row["pixel_type"] else "whole numbers"
            for row in quality
            if row["phase"] == phase
        )
        if len(kinds) > 1:
            found.append(
                caveat(
                    "images",
                    "mixed_pixel_types",
                    phase,
                    f"the images of phase {phase} are stored in two kinds: {_counts(kinds)}; "
                    "interpolation cuts the decimals off in whole-number images alone, which "
                    "shifts their mean by up to half a unit",
                    "store all images of a phase in one kind of pixel, such as 32-bit floats",
                )
            )
    return found


def _phases(rows: list[Row]) -> list[str]:
    return sorted({row["phase"] for row in rows})


def _counts(counted: Counter) -> str:
    return ", ".join(f"{kind or 'not stated'} ({n})" for kind, n in sorted(counted.items()))
