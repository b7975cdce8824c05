"""What all figures share: size, type, colours, line styles, and how they are saved."""

import functools
import textwrap
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from nomoflow.run import replacing
from nomoflow.wording import Rows, model_label, number

ONE_COLUMN, TWO_COLUMNS = 89.0, 183.0  # widths of a journal's columns, mm

# Okabe and Ito (2008), distinguishable with every common form of colour blindness.
ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE, BLACK = (
    "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7", "#000000",
)  # fmt: skip
GREY, PALE = "#767676", "#D9D9D9"

# One colour and one dash a model in every figure; the dash carries it in black and white.
MODELS = {
    "nomogram": (VERMILLION, "-"),
    "radiomics": (BLUE, (0, (5, 1.5))),
    "image_features": (GREEN, (0, (4, 1.2, 1, 1.2))),
    "volume": (PURPLE, (0, (1.2, 1.2))),
}
POSITIVE, NEGATIVE = ORANGE, SKY

_STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same shapes on every machine
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 2.8,
    "lines.linewidth": 1.2,
    "text.parse_math": False,  # a label may hold a dollar sign
    # PDF keeps text as text with the font embedded, for editing and searching; SVG draws the
    # letters as paths, since a browser without the font would change widths and make labels meet.
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "nomoflow",
    "savefig.dpi": 300,
}


def drawing(function: Callable) -> Callable:
    """Decorate a drawing function: this module's settings alone, whatever matplotlibrc says."""

    @functools.wraps(function)
    def styled(*args, **kwargs):
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_STYLE)
            return function(*args, **kwargs)

    return styled


def new_figure(width: float, height: float, layout: str | None = "constrained") -> Figure:
    """An empty figure of ``width`` x ``height`` mm."""
    return Figure(figsize=(width / 25.4, height / 25.4), layout=layout)


@drawing
def save(figure: Figure, svg: str | Path, pdf: str | Path) -> None:
    """Write the figure as SVG and PDF; the same bytes each time (no dates, fixed identifiers)."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()  # lay out once, for both files alike
        figure.set_layout_engine("none")
    with replacing(svg) as aside:
        figure.savefig(aside, format="svg", metadata={"Date": None, "Creator": None})
    with replacing(pdf) as aside:
        metadata = {"CreationDate": None, "Creator": None, "Producer": None}
        figure.savefig(aside, format="pdf", metadata=metadata)


def message_figure(title: str, message: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure = new_figure(TWO_COLUMNS, 20, layout=None)
    figure.text(0.02, 0.85, title, weight="bold", va="top")
    figure.text(0.02, 0.55, textwrap.fill(message, 120), va="top")
    return figure


def model_look(model: str) -> tuple[str, str, object]:
    """Label, colour and dash of a model; those of one phase are grey."""
    return model_label(model), *MODELS.get(model, (GREY, "-"))


def numbers(rows: Rows, column: str) -> np.ndarray:
    """One column as numbers; empty cells are NaN."""
    return np.array([number(row[column]) for row in rows], dtype=float)
