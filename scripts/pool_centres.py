"""Rule pool_centres: the summaries of all centres side by side, and pooled."""

from nomoflow.centres import centres_table, decision_table, figures, read_summaries
from nomoflow.pooling import COLUMNS, pooled_table
from nomoflow.run import log_to, read_json, write_table


def main(job):
    model = read_json(job.input.model)
    summaries = read_summaries(list(job.input.summaries), model["digest"])
    table = figures(summaries)
    # Without a shared figure the table is empty, with its columns.
    pooled = pooled_table(table, job.params.confidence) if len(table) else table
    write_table(pooled.reindex(columns=list(COLUMNS)), job.output.pooled)
    write_table(centres_table(summaries), job.output.centres)
    write_table(decision_table(summaries), job.output.dca)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
