"""Rule stop_on_problems: the run ends here if anything is wrong, before any result is touched."""

from pathlib import Path

from nomoflow.problems import Problems
from nomoflow.run import log_to, read_rows, replacing


def main(job):
    problems = Problems()
    for row in read_rows(job.input.problems):
        # Settings and a feature table concern everyone: no exclusion of a patient mends them.
        if row["patient"] and job.params.on_problem == "exclude":
            continue
        scan = " ".join(filter(None, (row["patient"], row["phase"], row["reading"])))
        way_out = (
            ", or leave the patient out (images.on_problem: exclude)" if row["patient"] else ""
        )
        problems.add(
            row["file"],
            column=scan,
            found=": ".join(filter(None, (row["problem"], row["found"]))),
            allowed=row["allowed"],
            remedy=row["remedy"] + way_out,
        )
    problems.stop_if_any()
    with replacing(job.output.verdict) as aside:
        Path(aside).write_text("every file was checked\n", encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
