"""What a reader must know of the images: scans of one phase that do not mean the same.

Rows of ``caveats.COLUMNS``; the codes never change their meaning.
"""

from collections import Counter
from collections.abc import Iterable

from nomoflow.caveats import Row, caveat
from nomoflow.image_problems import WARNING, listed

VOLUME_CHANGE = 0.1  # share
# What a warning of the preflight means for the study: message, remedy.
SEEN_BEFORE = {
    "several_components": (
        "the mask is in several pieces: specks beside it count as tumour, in shape above all",
        "erase the specks, or set images.masks.several_components: allow where pieces are meant",
    ),
    "holes": (
        "the mask has holes: surface and texture see a border inside the lesion",
        "fill the holes, or set images.masks.holes: allow where parts were left out on purpose",
    ),
    "at_edge": (
        "the mask reaches the edge of the image: a part of the lesion seems to be cut off",
        "take series that hold the whole lesion, or exclude the patients",
    ),
    "phases_differ": (
        "the phases of the patient lie far apart or differ much in volume",
        "look whether images and masks are this patient's; images.phases_apart sets the limits",
    ),
    "patient_differs": (
        "the phases of the patient agree far less than in the other patients",
        "look whether images and masks are this patient's",
    ),
    "phases_exchanged": (
        "the phases of the patient look exchanged",
        "look at the images; correct the phases in the scans table",
    ),
}


def of_images(
    quality: Iterable[Row],
    acquisition: Iterable[Row],
    problems: Iterable[Row] = (),
    volume_change: float = VOLUME_CHANGE,
) -> list[Row]:
    """Phases whose scans differ in modality, units or kind of pixel, and values without units.

    Then the scans that were moved onto their image's grid, those whose volume changed by more than
    the share ``volume_change`` in resampling, and the preflight's warnings: a row for each kind
    and phase.

    quality : rows of images/quality.csv; acquisition : rows of images/acquisition.csv
    problems : rows of cohort/preflight.csv
    """
    quality = list(quality)
    return [
        *_mixed(quality, acquisition),
        *_resampled(quality, volume_change),
        *_warned(problems),
    ]


def _resampled(quality: list[Row], limit: float) -> list[Row]:
    found = []
    for phase in _phases(quality):
        scans = [row for row in quality if row["phase"] == phase]
        moved = [row for row in scans if float(row.get("shift_mm") or 0) > 0]
        if moved:
            most = max(float(row["shift_mm"]) for row in moved)
            found.append(
                _summary(
                    "geometry_repaired",
                    phase,
                    moved,
                    len(scans),
                    f"the mask was moved onto the image's grid, by up to {most:.3g} mm",
                    "none is needed; images.geometry.repair_mm sets how far a mask may be moved",
                )
            )
        changed = [row for row in scans if abs(float(row.get("volume_change") or 0)) > limit]
        if changed:
            changes = [float(row["volume_change"]) for row in changed]
            found.append(
                _summary(
                    "volume_change",
                    phase,
                    changed,
                    len(scans),
                    f"resampling changed the mask's volume by more than {100 * limit:g} % "
                    f"({100 * min(changes):+.1f} to {100 * max(changes):+.1f} %)",
                    "set images.spacing_mm nearer to the images' own voxels; small or thin masks "
                    "change most",
                )
            )
    return found


def _warned(problems: Iterable[Row]) -> list[Row]:
    warned = [row for row in problems if row.get("severity") == WARNING]
    found = []
    for kind, phase in sorted({(row["kind"], row["phase"]) for row in warned}):
        rows = [row for row in warned if (row["kind"], row["phase"]) == (kind, phase)]
        message, remedy = SEEN_BEFORE.get(kind, (rows[0]["problem"], rows[0]["remedy"]))
        found.append(_summary(kind, phase, rows, None, message, remedy))
    return found


def _summary(code: str, phase: str, rows: list[Row], of: int | None, message, remedy) -> Row:
    """One row for all scans of a kind: how many they are, and the first patients."""
    patients = sorted({row["patient"] for row in rows})
    what = "scan" if phase else "patient"
    count = f"{len(rows)}{'' if of is None else f' of {of}'} {what}{'s' * (len(rows) != 1)}"
    return caveat(
        "images",
        code,
        phase or "phases",
        f"{message}: {count}{f' of phase {phase}' if phase else ''} ({listed(patients, 5)})",
        remedy,
    )


def _mixed(quality: list[Row], acquisition: Iterable[Row]) -> list[Row]:
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
