"""Rule digest_images: digests of the images of a batch, so that nothing later reads them again."""

from pathlib import Path

from nomoflow.file_digests import COLUMNS, Digests
from nomoflow.job_history import Places
from nomoflow.run import log_to, read_rows, write_rows


def main(job):
    digests = Digests(Places(Path.cwd()))
    rows = read_rows(job.input.files)
    rows += digests.rows(job.input.resampled, kind="resampled")
    for folder in job.input.overlays:
        rows += digests.rows(folder, kind="overlay")
    write_rows(rows, job.output.digests, COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
