"""Rule gather_problems: all that is wrong with the study's files, in one table."""

from nomoflow.run import log_to, read_rows, write_rows

COLUMNS = ("patient", "phase", "reading", "file", "problem", "found", "allowed", "remedy")


def main(job):
    rows = [row for check in job.input.checks for row in read_rows(check)]
    rows.sort(key=lambda row: [row[column] for column in COLUMNS])
    write_rows(rows, job.output.problems, COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
