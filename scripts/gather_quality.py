"""Rule gather_quality: what each image and mask was before and after resampling, what failed."""

from nomoflow.image_quality import QUALITY_COLUMNS
from nomoflow.run import log_to, read_rows, write_rows

READINGS = ("a1", "b1", "a2")
FAILURE_COLUMNS = ("patient", "phase", "reading", "stage", "reason", "detail")


def main(job):
    write_rows(_sorted(job.input.quality), job.output.quality, QUALITY_COLUMNS)
    write_rows(_sorted(job.input.failures), job.output.failures, FAILURE_COLUMNS)


def _sorted(paths) -> list[dict[str, str]]:
    rows = [row for path in paths for row in read_rows(path)]
    return sorted(
        rows, key=lambda row: (row["patient"], row["phase"], READINGS.index(row["reading"]))
    )


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
