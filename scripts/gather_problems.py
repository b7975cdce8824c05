"""Rule gather_problems: all that is wrong with the study's files, in one table."""

from nomoflow.image_problems import PROBLEM_COLUMNS
from nomoflow.phase_comparison import problems_of_cohort
from nomoflow.prediction import PREDICTED_COLUMNS
from nomoflow.run import log_to, read_rows, write_rows

COLUMNS = PROBLEM_COLUMNS


def main(job):
    rows = [row for check in job.input.checks for row in read_rows(check)]
    # Empty where features came as a table: there are no scans to compare.
    predicted = [row for path in job.input.predicted for row in read_rows(path)]
    predicted.sort(key=lambda row: [row[column] for column in PREDICTED_COLUMNS])
    rows += problems_of_cohort(predicted, job.params.phases_apart)
    rows.sort(key=lambda row: [row[column] for column in COLUMNS])
    write_rows(rows, job.output.problems, COLUMNS)
    write_rows(predicted, job.output.predicted, PREDICTED_COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
