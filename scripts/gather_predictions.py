"""Rule gather_predictions: each patient's predictions, apparent and cross-validated."""

import pandas as pd

from nomoflow.run import log_to, read_table, write_table


def main(job):
    parts = [read_table(path) for path in [job.input.apparent, *job.input.repeats]]
    write_table(pd.concat(parts, ignore_index=True), job.output.predictions)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
