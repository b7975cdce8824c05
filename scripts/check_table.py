"""Rule check_table: whether the ready feature table has every patient and phase, in numbers."""

from nomoflow.feature_table import read_ready_table
from nomoflow.images import PROBLEM_COLUMNS
from nomoflow.run import log_to, write_rows


def main(job):
    given = job.params
    _, problems = read_ready_table(given.table, given.phases, given.patients)
    rows = [
        {
            "file": problem.file,
            "problem": " ".join(filter(None, (problem.row and f"row {problem.row}", problem.column))),
            "found": problem.found,
            "allowed": problem.allowed,
            "remedy": problem.remedy,
        }
        for problem in problems
    ]
    write_rows(rows, job.output.problems, PROBLEM_COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
