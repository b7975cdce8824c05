"""What all report pages share: the template, the figures linked beside it, and their captions."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from nomoflow.report_blocks import absent, figure

SOURCES = Path(__file__).resolve().parents[2] / "report"  # the template and the captions
_ALT = {
    "flow": "Flow diagram of patients and features at each step",
    "icc": "Share of features above each intraclass correlation coefficient, by phase",
    "lasso": "LASSO coefficient paths and cross-validated deviance of each signature",
    "nomogram": "Nomogram with an axis of points for each predictor",
    "roc": "ROC curves of the models, by sample",
    "calibration": "Calibration curves of the models, by sample",
    "dca": "Decision curves of the models, by sample",
    "scores": "Bar chart of each patient's nomogram score, by class",
    "stability": "Share of resamples in which each feature was chosen, by signature",
    "instability": "Probabilities of each patient over the resamples, by model",
    "validation": "ROC, calibration and decision curves of the locked model at this centre",
    "forest": "Forest plots of AUC, observed over expected and calibration slope, by centre",
    "centres_dca": "Decision curves of the locked model, by centre",
}


def page(
    heading: str,
    kind: str,
    outcome: Mapping,
    people: str,
    phases: Sequence[str],
    sections: Sequence[Mapping],
) -> str:
    """The page; every text is escaped, an undefined name is an error.

    heading: the page's first words; kind: what the page is, for the window's title ("study
    report"); outcome: positive, negative; sections: id, title and blocks (report_blocks) of each.
    """
    template = (SOURCES / "study.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(
        heading=heading, kind=kind, outcome=outcome, people=people, phases=phases, sections=sections
    )


def linker(figures: Sequence[str], page: str, people: str):
    """A function name -> figure block, for the figures there are; links are relative to the page.

    Captions are those of Snakemake's own report, with patients and events added to each.
    """
    sources = {
        Path(path).stem: Path(os.path.relpath(path, Path(page).parent)).as_posix()
        for path in figures
    }

    def block(name: str) -> dict:
        if name not in sources:
            return absent(f"Figure {name} was not drawn in this run.")
        words = (SOURCES / f"captions/{name}.rst").read_text(encoding="utf-8").split()
        # The patients that were read again are counted within that figure.
        caption = " ".join([*words, f"{people}." if people and name != "icc" else ""]).strip()
        return figure(sources[name], _ALT[name], caption)

    return block
