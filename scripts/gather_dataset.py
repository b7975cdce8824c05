"""Rule gather_dataset: patients, outcome, coded predictors and kept features in one table."""

import pandas as pd

from nomoflow.dataset import assemble
from nomoflow.predictors import code, outcome_codes
from nomoflow.run import log_to, read_rows, read_table, write_table


def main(job):
    participants = pd.DataFrame(read_rows(job.input.participants))
    icc = read_table(job.input.icc)
    kept = icc[icc["kept"].astype(bool)].drop_duplicates(["phase", "feature"])
    phases = dict(zip(job.params.phases, map(read_table, job.input.features), strict=True))
    dataset = assemble(
        participants["patient"],
        outcome_codes(participants, job.params.outcome),
        code(participants, job.params.predictors),
        phases,
        kept,
        with_volume=not job.params.prescaled,
    )
    write_table(dataset, job.output.dataset)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
