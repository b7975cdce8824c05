"""Rule trace_instability: each patient's probability by the models of the resamples."""

import pandas as pd

from nomoflow.by_model import APPARENT
from nomoflow.run import log_to, read_table, write_table
from nomoflow.stability import prediction_instability

NEEDED = ["resample", "model", "patient", "probability"]


def main(job):
    predictions = read_table(job.input.predictions)
    batches = [read_table(path)[NEEDED] for path in job.input.resampled]
    table = prediction_instability(
        predictions[predictions["sample"] == APPARENT],
        pd.concat(batches, ignore_index=True),
        job.params.models,
        job.params.confidence,
    )
    write_table(table, job.output.instability)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
