"""Rule check_images: whether each scan can be read and fits, and what it will cost to compute."""

from nomoflow.image_problems import PROBLEM, ImageProblem
from nomoflow.images import PROBLEM_COLUMNS, examine, single_thread
from nomoflow.isolation import CaseFailed, run_isolated
from nomoflow.prediction import PREDICTED_COLUMNS, predict
from nomoflow.run import log_to, write_rows
from nomoflow.scan_summary import summarise
from nomoflow.series_choice import without_uid

KEY = ("patient", "phase", "reading")
# Of one scan: beyond this a file is broken or made to harm, not large.
MOST_MB, MOST_SECONDS = 16_000, 600
# With these alone a scan can be measured all the same.
OF_MASKS = {
    "mask_small", "volume_small", "extent_small", "several_components", "holes", "at_edge",
}  # fmt: skip


def main(job):
    single_thread()
    problems, predicted = [], []
    for scan in job.params.scans:
        found, row = _checked(scan, job.params)
        problems += found
        predicted += [row] if row else []
    for problem in problems:
        print(*problem.values(), sep=" | ")
    # A check writes its table and succeeds; what follows from it is decided where all are known.
    write_rows(problems, job.output.problems, PROBLEM_COLUMNS)
    write_rows(predicted, job.output.predicted, PREDICTED_COLUMNS)


def _checked(scan: dict, params) -> tuple[list[dict], dict | None]:
    """The rows of one scan, whatever it does to the process that reads it."""
    settings = params.settings[scan["phase"]]
    given = (scan, params.limits, settings, params.spacing_mm, getattr(params, "subbands", None))
    try:
        return run_isolated(check, *given, memory_mb=MOST_MB, seconds=MOST_SECONDS)
    except CaseFailed as error:
        failed = ImageProblem(
            kind="unreadable",
            severity=PROBLEM,
            problem="the scan cannot be checked",
            found=str(error),
            allowed=f"files that are read within {MOST_MB:,} MB and {MOST_SECONDS} s",
            remedy="export image and mask again; one of the two files is broken",
            file=without_uid(scan["image"]),
            **{key: scan[key] for key in KEY},
        )
    except ImageProblem as problem:
        failed = problem
        failed.patient, failed.phase, failed.reading = (scan[key] for key in KEY)
    return [failed.row()], None


def check(scan: dict, limits: dict, settings: dict, spacing_mm, subbands) -> tuple:
    """Problems of a scan, as rows, and its row of predictions (None where it has no measure)."""
    image, mask, _, problems = examine(scan, limits)
    rows = [problem.row() for problem in problems]
    if image is None or mask is None or {row["kind"] for row in rows} - OF_MASKS:
        return rows, None
    expected = predict(image, mask, settings, spacing_mm, subbands)
    key = {column: scan[column] for column in KEY}
    return rows, key | expected | summarise(scan, image, mask)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
