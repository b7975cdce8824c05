"""Rule write_report: the study on one page, with tables, linked figures and what is absent."""

import os
from pathlib import Path

from nomoflow.report import TABLES, render
from nomoflow.report_pages import linker
from nomoflow.run import log_to, read_json, read_rows, replacing


def main(job):
    given = job.params
    model = read_optional(job, "model", read_json)
    cohort = (model or {}).get("cohort")
    people = f"{cohort['patients']} patients, {cohort['events']} events" if cohort else ""
    study = {
        "study": given.study,
        "outcome": given.outcome,
        "phases": given.phases,
        "config": given.config,
        "ci": f"{100 * given.config['evaluation']['confidence']:g} % CI",
        "people": people,
        "model": model,
        "settings": read_optional(job, "settings", read_json),
        "statuses": by_name(given.signatures, several(job, "statuses"), read_json),
        "selected": by_name(given.signatures, several(job, "selected"), read_rows),
        "frequencies": by_name(given.signatures, several(job, "frequencies"), read_rows),
        "coefficients": by_name(given.models, several(job, "coefficients"), read_rows),
        "figure": linker(several(job, "figures"), job.output.report, people),
        "gallery": beside(job, "gallery"),
        **{name: read_optional(job, name, read_rows) for name in TABLES},
    }
    with replacing(job.output.report) as aside:
        aside.write_text(render(study), encoding="utf-8")


def read_optional(job, name, read):
    """The content of an input that not every study has; None where it is left out."""
    path = getattr(job.input, name, None)
    return read(path) if path else None


def beside(job, name):
    """Where another page lies, seen from the report; empty where the study has none."""
    path = getattr(job.input, name, None)
    return Path(os.path.relpath(path, Path(job.output.report).parent)).as_posix() if path else ""


def several(job, name):
    """The files of an input that is a list, or of one file, or none."""
    paths = getattr(job.input, name, None) or []
    return [paths] if isinstance(paths, str) else list(paths)


def by_name(names, paths, read):
    """Contents by name, in the order of the names; no file for any of them is allowed."""
    return {name: read(path) for name, path in zip(names, paths, strict=True)} if paths else {}


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
