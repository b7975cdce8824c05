"""The study's report: one light page of tables, with the figures linked beside it."""

from collections.abc import Mapping, Sequence

from nomoflow.report_baselines import baselines
from nomoflow.report_cohort import cohort
from nomoflow.report_evaluation import evaluation
from nomoflow.report_features import reliability, signature
from nomoflow.report_images import images
from nomoflow.report_models import models, nomogram
from nomoflow.report_pages import page
from nomoflow.report_settings import settings
from nomoflow.report_stability import stability
from nomoflow.report_summary import summary, warnings
from nomoflow.report_variants import sensitivity, subgroups

TABLES = (
    "exclusions", "table1", "missing", "agreement", "quality", "acquisition", "dice", "volume_icc",
    "icc", "vif",
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


def build(study: Mapping, names: Sequence[str] | None = None) -> list[dict]:
    """The sections in order: id, title and blocks.

    ``study``: study (its name), outcome {positive, negative}, phases, config, ci ("95 % CI"),
    people (patients and events in words), figure (name -> block), gallery (its place, or empty),
    model, settings (documents or None), statuses {signature: dict}, selected and frequencies
    {signature: rows}, coefficients {model: rows}, and each of ``TABLES`` as rows, or None where
    the study does not have it.
    ``names``: the ids of the sections that are wanted; all where None.
    """
    return [
        {"id": name, "title": title, "blocks": make(study)}
        for name, title, make in SECTIONS
        if names is None or name in names
    ]


def render(study: Mapping, names: Sequence[str] | None = None) -> str:
    """The page; every text from the study is escaped, an undefined name is an error."""
    sections = build(study, names)
    given = [study[name] for name in ("outcome", "people", "phases")]
    return page(study["study"], "study report", *given, sections)
