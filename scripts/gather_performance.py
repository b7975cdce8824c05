"""Rule gather_performance: measured and corrected performance in one table."""

import math

import pandas as pd

from nomoflow.run import log_to, read_table, write_json, write_table

# From the least honest figure to the most.
SAMPLES = ["apparent", "corrected", "corrected_632", "cross_validated"]


def main(job):
    parts = [read_table(job.input.measured), read_table(job.input.corrected)]
    together = pd.concat(parts, ignore_index=True)
    unknown = sorted(set(together["sample"]) - set(SAMPLES))
    if unknown:
        raise ValueError(f"samples {unknown} are unknown; allowed: {', '.join(SAMPLES)}")
    performance = together.sort_values(
        "sample", key=lambda names: names.map(SAMPLES.index), kind="stable"
    )
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
    with log_to(snakemake):
        main(snakemake)
