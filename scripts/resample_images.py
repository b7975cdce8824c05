"""Rule resample_images: a batch's images and masks on the study's grid, with their quality."""

from contextlib import closing
from pathlib import Path

import SimpleITK as sitk

from nomoflow.asides import replacing_folder
from nomoflow.cases import failed, limits
from nomoflow.exclusions import COLUMNS
from nomoflow.image_quality import QUALITY_COLUMNS, quality, stored_name
from nomoflow.image_resampling import resample
from nomoflow.images import PROBLEM_COLUMNS, ImageProblem, load_scan, single_thread
from nomoflow.isolation import CaseFailed, run_each
from nomoflow.run import log_to, read_rows, write_rows


def main(job):
    single_thread()
    problems = _by_scan(getattr(job.input, "problems", None))
    rows, failures = [], []
    with replacing_folder(job.output.images) as folder:
        cases = []
        for scan in job.params.scans:
            if (scan["patient"], "", "") in problems:
                print(f"{scan['patient']} {scan['phase']} {scan['reading']}: patient left out")
            else:
                cases.append((scan, problems.get(_key(scan)), job.params, folder))
        with closing(run_each(_resample_one, cases, **limits(job))) as outcomes:
            for (scan, *_), row in zip(cases, outcomes, strict=True):
                if isinstance(row, ImageProblem | CaseFailed):
                    failures.append(failed(scan, "images", "the scan cannot be resampled", row))
                    for file in _files(scan, folder):
                        file.unlink(missing_ok=True)
                elif "not_written" in row:  # a full disk, say: no fault of the case
                    raise OSError(row["not_written"])
                else:
                    rows.append(row)
    write_rows(rows, job.output.quality, QUALITY_COLUMNS)
    write_rows(failures, job.output.failures, COLUMNS)


def _by_scan(path) -> dict[tuple, ImageProblem]:
    """Problems that the preflight found, by patient, phase and reading; warnings are none.

    Where the first reading of a phase has one, or a row names no phase, the patient is left out
    whole: every analysed patient has all phases.
    """
    problems = {}
    for row in read_rows(path) if path else []:
        if row["severity"] == "warning":
            continue
        problem = ImageProblem(**{column: row[column] for column in PROBLEM_COLUMNS})
        problems.setdefault(_key(row), problem)
        if row["reading"] in ("", "a1"):
            problems.setdefault((row["patient"], "", ""), problem)
    return problems


def _key(row: dict) -> tuple[str, str, str]:
    return row["patient"], row["phase"], row["reading"]


def _files(scan: dict, folder: Path) -> list[Path]:
    return [folder / stored_name(scan, part) for part in ("image", "mask")]


def _resample_one(scan: dict, problem: ImageProblem | None, params, folder: Path) -> dict:
    """The row of a scan whose image and mask are stored, or why they could not be written."""
    if problem:
        raise problem
    image, mask, shift = load_scan(scan, params.repair_mm)
    after = resample(image, mask, params.spacing_mm, params.settings[scan["phase"]])
    row = quality(scan, shift, (image, mask), after)
    for file, one in zip(_files(scan, folder), after, strict=True):
        try:
            sitk.WriteImage(one, str(file), useCompression=True)
        except RuntimeError as error:
            reason = str(error).strip().rpartition("\n")[2]
            return {"not_written": f"{file.name} cannot be written: {reason}"}
    return row


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
