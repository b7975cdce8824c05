"""Rule measure_performance: how well each model does, apparent and cross-validated."""

import math

import pandas as pd

from nomoflow.by_model import APPARENT, judged
from nomoflow.intervals import apparent_metrics, repeated_metrics
from nomoflow.run import log_to, read_table, write_json, write_table

COLUMNS = ["model", "sample", "metric", "estimate", "ci_low", "ci_high", "method"]


def main(job):
    given = job.params
    tables = []
    for each in judged(read_table(job.input.predictions), given.models):
        common = (given.confidence, given.intervals, given.seed)
        if each.sample == APPARENT:
            table = apparent_metrics(
                each.y, each.score[0], each.probability[0], each.cutoff[0, 0], *common
            )
        else:
            table = repeated_metrics(
                each.y,
                each.score,
                each.probability,
                each.cutoff,
                each.fold,
                *common,
                rank=each.rank,
            )
        tables.append(table.assign(model=each.model, sample=each.sample))
    performance = pd.concat(tables, ignore_index=True)[COLUMNS]
    write_table(performance, job.output.performance)
    write_json(nested(performance), job.output.metrics)


def nested(performance):
    """The estimates as sample -> model -> metric, for tools that compare versions of a study."""
    metrics = {}
    for row in performance.itertuples():
        value = row.estimate if math.isfinite(row.estimate) else None
        metrics.setdefault(row.sample, {}).setdefault(row.model, {})[row.metric] = value
    return metrics


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
