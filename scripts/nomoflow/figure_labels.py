"""Where the labels of an axis' ticks go, so that no two meet: measured before they are placed."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nomoflow.figure_text import text_width

SIZE = 6.5  # of the labels, pt
CLEAR, FAN_CLEAR = 1.2, 2.2  # room between labels of one line, and of a fan, mm


@dataclass(frozen=True, order=True)
class Label:
    """A label: x of its middle and of its tick (mm), and its tier.

    Tier 0 is the line below the axis, 1 the one above, 2 the second below, and so on outwards.
    """

    x: float
    tier: int
    text: str
    tick: float

    @property
    def above(self) -> bool:
        return self.tier % 2 == 1

    @property
    def away(self) -> int:
        """Lines between the label and the axis."""
        return self.tier // 2


def place_labels(
    ticks: Sequence[float], texts: Sequence[str], low: float, high: float, numeric: bool
) -> list[Label]:
    """The labels of an axis within ``low`` and ``high`` (mm), from left to right.

    On a numeric axis every k-th value is labelled, with the smallest k that leaves room, all below;
    if that leaves less than three of them, its two ends. A category's name is never left out: what
    finds no room beside its tick is led to it by a line, in the order of the ticks.
    """
    order = sorted(range(len(ticks)), key=lambda i: (ticks[i], i))
    if numeric:
        for step in range(1, max(2, (len(ticks) + 1) // 2)):
            placed = _stacked(ticks, texts, low, high, range(0, len(ticks), step))
            if max(label.tier for label in placed) == 0:
                return placed
        return _stacked(ticks, texts, low, high, sorted({order[0], order[-1]}))
    stacked = _stacked(ticks, texts, low, high, order)
    if max(label.tier for label in stacked) < 2:
        return stacked
    for parts in ((order,), (order[::2], order[1::2])):  # below; else in turn below and above
        fans = [_fan(ticks, texts, low, high, part, 2 + i) for i, part in enumerate(parts)]
        if all(fans):
            return sorted(label for fan in fans for label in fan)
    return stacked


def _stacked(ticks, texts, low: float, high: float, order: Iterable[int]) -> list[Label]:
    """Each label to the innermost tier that has room, in the order given."""
    placed: list[tuple[float, float, Label]] = []  # start, end
    for i in order:
        half = text_width(texts[i], SIZE) / 2
        middle = min(max(ticks[i], low + half), max(high - half, low + half))
        start, end = middle - half, middle + half
        tier = next(
            tier
            for tier in itertools.count()
            if all(
                tier != other.tier or end + CLEAR <= left or right <= start - CLEAR
                for left, right, other in placed
            )
        )
        placed.append((start, end, Label(middle, tier, texts[i], ticks[i])))
    return sorted(label for *_, label in placed)


def _fan(ticks, texts, low: float, high: float, order: Sequence[int], tier: int) -> list[Label]:
    """All labels in one line, pushed apart as far as they must be; [] where they do not fit."""
    widths = [text_width(texts[i], SIZE) for i in order]
    if sum(widths) + FAN_CLEAR * (len(widths) - 1) > high - low:
        return []
    starts, free = [], low
    for i, width in zip(order, widths, strict=True):
        starts.append(max(ticks[i] - width / 2, free))
        free = starts[-1] + width + FAN_CLEAR
    end = high
    for place in reversed(range(len(order))):
        starts[place] = min(starts[place], end - widths[place])
        end = starts[place] - FAN_CLEAR
    return [
        Label(start + width / 2, tier, texts[i], ticks[i])
        for start, width, i in zip(starts, widths, order, strict=True)
    ]
