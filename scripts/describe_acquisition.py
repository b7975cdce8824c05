"""Rule describe_acquisition: how the images of a batch were acquired, as far as they tell."""

from nomoflow.acquisition import ACQUISITION_COLUMNS, describe_acquisition
from nomoflow.run import log_to, write_rows


def main(job):
    # A patient's readings share the image: the analysed one speaks for all.
    scans = [scan for scan in job.params.scans if scan["reading"] == "a1"]
    rows = [describe_acquisition(scan) for scan in scans]
    write_rows(rows, job.output.acquisition, ACQUISITION_COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
