"""The methods section of a paper: one sentence a step, from settings and the run's numbers.

Sentences are functions of the run's results; one that does not hold for a study is empty. Citations
are keys of report/references.bib, written as [@key].
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from nomoflow import methods_of_data, methods_of_models
from nomoflow.evidence import Results
from nomoflow.limitations import limitations

REFERENCES = Path(__file__).resolve().parents[2] / "report/references.bib"
SECTIONS: tuple[tuple[str, tuple[Callable[[Results], str], ...]], ...] = (
    ("Patients", (
        methods_of_data.design, methods_of_data.ethics, methods_of_data.patients,
        methods_of_data.criteria, methods_of_data.outcome, methods_of_data.size,
    )),
    ("Clinical predictors", (
        methods_of_data.predictors, methods_of_data.signs, methods_of_data.missing,
        methods_of_data.group_tests,
    )),
    ("Images and masks", (
        methods_of_data.scans, methods_of_data.protocol, methods_of_data.segmentation,
        methods_of_data.checks, methods_of_data.resampling,
    )),
    ("Features", (
        methods_of_data.extraction, methods_of_data.ready_table, methods_of_data.discretisation,
        methods_of_data.conformity, methods_of_data.reliability, methods_of_data.not_read_again,
        methods_of_data.masks_compared, methods_of_data.prescaled, methods_of_data.harmonisation,
    )),
    ("Signatures", (
        methods_of_models.selection, methods_of_models.penalty, methods_of_models.score,
        methods_of_models.fallback, methods_of_models.empty, methods_of_models.kept,
    )),
    ("Models", (
        methods_of_models.models, methods_of_models.choice, methods_of_models.firth,
        methods_of_models.unavailable, methods_of_models.nomogram, methods_of_models.cutoff,
    )),
    ("Evaluation", (
        methods_of_models.cross_validation, methods_of_models.bootstrap,
        methods_of_models.without_bootstrap, methods_of_models.intervals,
        methods_of_models.calibration, methods_of_models.decisions, methods_of_models.comparisons,
        methods_of_models.stability, methods_of_models.volume, methods_of_models.subgroups,
        methods_of_models.external, methods_of_models.results,
    )),
    ("Software and reporting", (
        methods_of_models.software, methods_of_models.seeds, methods_of_models.reporting,
    )),
)  # fmt: skip


def methods_text(r: Results, study: str) -> str:
    """The text as Markdown, with a section of limitations at the end."""
    parts = [f"# Methods of study {study}", _ABOUT]
    for title, sentences in SECTIONS:
        told = [text for text in (sentence(r) for sentence in sentences) if text]
        if told:
            parts += [f"## {title}", " ".join(told)]
    rows = limits(r)
    parts += ["## Limitations", "\n".join(f"- {row['text']}" for row in rows)]
    return "\n\n".join(parts) + "\n"


_KEYS = r"\[@[\w-]+(?:; @[\w-]+)*\]"
_ABOUT = (
    "Written from the settings in force and the tables of this run; one sentence a step, ready to "
    "paste. Keys in brackets are those of methods.bib."
)


def limits(r: Results) -> list[dict[str, str]]:
    """The limitations of this run."""
    return limitations(
        r.rows("warnings"), r.config, methods_of_models.centres_of(r), methods_of_data.read_again(r)
    )


def keys_in(text: str) -> list[str]:
    """The citation keys of a text, sorted."""
    groups = re.findall(_KEYS, text)
    return sorted({key.removeprefix("@") for group in groups for key in group[1:-1].split("; ")})


def without_keys(text: str) -> str:
    """The text without its citations, where there is no bibliography beside it."""
    return re.sub(rf" ?{_KEYS}", "", text)


def bibliography(keys: Sequence[str], references: str) -> str:
    """The BibTeX entries of these keys, sorted. Raises KeyError for a key without an entry."""
    entries = dict(re.findall(r"^(?=@\w+\{([\w-]+),)(.*?^\})", references, re.M | re.S))
    return "\n\n".join(entries[key].strip() for key in sorted(keys)) + "\n"
