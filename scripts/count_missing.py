"""Rule count_missing: how often each clinical predictor is missing, in all and in each class."""

import pandas as pd

from nomoflow.cohort import missing_table
from nomoflow.predictors import outcome_codes
from nomoflow.run import log_to, read_rows, write_table


def main(job):
    participants = pd.DataFrame(read_rows(job.input.participants))
    y = outcome_codes(participants, job.params.outcome)
    imputed = job.params.missing == "impute"
    write_table(missing_table(participants, y, job.params.predictors, imputed), job.output.missing)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
