"""Rule cross_validate: one repeat of nested cross-validation."""

from nomoflow.agreement import with_readings
from nomoflow.dataset import as_dataset
from nomoflow.models import Choices
from nomoflow.run import log_to, read_table, write_table
from nomoflow.validation import cross_validate


def main(job):
    choices = Choices(**job.params.choices)
    readings = [read_table(path) for path in job.input.readings]
    data = as_dataset(read_table(job.input.dataset))
    data = with_readings(data, choices.phases, readings, job.params.reliability)
    repeat = int(job.wildcards.repeat)
    write_table(
        cross_validate(data, choices, job.params.models, repeat, job.params.seed),
        job.output.predictions,
    )


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
