"""Rule analyse_decisions: net benefit of each model at thresholds of 1 to 99 %, with bands."""

import numpy as np
import pandas as pd

from nomoflow.bands import decision_band
from nomoflow.by_model import judged
from nomoflow.decision import default_thresholds, treat_none
from nomoflow.run import log_to, read_table, write_table

COLUMNS = ["model", "sample", "threshold", "net_benefit", "ci_low", "ci_high"]


def main(job):
    given = job.params
    thresholds = default_thresholds()
    drawn = (given.confidence, given.intervals, given.seed)
    curves, outcomes = [], {}
    for each in judged(read_table(job.input.predictions), given.models):
        outcomes[each.sample] = each.y
        band = decision_band(each.y, each.probability, thresholds, *drawn)
        curves.append(band.assign(model=each.model, sample=each.sample))
    for sample, y in outcomes.items():
        everyone = decision_band(y, np.ones(len(y)), thresholds, *drawn)
        curves.append(everyone.assign(model="all", sample=sample))
        no_one = treat_none(thresholds).assign(ci_low=0.0, ci_high=0.0)
        curves.append(no_one.assign(model="none", sample=sample))
    write_table(pd.concat(curves, ignore_index=True)[COLUMNS], job.output.dca)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
