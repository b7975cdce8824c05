"""Rule check_images: whether each scan can be read and fits, and what it will cost to compute."""

from contextlib import closing
from pathlib import Path

from nomoflow.file_digests import COLUMNS as DIGEST_COLUMNS
from nomoflow.file_digests import Digests
from nomoflow.image_problems import PROBLEM, ImageProblem
from nomoflow.images import PROBLEM_COLUMNS, examine, single_thread
from nomoflow.isolation import CaseFailed, run_each
from nomoflow.job_history import Places
from nomoflow.prediction import PREDICTED_COLUMNS, predict
from nomoflow.run import log_to, write_rows
from nomoflow.scan_summary import summarise
from nomoflow.series_choice import place_of, without_uid

KEY = ("patient", "phase", "reading")
# Of one scan: beyond this a file is broken or made to harm, not large.
MOST_MB, MOST_SECONDS = 16_000, 600
# With these alone a scan can be measured all the same.
OF_MASKS = {
    "mask_small", "volume_small", "extent_small", "several_components", "holes", "at_edge",
}  # fmt: skip


def main(job):
    single_thread()
    problems, predicted, files = [], [], []
    given = job.params
    digests = Digests(Places(Path.cwd(), given.folders_of_images))
    subbands = getattr(given, "subbands", None)
    cases = [
        (scan, given.limits, given.settings[scan["phase"]], given.spacing_mm, subbands)
        for scan in given.scans
    ]
    with closing(run_each(check, cases, MOST_MB, MOST_SECONDS)) as outcomes:
        for scan, outcome in zip(given.scans, outcomes, strict=True):
            failed = isinstance(outcome, Exception)
            found, row, read = _failed(scan, outcome) if failed else outcome
            problems += found
            predicted += [row] if row else []
            key = {column: scan[column] for column in KEY}
            for part in read:  # nothing later reads the files for their digests
                files += digests.rows(place_of(scan[part]), **key, kind=part)
    for problem in problems:
        print(*problem.values(), sep=" | ")
    # A check writes its table and succeeds; what follows from it is decided where all are known.
    write_rows(problems, job.output.problems, PROBLEM_COLUMNS)
    write_rows(predicted, job.output.predicted, PREDICTED_COLUMNS)
    write_rows(files, job.output.files, DIGEST_COLUMNS)


def _failed(scan: dict, error: Exception) -> tuple[list[dict], None, list[str]]:
    """The rows of a scan that ended the process that read it, or could not be checked."""
    if isinstance(error, ImageProblem):
        problem = error
        problem.patient, problem.phase, problem.reading = (scan[key] for key in KEY)
    elif isinstance(error, CaseFailed):
        problem = ImageProblem(
            kind="unreadable",
            severity=PROBLEM,
            problem="the scan cannot be checked",
            found=str(error),
            allowed=f"files that are read within {MOST_MB:,} MB and {MOST_SECONDS} s",
            remedy="export image and mask again; one of the two files is broken",
            file=without_uid(scan["image"]),
            **{key: scan[key] for key in KEY},
        )
    else:
        raise error
    return [problem.row()], None, []


def check(scan: dict, limits: dict, settings: dict, spacing_mm, subbands) -> tuple:
    """Problems of a scan, as rows; its row of predictions (None where it has no measure); and
    which of image and mask could be read."""
    image, mask, _, problems = examine(scan, limits)
    rows = [problem.row() for problem in problems]
    read = [part for part, one in (("image", image), ("mask", mask)) if one is not None]
    if image is None or mask is None or {row["kind"] for row in rows} - OF_MASKS:
        return rows, None, read
    expected = predict(image, mask, settings, spacing_mm, subbands)
    key = {column: scan[column] for column in KEY}
    return rows, key | expected | summarise(scan, image, mask), read


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
