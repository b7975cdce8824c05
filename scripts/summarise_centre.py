"""Rule summarise_centre: what this centre tells of the model, with no patient in it."""

import platform
from importlib.metadata import version

from nomoflow.centre_summary import (
    FORMAT,
    SCHEMA,
    centre_summary,
    describe_cohort,
    predicted,
    refuse_near,
)
from nomoflow.run import log_to, read_json, read_rows, write_json
from nomoflow.sealed import check_schema, read_sealed

PACKAGES = ("numpy", "scipy", "pandas")


def main(job):
    given = job.params
    model = read_json(job.input.model)
    look = read_json(job.input.look) if job.input.get("look") else {}
    acquisition = job.input.get("acquisition")
    predictions = predicted(read_rows(job.input.predictions))
    patients = {row["patient"] for row in predictions}
    participants = of(patients, job.input.participants)
    there = set(participants[0]) if participants else set()
    summary = centre_summary(
        given.centre,
        model,
        predictions,
        describe_cohort(
            participants,
            [one for one in model["predictors"] if one["name"] in there],
            of(patients, acquisition) if acquisition else [],
            given.smallest_cell,
        ),
        looks=look.get("count"),
        ledger_head=look.get("digest"),
        software={
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        smallest_cell=given.smallest_cell,
    )
    for path in given.released:
        refuse_near(summary, read_sealed(path, SCHEMA, FORMAT), path)
    check_schema(summary, SCHEMA, job.output.summary)
    write_json(summary, job.output.summary)


def of(patients, path):
    """The rows of a table that belong to these patients."""
    return [row for row in read_rows(path) if row["patient"] in patients]


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
