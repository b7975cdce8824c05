"""Rule trace_roc: sensitivity and specificity at every threshold, and the mean curve's band."""

import pandas as pd

from nomoflow.bands import roc_band
from nomoflow.by_model import judged
from nomoflow.discrimination import roc_curve
from nomoflow.run import log_to, read_table, write_table

CURVE = ["model", "sample", "repeat", "threshold", "sensitivity", "specificity"]
BAND = ["model", "sample", "specificity", "sensitivity", "ci_low", "ci_high"]


def main(job):
    given = job.params
    curves, bands = [], []
    for each in judged(read_table(job.input.predictions), given.models):
        same = {"model": each.model, "sample": each.sample}
        for repeat, score in enumerate(each.rank, start=1):
            curves.append(roc_curve(each.y, score).assign(repeat=repeat, **same))
        band = roc_band(each.y, each.rank, given.confidence, given.intervals, given.seed)
        bands.append(band.assign(**same))
    write_table(pd.concat(curves, ignore_index=True)[CURVE], job.output.roc)
    write_table(pd.concat(bands, ignore_index=True)[BAND], job.output.band)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
