"""Figures of many centres: forest plots, and decision curves of all centres together.

Each function takes tables as `read_rows` gives them and returns a matplotlib Figure.
"""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from nomoflow.figure_style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    drawing,
    message_figure,
    new_figure,
    numbers,
    page_width,
)
from nomoflow.figure_text import wrapped
from nomoflow.language import say
from nomoflow.wording import Rows, metric, model_label, number, signed, where, with_interval

POOLED = "(pooled)"
# Title, axis, and the value that means perfect (or, of the AUC, no better than chance).
METRICS = {
    "auc": ("AUC", "AUC", 0.5, "0.5: no better than chance"),
    "oe": ("Observed over expected", "O:E (log scale)", 1.0, "1: as many events as predicted"),
    "calibration_slope": (
        "Calibration slope", "Slope", 1.0, "1: predictions spread as they should be",
    ),
}  # fmt: skip
NAME_WIDTH = 0.215  # of the column of centres' names, as a share of the figure's
ROW, HEAD, FOOT = 5.2, 9.0, 16.0  # mm
# Columns across the panel (0 its left edge, 1 its right): names begin, the others end here.
NAME, COUNT, EVENTS, WEIGHT, ESTIMATE = -1.235, -0.41, -0.24, -0.044, 1.632
DEVELOPMENT = ("cross_validated", "apparent")
_SAMPLE = {"cross_validated": "Development, cross-validated", "apparent": "Development, apparent"}


@drawing
def forest_figure(
    pooled: Rows, model: str, performance: Rows = (), confidence: float = 0.95
) -> Figure:
    """Forest plots of a model's AUC, O:E and slope, one below the other.

    pooled: table centres/pooled. A square a centre, its area by weight, its line the interval;
    the diamond is the pooled estimate with its interval, the bar below it the prediction interval.
    performance: the development study's own table; its figures stand apart and are not pooled.
    """
    own = where(pooled, model=model)
    shown = [name for name in METRICS if where(own, metric=name)]
    if not shown:
        return message_figure(say("Centres"), say("No centre shares a figure of this model."))
    blocks = [_lines(where(own, metric=name), performance, model, name) for name in shown]
    heights = [HEAD + FOOT + ROW * sum(line["height"] for line in block) for block in blocks]
    figure = new_figure(page_width(), sum(heights) + 6, layout=None)
    total, top = sum(heights) + 6, sum(heights)
    title = say("{model} at other centres", model=model_label(model))
    figure.text(0.01, 1 - 1.5 / total, title, weight="bold", va="top", fontsize=8)
    for name, block, height in zip(shown, blocks, heights, strict=True):
        bottom = (top - height + FOOT) / total
        area = (0.43, bottom, 0.34, (height - HEAD - FOOT) / total)
        _forest(figure, figure.add_axes(area), block, name, confidence)
        top -= height
    return figure


def _lines(rows: Rows, performance: Rows, model: str, name: str) -> list[dict]:
    """What stands in each line of a forest, from the top; height in rows."""
    lines = []
    for row in rows:
        if row["centre"] != POOLED:
            text = "\n".join(wrapped(row["centre"], NAME_WIDTH * page_width(), 7))
            lines.append({"kind": "centre", "name": text, "row": row,
                          "height": 1 + 0.6 * text.count("\n")})  # fmt: skip
    pooled = where(rows, centre=POOLED)
    count = sum(bool(row["weight"]) for row in rows if row["centre"] != POOLED)
    if pooled and count > 1:
        lines.append({"kind": "pooled", "name": say("Pooled, random effects"), "row": pooled[0],
                      "height": 1.3})  # fmt: skip
        text = say("Prediction interval" if pooled[0]["prediction_low"] else
                   "No prediction interval: two centres")  # fmt: skip
        lines.append({"kind": "prediction", "name": text, "row": pooled[0], "height": 1.0})
    for sample in DEVELOPMENT:
        row = metric(performance, model, sample, name)
        if row:
            lines.append({"kind": "development", "name": say(_SAMPLE[sample]), "row": row,
                          "height": 1.0})  # fmt: skip
    return lines


def _forest(figure: Figure, panel: Axes, lines: list[dict], name: str, confidence: float) -> None:
    title, label, reference, meaning = METRICS[name]
    log = name == "oe"
    place, at = 0.0, []
    for line in lines:
        at.append(place + line["height"] / 2)
        place += line["height"]
    panel.set(ylim=(place, 0), yticks=[])
    panel.spines["left"].set_visible(False)
    if log:
        panel.set_xscale("log")
    panel.set_xlim(*_reach(lines, reference, name))
    panel.axvline(reference, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    low, high = panel.get_xlim()
    for line, y in zip(lines, at, strict=True):
        _mark(panel, line, y, low, high)
    _ticks(panel, log)
    panel.set_xlabel(f"{say(label)};  {say(meaning)}", labelpad=1.5)
    pooled = [line["row"] for line in lines if line["kind"] == "pooled"]
    estimate = say("Estimate ({level} % CI)", level=f"{100 * confidence:g}")
    columns = (("n", COUNT), (say("Events"), EVENTS), (say("Weight"), WEIGHT), (estimate, ESTIMATE))
    across = panel.get_yaxis_transform()
    panel.text(NAME, -0.5, say(title), transform=across, weight="bold", va="bottom", fontsize=7.5)
    for word, x in columns:
        panel.text(x, -0.5, word, transform=across, ha="right", va="bottom", color=GREY)
    for line, y in zip(lines, at, strict=True):
        _text(panel, line, y, across)
    first = next((i for i, line in enumerate(lines) if line["kind"] == "development"), None)
    if first:
        edge = at[first] - lines[first]["height"] / 2
        panel.plot([NAME, ESTIMATE], [edge, edge], transform=across, color=GREY, linewidth=0.4,
                   clip_on=False)  # fmt: skip
    if lines:
        said = say("Fewer than two centres: nothing is pooled.")
        said = _heterogeneity(pooled[0]) if pooled else said
        panel.text(NAME, place + 9.5 / ROW, said, transform=across, va="top",
                   fontsize=6.5, color=GREY)  # fmt: skip


def _text(panel: Axes, line: dict, y: float, across) -> None:
    row, kind = line["row"], line["kind"]
    style = {"transform": across, "va": "center"}
    bold = {"weight": "bold"} if kind == "pooled" else {}
    panel.text(NAME, y, line["name"], linespacing=1.0, **style, **bold)
    if kind == "prediction":
        ends = (number(row["prediction_low"]), number(row["prediction_high"]))
        text = say("({low} to {high})", low=signed(ends[0], 2), high=signed(ends[1], 2))
        text = "" if math.isnan(ends[0]) else text
        panel.text(ESTIMATE, y, text, ha="right", **style)
        return
    if kind != "development":
        for cell, x in ((row["n"], COUNT), (row["events"], EVENTS)):
            panel.text(x, y, f"{float(cell):.0f}" if cell else say("hidden"), ha="right", **style)
        weight = f"{float(row['weight']):.1f} %" if row["weight"] else "—"
        panel.text(WEIGHT, y, weight if kind == "centre" else "", ha="right", **style)
    panel.text(ESTIMATE, y, with_interval(row, 2), ha="right", **style, **bold)


def _mark(panel: Axes, line: dict, y: float, low: float, high: float) -> None:
    """Square, diamond or bar; an end beyond the axis becomes an arrow."""
    row, kind = line["row"], line["kind"]
    estimate = number(row["estimate"])
    wanted = (
        ("prediction_low", "prediction_high") if kind == "prediction" else ("ci_low", "ci_high")
    )
    ends = [number(row[name]) for name in wanted]
    if kind == "pooled" and not math.isnan(ends[0]):
        inside = np.clip([ends[0], estimate, ends[1]], low, high)
        corners = [(inside[0], y), (inside[1], y - 0.34), (inside[2], y), (inside[1], y + 0.34)]
        panel.add_patch(Polygon(corners, closed=True, facecolor=VERMILLION, edgecolor="none"))
        _arrows(panel, ends, y, low, high, VERMILLION)
        return
    colour = {"prediction": VERMILLION, "development": GREY}.get(kind, BLUE)
    if not math.isnan(ends[0]):
        inside = np.clip(ends, low, high)
        width = 2.2 if kind == "prediction" else 0.9
        panel.plot(inside, [y, y], color=colour, linewidth=width, solid_capstyle="butt", zorder=2)
        _arrows(panel, ends, y, low, high, colour)
    if kind == "prediction" or math.isnan(estimate) or not low <= estimate <= high:
        return
    if kind == "centre":
        # area by weight; what is not pooled is hollow
        weight = number(row["weight"])
        size = 3.0 if math.isnan(weight) else 2.2 + 6.0 * math.sqrt(weight / 100)
        face = "white" if math.isnan(weight) else BLUE
        panel.plot(estimate, y, "s", markersize=size, markerfacecolor=face, markeredgewidth=0.5,
                   markeredgecolor=BLUE, zorder=4)  # fmt: skip
    else:
        panel.plot(estimate, y, "o", markersize=3.2, markerfacecolor="white", zorder=4,
                   markeredgecolor=colour, markeredgewidth=0.8)  # fmt: skip


def _arrows(panel: Axes, ends: list[float], y: float, low: float, high: float, colour) -> None:
    """An arrowhead at the axis' end for each end of an interval that lies beyond it."""
    for end, limit, sign in ((ends[0], low, "<"), (ends[1], high, ">")):
        if not low <= end <= high:
            panel.plot(limit, y, sign, color=colour, markersize=3.5, clip_on=False, zorder=3)


def _reach(lines: list[dict], reference: float, name: str) -> tuple[float, float]:
    """Ends of the axis: all estimates and most of the intervals; wild ones end in an arrow."""
    estimates = [number(line["row"]["estimate"]) for line in lines]
    estimates = [x for x in estimates if math.isfinite(x)] + [reference]
    ends = [number(line["row"][end]) for line in lines if line["kind"] != "prediction"
            for end in ("ci_low", "ci_high")]  # fmt: skip
    ends += [number(line["row"][end]) for line in lines if line["kind"] == "prediction"
             for end in ("prediction_low", "prediction_high")]  # fmt: skip
    ends = [x for x in ends if math.isfinite(x)]
    if name == "auc":
        low = min([*ends, *estimates])
        return max(0.0, low - 0.02), 1.0
    if name == "oe":
        spread = max(abs(math.log(x)) for x in estimates if x > 0)
        limit = max(1.6 * spread, math.log(2))
        wide = max([abs(math.log(x)) for x in ends if x > 0], default=limit)
        limit = min(wide * 1.05, 2.5 * limit) if wide > 0 else limit
        limit = max(limit, math.log(1.5))
        return math.exp(-limit), math.exp(limit)
    spread = max(abs(x - reference) for x in estimates)
    limit = max(3 * spread, 0.9)
    low, high = min([*ends, *estimates]), max([*ends, *estimates])
    return max(low - 0.05, reference - limit), min(high + 0.05, reference + limit)


def _ticks(panel: Axes, log: bool) -> None:
    if not log:
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.xaxis.set_major_formatter(
            FuncFormatter(lambda x, _: f"{round(x, 6):g}".replace("-", "−"))
        )
        return
    low, high = panel.get_xlim()
    wide = high / low > 30
    panel.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 3.0) if wide else (1.0, 2.0, 5.0)))
    if high / low < 4:
        panel.set_xticks([t for t in (0.5, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0) if low <= t <= high])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))


def _heterogeneity(row: dict[str, str]) -> str:
    """ "tau² 0.31 (0.12 to 1.11), I² 92 %, Q 152.2, P < 0.001"."""
    low, high = number(row["tau2_low"]), number(row["tau2_high"])
    span = " " + say("({low} to {high})", low=f"{low:.2g}", high=_large(high))
    span = "" if math.isnan(low) else span
    p = number(row["p"])
    said = "P < 0.001" if p < 0.001 else f"P = {p:.3f}"
    scale = (
        "logit" if row["metric"] == "auc" else ("log" if row["metric"] == "oe" else "slope's own")
    )
    return say(
        "Between centres ({scale} scale): τ² = {tau}{span}; I² = {share} %; Q = {q}, {p}",
        scale=say(scale), tau=f"{number(row['tau2']):.2g}", span=span,
        share=f"{number(row['i2']):.0f}", q=f"{number(row['q']):.1f}", p=said,
    )  # fmt: skip


def _large(value: float) -> str:
    return f"{value:.2g}" if value < 100 else say("above 100")


COLOURS = (VERMILLION, BLUE, GREEN, PURPLE, ORANGE, SKY, BLACK)
DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (4, 1.2, 1, 1.2)))


@drawing
def centres_dca_figure(dca: Rows, model: str) -> Figure:
    """Net benefit of a model at each centre, above treating everyone and no one.

    dca: table centres/dca. Left the net benefit; right what it gains over the better of treating
    all and none, since centres differ in prevalence. Points are the thresholds that a centre
    may tell; lines between them guide the eye.
    """
    own = where(dca, model=model)
    if not own:
        return message_figure(
            say("Decision curves of the centres"),
            say("No centre may tell a threshold of this model."),
        )
    names = sorted({row["centre"] for row in own})
    keys = -(-len(names) // 2)
    texts = {}
    for name in names:
        first = where(own, centre=name)[0]
        text = say("{name}: {patients} patients, {events} events", name=name,
                   patients=first["n"], events=first["events"])  # fmt: skip
        texts[name] = wrapped(text, 0.43 * page_width(), 6.5)
    longest = max(map(len, texts.values()))
    figure = new_figure(page_width(), 72 + 4.2 * keys * longest)
    left, right = figure.subplots(1, 2)
    handles = []
    for i, name in enumerate(names):
        rows = where(own, centre=name)
        look = {"color": COLOURS[i % 7], "linestyle": DASHES[(i // 7 + i) % 4], "marker": "o",
                "markersize": 2.4}  # fmt: skip
        x, benefit = numbers(rows, "threshold"), numbers(rows, "net_benefit")
        rest = np.maximum(numbers(rows, "treat_all"), 0)
        handles += left.plot(x, benefit, label="\n".join(texts[name]), **look)
        right.plot(x, benefit - rest, **look)
    for panel, title in (
        (left, "Net benefit"), (right, "Gain over the better of treating all and none")
    ):  # fmt: skip
        panel.axhline(0, color=BLACK, linewidth=0.8)
        panel.set(xlim=(0, 1), xlabel=say("Threshold probability"), ylabel=say("Net benefit"))
        panel.set_title(say(title), fontsize=7)
    right.set_ylabel(say("Difference in net benefit"))
    title = say("{model} at other centres", model=model_label(model))
    figure.suptitle(title, fontsize=8, weight="bold", x=0.01,
                    ha="left")  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure
