"""Figures of the selection of features: readers' agreement (ICC) and the LASSO's paths."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nomoflow.figure_style import (
    BLUE,
    GREY,
    PALE,
    VERMILLION,
    across,
    drawing,
    message_figure,
    new_figure,
    numbers,
    page_width,
)
from nomoflow.figure_text import wrapped
from nomoflow.language import say
from nomoflow.wording import (
    Rows,
    is_true,
    number,
    where,
)

_COMPARISONS = {
    "inter": ("between readers (n = {n})", BLUE, "-"),
    "intra": ("same reader again (n = {n})", VERMILLION, (0, (4, 1.5))),
}


@drawing
def icc_figure(icc: Rows, threshold: float) -> Figure:
    """Share of features whose ICC exceeds each value, by phase; the threshold and what it keeps."""
    phases = list(dict.fromkeys(row["phase"] for row in icc))
    if not phases:
        return message_figure(say("Agreement on features"), say("No features were extracted."))
    if all(row["comparison"] == "none" for row in icc):
        return message_figure(
            say("Agreement on features (ICC)"),
            say("Not assessed: no patient was read twice. All {n} features went on.", n=len(icc)),
        )
    columns = across(min(3, len(phases)))
    lines = math.ceil(len(phases) / columns)
    figure = new_figure(page_width(), 68 * lines)
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    for panel in panels[len(phases) :]:
        panel.set_axis_off()
    for phase, panel in zip(phases, panels, strict=False):
        _icc_panel(panel, phase, where(icc, phase=phase), threshold)
    for panel in panels[::columns]:
        panel.set_ylabel(say("Share of features above, %"))
    return figure


def _icc_panel(panel: Axes, phase: str, rows: Rows, threshold: float) -> None:
    kept: dict[str, bool] = {}
    for row in rows:
        kept[row["feature"]] = kept.get(row["feature"], True) and is_true(row["kept"])
    counted = say("{n} of {all} features kept", n=sum(kept.values()), all=len(kept))
    panel.set_title(f"{phase}\n{counted}", fontsize=7)
    label = say("threshold {value}", value=f"{threshold:g}")
    panel.axvline(threshold, color=GREY, linewidth=0.8, linestyle=":", label=label)
    for comparison, (label, colour, dash) in _COMPARISONS.items():
        own = where(rows, comparison=comparison)
        if not own:
            continue
        # A feature without an ICC is dropped, so it counts as below every value.
        value = np.sort(np.nan_to_num(numbers(own, "icc"), nan=-1.0).clip(-1, 1))
        above = 100 * (1 - np.arange(1, len(value) + 1) / len(value))
        patients = max((int(number(row["n"])) for row in own if row["n"]), default=0)
        x, y = np.concatenate([[-1.0], value, [1.0]]), np.concatenate([[100.0], above, [0.0]])
        text = say(label, n=patients)
        panel.step(x, y, where="post", color=colour, linestyle=dash, label=text)
    panel.set(xlim=(-0.02, 1.02), ylim=(-2, 102), xlabel="ICC")
    panel.set_xticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "0.25", "0.5", "0.75", "1"])
    panel.legend(loc="lower left", bbox_to_anchor=(0.0, 0.02), fontsize=6, handlelength=2.2)


@drawing
def lasso_figure(signatures: Mapping[str, tuple[Rows, Rows, Mapping]], people: str = "") -> Figure:
    """Coefficient paths (left) and cross-validated deviance (right), one row a signature.

    ``signatures``: name -> (path, trajectories, status), in the order to draw; the combined one
    comes first. The upper axis counts the features whose coefficient is not zero. ``people``:
    patients and events, for the titles.
    """
    names = sorted(signatures, key=lambda name: name != "combined")
    if not names:
        return message_figure("LASSO", say("No signature was asked for."))
    heights = [62 if signatures[name][0] else 18 for name in names]
    figure = new_figure(page_width(), sum(heights))
    panels = figure.subplots(len(names), 2, squeeze=False, height_ratios=heights)
    for name, (left, right) in zip(names, panels, strict=True):
        path, trajectories, status = signatures[name]
        left.set_title(_lasso_title(name, status, people), fontsize=7)
        if path:
            _deviance_panel(right, path)
        else:
            right.set_axis_off()
        if trajectories:
            _trajectories_panel(left, path, trajectories)
        else:
            left.set_axis_off()
            reason = status.get("reason") or say("no coefficient leaves zero")
            said = say("Empty signature: {reason}", reason=reason)
            text = "\n".join(wrapped(said, 0.42 * page_width(), 7))
            left.text(0, 0.95, text, transform=left.transAxes, va="top")
    return figure


def _lasso_title(name: str, status: Mapping, people: str) -> str:
    label = say("All phases combined") if name == "combined" else name
    n = status.get("selected")  # of features that repeat one another the signature has one alone
    kept = "{n} feature kept" if n == 1 else "{n} features kept"
    features = "" if n is None else say(kept, n=n or say("no"))
    return f"{label}\n{', '.join(filter(None, (people, features)))}"


def _chosen(path: Rows) -> list[tuple[float, str, object]]:
    """log(lambda), label and dash of the penalties marked in the table."""
    marks = []
    for row in path:
        x = math.log(number(row["lambda"]))
        if row["chosen"] in ("min", "both"):
            marks.append((x, "least deviance", (0, (4, 2))))
        if row["chosen"] in ("1se", "both"):
            marks.append((x, "within 1 SE", (0, (1, 1.5))))
    return marks


def _trajectories_panel(panel: Axes, path: Rows, trajectories: Rows) -> None:
    grid = numbers(path, "lambda")
    place = {row["lambda"]: index for index, row in enumerate(path)}
    by_value = {value: index for index, value in enumerate(grid)}
    lines: dict[str, np.ndarray] = {}
    for row in trajectories:
        # The table lists the non-zero coefficients alone: everywhere else the line lies on zero.
        index = place.get(row["lambda"], by_value.get(number(row["lambda"])))
        if index is None:
            raise ValueError(f"trajectories: lambda {row['lambda']} is not in the path table")
        lines.setdefault(row["feature"], np.zeros(len(grid)))[index] = number(row["coefficient"])
    chosen = [i for i, row in enumerate(path) if row["chosen"] in ("min", "both")]
    x = np.log(grid)
    order = np.argsort(x)
    for feature in sorted(lines):
        kept = bool(chosen) and lines[feature][chosen[0]] != 0
        panel.plot(
            x[order],
            lines[feature][order],
            color=BLUE if kept else PALE,
            linewidth=0.9 if kept else 0.6,
            zorder=2 if kept else 1,
        )
    panel.axhline(0, color=GREY, linewidth=0.6)
    _mark(panel, path)
    panel.set(xlabel="log(λ)", ylabel=say("Coefficient (per SD)"))
    _count_axis(panel, path)


def _deviance_panel(panel: Axes, path: Rows) -> None:
    x, deviance = np.log(numbers(path, "lambda")), numbers(path, "deviance")
    panel.errorbar(
        x,
        deviance,
        yerr=numbers(path, "se"),
        fmt="o",
        color=VERMILLION,
        markersize=1.4,
        ecolor=PALE,
        elinewidth=0.7,
        capsize=0,
    )
    _mark(panel, path, labelled=True)
    panel.set(xlabel="log(λ)", ylabel=say("Deviance (cross-validated)"))
    panel.legend(loc="best", fontsize=6)
    _count_axis(panel, path)


def _mark(panel: Axes, path: Rows, labelled: bool = False) -> None:
    for x, label, dash in _chosen(path):
        panel.axvline(
            x, color="black", linewidth=0.7, linestyle=dash, label=say(label) if labelled else None
        )


def _count_axis(panel: Axes, path: Rows) -> None:
    """The number of non-zero coefficients above some ten of the penalties."""
    order = np.argsort(numbers(path, "lambda"))
    picks = order[np.unique(np.linspace(0, len(order) - 1, min(9, len(order))).astype(int))]
    upper = panel.secondary_xaxis("top")
    upper.set_xticks(
        np.log(numbers(path, "lambda"))[picks],
        labels=[f"{number(path[i]['nonzero']):.0f}" for i in picks],
    )
    upper.tick_params(length=2, labelsize=6)
    upper.spines["top"].set_visible(True)
