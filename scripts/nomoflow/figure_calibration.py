"""Calibration curves with their bands: a panel for each model and sample."""

import math

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nomoflow.figure_evaluation import (
    OPTIMISTIC,
    ORDER,
    curve,
    sample_title,
    shade,
    unit_square,
)
from nomoflow.figure_style import (
    GREY,
    drawing,
    message_figure,
    new_figure,
    numbers,
    page_width,
)
from nomoflow.language import say
from nomoflow.wording import (
    Rows,
    metric,
    model_label,
    models_in,
    number,
    samples_in,
    signed,
    where,
    with_interval,
)


@drawing
def calibration_figure(
    calibration: Rows, performance: Rows, predictions: Rows, confidence: float | None = None
) -> Figure:
    """Observed share over predicted probability: a row of panels a sample, a column a model.

    Each panel has the smooth curve with its pointwise band, the groups of equal size with their
    intervals, and above it, as tabulated, slope and intercept (1 and 0 are perfect), observed over
    expected and the integrated calibration index. ``confidence`` is the level of bands and bars.
    """
    if not calibration:
        return message_figure(say("Calibration"), say("No model has predicted probabilities."))
    samples, models = samples_in(calibration, ORDER), models_in(calibration)
    figure = new_figure(page_width(), 84 * len(samples))
    rows_of_panels = np.atleast_1d(figure.subfigures(len(samples), 1))
    for sample, part in zip(samples, rows_of_panels, strict=True):
        title, how = sample_title(sample, predictions)
        part.suptitle(f"{title} ({how})", x=0.01, ha="left", fontsize=7.5, weight="bold")
        panels = part.subplots(1, max(3, len(models)), sharey=True, squeeze=False)[0]
        for unused in panels[len(models) :]:
            unused.set_axis_off()
        for model, panel in zip(models, panels, strict=False):
            first = model == models[0]
            unit_square(panel, say("Predicted probability"), say("Observed share") if first else "")
            panel.set_facecolor(OPTIMISTIC if sample == "apparent" else "white")
            own = where(calibration, model=model, sample=sample)
            curve_and_groups(panel, model, own)
            panel.set_title(details(performance, model, sample), fontsize=6.5, weight="normal")
    keys = calibration_keys(confidence)
    rows_of_panels[-1].legend(handles=keys, loc="outside lower center", ncols=3)
    return figure


def calibration_keys(confidence: float | None, colour: str = GREY) -> list[Artist]:
    """What band, groups and diagonal of a calibration panel mean."""
    level = f"{100 * confidence:g} % " if confidence else ""
    band = say("{level}band, pointwise, patients resampled", level=level)
    group = say("Group of patients, {level}CI", level=level)
    return [
        Patch(facecolor=colour, alpha=0.3, label=band),
        Line2D([], [], color=colour, marker="o", **GROUP, label=group),
        Line2D([], [], color=GREY, linewidth=0.6, linestyle=":", label=say("Perfect")),
    ]


GROUP = {"markerfacecolor": "white", "markeredgewidth": 0.9, "markersize": 3.6}


def curve_and_groups(panel: Axes, model: str, rows: Rows) -> None:
    """A model's smooth curve with its band, and its groups of patients with their intervals."""
    smooth, groups = where(rows, kind="smooth"), where(rows, kind="group")
    x, y = numbers(smooth, "predicted"), numbers(smooth, "observed")
    colour = curve(panel, model, x, y)
    shade(panel, x, smooth, colour)
    x, y = numbers(groups, "predicted"), numbers(groups, "observed")
    low, high = y - numbers(groups, "ci_low"), numbers(groups, "ci_high") - y
    bars = np.maximum([low, high], 0)  # a bound that meets the share may miss it by rounding
    panel.errorbar(
        x, y, yerr=bars, fmt="o", color=colour, elinewidth=0.6, clip_on=False, zorder=3, **GROUP
    )


def details(performance: Rows, model: str, sample: str) -> str:
    """ "Radiomics nomogram", then slope and intercept, then O:E and ICI: those that are defined."""
    cells = []
    for name, word, digits in (
        ("calibration_slope", "slope", 2),
        ("calibration_intercept", "intercept", 2),
        ("oe", "O:E", 2),
    ):
        row = metric(performance, model, sample, name)
        if row and not math.isnan(number(row["estimate"])):
            cells.append(f"{say(word)} {signed(number(row['estimate']), digits)}")
    row = metric(performance, model, sample, "ici")
    ici = f"ICI {with_interval(row)}" if row and not math.isnan(number(row["estimate"])) else ""
    return "\n".join([model_label(model), ", ".join(cells), ici])
