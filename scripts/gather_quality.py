"""Rule gather_quality: what each image and mask was before and after resampling, what failed."""

from nomoflow.exclusions import COLUMNS, in_order
from nomoflow.image_quality import QUALITY_COLUMNS
from nomoflow.run import log_to, read_rows, write_rows


def main(job):
    write_rows(gathered(job.input.quality), job.output.quality, QUALITY_COLUMNS)
    write_rows(gathered(job.input.failures), job.output.failures, COLUMNS)


def gathered(paths):
    """The rows of all batches."""
    return in_order([row for path in paths for row in read_rows(path)])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
