"""Rule analyse_decisions: net benefit of each model at thresholds of 1 to 99 %."""

import pandas as pd

from nomoflow.by_model import judged
from nomoflow.decision import default_thresholds, net_benefit, treat_all, treat_none
from nomoflow.run import log_to, read_table, write_table


def main(job):
    thresholds = default_thresholds()
    curves, outcomes = [], {}
    for each in judged(read_table(job.input.predictions), job.params.models):
        outcomes[each.sample] = each.y
        benefit = net_benefit(each.y, each.probability, thresholds)
        curves.append(benefit.assign(model=each.model, sample=each.sample))
    for sample, y in outcomes.items():
        curves.append(treat_all(y, thresholds).assign(model="all", sample=sample))
        curves.append(treat_none(thresholds).assign(model="none", sample=sample))
    columns = ["model", "sample", "threshold", "net_benefit"]
    write_table(pd.concat(curves, ignore_index=True)[columns], job.output.dca)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
