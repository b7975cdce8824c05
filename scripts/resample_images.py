"""Rule resample_images: a batch's images and masks on the study's grid, with their quality."""

import logging
import shutil
from pathlib import Path

import SimpleITK as sitk

from nomoflow.exclusions import COLUMNS, failure
from nomoflow.image_quality import QUALITY_COLUMNS, quality, stored_name
from nomoflow.image_resampling import resample
from nomoflow.images import PROBLEM_COLUMNS, ImageProblem, load_scan, single_thread
from nomoflow.run import log_to, read_rows, write_rows


def main(job):
    single_thread()
    folder = Path(job.output.images)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    problems = _by_scan(getattr(job.input, "problems", None))
    rows, failures = [], []
    for scan in job.params.scans:
        if (scan["patient"], "", "") in problems:
            print(f"{scan['patient']} {scan['phase']} {scan['reading']}: patient left out")
            continue
        try:
            if _key(scan) in problems:
                raise problems[_key(scan)]
            rows.append(_resample_one(scan, job.params, folder))
        except Exception as error:  # whatever one scan does, the others are still resampled
            failures.append(_failure(scan, error))
            logging.exception("%(patient)s %(phase)s %(reading)s", scan)
    write_rows(rows, job.output.quality, QUALITY_COLUMNS)
    write_rows(failures, job.output.failures, COLUMNS)


def _by_scan(path) -> dict[tuple, ImageProblem]:
    """Problems that the preflight found, by patient, phase and reading.

    Where the first reading of a phase has one, or a row names no phase, the patient is left out
    whole: every analysed patient has all phases.
    """
    problems = {}
    for row in read_rows(path) if path else []:
        problem = ImageProblem(**{column: row[column] for column in PROBLEM_COLUMNS})
        problems.setdefault(_key(row), problem)
        if row["reading"] in ("", "a1"):
            problems.setdefault((row["patient"], "", ""), problem)
    return problems


def _key(row: dict) -> tuple[str, str, str]:
    return row["patient"], row["phase"], row["reading"]


def _resample_one(scan: dict, params, folder: Path) -> dict:
    image, mask, shift = load_scan(scan, params.repair_mm)
    after = resample(image, mask, params.spacing_mm, params.settings[scan["phase"]])
    for part, one in zip(("image", "mask"), after, strict=True):
        sitk.WriteImage(one, str(folder / stored_name(scan, part)), useCompression=True)
    return quality(scan, shift, (image, mask), after)


def _failure(scan: dict, error: Exception) -> dict:
    if isinstance(error, ImageProblem):
        return failure(scan, "images", error.problem, str(error))
    detail = f"{type(error).__name__}: {error}"
    return failure(scan, "images", "the scan cannot be resampled", detail)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
