"""Images in the report: how they were made, what was drawn on them, and where to look."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from nomoflow.language import say
from nomoflow.report_blocks import (
    absent,
    cell,
    decimal,
    estimate,
    filled,
    heading,
    link,
    pictures,
    table,
    whole,
)
from nomoflow.wording import Rows, is_true, number, where

TOLD = {
    "manufacturer": "Manufacturer", "kernel": "Kernel", "contrast_agent": "Contrast agent",
}  # fmt: skip
MEASURED = {
    "slice_thickness_mm": ("Slice thickness, mm", 2), "kv": ("kV", 0), "exposure_mas": ("mAs", 0),
}  # fmt: skip
MOST_NAMED = 3
EACH = 3  # pictures of either kind


def images(study: Mapping) -> list[dict]:
    """The pictures, and what was measured on the scans, summarised by phase and reading."""
    rows = study["quality"]
    if rows is None:
        return [absent("The study starts from a ready feature table, so no images were read.")]
    if not rows:
        return [absent("No scan was read: the table of image quality is empty.")]
    body = []
    found = {(row["phase"], row["reading"]) for row in rows}
    for phase, reading in sorted(found, key=lambda pair: _place(pair, study["phases"])):
        own = where(rows, phase=phase, reading=reading)
        body.append(
            [
                phase,
                reading,
                whole(len(own)),
                _spread(own, "volume_mm3", 1000, 1),
                _spread(own, "volume_after_mm3", 1000, 1),
                _spread(own, "voxels_after", 1, 0),
                whole(sum(number(row.get("components", "")) > 1 for row in own)),
                whole(sum(is_true(row.get("touches_edge", "")) for row in own)),
                decimal(max(number(row.get("shift_mm", "")) for row in own), 2, "not measured"),
            ]
        )
    measured = [
        table(
            ["Phase", "Reading", "Scans", "Volume, mL", "Resampled, mL", "Voxels resampled",
             "In pieces", "At the edge", "Shift, mm"],
            body,
            "Scans and masks: median (least to greatest) over the scans of each phase and reading "
            "(a1, analysed; b1, second reader; a2, first reader again). In pieces: masks of more "
            "than one component. Shift: largest disagreement of image and mask, repaired.",
            sources=[rows],
        )
    ]  # fmt: skip
    return [*_seen(study), *measured, *_acquired(study)]


def to_look_at(cards: Sequence[Mapping]) -> list[dict]:
    """The pictures with the lowest Dice, then those whose volume changed most (of `gallery`)."""
    drawn = [card for card in cards if card["href"]]
    read_twice = [card for card in drawn if card["lowest"] is not None]
    measured = [card for card in drawn if card["change"] is not None]
    first = sorted(read_twice, key=lambda card: card["lowest"])[:EACH]
    changed = sorted(measured, key=lambda card: -abs(card["change"]))
    return first + [card for card in changed if card not in first][:EACH]


def _seen(study: Mapping) -> list[dict]:
    """The link to the gallery, and the pictures to look at first."""
    if not study["gallery"]:
        return []
    shown = [
        {
            "source": card["href"],
            "alt": say("{patient}, {phase}: outlines of the masks", **_who(card)),
            "caption": say("{patient}, {phase}", **_who(card)) + _why(card),
        }
        for card in study["pictures"]
    ]
    seen = [link(study["gallery"], "Every mask on its image, before and after resampling")]
    caption = (
        "Pictures to look at first: the lowest Dice of two readings, then the greatest change of "
        "the mask's volume by resampling. A click shows a picture at full size."
    )
    return seen + ([pictures(shown, say(caption))] if shown else [])


def _who(card: Mapping) -> dict:
    return {name: card[name] for name in ("patient", "phase")}


def _why(card: Mapping) -> str:
    dice, change = card["lowest"], card["change"]
    told = [say("Dice {dice}", dice=f"{dice:.3f}")] if dice is not None else []
    if change is not None:
        told.append(say("volume {change} %", change=f"{change:+.1f}".replace("-", "−")))
    return say(": {told}", told=say(", ").join(told)) if told else ""


def drawn_twice(study: Mapping) -> list[dict]:
    """How far the readers' masks overlap, and the agreement of the volumes that they drew."""
    rows, body = study["dice"] or [], []
    if not rows:
        return []
    for phase in study["phases"]:
        for comparison in ("inter", "intra"):
            own = where(rows, phase=phase, comparison=comparison)
            volumes = where(study["volume_icc"] or [], phase=phase, comparison=comparison)
            if own:
                body.append(
                    [
                        phase,
                        say("between readers" if comparison == "inter" else "same reader again"),
                        whole(len(own)),
                        _spread(own, "dice", 1, 3),
                        _spread(own, "hausdorff95_mm", 1, 1),
                        estimate(volumes[0] if volumes else None, value="icc"),
                    ]
                )
    return [
        heading("The masks of two readings"),
        table(
            ["Phase", "Readings", "Pairs", "Dice", "95 % Hausdorff, mm", "Volume, ICC"],
            body,
            "How far two masks of one scan agree: median (least to greatest) over the pairs; the "
            "intraclass correlation of their volumes with its interval.",
            sources=[rows],
        ),
    ]


def _acquired(study: Mapping) -> list[dict]:
    """How the analysed images were made, as far as their files tell."""
    rows = study["acquisition"] or []
    if not rows:
        return []
    body, measures = [], [name for name, _ in MEASURED.values()]
    for phase in study["phases"]:
        own = where(rows, phase=phase)
        body.append(
            [
                phase,
                _named(own, "format"),
                _named(own, "modality"),
                *(_named(own, column) for column in TOLD),
                *(_spread(own, column, 1, digits) for column, (_, digits) in MEASURED.items()),
            ]
        )
    return [
        heading("Acquisition"),
        table(
            ["Phase", "Format", "Modality", *TOLD.values(), *measures],
            body,
            "How the analysed images were acquired: values with the scans that have them, or the "
            "median (least to greatest). Only DICOM series tell more than their format.",
            sources=[rows],
        ),
    ]


def _named(rows: Rows, column: str) -> dict:
    """ "SIEMENS (31), GE (12)", the most frequent first."""
    counts = Counter(row[column] for row in rows if row[column])
    shown = [f"{value} ({n})" for value, n in sorted(counts.items(), key=lambda v: (-v[1], v[0]))]
    more = [say("{more} more", more=len(shown) - MOST_NAMED)] * (len(shown) > MOST_NAMED)
    return cell(say(", ").join(shown[:MOST_NAMED] + more), "the files do not tell")


def _place(pair: tuple[str, str], phases: list[str]) -> tuple:
    """Phases as the study lists them, the reading that was analysed first."""
    phase, reading = pair
    return (
        phases.index(phase) if phase in phases else len(phases),
        phase,
        reading != "a1",
        reading,
    )


def _spread(rows: Rows, column: str, unit: float, digits: int) -> dict:
    """Median (least to greatest) of a column, divided by ``unit``."""
    values = [number(row.get(column, "")) / unit for row in rows]
    values = [value for value in values if value == value]
    if not values:
        return cell("", "not measured")
    parts = (decimal(value, digits) for value in (median(values), min(values), max(values)))
    return filled(say("{} ({} to {})"), *parts)
