"""The nomogram: points for each predictor, their total, and the probability that follows.

Drawn from two tables alone (the axes' ticks and the scale), so that what is printed is what was
tabulated. Labels never meet: they are measured before they are placed.
"""

import itertools
import math
import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from nomoflow.figure_style import (
    BLACK,
    GREY,
    PALE,
    drawing,
    message_figure,
    new_figure,
    page_width,
)
from nomoflow.wording import (
    Rows,
    number,
    signed,
    where,
)

_LEFT, _RIGHT = 57.0, 176.0  # ends of the axes, mm
_SIZE = 6.5  # of the ticks' labels, pt
_TICK, _LINE, _CLEAR = 1.1, 2.9, 1.2  # tick, line of labels, room between labels, mm
_PROBABILITIES = (
    0.5, 0.1, 0.9, 0.01, 0.99, 0.3, 0.7, 0.2, 0.8, 0.05, 0.95, 0.4, 0.6, 0.001, 0.999, 0.02, 0.98,
    0.005, 0.995,
)  # fmt: skip

_Label = tuple[float, int, str, float]  # x of the middle, tier, text, x of its tick


def text_width(text: str, size: float = _SIZE) -> float:
    """Width of a line of text in mm, without a renderer."""
    properties = FontProperties(family="DejaVu Sans", size=size)
    return text_to_path.get_text_width_height_descent(text, properties, False)[0] * 25.4 / 72


def place_labels(
    ticks: Sequence[float], texts: Sequence[str], low: float, high: float, numeric: bool
) -> list[_Label]:
    """Where each tick's label goes, so that no two meet.

    Tier 0 is below the axis, 1 above, 2 below that, and so on outwards; within ``low`` and
    ``high`` (mm). On a numeric axis every k-th value is labelled, with the smallest k that
    leaves room, all below; if none does, its two ends. A category's name is never left out.
    """
    order = sorted(range(len(ticks)), key=lambda i: (ticks[i], i))
    if numeric:
        for step in range(1, len(ticks)):
            placed = _place(ticks, texts, low, high, range(0, len(ticks), step))
            if max(tier for _, tier, *_ in placed) == 0:
                return placed
        order = [order[0], order[-1]] if len(order) > 1 else order
    return _place(ticks, texts, low, high, order)


def _place(ticks, texts, low: float, high: float, order: Iterable[int]) -> list[_Label]:
    """Each label to the innermost tier that has room, in the order given."""
    taken: list[tuple[int, float, float]] = []
    placed: list[_Label] = []
    for i in order:
        half = text_width(texts[i]) / 2
        middle = min(max(ticks[i], low + half), max(high - half, low + half))
        start, end = middle - half - _CLEAR, middle + half + _CLEAR
        tier = next(
            tier
            for tier in itertools.count()
            if all(tier != other or end <= left or right <= start for other, left, right in taken)
        )
        taken.append((tier, middle - half, middle + half))
        placed.append((middle, tier, texts[i], ticks[i]))
    return sorted(placed)


def _steps(low: float, high: float, most: int = 11) -> np.ndarray:
    """Round values (1, 2 or 5 times a power of ten) within an interval, at most ``most``."""
    width = max(high - low, 1e-12)
    power = 10.0 ** math.floor(math.log10(width / most))
    step = next(k * power for k in (1, 2, 5, 10, 20) if width / (k * power) < most)
    return np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step


@drawing
def nomogram_figure(axes: Rows, scale: Rows, title: str, people: str = "") -> Figure:
    """The nomogram of a logistic model.

    ``axes``: predictor, label, value, level, points, one row a tick; ``scale``: total_points,
    linear_predictor, probability. ``title`` names the probability ("P(ccRCC)"), ``people`` the
    patients and events. Without predictors the figure says so.
    """
    if not axes or len(scale) < 2:
        return message_figure(
            "Nomogram",
            f"No predictor was kept: {title} is the same for every patient, so there is no "
            "nomogram to draw.",
        )
    names = list(dict.fromkeys(row["predictor"] for row in axes))
    rows = [_predictor_row(where(axes, predictor=name)) for name in names]
    lowest = sum(min(number(r["points"]) for r in where(axes, predictor=n)) for n in names)
    highest = sum(max(number(r["points"]) for r in where(axes, predictor=n)) for n in names)
    widest = max(100.0, *(number(row["points"]) for row in axes))
    points = _steps(0, widest)
    head = [("Points", points, [f"{p:g}" for p in points], 0.0, widest, True)]
    tail = _total_rows(scale, lowest, highest, title)

    laid = [_lay_out(*row, widest=widest) for row in head + rows] + [_lay_out(*row) for row in tail]
    height = sum(above + below for *_, above, below in laid) + 12
    figure = new_figure(page_width(), height, layout=None)
    panel = figure.add_axes((0, 0, 1, 1))
    panel.set(xlim=(0, page_width()), ylim=(height, 0))
    panel.set_axis_off()
    y, levels = 2.0, []
    for label, line, ticks, labels, above, below in laid:
        y += above
        levels.append(y)
        _draw_row(panel, y, label, line, ticks, labels)
        y += below
    for x in laid[0][2]:  # from the points down through the predictors, for the eye
        panel.plot([x, x], [levels[0], levels[len(rows)]], color=PALE, linewidth=0.4, zorder=0)
    panel.text(_RIGHT, height - 2.5, people, ha="right", va="bottom", fontsize=6.5, color=GREY)
    return figure


def _predictor_row(rows: Rows) -> tuple:
    """Name, ticks (points), their labels, ends of the line, and whether it is numeric."""
    points = [number(row["points"]) for row in rows]
    texts = [
        (row["level"] or row["value"]).replace("-", "−", 1)
        if _is_number(row["level"] or row["value"])
        else row["level"]
        for row in rows
    ]
    numeric = len(rows) > 2 and all(_is_number(row["level"] or row["value"]) for row in rows)
    return (
        rows[0]["label"] or rows[0]["predictor"],
        points,
        texts,
        min(points),
        max(points),
        numeric,
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _total_rows(scale: Rows, lowest: float, highest: float, title: str) -> list[tuple]:
    """Axes of the total points, the linear predictor and the probability, on one scale.

    The linear predictor is linear in the points, so the scale's outermost rows fix it exactly.
    """
    ordered = sorted(scale, key=lambda row: number(row["total_points"]))
    first, last = ordered[0], ordered[-1]
    start, end = number(first["total_points"]), number(last["total_points"])
    slope = (number(last["linear_predictor"]) - number(first["linear_predictor"])) / (end - start)

    def linear(total):
        return number(first["linear_predictor"]) + slope * (total - start)

    def total(value):
        return start + (value - number(first["linear_predictor"])) / slope

    ticks = _steps(0, max(highest, 1e-9))
    ends = sorted([linear(lowest), linear(highest)])
    values = _steps(*ends)
    chances = [p for p in _PROBABILITIES if ends[0] <= math.log(p / (1 - p)) <= ends[1]]
    texts = [f"{p:g}" for p in chances]
    if len(chances) < 2:  # a weak model: its whole range lies between two round probabilities
        chances = [1 / (1 + math.exp(-value)) for value in ends]
        texts = [f"{p:.2f}" for p in chances]
    where_chances = [total(math.log(p / (1 - p))) for p in chances]
    kept = _most_important(where_chances, texts, max(highest, 1e-9))
    return [
        ("Total points", ticks, [f"{t:g}" for t in ticks], 0.0, highest, True, highest),
        (
            "Linear predictor",
            [total(v) for v in values],
            [signed(v, 1 if np.ptp(values) < 8 else 0) for v in values],
            lowest,
            highest,
            True,
            highest,
        ),
        (
            title,
            [where_chances[i] for i in kept],
            [texts[i] for i in kept],
            lowest,
            highest,
            True,
            highest,
        ),
    ]


def _most_important(totals: Sequence[float], texts: Sequence[str], widest: float) -> list[int]:
    """Indices of the probabilities that fit in one line, the rounder ones first."""
    kept: list[int] = []
    for i, total in enumerate(totals):
        x, half = _LEFT + (_RIGHT - _LEFT) * total / widest, text_width(texts[i]) / 2
        if all(
            abs(x - (_LEFT + (_RIGHT - _LEFT) * totals[k] / widest))
            >= half + text_width(texts[k]) / 2 + _CLEAR
            for k in kept
        ):
            kept.append(i)
    return kept


def _lay_out(label, points, texts, low, high, numeric, widest):
    """Everything of one row in mm: name, line, ticks, placed labels, room above and below."""

    def across(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * value / widest

    ticks = [across(p) for p in points]
    labels = place_labels(ticks, texts, _LEFT - 6, page_width() - 1, numeric)
    if numeric and np.min(np.diff(sorted(ticks)), initial=1.0) < 0.7:
        ticks = [tick for *_, tick in labels]  # closer ones would run into one blot
    tiers_above = max((tier // 2 + 1 for _, tier, *_ in labels if tier % 2), default=0)
    tiers_below = max((tier // 2 + 1 for _, tier, *_ in labels if not tier % 2), default=0)
    name = "\n".join(textwrap.wrap(label, 32))
    half_name = _LINE * (name.count("\n") + 1) / 2
    above = max(1.2 + _LINE * tiers_above, half_name) + 1.0
    below = max(_TICK + 0.4 + _LINE * tiers_below, half_name) + 1.2
    return name, (across(low), across(high)), ticks, labels, above, below


def _draw_row(panel: Axes, y: float, name: str, line, ticks, labels: list[_Label]) -> None:
    panel.text(2, y, name, ha="left", va="center", fontsize=7, linespacing=1.15)
    panel.plot(line, [y, y], color=BLACK, linewidth=0.8, solid_capstyle="butt")
    up = {tick for _, tier, _, tick in labels if tier % 2}
    for x in ticks:
        panel.plot([x, x], [y, y - _TICK if x in up else y + _TICK], color=BLACK, linewidth=0.6)
    for x, tier, text, tick in labels:
        away = _TICK + 0.3 + _LINE * (tier // 2)
        down = 1 if tier % 2 == 0 else -1
        panel.text(
            x,
            y + down * away,
            text,
            ha="center",
            va="top" if down > 0 else "bottom",
            fontsize=_SIZE,
        )
        free = all(
            t % 2 != tier % 2 or t >= tier or abs(tick - m) > text_width(s) / 2 + 0.3
            for m, t, s, _ in labels
        )
        if tier > 1 and free:  # a leader from the tick to a label further out
            panel.plot(
                [tick, x], [y + down * _TICK, y + down * (away - 0.2)], color=GREY, linewidth=0.4
            )
