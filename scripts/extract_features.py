"""Rule extract_features: a batch's features, a row for each patient, phase and reading."""

import math
from contextlib import closing
from pathlib import Path

import SimpleITK as sitk

from nomoflow.cases import failed, limits
from nomoflow.exclusions import COLUMNS
from nomoflow.extraction import extract, extractor, phase_settings, quiet, settings_digest
from nomoflow.image_quality import stored_name
from nomoflow.isolation import CaseFailed, out_of_memory, run_each
from nomoflow.run import log_to, write_rows
from nomoflow.voxel_shuffle import shuffled


def main(job):
    quiet()
    shape, subbands = job.params.shape, job.params.subbands
    # Settings are checked before the first image: a wrong name fails the batch, not each case.
    chosen = {
        phase: extractor(settings, shape, subbands, wanted(job.params, phase), job.params.fast)
        for phase, settings in job.params.settings.items()
    }
    digests = {
        phase: settings_digest(phase_settings(settings, shape, subbands))
        for phase, settings in job.params.settings.items()
    }
    cases = []
    for scan in job.params.scans:
        files = [Path(job.input.images) / stored_name(scan, part) for part in ("image", "mask")]
        if all(file.exists() for file in files):
            cases.append((scan, files, chosen[scan["phase"]], job.params))
        else:  # the reason stands in the failures of the images, or among the exclusions
            print(f"{scan['patient']} {scan['phase']} {scan['reading']}: no resampled image")
    rows, failures = [], []
    with closing(run_each(_extract_one, cases, **limits(job))) as outcomes:
        for (scan, *_), values in zip(cases, outcomes, strict=True):
            if isinstance(values, CaseFailed):
                failures.append(failed(scan, "features", "features cannot be computed", values))
            elif "not_read" in values:  # the workflow's own file is damaged: no fault of the case
                raise OSError(values["not_read"])
            else:
                rows.append({**_key(scan), "settings": digests[scan["phase"]], **values})
    names = dict.fromkeys(name for one in chosen.values() for name in one.expected)
    # A feature that is not defined is an empty cell; so is one that another phase alone has.
    rows = [
        {key: "" if isinstance(v, float) and math.isnan(v) else v for key, v in row.items()}
        for row in rows
    ]
    write_rows(rows, job.output.features, ["patient", "phase", "reading", "settings", *names])
    write_rows(failures, job.output.failures, COLUMNS)


def wanted(params, phase):
    """The features that a locked model needs of a phase; None where all are extracted."""
    return None if params.selected is None else params.selected[phase]


def _extract_one(scan: dict, files: list[Path], chosen, params) -> dict:
    """The features of a stored image and mask, or why these cannot be read."""
    try:
        image, mask = map(sitk.ReadImage, map(str, files))
    except RuntimeError as error:
        if out_of_memory(error):
            raise
        reason = str(error).strip().rpartition("\n")[2]
        folder = files[0].parent
        return {
            "not_read": f"{folder}: the image or mask of {' '.join(_key(scan).values())}, which "
            f"the workflow itself wrote, cannot be read ({reason}); delete this folder and run "
            "again: it is made anew"
        }
    if params.shuffle_voxels:
        image = shuffled(image, mask, params.seed, " ".join(_key(scan).values()))
    return extract(image, mask, chosen)


def _key(scan: dict) -> dict:
    return {key: scan[key] for key in ("patient", "phase", "reading")}


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
