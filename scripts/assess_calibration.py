"""Rule assess_calibration: observed against predicted risk, and the Hosmer-Lemeshow test."""

import pandas as pd

from nomoflow.bands import calibration_band, group_intervals
from nomoflow.by_model import APPARENT, judged
from nomoflow.hosmer_lemeshow import hosmer_lemeshow, no_test, sweep
from nomoflow.run import log_to, read_table, write_table

GROUPS = 10
CURVE = ["model", "sample", "kind", "n", "predicted", "observed", "ci_low", "ci_high"]
TEST = ["model", "sample", "groups", "chi2", "df", "p", "note"]


def main(job):
    given = job.params
    curves, tests = [], []
    for each in judged(read_table(job.input.predictions), given.models):
        same = {"model": each.model, "sample": each.sample}
        # A patient lies in one group: with repeats, by the mean of the predictions.
        probability = each.probability.mean(axis=0)
        groups = group_intervals(hosmer_lemeshow(each.y, probability, GROUPS)[1], given.confidence)
        band = calibration_band(
            each.y, each.probability, given.confidence, given.intervals, given.seed
        )
        curves.append(groups.assign(kind="group", **same).reindex(columns=CURVE))
        curves.append(band.assign(kind="smooth", n=len(each.y), **same)[CURVE])
        test = sweep(each.y, probability) if each.sample == APPARENT else no_test()
        tests.append(test.assign(**same))
    write_table(pd.concat(curves, ignore_index=True), job.output.calibration)
    write_table(pd.concat(tests, ignore_index=True)[TEST], job.output.hosmer_lemeshow)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
