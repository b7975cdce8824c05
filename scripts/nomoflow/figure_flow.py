"""The flow of patients and features, as CONSORT and STARD draw it."""

from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from nomoflow.figure_style import (
    BLACK,
    GREY,
    drawing,
    message_figure,
    new_figure,
    page_width,
)
from nomoflow.figure_text import wrapped
from nomoflow.language import say
from nomoflow.wording import (
    Rows,
    number,
    where,
)

_SIZE, _LINE = 7, 3.1  # text, pt; height of a line of it, mm
_PAD = 1.6  # between a box and its text, mm
_GAP = 5.0  # between two boxes, mm
_SUBJECTS = {"combined": "All phases combined"}


@drawing
def flow_figure(flow: Rows, events: int) -> Figure:
    """Patients down the middle, exclusions at the side, then one column of boxes a phase.

    ``flow``: step, unit (patients|features), subject, removed, remaining, in the order of the
    study. ``events``: how many of the patients analysed have the outcome.
    """
    patients, features = where(flow, unit="patients"), where(flow, unit="features")
    if not patients and not features:
        return message_figure(say("Flow"), say("The flow table has no rows."))
    boxes, bottom = _patient_boxes(patients, events)
    columns, depth = _feature_boxes(features, bottom + (_GAP * 1.6 if patients else 0))
    height = max(bottom, depth) + 2
    figure = new_figure(page_width(), height, layout=None)
    panel = figure.add_axes((0, 0, 1, 1))
    panel.set(xlim=(0, page_width()), ylim=(height, 0))
    panel.set_axis_off()
    for box in boxes + columns:
        _draw(panel, *box)
    _draw_arrows(panel, boxes, columns)
    return figure


# A box: kind, left, top, width, height, text.
_Box = tuple[str, float, float, float, float, str]


def _count(row: dict[str, str], column: str) -> int:
    return int(number(row[column])) if row[column] else 0


def _box(kind: str, left: float, top: float, width: float, text: str) -> _Box:
    """A box as high as its text, which is wrapped to the width."""
    room = width - 2 * _PAD
    lines = [part for line in text.split("\n") for part in wrapped(line, room, _SIZE)]
    return (kind, left, top, width, len(lines) * _LINE + 2 * _PAD, "\n".join(lines))


def _patient_boxes(rows: Rows, events: int) -> tuple[list[_Box], float]:
    """Main boxes where the count is stated, side boxes where patients leave; and the depth."""
    boxes: list[_Box] = []
    top = 2.0
    for index, row in enumerate(rows):
        if index:  # a criterion that excluded nobody is drawn too: it was applied
            text = say(
                "Excluded: {step} (n\u00a0=\u00a0{n})",
                step=say(row["step"]),
                n=_count(row, "removed"),
            )
            side = _box("side", 0.57 * page_width(), top, 0.404 * page_width(), text)
            boxes.append(side)
            top += side[4] + _GAP * 0.6
        if index in (0, len(rows) - 1):
            last = index == len(rows) - 1
            step = say("patients analysed" if last else row["step"])
            n = _count(row, "remaining")
            text = say("{step} (n\u00a0=\u00a0{n})", step=_sentence(step), n=n)
            said = say("{n} events", n=events)
            main = _box(
                "main",
                0.11 * page_width(),
                top,
                0.404 * page_width(),
                f"{text}\n{said}" if last else text,
            )
            boxes.append(main)
            top += main[4] + _GAP
    return boxes, top - _GAP


def _feature_boxes(rows: Rows, top: float) -> tuple[list[_Box], float]:
    """One column a phase or signature; each box a step with what remains and what left."""
    subjects = list(dict.fromkeys(row["subject"] for row in rows))
    boxes: list[_Box] = []
    depth = 0.0
    per_line = min(len(subjects), 4) or 1
    width = (page_width() - 10 - 4 * (per_line - 1)) / per_line
    for start in range(0, len(subjects), per_line):
        deepest = top
        for place, subject in enumerate(subjects[start : start + per_line]):
            left, down = 5 + place * (width + 4), top
            head = _box("head", left, down, width, say(_SUBJECTS.get(subject, subject)))
            boxes.append(head)
            down += head[4]
            for row in where(rows, subject=subject):
                removed = _count(row, "removed")
                n = _count(row, "remaining")
                left_over = say("{n} feature" if n == 1 else "{n} features", n=n)
                text = f"{_sentence(say(row['step']))}\n{left_over}"
                box = _box("step", left, down, width, text + (f" (−{removed})" if removed else ""))
                boxes.append(box)
                down += box[4] + _GAP * 0.7
            deepest = max(deepest, down - _GAP * 0.7)
        depth, top = deepest, deepest + _GAP
    return boxes, depth


def _sentence(step: str) -> str:
    return step[:1].upper() + step[1:]


def _draw(panel: Axes, kind: str, left: float, top: float, width: float, height: float, text: str):
    if kind != "head":
        panel.add_patch(
            FancyBboxPatch(
                (left, top),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.8",
                linewidth=0.7,
                edgecolor=GREY if kind == "side" else BLACK,
                facecolor="white",
            )
        )
    panel.text(
        left + width / 2 if kind != "side" else left + _PAD,
        top + height / 2,
        text,
        ha="left" if kind == "side" else "center",
        va="center",
        linespacing=1.25,
        weight="bold" if kind == "head" else "normal",
        fontsize=_SIZE,
    )


def _arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    panel.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={
            "arrowstyle": "-|>,head_width=0.12,head_length=0.25",
            "linewidth": 0.7,
            "shrinkA": 0,
            "shrinkB": 0,
            "color": BLACK,
        },
    )


def _draw_arrows(panel: Axes, boxes: list[_Box], columns: list[_Box]) -> None:
    main = [box for box in boxes if box[0] == "main"]
    for upper, lower in pairwise(main):
        middle = upper[1] + upper[3] / 2
        _arrow(panel, (middle, upper[2] + upper[4]), (middle, lower[2]))
    if main:
        middle = main[0][1] + main[0][3] / 2
        for side in (box for box in boxes if box[0] == "side"):
            level = side[2] + side[4] / 2
            _arrow(panel, (middle, level), (side[1], level))
    for upper, lower in pairwise(columns):
        if upper[0] == lower[0] == "step" and upper[1] == lower[1] and lower[2] > upper[2]:
            middle = upper[1] + upper[3] / 2
            _arrow(panel, (middle, upper[2] + upper[4]), (middle, lower[2]))
    heads = [box for box in columns if box[0] == "head"]
    if main and heads:
        first = [box for box in heads if box[2] == heads[0][2]]
        level = (main[-1][2] + main[-1][4] + first[0][2]) / 2
        middle = main[-1][1] + main[-1][3] / 2
        centres = [box[1] + box[3] / 2 for box in first]
        panel.plot([middle, middle], [main[-1][2] + main[-1][4], level], color=BLACK, linewidth=0.7)
        panel.plot(
            [min([*centres, middle]), max([*centres, middle])],
            [level, level],
            color=BLACK,
            linewidth=0.7,
        )
        for centre in centres:
            _arrow(panel, (centre, level), (centre, first[0][2]))
