"""Rule resample_models: a batch of bootstrap resamples, the whole study made again in each."""

from nomoflow.agreement import with_readings
from nomoflow.bootstrap import resample_models
from nomoflow.dataset import as_dataset
from nomoflow.models import Choices
from nomoflow.run import log_to, read_table, write_table


def main(job):
    given = job.params
    choices = Choices(**given.choices)
    readings = [read_table(path) for path in job.input.readings]
    data = as_dataset(read_table(job.input.dataset))
    data = with_readings(data, choices.phases, readings, given.reliability)
    predictions, selected, penalties = resample_models(
        data, choices, given.models, given.resamples, given.seed
    )
    write_table(predictions, job.output.predictions)
    write_table(selected, job.output.selected)
    write_table(penalties, job.output.penalties)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
