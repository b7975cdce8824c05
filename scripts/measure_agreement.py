"""Rule measure_agreement: how far the two readers agree on each CT sign."""

import pandas as pd

from nomoflow.cohort import agreement
from nomoflow.run import log_to, read_rows, write_table

COLUMNS = ["sign", "n", "agreed", "percent", "kappa", "ci_low", "ci_high"]


def main(job):
    participants = pd.DataFrame(read_rows(job.input.participants))
    rows = []
    for predictor in job.params.predictors:
        sign = predictor["name"]
        readers = [f"{sign}_a", f"{sign}_b"]
        if predictor["kind"] == "binary" and set(readers) <= set(participants.columns):
            first, second = (participants[name].str.strip().replace("", None) for name in readers)
            rows.append({"sign": sign, **agreement(first, second, job.params.confidence)})
    write_table(pd.DataFrame(rows, columns=COLUMNS), job.output.agreement)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
