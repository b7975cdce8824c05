"""Figures of the evaluation: ROC curves, decision curves and every patient's score.

Each function takes tables as `read_rows` gives them and returns a matplotlib Figure. One panel a
sample, so that apparent performance never stands alone where another figure exists; it comes last,
on grey and named optimistic.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from nomoflow.figure_style import (
    BLACK,
    GREY,
    NEGATIVE,
    POSITIVE,
    across,
    drawing,
    message_figure,
    model_look,
    new_figure,
    numbers,
    page_width,
)
from nomoflow.language import say
from nomoflow.wording import (
    SAMPLES,
    Rows,
    metric,
    model_label,
    models_in,
    number,
    people,
    samples_in,
    where,
    with_interval,
)


def mean_roc(curves: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean of ROC curves over repeats, vertically: sensitivity at fixed specificity.

    ``curves``: (specificity, sensitivity) of each repeat, points in any order. Returned are
    1 - specificity and the mean sensitivity, taken at every specificity that occurs and on both
    sides of a step; so the area under the mean curve is the mean of the areas (Fawcett 2006,
    Pattern Recognit Lett 27:861, vertical averaging). The direction is never turned.
    """
    stairs = []
    for specificity, sensitivity in curves:
        false_positive = np.concatenate([[0.0], 1 - np.asarray(specificity, float), [1.0]])
        true_positive = np.concatenate([[0.0], np.asarray(sensitivity, float), [1.0]])
        # 1 - 0.7 and 0.3 differ in the last bit and would make two points of one.
        false_positive = np.round(false_positive, 12)
        order = np.lexsort((true_positive, false_positive))
        stairs.append((false_positive[order], true_positive[order]))
    grid = np.unique(np.concatenate([x for x, _ in stairs]))
    before = np.mean([_height(x, y, grid, "left") for x, y in stairs], axis=0)
    after = np.mean([_height(x, y, grid, "right") for x, y in stairs], axis=0)
    return np.repeat(grid, 2), np.column_stack([before, after]).ravel()


def _height(x: np.ndarray, y: np.ndarray, grid: np.ndarray, side: str) -> np.ndarray:
    """A stair's height just before (left) or just after (right) each grid point."""
    above = np.searchsorted(x, grid, side="left")  # the first point at or beyond
    below = np.searchsorted(x, grid, side="right") - 1  # the last point at or before
    met = x[above] == grid
    share = np.divide(grid - x[below], x[above] - x[below], out=np.zeros_like(grid), where=~met)
    between = y[below] + share * (y[above] - y[below])
    return np.where(met, y[above] if side == "left" else y[below], between)


# The sample that leads first; the apparent one, which flatters, last and on grey.
ORDER = ("cross_validated", "external", "corrected_632", "corrected", "apparent")
OPTIMISTIC = "#F0F0F0"


def sample_title(sample: str, predictions: Rows) -> tuple[str, str]:
    """ "Apparent: 149 patients, 102 events" and "optimistic: fitted and judged on the same ..."."""
    name, _, how = SAMPLES[sample].partition(" (")
    title = ": ".join(filter(None, (say(name), people(predictions, sample))))
    how = say(how.removesuffix(")"))
    return title, say("optimistic: {how}", how=how) if sample == "apparent" else how


def _panels(rows: Rows, predictions: Rows, height: float) -> tuple[Figure, list[tuple[str, Axes]]]:
    """One panel a sample of the table, two columns wide, with patients and events above each."""
    samples = samples_in(rows, ORDER)
    columns = across(max(2, len(samples)))
    lines = 1 if columns > 1 else len(samples)
    figure = new_figure(page_width(), height * lines)
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for unused in axes[len(samples) :]:
        unused.set_axis_off()
    for sample, panel in zip(samples, axes, strict=False):
        title, how = sample_title(sample, predictions)
        panel.set_title(f"{title}\n({how})", fontsize=7)
        if sample == "apparent":
            panel.set_facecolor(OPTIMISTIC)
    return figure, list(zip(samples, axes, strict=False))


def curve(
    panel: Axes,
    model: str,
    x: np.ndarray,
    y: np.ndarray,
    detail: str = "",
    width: float | None = None,
) -> str:
    """A model's line in its own colour and dash; the colour is returned."""
    label, colour, dash = model_look(model)
    panel.plot(x, y, color=colour, linestyle=dash, linewidth=width, label=f"{label}{detail}")
    return colour


def shade(panel: Axes, x, rows: Rows, colour: str, label: str | None = None) -> None:
    """A model's pointwise band between the columns ci_low and ci_high."""
    low, high = numbers(rows, "ci_low"), numbers(rows, "ci_high")
    panel.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0, label=label, zorder=1)


def band_label(model: str, confidence: float | None) -> str:
    """ "95 % band of radiomics nomogram": of the leading model alone, for legibility."""
    name = model_label(model)
    name = f"{name[0].lower()}{name[1:]}"
    if not confidence:
        return say("Band of {model}", model=name)
    return say("{level} % band of {model}", level=f"{100 * confidence:g}", model=name)


def unit_square(panel: Axes, x: str, y: str, diagonal: str | None = None) -> None:
    """Axes from 0 to 1 with the diagonal."""
    panel.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, linestyle=":", label=diagonal)
    panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xlabel=x, ylabel=y)


@drawing
def roc_figure(
    roc: Rows, band: Rows, performance: Rows, predictions: Rows, confidence: float | None = None
) -> Figure:
    """ROC curves of the models, one panel a sample; AUC with interval, as tabulated, in the legend.

    Over repeats the curves are averaged (`mean_roc`). The first model has its ``band`` (table
    roc_band). A dot marks the tabulated sensitivity and specificity at the cut-off in use.
    ``confidence`` is the level of the tabulated intervals and bands.
    """
    if not roc:
        return message_figure(say("ROC curves"), say("No model has predictions of both classes."))
    figure, panels = _panels(roc, predictions, 119)
    for sample, panel in panels:
        roc_panel(panel, roc, band, performance, sample, confidence)
    return figure


def roc_panel(
    panel: Axes,
    roc: Rows,
    band: Rows,
    performance: Rows,
    sample: str,
    confidence: float | None = None,
    thin: float | None = None,
) -> None:
    """The ROC curves of a sample with their key; ``thin``: line width of all but the first."""
    title = say("AUC (CI)")
    if confidence:
        title = say("AUC ({level} % CI)", level=f"{100 * confidence:g}")
    unit_square(panel, say("1 − specificity"), say("Sensitivity"))
    rows = where(roc, sample=sample)
    for place, model in enumerate(models_in(rows)):
        repeats: dict[str, list] = {}
        for row in where(rows, model=model):
            repeats.setdefault(row["repeat"], []).append(row)
        curves = [
            (numbers(own, "specificity"), numbers(own, "sensitivity")) for own in repeats.values()
        ]
        auc = with_interval(metric(performance, model, sample, "auc"))
        width = thin if place else None
        colour = curve(panel, model, *mean_roc(curves), detail=f": {auc}", width=width)
        cut = [metric(performance, model, sample, m) for m in ("specificity", "sensitivity")]
        if all(cut):
            specificity, sensitivity = (number(row["estimate"]) for row in cut)
            dot = {"markeredgecolor": "white", "markeredgewidth": 0.5, "markersize": 3.5}
            panel.plot(1 - specificity, sensitivity, "o", color=colour, zorder=3, **dot)
    for model in models_in(rows)[:1]:
        own = where(band, model=model, sample=sample)
        x, colour = 1 - numbers(own, "specificity"), model_look(model)[1]
        label = say("{band}, pointwise", band=band_label(model, confidence))
        shade(panel, x, own, colour, label)
    # Below the axes: the curve of a poor model runs through every corner but one.
    place = {"loc": "upper left", "bbox_to_anchor": (-0.03, -0.14)}
    panel.legend(title=title, title_fontsize=6.5, alignment="left", **place)


@drawing
def dca_figure(
    dca: Rows, predictions: Rows, corrected: Rows = (), confidence: float | None = None
) -> Figure:
    """Decision curves: net benefit over the threshold probability, beside treating all and none.

    The first model has its band. Its curves ``corrected`` for optimism (table dca_corrected), where
    given, stand in the apparent panel, beside the curve that they correct. The axis ends a little
    below zero: "treat all" falls without end, and would flatten the rest.
    """
    if not dca:
        return message_figure(say("Decision curves"), say("No model has predicted probabilities."))
    figure, panels = _panels(dca, predictions, 85)
    handles: dict[str, object] = {}
    for sample, panel in panels:
        decision_panel(panel, dca, sample, corrected, confidence)
        found, labels = panel.get_legend_handles_labels()
        handles |= {label: handle for label, handle in zip(labels, found, strict=True)}
    # One key for all, beneath: where the curves run depends on the prevalence.
    columns = across(4)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=columns)
    return figure


def decision_panel(
    panel: Axes,
    dca: Rows,
    sample: str,
    corrected: Rows = (),
    confidence: float | None = None,
    thin: float | None = None,
) -> None:
    """The decision curves of a sample, labelled, on axes that hold those of all samples.

    ``thin``: line width of all models but the first.
    """
    models = models_in(dca)
    reach = [*numbers(dca, "net_benefit"), 0.01]
    reach += [] if not models else list(numbers(where(dca, model=models[0]), "ci_high"))
    top = float(np.nanmax(reach)) * 1.06
    rows = where(dca, sample=sample)
    for policy, label, colour in (("all", "Treat all", GREY), ("none", "Treat none", BLACK)):
        own = where(rows, model=policy)
        x, y = numbers(own, "threshold"), numbers(own, "net_benefit")
        panel.plot(x, y, color=colour, linewidth=0.8, label=say(label))
    for place, model in enumerate(models_in(rows)):
        own = where(rows, model=model)
        x = numbers(own, "threshold")
        width = thin if place else None
        colour = curve(panel, model, x, numbers(own, "net_benefit"), width=width)
        if place == 0:
            if np.isfinite(numbers(own, "ci_low")).any():
                shade(panel, x, own, colour, band_label(model, confidence))
            if sample == "apparent":
                _corrected_curves(panel, model, corrected)
    end = float(np.nanmax(numbers(dca, "threshold")))
    panel.set(xlim=(0, 1 if end > 0.95 else end), ylim=(-0.12 * top, top))
    panel.set(xlabel=say("Threshold probability"), ylabel=say("Net benefit"))


_CORRECTED = {"corrected": ("corrected for optimism", "-"), "corrected_632": (".632+", ":")}


def _corrected_curves(panel: Axes, model: str, corrected: Rows) -> None:
    """A model's net benefit less its optimism, thin and black, so as not to pass for a model."""
    for sample, (word, dash) in _CORRECTED.items():
        own = where(corrected, model=model, sample=sample)
        if own:
            x, y = numbers(own, "threshold"), numbers(own, "net_benefit")
            label = say("{model}, {how}", model=model_label(model), how=say(word))
            panel.plot(x, y, color=BLACK, linestyle=dash, linewidth=1, label=label, zorder=4)


@drawing
def scores_figure(predictions: Rows, outcome: dict[str, str]) -> Figure:
    """Every patient's nomogram score less the cut-off, sorted, coloured by class.

    ``predictions`` are apparent; the score is the linear predictor and a score at or above the
    cut-off calls positive. ``outcome`` holds the names of the classes: positive and negative.
    """
    rows = where(predictions, model="nomogram", sample="apparent")
    score = numbers(rows, "linear_predictor") - numbers(rows, "cutoff")
    if not np.isfinite(score).any():
        return message_figure(
            say("Nomogram scores"), say("The nomogram has no scores: it was not fitted.")
        )
    if np.ptp(score) < 1e-9:  # bars would show the rounding of zero
        return message_figure(
            say("Nomogram scores"), say("Every patient has the same score: no predictor was kept.")
        )
    truth = numbers(rows, "outcome") == 1
    order = np.lexsort(([row["patient"] for row in rows], score))
    score, truth = score[order], truth[order]
    figure = new_figure(page_width(), 70)
    panel = figure.subplots()
    half = 0.42 if len(score) <= 300 else 0.5
    handles = []
    for name, own, colour in (
        (outcome["positive"], truth, POSITIVE),
        (outcome["negative"], ~truth, NEGATIVE),
    ):
        bars = [
            [(i - half, 0), (i - half, s), (i + half, s), (i + half, 0)]
            for i, s in zip(np.flatnonzero(own), score[own], strict=True)
        ]
        panel.add_collection(PolyCollection(bars, facecolors=colour, edgecolors="none"))
        above = int(np.sum(score[own] >= 0))
        side = above if colour == POSITIVE else len(bars) - above
        text = say(
            "{name}: {n} of {all} at or above the cut-off" if colour == POSITIVE
            else "{name}: {n} of {all} below the cut-off",
            name=name, n=side, all=len(bars),
        )  # fmt: skip
        handles.append(Patch(facecolor=colour, edgecolor="none", label=text))
    panel.axhline(0, color=BLACK, linewidth=0.8)
    reach = max(float(np.max(np.abs(score))), 1e-9)
    panel.set(
        xlim=(-1, len(score)),
        ylim=(min(score.min(), 0) - 0.06 * reach, max(score.max(), 0) + 0.06 * reach),
        ylabel=say("Nomogram score − cut-off"),
        xlabel=say("Patients, by score"),
        xticks=[],
    )
    panel.spines["bottom"].set_visible(False)
    panel.legend(
        handles=handles,
        loc="upper left",
        title=say("{people} (apparent)", people=people(rows, "apparent")),
        title_fontsize=6.5,
        alignment="left",
    )
    return figure
