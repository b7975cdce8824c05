"""Rule gather_quality: the images of all batches: quality, acquisition, and what failed."""

from nomoflow.acquisition import ACQUISITION_COLUMNS
from nomoflow.exclusions import COLUMNS, in_order
from nomoflow.image_quality import QUALITY_COLUMNS
from nomoflow.run import log_to, read_rows, write_rows


def main(job):
    write_rows(gathered(job.input.quality), job.output.quality, QUALITY_COLUMNS)
    write_rows(gathered(job.input.failures), job.output.failures, COLUMNS)
    acquired = [row for path in job.input.acquisition for row in read_rows(path)]
    acquired.sort(key=lambda row: (row["patient"], row["phase"]))
    write_rows(acquired, job.output.acquisition, ACQUISITION_COLUMNS)


def gathered(paths):
    """The rows of all batches."""
    return in_order([row for path in paths for row in read_rows(path)])


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
