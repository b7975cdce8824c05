"""The study's report: one light page of tables, with the figures linked beside it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from nomoflow.report_baselines import baselines
from nomoflow.report_blocks import absent, figure
from nomoflow.report_cohort import cohort
from nomoflow.report_evaluation import evaluation
from nomoflow.report_features import images, reliability, signature
from nomoflow.report_models import models, nomogram
from nomoflow.report_settings import settings
from nomoflow.report_stability import stability
from nomoflow.report_summary import summary, warnings
from nomoflow.report_variants import sensitivity, subgroups

SOURCES = Path(__file__).resolve().parents[2] / "report"  # the template and the captions

TABLES = (
    "exclusions", "table1", "missing", "agreement", "quality", "icc", "vif",
    "coefficients_out_of_fold", "performance", "repeats", "delong", "likelihood_ratio",
    "differences", "reclassification", "hosmer_lemeshow", "stability", "instability",
    "volume_correlation", "subgroups", "sensitivity", "warnings",
)  # fmt: skip
SECTIONS = (
    ("summary", "Summary", summary),
    ("warnings", "Warnings", warnings),
    ("cohort", "Cohort", cohort),
    ("images", "Images", images),
    ("reliability", "Reliability", reliability),
    ("signature", "Signature", signature),
    ("models", "Models", models),
    ("nomogram", "Nomogram", nomogram),
    ("evaluation", "Evaluation", evaluation),
    ("stability", "Stability", stability),
    ("baselines", "Baselines and controls", baselines),
    ("subgroups", "Subgroups", subgroups),
    ("sensitivity", "Sensitivity", sensitivity),
    ("settings", "Settings", settings),
)
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
}


def build(study: Mapping, names: Sequence[str] | None = None) -> list[dict]:
    """The sections in order: id, title and blocks.

    ``study``: study (its name), outcome {positive, negative}, phases, config, ci ("95 % CI"),
    people (patients and events in words), figure (name -> block), model, settings (documents or
    None), statuses {signature: dict}, selected and frequencies {signature: rows}, coefficients
    {model: rows}, and each of ``TABLES`` as rows, or None where the study does not have it.
    ``names``: the ids of the sections that are wanted; all where None.
    """
    return [
        {"id": name, "title": title, "blocks": make(study)}
        for name, title, make in SECTIONS
        if names is None or name in names
    ]


def render(study: Mapping, names: Sequence[str] | None = None) -> str:
    """The page; every text from the study is escaped, an undefined name is an error."""
    template = (SOURCES / "study.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(template)
    return page.render(
        study=study["study"],
        outcome=study["outcome"],
        phases=study["phases"],
        people=study["people"],
        sections=build(study, names),
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
