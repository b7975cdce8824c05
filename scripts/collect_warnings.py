"""Rule collect_warnings: what a reader must know before trusting a number."""

from nomoflow import caveats, caveats_of_images, caveats_of_performance
from nomoflow.run import log_to, read_json, read_rows, write_rows


def main(job):
    failures = [row for path in job.input.failures for row in read_rows(path)]
    statuses = dict(zip(job.params.signatures, map(read_json, job.input.statuses), strict=True))
    missing = read_rows(job.input.missing)
    document = read_json(job.input.model)
    performance = read_rows(job.input.performance)
    rows = [
        *caveats.of_cohort(missing, document["cohort"]),
        *caveats_of_images.of_images(
            read_all(job, "quality"),
            read_all(job, "acquisition"),
            read_rows(job.input.preflight),
            job.params.volume_change,
        ),
        *caveats.of_features(failures, job.params.prescaled),
        *caveats.of_reliability(read_rows(job.input.icc)),
        *caveats.of_signatures(statuses),
        *caveats.of_models(document, read_rows(job.input.vif)),
        # each predictor is a row of the table of missing values
        *caveats_of_performance.of_size(document, len(missing), statuses, performance),
        *caveats_of_performance.of_evaluation(
            performance, read_rows(job.input.penalties), read_rows(job.input.volume_correlation)
        ),
    ]
    write_rows(rows, job.output.warnings, caveats.COLUMNS)


def read_all(job, name):
    """The rows of a table that a study without images does not have."""
    path = getattr(job.input, name, None)
    return read_rows(path) if path else []


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
