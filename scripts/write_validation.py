"""Rule write_validation: a locked model's validation on one page, as the study's report looks."""

from nomoflow.language import say, speaking
from nomoflow.report_pages import linker, page
from nomoflow.report_validation import TABLES, validation
from nomoflow.run import log_to, read_json, read_rows, replacing


def main(job):
    with speaking(job.params.language):
        text = validation_page(job)
    with replacing(job.output.report) as aside:
        aside.write_text(text, encoding="utf-8")


def validation_page(job):
    """The page's text, in the language spoken now."""
    given = job.params
    model = read_json(job.input.model)
    tables = {name: rows_of(job.input.get(name)) for name in TABLES}
    outcomes = {row["patient"]: row["outcome"] for row in tables["predictions"]}
    patients, events = len(outcomes), sum(float(outcome) == 1 for outcome in outcomes.values())
    people = say("{patients} patients, {events} events", patients=patients, events=events)
    warned = [rows_of(path) for path in several(job.input.get("warnings"))]
    look = job.input.get("look")
    study = {
        **tables,
        "model": model,
        "coefficients": model["models"],  # warnings name models
        "look": read_json(look) if look else None,
        "people": people,
        "patients": patients,
        "events": events,
        "ci": say("{level} % CI", level=f"{100 * given.confidence:g}"),
        "threshold": given.threshold,
        "figure": linker(several(job.input.get("figures")), job.output.report, ""),
        "warnings": [row for rows in warned for row in rows] if warned else None,
    }
    return page(
        say("{centre}: validation of {study}", centre=given.centre, study=model["study"]),
        "validation report",
        model["outcome"],
        people,
        list(model["features"]["phases"]),
        validation(study),
    )


def rows_of(path):
    """A table's rows; None where this validation has no such table."""
    return read_rows(path) if path else None


def several(paths):
    """The files of an input that is a list, or of one file, or none."""
    return [paths] if isinstance(paths, str) else list(paths or ())


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
