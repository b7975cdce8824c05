"""Rule compare_groups: Table 1, the classes side by side with a test each."""

import pandas as pd

from nomoflow.cohort import table_one
from nomoflow.predictors import outcome_codes
from nomoflow.run import log_to, read_rows, write_table


def main(job):
    # as text: a level such as "yes", "1" or "TRUE" is compared as it is written
    participants = pd.DataFrame(read_rows(job.input.participants))
    y = outcome_codes(participants, job.params.outcome)
    write_table(table_one(participants, y, job.params.predictors), job.output.table1)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
