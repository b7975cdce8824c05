"""Rule check_outcome: whether the outcome, too, is what the locked model takes it for."""

import pandas as pd

from nomoflow.mislabelled import COLUMNS, classes_swapped, outcome_levels
from nomoflow.run import log_to, read_rows, read_table, write_rows


def main(job):
    clinical = pd.DataFrame(read_rows(job.input.participants))
    found = of_outcome(job.params.outcome, clinical, read_table(job.input.predictions))
    write_rows(read_rows(job.input.inputs) + found, job.output.mislabelled, COLUMNS)


def of_outcome(outcome, clinical, table):
    """What the outcome itself shows, now that predictions are there to judge it by."""
    names = str(outcome["positive"]), str(outcome["negative"])
    rows = outcome_levels(clinical[outcome["column"]].str.strip(), outcome["column"], *names)
    table = table[table["linear_predictor"].notna()]
    wide = table.pivot(index="patient", columns="model", values="linear_predictor").sort_index()
    y = table.drop_duplicates("patient").set_index("patient")["outcome"].reindex(wide.index)
    scores = {name: wide[name].to_numpy(dtype=float) for name in wide.columns}
    return rows + classes_swapped(y.to_numpy(dtype=int), scores, *names)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
