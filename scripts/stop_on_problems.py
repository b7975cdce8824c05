"""Rule stop_on_problems: the run ends here if anything is wrong, before any result is touched."""

import shutil

from nomoflow.problem_table import WIDTH, effect, problem_table
from nomoflow.run import log_to, read_rows, replacing


def main(job):
    rows = read_rows(job.input.problems)
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    table = problem_table(rows, job.params.on_problem, width)
    if any(effect(row, job.params.on_problem) == "stop" for row in rows):
        raise ValueError(table)
    print(table)
    with replacing(job.output.verdict) as aside:
        aside.write_text("every file was checked\n", encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
