"""Rule gather_dataset: patients, outcome, coded predictors and kept features in one table."""

import pandas as pd

from nomoflow.dataset import assemble, complete_cases
from nomoflow.participants import FEWEST_OF_A_CLASS
from nomoflow.predictors import code, outcome_codes
from nomoflow.run import log_to, read_rows, read_table, write_table


def main(job):
    participants = pd.DataFrame(read_rows(job.input.participants))
    batch = job.params.batch  # where features are harmonised
    icc = read_table(job.input.icc)
    kept = icc[icc["kept"].astype(bool)].drop_duplicates(["phase", "feature"])
    phases = dict(zip(job.params.phases, map(read_table, job.input.features), strict=True))
    dataset = assemble(
        participants["patient"],
        outcome_codes(participants, job.params.outcome),
        code(participants, job.params.predictors, allow_missing=job.params.missing != "refuse"),
        phases,
        kept,
        with_volume=not job.params.prescaled,
        batch=participants[batch] if batch else None,
    )
    if job.params.missing == "leave_out":
        dataset = complete_cases(dataset)
        require_both_classes(dataset["outcome"])
    write_table(dataset, job.output.dataset)


def require_both_classes(y):
    """Complete cases can be too few where the patients together are not."""
    positive = int(y.sum())
    if min(positive, len(y) - positive) < FEWEST_OF_A_CLASS:
        raise ValueError(
            f"{positive} patients with the outcome and {len(y) - positive} without have a value of "
            f"every predictor; allowed: at least {FEWEST_OF_A_CLASS} of each; use models.missing: "
            "impute, or leave out the predictor that is missing most often (cohort/missing.csv)"
        )


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
