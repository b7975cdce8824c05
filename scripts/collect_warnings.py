"""Rule collect_warnings: what a reader must know before trusting a number."""

from nomoflow import caveats
from nomoflow.run import log_to, read_json, read_rows, write_rows


def main(job):
    failures = [row for path in job.input.failures for row in read_rows(path)]
    statuses = dict(zip(job.params.signatures, map(read_json, job.input.statuses), strict=True))
    rows = [
        *caveats.of_features(failures, job.params.prescaled),
        *caveats.of_reliability(read_rows(job.input.icc)),
        *caveats.of_signatures(statuses),
        *caveats.of_models(read_json(job.input.model), read_rows(job.input.vif)),
    ]
    write_rows(rows, job.output.warnings, caveats.COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
