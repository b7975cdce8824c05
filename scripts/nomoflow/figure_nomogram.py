"""The nomogram: points for each predictor, their total, and the probability that follows.

Drawn from tables alone (the axes' ticks, the scale, two example patients), so that what is printed
is what was tabulated. Labels never meet: they are measured before they are placed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nomoflow.figure_labels import CLEAR, SIZE, Label, place_labels
from nomoflow.figure_style import (
    BLACK,
    BLUE,
    GREY,
    PALE,
    VERMILLION,
    drawing,
    message_figure,
    new_figure,
    page_width,
)
from nomoflow.figure_text import text_width, wrapped
from nomoflow.language import say
from nomoflow.wording import Rows, number, signed, where

_NAME, _SHARE, _MARGIN = 7, 0.31, 7.0  # names: pt, share of the width; right margin, mm
_TICK, _LINE = 1.1, 2.9  # tick, line of labels, mm
_PROBABILITIES = (
    0.5, 0.1, 0.9, 0.01, 0.99, 0.3, 0.7, 0.2, 0.8, 0.05, 0.95, 0.4, 0.6, 0.001, 0.999, 0.02, 0.98,
    0.005, 0.995,
)  # fmt: skip
# A dot and an open square: where two examples meet, the dot lies within the square.
_MARKS = {
    "A": {"marker": "o", "markersize": 3.0, "markerfacecolor": VERMILLION, "zorder": 6,
          "markeredgecolor": VERMILLION, "markeredgewidth": 0},
    "B": {"marker": "s", "markersize": 5.2, "markerfacecolor": "white", "zorder": 5,
          "markeredgecolor": BLUE, "markeredgewidth": 1.0},
}  # fmt: skip


@dataclass(frozen=True)
class _Axis:
    """A row of the figure: its name, ticks and ends on the scale of the row, its widest value."""

    name: str
    ticks: Sequence[float]
    texts: Sequence[str]
    low: float
    high: float
    numeric: bool
    widest: float
    marked: str = "total_points"  # column of the examples that is marked on it
    predictor: str = ""


@dataclass(frozen=True)
class _Row:
    """An axis as laid out, in mm: what lies where, and the room it takes above and below."""

    name: list[str]
    line: tuple[float, float]
    ticks: list[float]
    labels: list[Label]
    above: float
    below: float


@drawing
def nomogram_figure(
    axes: Rows, scale: Rows, title: str, people: str = "", examples: Rows = ()
) -> Figure:
    """The nomogram of a logistic model.

    ``axes``: predictor, label, value, level, points, one row a tick; ``scale``: total_points,
    linear_predictor, probability. ``title`` names the probability ("P(ccRCC)"), ``people`` the
    patients and events. ``examples``: table models/nomogram/examples, marked on every axis. Without
    predictors the figure says so.
    """
    if not axes or len(scale) < 2:
        return message_figure(
            say("Nomogram"),
            say("No predictor was kept: {title} is the same for every patient, so there is no "
                "nomogram to draw.", title=title),
        )  # fmt: skip
    names = list(dict.fromkeys(row["predictor"] for row in axes))
    widest = max(100.0, *(number(row["points"]) for row in axes))
    predictors = [_predictor_axis(where(axes, predictor=name), widest) for name in names]
    ends = sum(axis.low for axis in predictors), sum(axis.high for axis in predictors)
    points = _steps(0, widest)
    head = _Axis(say("Points"), points, [f"{p:g}" for p in points], 0.0, widest, True, widest, "")
    rows = [head, *predictors, *_total_axes(scale, *ends, title)]
    laid = [_lay_out(row) for row in rows]
    foot = _foot(examples, title)
    height = sum(row.above + row.below for row in laid) + 8 + 3.2 * sum(len(t) for _, t in foot)
    figure = new_figure(page_width(), height, layout=None)
    panel = figure.add_axes((0, 0, 1, 1))
    panel.set(xlim=(0, page_width()), ylim=(height, 0))
    panel.set_axis_off()
    y, levels = 2.0, []
    for axis, row in zip(rows, laid, strict=True):
        y += row.above
        levels.append(y)
        _draw_row(panel, y, row)
        _mark_examples(panel, y, axis, examples)
        y += row.below
    for x in laid[0].ticks:  # from the points down through the predictors, for the eye
        panel.plot([x, x], [levels[0], levels[len(names)]], color=PALE, linewidth=0.4, zorder=0)
    y += 3.0
    for example, lines in foot:
        panel.plot(3, y, linestyle="", **_MARKS[example])
        for line in lines:
            panel.text(5, y, line, va="center_baseline", fontsize=SIZE)
            y += 3.2
    panel.text(page_width() - _MARGIN, height - 1.5, people, ha="right", va="bottom",
               fontsize=SIZE, color=GREY)  # fmt: skip
    return figure


def _sides() -> tuple[float, float]:
    """Ends of the axes, mm."""
    return max(_SHARE * page_width(), 34.0), page_width() - _MARGIN


def _across(value: float, widest: float) -> float:
    left, right = _sides()
    return left + (right - left) * value / widest


def _foot(examples: Rows, title: str) -> list[tuple[str, list[str]]]:
    """What is said of each example patient, in lines; nothing of who it is."""
    said = []
    for name in sorted({row["example"] for row in examples}):
        row = where(examples, example=name)[0]
        text = say(
            "Example {name} ({outcome}): {total} points, linear predictor {score}, "
            "{title}\u00a0{probability}",
            name=name, outcome=row["outcome"], total=f"{number(row['total_points']):.1f}",
            score=signed(number(row["linear_predictor"]), 2), title=title,
            probability=_chance(number(row["probability"])),
        )  # fmt: skip
        said.append((name, wrapped(text, page_width() - 10, SIZE)))
    return said


def _chance(probability: float) -> str:
    """ "= 0.873"; never 0 or 1."""
    if probability < 0.001:
        return "<\u00a00.001"
    return ">\u00a00.999" if probability > 0.999 else f"=\u00a0{probability:.3f}"


def _predictor_axis(rows: Rows, widest: float) -> _Axis:
    points = [number(row["points"]) for row in rows]
    texts = [row["level"] or row["value"] for row in rows]
    are_numbers = all(map(_is_number, texts))
    if are_numbers:
        texts = [text.replace("-", "−", 1) for text in texts]
    return _Axis(
        rows[0]["label"] or rows[0]["predictor"], points, texts, min(points), max(points),
        are_numbers and len(rows) > 2, widest, "points", rows[0]["predictor"],
    )  # fmt: skip


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _steps(low: float, high: float, most: int = 11) -> np.ndarray:
    """Round values (1, 2 or 5 times a power of ten) within an interval, at most ``most``."""
    width = max(high - low, 1e-12)
    power = 10.0 ** math.floor(math.log10(width / most))
    step = next(k * power for k in (1, 2, 5, 10, 20) if width / (k * power) < most)
    return np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step


def _total_axes(scale: Rows, lowest: float, highest: float, title: str) -> list[_Axis]:
    """Axes of the total points, the linear predictor and the probability, on one scale.

    The linear predictor is linear in the points, so the scale's outermost rows fix it exactly.
    """
    ordered = sorted(scale, key=lambda row: number(row["total_points"]))
    first, last = ordered[0], ordered[-1]
    start, end = number(first["total_points"]), number(last["total_points"])
    base = number(first["linear_predictor"])
    slope = (number(last["linear_predictor"]) - base) / (end - start)

    def total(value):
        return start + (value - base) / slope

    widest = max(highest, 1e-9)
    ticks = _steps(0, widest)
    ends = sorted(base + slope * (points - start) for points in (lowest, highest))
    values = _steps(*ends)
    chances = [p for p in _PROBABILITIES if ends[0] <= math.log(p / (1 - p)) <= ends[1]]
    texts = [f"{p:g}" for p in chances]
    if len(chances) < 2:  # a weak model: its whole range lies between two round probabilities
        chances = [1 / (1 + math.exp(-value)) for value in ends]
        texts = [f"{p:.2f}" for p in chances]
    places = [total(math.log(p / (1 - p))) for p in chances]
    kept = _most_important(places, texts, widest)
    digits = 1 if np.ptp(values) < 8 else 0
    return [
        _Axis(say("Total points"), ticks, [f"{t:g}" for t in ticks], 0.0, highest, True, widest),
        _Axis(say("Linear predictor"), [total(v) for v in values],
              [signed(v, digits) for v in values], lowest, highest, True, widest),
        _Axis(title, [places[i] for i in kept], [texts[i] for i in kept], lowest, highest, True,
              widest),
    ]  # fmt: skip


def _most_important(totals: Sequence[float], texts: Sequence[str], widest: float) -> list[int]:
    """Indices of the probabilities that fit in one line, the rounder ones first."""
    kept: list[int] = []
    places = [_across(total, widest) for total in totals]
    widths = [text_width(text, SIZE) for text in texts]
    for i in range(len(places)):
        if all(
            abs(places[i] - places[k]) >= (widths[i] + widths[k]) / 2 + CLEAR for k in kept
        ):  # fmt: skip
            kept.append(i)
    return kept


def _lay_out(axis: _Axis) -> _Row:
    left, _ = _sides()
    ticks = [_across(p, axis.widest) for p in axis.ticks]
    labels = place_labels(ticks, axis.texts, left - 6, page_width() - 1, axis.numeric)
    if axis.numeric and np.min(np.diff(sorted(ticks)), initial=1.0) < 0.7:
        ticks = [label.tick for label in labels]  # closer ones would run into one blot
    up = max((label.away + 1 for label in labels if label.above), default=0)
    down = max((label.away + 1 for label in labels if not label.above), default=0)
    name = wrapped(axis.name, left - 9.5, _NAME)
    half = _LINE * len(name) / 2
    line = (_across(axis.low, axis.widest), _across(axis.high, axis.widest))
    above = max(1.2 + _LINE * up, half) + 1.0
    return _Row(name, line, ticks, labels, above, max(_TICK + 0.4 + _LINE * down, half) + 1.2)


def _draw_row(panel: Axes, y: float, row: _Row) -> None:
    panel.text(2, y, "\n".join(row.name), ha="left", va="center", fontsize=_NAME, linespacing=1.15)
    panel.plot(row.line, [y, y], color=BLACK, linewidth=0.8, solid_capstyle="butt")
    up = {label.tick for label in row.labels if label.above}
    for x in row.ticks:
        panel.plot([x, x], [y, y - _TICK if x in up else y + _TICK], color=BLACK, linewidth=0.6)
    for label in row.labels:
        down = -1 if label.above else 1
        away = _TICK + 0.3 + _LINE * label.away
        panel.text(label.x, y + down * away, label.text, ha="center",
                   va="top" if down > 0 else "bottom", fontsize=SIZE)  # fmt: skip
        free = all(
            other.above != label.above or other.tier >= label.tier
            or abs(label.tick - other.x) > text_width(other.text, SIZE) / 2 + 0.3
            for other in row.labels
        )  # fmt: skip
        if label.away and free:  # a leader from the tick to a label further out
            ends = [y + down * _TICK, y + down * (away - 0.2)]
            panel.plot([label.tick, label.x], ends, color=GREY, linewidth=0.4)


def _mark_examples(panel: Axes, y: float, axis: _Axis, examples: Rows) -> None:
    """Where the examples lie on an axis."""
    places = {
        row["example"]: number(row[axis.marked])
        for row in examples
        if axis.marked and axis.predictor in ("", row["predictor"])
    }
    for name, place in places.items():
        panel.plot(_across(place, axis.widest), y, linestyle="", clip_on=False, **_MARKS[name])
