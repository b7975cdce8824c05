"""Rule gather_dice: how far the readers' masks agree, and the agreement of their volumes."""

import pandas as pd

from nomoflow.mask_agreement import volume_icc
from nomoflow.run import log_to, read_table, write_table


def main(job):
    tables = [read_table(path) for path in job.input.dice]
    dice = pd.concat(tables, ignore_index=True)
    dice = dice.sort_values(["patient", "phase", "comparison"], kind="stable", ignore_index=True)
    write_table(dice, job.output.dice)
    icc = volume_icc(dice, job.params.phases, job.params.form, job.params.confidence)
    write_table(icc, job.output.icc)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
