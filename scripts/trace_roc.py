"""Rule trace_roc: sensitivity and specificity at every threshold, a curve for each repeat."""

import pandas as pd

from nomoflow.by_model import judged
from nomoflow.discrimination import roc_curve
from nomoflow.run import log_to, read_table, write_table


def main(job):
    curves = [
        roc_curve(each.y, score).assign(model=each.model, sample=each.sample, repeat=repeat)
        for each in judged(read_table(job.input.predictions), job.params.models)
        for repeat, score in enumerate(each.rank, start=1)
    ]
    columns = ["model", "sample", "repeat", "threshold", "sensitivity", "specificity"]
    write_table(pd.concat(curves, ignore_index=True)[columns], job.output.roc)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
