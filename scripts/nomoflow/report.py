"""The study's report: one light page of tables, with the figures linked beside it."""

from collections.abc import Mapping, Sequence

from nomoflow.language import say
from nomoflow.report_baselines import baselines
from nomoflow.report_blocks import absent
from nomoflow.report_cohort import agreement, characteristics, flow, left_out
from nomoflow.report_comparison import comparison
from nomoflow.report_evaluation import NOTHING, calibration, decisions, discrimination, scores
from nomoflow.report_features import reliability, signature
from nomoflow.report_images import drawn_twice, images
from nomoflow.report_models import models, nomogram
from nomoflow.report_pages import page
from nomoflow.report_settings import settings
from nomoflow.report_stability import stability
from nomoflow.report_statements import centres, checklists, methods
from nomoflow.report_summary import summary, warnings
from nomoflow.report_trace import trace_section
from nomoflow.report_variants import sensitivity, subgroups

TABLES = (
    "exclusions", "table1", "missing", "agreement", "quality", "acquisition", "dice", "volume_icc",
    "icc", "vif",
    "coefficients_out_of_fold", "performance", "repeats", "delong", "likelihood_ratio",
    "differences", "reclassification", "hosmer_lemeshow", "stability", "instability",
    "volume_correlation", "subgroups", "sensitivity", "warnings", "pooled", "centre_rows",
)  # fmt: skip


def readers(study: Mapping) -> list[dict]:
    """How far the readers agree: on the signs, and on what they drew."""
    return [agreement(study), *drawn_twice(study)]


def compared(study: Mapping) -> list[dict]:
    """The models against one another."""
    return comparison(study) if study["performance"] else [absent(NOTHING)]


SECTIONS = (
    ("summary", "Summary", summary),
    ("flow", "Flow of patients", flow),
    ("table1", "Table 1", characteristics),
    ("agreement", "Readers' agreement", readers),
    ("reliability", "Reliability (ICC)", reliability),
    ("signature", "Signature (LASSO)", signature),
    ("models", "Models", models),
    ("nomogram", "Nomogram", nomogram),
    ("roc", "ROC curves", discrimination),
    ("calibration", "Calibration", calibration),
    ("decisions", "Decision curves", decisions),
    ("scores", "Score bars", scores),
    ("comparison", "Comparison of models", compared),
    ("stability", "Stability", stability),
    ("baselines", "Baselines and controls", baselines),
    ("subgroups", "Subgroups", subgroups),
    ("sensitivity", "Sensitivity analyses", sensitivity),
    ("centres", "Other centres", centres),
    ("exclusions", "Exclusions", left_out),
    ("images", "Images", images),
    ("warnings", "Warnings", warnings),
    ("methods", "Methods", methods),
    ("checklists", "Checklists", checklists),
    ("settings", "Settings", settings),
)


def build(study: Mapping, names: Sequence[str] | None = None) -> list[dict]:
    """The sections in order: id, title and blocks, in the language spoken now.

    ``study``: study (its name), outcome {positive, negative}, phases, config, ci ("95 % CI"),
    people (patients and events in words), figure (name -> block), model, locked, settings
    (documents or None), statuses {signature: dict}, selected and frequencies {signature: rows},
    coefficients {model: rows}, checklists {name: rows}, methods (text), trace (document or None),
    pictures (cards of the gallery), paths (files of the documents: statuses, settings), each of
    ``TABLES`` as rows, or None where the study does not have it, and as places seen from the page
    (empty where there is none) gallery, calculator, methods_file, checklists_page, trace_file.
    ``names``: the ids of the sections that are wanted; all where None.
    """
    sections = [
        {"id": name, "title": say(title), "blocks": make(study)}
        for name, title, make in SECTIONS
        if names is None or name in names
    ]
    if names is None:
        blocks = trace_section(study["trace"], sections, study["trace_file"])
        sections.append({"id": "trace", "title": say("Trace"), "blocks": blocks})
    return sections


def render(
    study: Mapping, names: Sequence[str] | None = None, tables: Mapping | None = None
) -> str:
    """The page; every text from the study is escaped, an undefined name is an error.

    ``tables``: {file: its text} of the tables that the page offers to keep; None for a page
    without controls.
    """
    sections = build(study, names)
    given = [study[name] for name in ("outcome", "people", "phases")]
    trace = study["trace"] if tables is not None else None
    return page(study["study"], "study report", *given, sections, tables=tables, trace=trace)
