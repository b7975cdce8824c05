"""Rule assign_folds: stratified folds, seeded or as a table gives them."""

import pandas as pd

from nomoflow.resampling import stratified_folds
from nomoflow.run import log_to, read_table, write_table


def main(job):
    dataset = read_table(job.input.dataset)
    if job.input.given:
        folds = given_folds(str(job.input.given), dataset["patient"])
    else:
        folds = stratified_folds(dataset["outcome"], job.params.folds, [job.params.seed])
    write_table(pd.DataFrame({"patient": dataset["patient"], "fold": folds}), job.output.folds)


def given_folds(path, patients):
    """The folds of a table with columns patient and fold, checked when the study was loaded."""
    return read_table(path).set_index("patient")["fold"].loc[patients].to_numpy(dtype=int)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
