"""Rule extract_features: a batch's features, a row for each patient, phase and reading."""

import logging
import math
from pathlib import Path

import SimpleITK as sitk

from nomoflow.exclusions import COLUMNS, failure
from nomoflow.extraction import extract, extractor, phase_settings, quiet, settings_digest
from nomoflow.image_quality import stored_name
from nomoflow.run import log_to, write_rows
from nomoflow.voxel_shuffle import shuffled


def main(job):
    quiet()
    shape, subbands = job.params.shape, job.params.subbands
    # Settings are checked before the first image: a wrong name fails the batch, not each case.
    chosen = {
        phase: extractor(settings, shape, subbands)
        for phase, settings in job.params.settings.items()
    }
    digests = {
        phase: settings_digest(phase_settings(settings, shape, subbands))
        for phase, settings in job.params.settings.items()
    }
    rows, failures = [], []
    for scan in job.params.scans:
        files = [Path(job.input.images) / stored_name(scan, part) for part in ("image", "mask")]
        if not all(file.exists() for file in files):
            # The reason stands in the failures of the images, or among the exclusions.
            print(f"{scan['patient']} {scan['phase']} {scan['reading']}: no resampled image")
            continue
        try:
            image, mask = map(sitk.ReadImage, map(str, files))
            if job.params.shuffle_voxels:
                image = shuffled(image, mask, job.params.seed, " ".join(_key(scan).values()))
            values = extract(image, mask, chosen[scan["phase"]])
        except Exception as error:  # whatever one scan does, the others are still computed
            detail = f"{type(error).__name__}: {error}"
            failures.append(failure(scan, "features", "features cannot be computed", detail))
            logging.exception("%(patient)s %(phase)s %(reading)s", scan)
            continue
        rows.append({**_key(scan), "settings": digests[scan["phase"]], **values})
    names = dict.fromkeys(name for one in chosen.values() for name in one.expected)
    # A feature that is not defined is an empty cell; so is one that another phase alone has.
    rows = [
        {key: "" if isinstance(v, float) and math.isnan(v) else v for key, v in row.items()}
        for row in rows
    ]
    write_rows(rows, job.output.features, ["patient", "phase", "reading", "settings", *names])
    write_rows(failures, job.output.failures, COLUMNS)


def _key(scan: dict) -> dict:
    return {key: scan[key] for key in ("patient", "phase", "reading")}


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
