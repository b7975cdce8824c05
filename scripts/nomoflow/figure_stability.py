"""Figures of stability: how often features are chosen again, and how each patient's risk moves."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nomoflow.figure_style import (
    BLACK,
    BLUE,
    GREY,
    PALE,
    VERMILLION,
    across,
    drawing,
    message_figure,
    model_look,
    new_figure,
    numbers,
    page_width,
)
from nomoflow.language import say
from nomoflow.wording import Rows, is_true, models_in, number, signed, where, with_interval

TITLE = "Stability of the signatures"
MOST_FREQUENT, AT_MOST, OF_A_PHASE = 15, 20, 10  # features of a panel
LABEL_WIDTH = 44  # characters of a line; what is longer takes two
# The layout measures text as it is hinted for a screen; at 100 dpi long labels come out too short.
MEASURED_AT = 300


@drawing
def stability_figure(
    signatures: Mapping[str, tuple[Rows, Mapping]], penalties: Rows, stability: Rows
) -> Figure:
    """How often features are chosen in resamples (left), and the penalties chosen (right).

    ``signatures``: name -> (frequency, status), in the order to draw; the combined one comes first,
    with the 15 most frequent features and of the others those of the final signature, 20 at most; a
    phase has its 10 most frequent. ``penalties`` and ``stability`` are the tables of evaluation/,
    for all signatures.
    """
    names = sorted(signatures, key=lambda name: name != "combined")
    if not names:
        return message_figure(
            say("Stability of the signatures"), say("No signature was asked for.")
        )
    if not penalties:
        return message_figure(say("Stability of the signatures"), say("No resample was drawn."))
    shown = {name: most_frequent(signatures[name][0], name) for name in names}
    labels = {name: [_label(row["feature"], name) for row in shown[name]] for name in names}
    heights = [max(_sizes(labels[name]).sum() + 14, 34) for name in names]
    figure = new_figure(page_width(), sum(heights) + 8)
    figure.set_dpi(MEASURED_AT)
    panels = figure.subplots(
        len(names), 2, squeeze=False, height_ratios=heights, width_ratios=[2.4, 1]
    )
    for name, (left, right) in zip(names, panels, strict=True):
        frequency, status = signatures[name]
        left.set_title(_title(name, len(shown[name]), len(frequency), stability), fontsize=7)
        _frequency_panel(left, shown[name], labels[name])
        _penalty_panel(right, where(penalties, signature=name), status.get("lambda"))
    panels[-1][0].set_xlabel(say("Share of resamples that choose the feature, %"))
    panels[-1][1].set_xlabel(say("log(λ) chosen"))
    keys = [
        Patch(color=BLUE, label=say("in the final signature")),
        Patch(color=PALE, label=say("not in it")),
        Patch(color=GREY, label=say("penalty chosen")),
        Patch(color=VERMILLION, label=say("penalty that keeps no feature")),
        Line2D(
            [], [], color=BLACK, linestyle=(0, (4, 2)), linewidth=0.8, label=say("final penalty")
        ),
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=5)
    return figure


def most_frequent(frequency: Rows, signature: str) -> list[dict[str, str]]:
    """The rows of a signature's panel, in the table's order: the most frequent first."""
    if signature != "combined":
        return list(frequency[:OF_A_PHASE])
    others = [row for row in frequency[MOST_FREQUENT:] if is_true(row["selected"])]
    return [*frequency[:MOST_FREQUENT], *others][:AT_MOST]


def _label(feature: str, signature: str) -> str:
    """A feature's name, without the phase that the panel's title says; a long one in two lines."""
    feature = feature.removeprefix(f"{signature}_")
    if len(feature) <= LABEL_WIDTH:
        return feature
    breaks = [i + 1 for i, sign in enumerate(feature) if sign == "_"]
    fitting = (i for i in breaks if i <= LABEL_WIDTH and len(feature) - i <= LABEL_WIDTH)
    at = next(fitting, LABEL_WIDTH)
    first, second = feature[:at], feature[at:]
    # The end tells features apart: what is too long loses its middle.
    second = second if len(second) <= LABEL_WIDTH else f"…{second[1 - LABEL_WIDTH :]}"
    return f"{first}\n{second}"


def _sizes(labels: list[str]) -> np.ndarray:
    """Height of each bar's row in mm: what its label takes."""
    return np.array([5.4 if "\n" in label else 3.7 for label in labels])


def _title(name: str, shown: int, there: int, stability: Rows) -> str:
    label = say("All phases combined") if name == "combined" else name
    rows = {row["measure"]: row for row in where(stability, signature=name)}
    index = with_interval(rows.get("nogueira"), 2)
    known = index if index != "—" else say("not defined")
    parts = [say("stability index {index}", index=known)]
    if "empty" in rows and number(rows["empty"]["estimate"]) > 0:
        share = f"{100 * number(rows['empty']['estimate']):.0f}"
        parts.append(say("empty in {share} %", share=share))
    count = say(": {n} of {all} features", n=shown, all=there) if there > shown else ""
    return f"{label}{count}\n{', '.join(parts)}"


def _frequency_panel(panel: Axes, rows: Rows, labels: list[str]) -> None:
    if not rows:
        panel.text(
            0.02, 0.9, say("No resample chose a feature."), transform=panel.transAxes, va="top"
        )
        panel.set(xlim=(0, 100), yticks=[])
        return
    ends = np.cumsum(_sizes(labels))
    place = ends - _sizes(labels) / 2
    share, low, high = (100 * numbers(rows, column) for column in ("share", "ci_low", "ci_high"))
    colours = [BLUE if is_true(row["selected"]) else PALE for row in rows]
    panel.barh(place, share, height=2.6, color=colours)
    panel.hlines(place, low, high, color=GREY, linewidth=0.6)
    panel.set_yticks(place, labels=labels, fontsize=6, linespacing=1.05)
    for row, text in zip(rows, panel.get_yticklabels(), strict=True):
        # A feature of the final signature that no resample chose has no bar to tell it by.
        text.set_color(BLUE if is_true(row["selected"]) else BLACK)
    panel.tick_params(axis="y", length=0)
    panel.set(xlim=(0, 100), ylim=(ends[-1], 0))


def _penalty_panel(panel: Axes, rows: Rows, final: float | None) -> None:
    """How often each penalty was chosen: resamples over log(lambda), the empty ones apart."""
    known = [row for row in rows if number(row["lambda"]) > 0]
    x = np.log(numbers(known, "lambda"))
    if len(x):
        empty = np.array([row["status"] == "empty" for row in known])
        ends = [*x, math.log(final)] if final else x
        low, high = min(ends), max(ends)
        margin = max(0.02 * (high - low), 0.05)
        bins = np.linspace(low - margin, high + margin, 16)
        panel.hist([x[~empty], x[empty]], bins=bins, stacked=True, color=[GREY, VERMILLION])
        if final:
            panel.axvline(math.log(final), color=BLACK, linestyle=(0, (4, 2)), linewidth=0.8)
    without = len(rows) - len(known)
    # The rows of panels differ in height, and a tall histogram would say no more.
    panel.set(box_aspect=0.7, anchor="N")
    title = say("{n} resamples", n=len(rows))
    title += say(", {n} without a penalty", n=without) if without else ""
    panel.set_title(f"\n{title}", fontsize=7, fontweight="normal")
    panel.set_ylabel(say("Resamples"))
    panel.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    panel.xaxis.get_major_locator().set_params(nbins=4)


@drawing
def instability_figure(instability: Rows, confidence: float = 0.95) -> Figure:
    """Each patient's probability by the final model (x) and by the models of resamples (y).

    A line spans the percentiles over the resamples, a dot is the median; on the diagonal nothing
    would move. One panel for each of the three main models, with the mean of the patients' mean
    absolute differences (Riley and Collins 2023, prediction instability plot).
    """
    models = models_in(instability)
    if not models:
        return message_figure(
            say("Instability of predictions"), say("No model has predicted probabilities.")
        )
    columns = across(3)
    lines = 1 if columns > 1 else len(models)
    figure = new_figure(page_width(), 86 * lines)
    figure.set_dpi(MEASURED_AT)
    axes = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    for unused in axes[len(models) :]:
        unused.set_axis_off()
    for model, panel in zip(models, axes, strict=False):
        rows = where(instability, model=model)
        label, colour, _ = model_look(model)
        x, low, median, high = (
            numbers(rows, column) for column in ("probability", "low", "median", "high")
        )
        error = float(np.mean(numbers(rows, "mape")))
        moved = say("mean absolute difference {error}", error=signed(error, 3))
        text = f"{say('{n} patients', n=len(rows))}\n{moved}"
        panel.set_title(f"{label}\n{text}", fontsize=7)
        panel.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, linestyle=":")
        panel.vlines(x, low, high, color=colour, linewidth=0.5, alpha=0.45)
        dot = {"markersize": 2.2, "markeredgewidth": 0, "clip_on": False, "zorder": 3}
        panel.plot(x, median, "o", color=colour, **dot)
        panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        panel.set_xlabel(say("Probability by the final model"))
    for panel in axes[:: len(axes) // lines]:
        panel.set_ylabel(say("Probability by models of resamples"))
    keys = [
        Line2D([], [], color=GREY, marker="o", linestyle="", markersize=2.6, label=say("median")),
        Line2D(
            [],
            [],
            color=GREY,
            linewidth=0.8,
            label=say("{level} % of the resamples", level=f"{100 * confidence:g}"),
        ),
        Line2D([], [], color=GREY, linewidth=0.6, linestyle=":", label=say("unchanged")),
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=across(3))
    return figure
