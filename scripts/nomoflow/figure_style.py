"""What all figures share: size, type, colours, line styles, and how they are saved."""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from nomoflow.figure_text import families, wrapped
from nomoflow.language import speaking, spoken
from nomoflow.run import replacing
from nomoflow.wording import Rows, model_label, number


@dataclass(frozen=True)
class Look:
    """How a figure is drawn: the language of its texts, its width in mm, whether that is narrow."""

    language: str = "en"
    width: float = 183.0
    one_column: bool = False


def look_of(report: Mapping, figure: str) -> Look:
    """The look that the config's section ``report`` asks of a figure."""
    narrow = figure in report["one_column"]
    one, two = report["widths_mm"]
    return Look(report["language"], float(one if narrow else two), narrow)


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

STANDARD = Look()
_LOOK: ContextVar[Look] = ContextVar("look", default=STANDARD)
_STYLE = {
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
    "savefig.dpi": 600,  # of what is made of pixels
}
# What a file of each kind would tell of when and with what it was made.
_TOLD = {
    "svg": ("Date", "Creator"),
    "pdf": ("CreationDate", "Creator", "Producer"),
    "png": ("Software",),
}


@contextmanager
def _styled(look: Look) -> Iterator[None]:
    """This module's settings alone, whatever matplotlibrc says."""
    token = _LOOK.set(look)
    try:
        with matplotlib.rc_context(), speaking(look.language):
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_STYLE)
            matplotlib.rcParams["font.family"] = families(look.language)
            yield
    finally:
        _LOOK.reset(token)


def drawing(function: Callable[..., Figure]) -> Callable[..., Figure]:
    """Decorate a drawing function: it takes a ``look`` by name, and draws in that alone."""

    @functools.wraps(function)
    def drawn(*args, look: Look | None = None, **kwargs) -> Figure:
        with _styled(look or STANDARD):
            figure = function(*args, **kwargs)
            if spoken() == "zh":  # few fonts have bold Chinese letters: half of a line would be
                for text in figure.findobj(Text):
                    text.set_fontweight("normal")
            return figure

    return drawn


def page_width() -> float:
    """Width of the figure being drawn, mm."""
    return _LOOK.get().width


def across(panels: int) -> int:
    """How many of ``panels`` stand side by side: one where the figure is one column wide."""
    return 1 if _LOOK.get().one_column else panels


def new_figure(width: float, height: float, layout: str | None = "constrained") -> Figure:
    """An empty figure of ``width`` x ``height`` mm."""
    return Figure(figsize=(width / 25.4, height / 25.4), layout=layout)


def save(figure: Figure, *paths: str | Path) -> None:
    """Write the figure as SVG, PDF or PNG, by each name's ending; the same bytes each time.

    No file tells a date or a version of the software; identifiers are fixed.
    """
    with _styled(STANDARD):
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()  # lay out once, for all files alike
            figure.set_layout_engine("none")
        for path in map(Path, paths):
            kind = path.suffix.removeprefix(".")
            with replacing(path) as aside:
                figure.savefig(aside, format=kind, metadata=dict.fromkeys(_TOLD[kind]))


def message_figure(title: str, message: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    lines = wrapped(message, 0.95 * page_width(), 7)
    height = 13 + 3.5 * len(lines)
    figure = new_figure(page_width(), height, layout=None)
    figure.text(0.02, 1 - 3 / height, title, weight="bold", va="top")
    figure.text(0.02, 1 - 9 / height, "\n".join(lines), va="top")
    return figure


def model_look(model: str) -> tuple[str, str, object]:
    """Label, colour and dash of a model; those of one phase are grey."""
    return model_label(model), *MODELS.get(model, (GREY, "-"))


def numbers(rows: Rows, column: str) -> np.ndarray:
    """One column as numbers; empty cells are NaN."""
    return np.array([number(row[column]) for row in rows], dtype=float)
