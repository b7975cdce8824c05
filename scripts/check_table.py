"""Rule check_table: whether the ready feature table has every patient and phase, in numbers."""

from nomoflow.feature_table import read_ready_table
from nomoflow.image_problems import PROBLEM, PROBLEM_COLUMNS
from nomoflow.run import log_to, write_rows


def main(job):
    given = job.params
    _, problems = read_ready_table(given.table, given.phases, given.patients)
    write_rows(map(as_row, problems), job.output.problems, PROBLEM_COLUMNS)


def as_row(problem):
    """A problem of the table as a row like those of the scans."""
    row = f"row {problem.row}" if problem.row else ""
    return {
        "kind": "table_unusable",
        "severity": PROBLEM,
        "file": problem.file,
        "problem": " ".join(filter(None, (row, problem.column))),
        "found": problem.found,
        "allowed": problem.allowed,
        "remedy": problem.remedy,
    }


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
