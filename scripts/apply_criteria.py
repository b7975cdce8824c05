"""Rule apply_criteria: who is analysed, who is not and why, with a count after each criterion."""

from nomoflow.exclusions import COLUMNS, failure
from nomoflow.image_problems import WARNING
from nomoflow.run import log_to, read_rows, write_rows

FLOW = ("step", "removed", "remaining")
UNUSABLE = "image or mask cannot be used"


def main(job):
    problems = [row for row in read_rows(job.input.problems) if row["severity"] != WARNING]
    # A second or repeated reading that cannot be used costs the reading, not the patient.
    lost = {row["patient"] for row in problems if row["reading"] in ("", "a1")}
    included = [patient for patient in job.params.included if patient not in lost]
    exclusions = [{"phase": "", "reading": "", **row} for row in job.params.exclusions]
    exclusions += [
        failure(row, "images", UNUSABLE, f"{row['problem']}: {row['found']}") for row in problems
    ]
    flow = list(job.params.flow)
    if problems:
        removed = len(job.params.included) - len(included)
        flow.append({"step": UNUSABLE, "removed": removed, "remaining": len(included)})
    kept = set(included)
    rows = read_rows(job.input.participants)
    columns = [column.strip() for column in rows[0]]
    rows = [
        dict(zip(columns, (cell.strip() for cell in row.values()), strict=True)) for row in rows
    ]
    participants = [{"patient": row[job.params.id], **row} for row in rows]
    participants.sort(key=lambda row: row["patient"])
    write_rows(
        [row for row in participants if row["patient"] in kept],
        job.output.participants,
        dict.fromkeys(["patient", *columns]),
    )
    write_rows(exclusions, job.output.exclusions, COLUMNS)
    write_rows(flow, job.output.criteria, FLOW)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
