"""One picture of a case: its masks' outlines on three planes and in space, before and after
resampling, with the readers' agreement beside them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from PIL import Image, ImageDraw, ImageFont

from nomoflow.mask_distances import same_grid
from nomoflow.overlays import (
    Plane,
    grey,
    outline,
    planes,
    region_values,
    sample,
    sample_all,
    scale_bar,
    suits,
    window,
)
from nomoflow.surface_view import diagonal_mm, surface_view, view_axes

# Okabe and Ito (2008): told apart with every common form of colour blindness, and from grey.
COLOURS = {"a1": (240, 228, 66), "b1": (86, 180, 233), "a2": (213, 94, 0)}
GROUND, BEYOND, INK, SOFT = (20, 22, 26), (44, 48, 58), (240, 240, 240), (176, 182, 190)
PANEL, GAP, LINE = 200, 4, 17
DASH = 4  # pixels that each reader has in turn where outlines coincide
LONGEST = 40  # letters of a study key
QUALITY = 70


class Case(NamedTuple):
    """The image of the first reading, and every reading's mask; the first reading is a1."""

    image: sitk.Image
    masks: Mapping[str, sitk.Image]


def picture(title: str, before: Case, after: Case, pairs: Sequence[Mapping[str, str]]) -> Image:
    """The picture of a case (RGB).

    pairs : rows of the table of Dice: reading_a, reading_b, dice, hausdorff95_mm, reason.
    Both rows show the same planes of the patient, those in which the first mask is largest before
    resampling. Where outlines coincide they alternate in dashes. Raises ValueError where the first
    mask is empty.
    """
    shown = planes(list(before.masks.values()), PANEL)
    width = 4 * PANEL + 3 * GAP
    height = 3 * LINE + 2 * (PANEL + LINE) + 2 * GAP
    canvas = Image.new("RGB", (width, height), GROUND)
    write = ImageDraw.Draw(canvas)
    _text(write, (4, 2), title, 13)
    volumes = [_volume(case) for case in (before, after)]
    side_mm = shown[0].pixel_mm * PANEL
    side_mm = max(side_mm, *(diagonal_mm(case.masks["a1"]) for case in (before, after)))
    ends = None
    for row, (name, case) in enumerate((("before", before), ("after", after))):
        top = LINE + 3 + row * (PANEL + LINE + GAP)
        pixels, ends = panels(case, shown, ends)
        low, high = ends
        counted, volume = volumes[row]
        words = f"{name} resampling: {counted:,} voxels of {_list(case.image.GetSpacing())} mm, "
        words += f"{volume:.2f} ml"
        if row:
            words += f" ({100 * (volume / volumes[0][1] - 1):+.1f} %)"
        _text(write, (4, top), f"{words};  black {low:.4g}, white {high:.4g}", 11, SOFT)
        for column, (plane, panel) in enumerate(zip(shown, pixels, strict=True)):
            corner = (column * (PANEL + GAP), top + LINE)
            canvas.paste(Image.fromarray(panel), corner)
            _label(write, corner, plane)
        corner = (3 * (PANEL + GAP), top + LINE)
        _body(canvas, write, corner, case.masks["a1"], side_mm)
    _legend(write, (4, height - 2 * LINE + 2), list(before.masks), pairs)
    return canvas


def panels(
    case: Case, shown: Sequence[Plane], ends: tuple[float, float] | None = None
) -> tuple[list[np.ndarray], tuple[float, float]]:
    """The planes as RGB arrays with the outlines of all masks, and what is black and white.

    ends : black and white to use where they suit the region; its own are taken where they do not
    """
    beside = [name for name, mask in case.masks.items() if same_grid(mask, case.image)]
    on_grid = [case.image, *(case.masks[name] for name in beside)]
    sampled = [sample_all(on_grid, plane) for plane in shown]
    region = region_values(case.image, case.masks["a1"])
    if ends is None or not suits(region, *ends):
        ends = window(region, [values[within] for (values, *_), within in sampled])
    pictures = []
    for plane, ((values, *drawn), within) in zip(shown, sampled, strict=True):
        panel = np.repeat(grey(values, *ends)[..., None], 3, axis=-1)
        panel[~within] = BEYOND
        inside = dict(zip(beside, drawn, strict=True))
        inside |= {
            name: sample(mask, plane)[0] for name, mask in case.masks.items() if name not in inside
        }
        outlines = {name: outline(inside[name] != 0) for name in case.masks}
        pictures.append(draw_outlines(panel, outlines))
    return pictures, ends


def draw_outlines(panel: np.ndarray, outlines: Mapping[str, np.ndarray]) -> np.ndarray:
    """Each reading's outline in its colour; where several coincide they take turns in dashes."""
    names = list(outlines)
    stack = np.stack([outlines[name] for name in names])
    count = stack.sum(axis=0)
    rows, columns = np.indices(count.shape)
    turn = (rows + columns) // DASH % np.maximum(count, 1)
    place = np.cumsum(stack, axis=0) - 1  # how many others have the pixel before this one
    drawn = panel.copy()
    for at, name in enumerate(names):
        drawn[stack[at] & (place[at] == turn)] = COLOURS[name]
    return drawn


def save(one: Image, path: Path) -> None:
    """As JPEG without any words beside the picture; colours keep their full sharpness."""
    one.save(path, "JPEG", quality=QUALITY, subsampling=0, optimize=True)


def printable(text: str, longest: int = LONGEST) -> str:
    """A text in the letters that the picture's own font has; others as their code, middle cut."""
    plain = text.encode("ascii", "backslashreplace").decode("ascii")
    plain = "".join(sign if sign.isprintable() else "?" for sign in plain)
    if len(plain) <= longest:
        return plain
    half = (longest - 3) // 2
    return f"{plain[: longest - 3 - half]}...{plain[-half:]}"


def _volume(case: Case) -> tuple[int, float]:
    """Voxels and millilitres of the first mask."""
    mask = case.masks["a1"]
    counted = int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))
    return counted, counted * float(np.prod(mask.GetSpacing())) / 1000


def _list(values: Sequence[float]) -> str:
    return " x ".join(f"{value:.3g}" for value in values)


def _text(write, place, words: str, size: int, colour=INK, anchor: str = "la") -> None:
    """Words on the ground of the picture."""
    write.text(place, words, font=_font(size), fill=colour, anchor=anchor)


def _over(write, place, words: str, size: int, colour=INK, anchor: str = "la") -> None:
    """Words over an image: a dark rim keeps them readable on any grey."""
    write.text(
        place, words, font=_font(size), fill=colour, anchor=anchor, stroke_width=1,
        stroke_fill=GROUND,
    )  # fmt: skip


_FONTS: dict[int, ImageFont.FreeTypeFont] = {}


def _font(size: int):
    """The font that Pillow brings along: the same shapes on every machine."""
    if size not in _FONTS:
        _FONTS[size] = ImageFont.load_default(size)
    return _FONTS[size]


def _label(write, corner: tuple[int, int], plane: Plane) -> None:
    """Name of the plane, letters at its edges, scale bar."""
    left, top = corner
    middle, letters = PANEL // 2, plane.letters()
    _over(write, (left + 4, top + 2), plane.name, 11, SOFT)
    _over(write, (left + 4, top + middle), letters["left"], 13, anchor="lm")
    _over(write, (left + PANEL - 4, top + middle), letters["right"], 13, anchor="rm")
    _over(write, (left + middle, top + 2), letters["top"], 13, anchor="ma")
    _over(write, (left + middle, top + PANEL - 3), letters["bottom"], 13, anchor="md")
    _scale(write, corner, plane.pixel_mm)


def _scale(write, corner: tuple[int, int], pixel_mm: float) -> None:
    left, top = corner
    length = scale_bar(PANEL * pixel_mm)
    end, bottom = left + PANEL - 6, top + PANEL - 6
    start = end - round(length / pixel_mm)
    write.rectangle((start - 1, bottom - 3, end + 1, bottom + 1), fill=GROUND)
    write.rectangle((start, bottom - 2, end, bottom), fill=INK)
    _over(write, (end, bottom - 4), f"{length:g} mm", 10, anchor="rd")


def _body(canvas, write, corner: tuple[int, int], mask: sitk.Image, side_mm: float) -> None:
    """The first mask in space, with the directions of the patient in the corner."""
    left, top = corner
    light, hit = surface_view(mask, side_mm, PANEL)
    shaded = light[..., None] * (np.array(COLOURS["a1"]) / 255)
    panel = np.where(hit[..., None], shaded, BEYOND).astype(np.uint8)
    canvas.paste(Image.fromarray(panel), corner)
    _over(write, (left + 4, top + 2), "a1 in space", 11, SOFT)
    _scale(write, corner, side_mm / PANEL)
    right, down, _ = view_axes()
    middle = np.array([left + 28.0, top + PANEL - 26.0])
    for axis, letter in enumerate("LPS"):
        end = middle + 17 * np.array([right[axis], down[axis]])
        write.line([*middle, *end], fill=INK, width=1)
        place = middle + 24 * np.array([right[axis], down[axis]])
        _over(write, tuple(place), letter, 10, anchor="mm")


def _legend(write, place: tuple[int, int], readings: Sequence[str], pairs: Sequence) -> None:
    """The readings in their colours, and how far each pair agrees."""
    left, top = place
    at = left
    for name in readings:
        write.line((at, top + 7, at + 18, top + 7), fill=COLOURS[name], width=3)
        _text(write, (at + 23, top), name, 11)
        at += 52
    words = [f"{row['reading_a']} and {row['reading_b']}: {_agreement(row)}" for row in pairs]
    _text(write, (at + 6, top), ";   ".join(words), 11)
    _text(write, (left, top + LINE - 1), "Patient's right is at the left of the picture.", 10, SOFT)


def _agreement(row: Mapping[str, str]) -> str:
    if not row["dice"]:
        return printable(row["reason"], 60)
    words = f"Dice {float(row['dice']):.3f}"
    if row["hausdorff95_mm"]:
        words += f", 95 % Hausdorff {float(row['hausdorff95_mm']):.2f} mm"
    return words
