"""The figure of a locked model at another centre: ROC, calibration and decision curves in one.

Tables as `read_rows` gives them; the panels are those of the evaluation's own figures.
"""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nomoflow.figure_calibration import calibration_keys, curve_and_groups, details
from nomoflow.figure_evaluation import decision_panel, roc_panel, unit_square
from nomoflow.figure_style import (
    BLACK,
    drawing,
    message_figure,
    model_look,
    new_figure,
    numbers,
    page_width,
)
from nomoflow.language import say
from nomoflow.wording import Rows, model_label, models_in, number, predicted, where

EXTERNAL = "external"
HEIGHT, TOP, SIDE, LEFT = 95.0, 12.5, 44.0, (11.0, 74.5, 134.5)  # mm
KEYS = {"legend.handlelength": 2.2, "legend.fontsize": 6.2}
THIN = 0.7  # line width of the models beside the leading one
UPDATES = {
    "in_the_large": ("Recalibrated in the large", (0, (4, 1.5))),
    "logistic": ("Recalibrated, slope and intercept", (0, (1, 1.2))),
}


@drawing
def validation_figure(
    roc: Rows,
    band: Rows,
    calibration: Rows,
    recalibration: Rows,
    dca: Rows,
    performance: Rows,
    predictions: Rows,
    confidence: float | None = None,
) -> Figure:
    """Three panels of the leading main model on this centre's patients, nothing fitted again.

    Tables as measure_external makes them; ``predictions``: its input. The other main models stand
    beside as thin lines where that is legible. Recalibrated curves are the raw smooth curve over
    the updated probabilities, thin and black: they were fitted on these patients.
    """
    models = models_in(calibration)
    if not models:
        return message_figure(
            say("Validation"), say("No main model has predictions of these patients.")
        )
    lead = models[0]
    # Three keys side by side; `drawing` sets the settings back.
    matplotlib.rcParams.update(KEYS)
    figure = new_figure(page_width(), HEIGHT, layout=None)
    patients, events, without = predicted(predictions, lead)
    said = say("{model}, as locked, at this centre: {patients} patients, {events} events",
               model=model_label(lead), patients=patients, events=events)  # fmt: skip
    said += say(" ({n} more without a prediction)", n=without) if without else ""
    figure.text(0.01, 1 - 2 / HEIGHT, said, va="top", fontsize=8, weight="bold")
    left, middle, right = (
        figure.add_axes((x / 183, (HEIGHT - TOP - SIDE) / HEIGHT, SIDE / 183, SIDE / HEIGHT))
        for x in LEFT
    )
    for panel, title in ((left, "ROC curve"), (middle, "Calibration"), (right, "Decision curve")):
        panel.set_title(say(title), fontsize=7)
    if where(roc, model=lead):
        roc_panel(left, roc, band, performance, EXTERNAL, confidence, THIN)
    else:
        left.set_axis_off()
        left.text(0, 0.96, say("Not defined: all patients\nare of one class."), va="top")
    _calibration(middle, lead, calibration, recalibration, performance, confidence)
    decision_panel(right, dca, EXTERNAL, (), confidence, THIN)
    right.legend()
    for panel in (left, middle, right):
        key = panel.get_legend()
        if key:  # below the axes, where no curve runs
            key.set(loc="upper left", alignment="left")
            key.set_bbox_to_anchor((-0.06, -0.19), transform=panel.transAxes)
    return figure


def _calibration(
    panel: Axes,
    model: str,
    calibration: Rows,
    recalibration: Rows,
    performance: Rows,
    confidence: float | None,
) -> None:
    unit_square(panel, say("Predicted probability"), say("Observed share"))
    own = where(calibration, model=model)
    curve_and_groups(panel, model, own)
    _, colour, dash = model_look(model)
    keys = [Line2D([], [], color=colour, linestyle=dash, label=say("As locked"))]
    smooth = where(own, kind="smooth")
    for update, (label, dots) in UPDATES.items():
        fitted = where(recalibration, model=model, update=update)
        if smooth and fitted and fitted[0]["slope"]:
            intercept, slope = (number(fitted[0][name]) for name in ("intercept", "slope"))
            x = moved(numbers(smooth, "predicted"), intercept, slope)
            look = {"color": BLACK, "linestyle": dots, "linewidth": THIN, "zorder": 2}
            keys += panel.plot(x, numbers(smooth, "observed"), label=say(label), **look)
    title = "\n".join(filter(None, details(performance, model, EXTERNAL).split("\n")[1:]))
    keys += calibration_keys(confidence, colour)[0 if smooth else 1 :]
    panel.legend(handles=keys, title=title, title_fontsize=KEYS["legend.fontsize"])


def moved(p: Sequence[float], intercept: float, slope: float) -> np.ndarray:
    """Probabilities (n,) whose logit is intercept + slope x logit of those given."""
    p = np.clip(np.asarray(p, dtype=float), 1e-12, 1 - 1e-12)
    return 1 / (1 + np.exp(-(intercept + slope * np.log(p / (1 - p)))))
