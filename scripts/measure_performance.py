"""Rule measure_performance: how well each model does, apparent and cross-validated."""

import pandas as pd

from nomoflow.by_model import APPARENT, judged
from nomoflow.intervals import COLUMNS, SPREAD, apparent_metrics, repeated_metrics
from nomoflow.intervals import spread_over_repeats as spread
from nomoflow.run import log_to, read_table, write_table


def main(job):
    given = job.params
    measured, repeats = [], []
    for each in judged(read_table(job.input.predictions), given.models):
        drawn = (given.confidence, given.intervals, given.seed)
        score, chance, cut = each.score, each.probability, each.cutoff
        if each.sample == APPARENT:
            table = apparent_metrics(
                each.y, score[0], chance[0], cut[0, 0], *drawn, threshold=given.threshold
            )
        else:
            predictions = (each.y, score, chance, cut, each.fold)
            orders = {"rank": each.rank, "threshold": given.threshold}
            table = repeated_metrics(*predictions, *drawn, **orders)
            repeats.append(spread(*predictions, **orders).assign(model=each.model))
        measured.append(table.assign(model=each.model, sample=each.sample))
    write_table(joined(measured, ["model", "sample", *COLUMNS]), job.output.performance)
    write_table(joined(repeats, ["model", *SPREAD]), job.output.repeats)


def joined(tables, columns):
    """The tables beneath each other; a header alone where there are none."""
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
