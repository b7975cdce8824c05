"""Rule write_report: the study on one page, with tables, linked figures and what is absent."""

from pathlib import Path
from urllib.parse import quote

from nomoflow.checklist_names import CHECKLISTS
from nomoflow.gallery import cards
from nomoflow.language import say, speaking
from nomoflow.report import TABLES, render
from nomoflow.report_images import to_look_at
from nomoflow.report_origins import read_traced
from nomoflow.report_pages import linker, seen_from
from nomoflow.run import log_to, read_json, read_rows, replacing
from nomoflow.wording import class_names

MOST_KEPT = 1_000_000  # bytes of a table that the page itself can give as a file


def main(job):
    with speaking(job.params.config.get("report", {}).get("language", "en")):
        study, files = content(job)
        text = render(study, tables=kept(files))
    with replacing(job.output.report) as aside:
        aside.write_text(text, encoding="utf-8")


def content(job):
    """What the page shows, and the files of its tables."""
    given, files = job.params, []

    def read(path):
        files.append(Path(path).as_posix())
        return read_traced(path)

    model = optional(job, "model", read_json)
    cohort = (model or {}).get("cohort")
    words = "{patients} patients, {events} events"
    counts = {name: cohort[name] for name in ("patients", "events")} if cohort else {}
    people = say(words, **counts) if cohort else ""
    figures = [*several(job, "figures"), *several(job, "forest")]
    study = {
        "study": given.study,
        "outcome": class_names(given.outcome),
        "phases": given.phases,
        "config": given.config,
        "ci": say("{level} % CI", level=f"{100 * given.config['evaluation']['confidence']:g}"),
        "people": people,
        "model": model,
        "locked": optional(job, "locked", read_json),
        "settings": optional(job, "settings", read_json),
        "statuses": by_name(given.signatures, several(job, "statuses"), read_json),
        "selected": by_name(given.signatures, several(job, "selected"), read),
        "frequencies": by_name(given.signatures, several(job, "frequencies"), read),
        "coefficients": by_name(given.models, several(job, "coefficients"), read),
        "figure": linker(figures, job.output.report, people),
        "gallery": beside(job, "gallery"),
        "calculator": beside(job, "calculator"),
        "pictures": pictures(job),
        "methods": optional(job, "methods", lambda path: Path(path).read_text(encoding="utf-8")),
        "methods_file": beside(job, "methods"),
        "checklists": {name: optional(job, f"checklist_{name}", read) for name in CHECKLISTS},
        "checklists_page": beside(job, "checklists_page"),
        "trace": optional(job, "trace", read_json),
        "trace_file": beside(job, "trace"),
        "paths": {"statuses": several(job, "statuses"), "settings": path_of(job, "settings")},
        **{name: optional(job, name, read) for name in TABLES},
    }
    return study, files


def kept(files):
    """The tables' own text by file; one that is too large for a light page is left out."""
    small = [file for file in files if Path(file).stat().st_size <= MOST_KEPT]
    return {file: Path(file).read_bytes().decode("utf-8") for file in small}


def pictures(job):
    """The few pictures to look at first, as the gallery shows them."""
    rows = []
    for folder in several(job, "pictures"):
        place = quote(seen_from(job.output.report, folder))
        rows += [{**row, "folder": place} for row in read_rows(Path(folder) / "pictures.csv")]
    dice = optional(job, "dice", read_rows) or []
    quality = optional(job, "quality", read_rows) or []
    return to_look_at(cards(rows, quality, dice, [], [], job.params.phases))


def path_of(job, name):
    """An input's path; None where the study has no such input."""
    return getattr(job.input, name, None) or None


def optional(job, name, read):
    """The content of an input that not every study has; None where it is left out."""
    path = path_of(job, name)
    return read(path) if path else None


def beside(job, name):
    """Where another file lies, seen from the report; empty where the study has none."""
    path = path_of(job, name)
    return seen_from(job.output.report, path) if path else ""


def several(job, name):
    """The files of an input that is a list, or of one file, or none."""
    paths = path_of(job, name) or []
    return [paths] if isinstance(paths, str) else list(paths)


def by_name(names, paths, read):
    """Contents by name, in the order of the names; no file for any of them is allowed."""
    return {name: read(path) for name, path in zip(names, paths, strict=True)} if paths else {}


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
