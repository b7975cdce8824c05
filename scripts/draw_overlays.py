"""Rule draw_overlays: a picture of each patient and phase: outlines before and after resampling."""

import logging
from pathlib import Path

import SimpleITK as sitk

from nomoflow.asides import replacing_folder
from nomoflow.image_quality import stored_name
from nomoflow.images import ImageProblem, load_scan, single_thread
from nomoflow.overlay_pictures import Case, picture, printable, save
from nomoflow.run import log_to, read_rows, write_rows

COLUMNS = ("patient", "phase", "picture", "reason")
ANALYSED = "a1"
NOT_STORED = "not resampled: images/failures.csv tells why"


def main(job):
    single_thread()
    with replacing_folder(job.output.pictures) as folder:
        write_rows(draw(job, folder), folder / "pictures.csv", COLUMNS)


def draw(job, folder):
    """Draw all cases into a folder; a row each, with the picture's name or why there is none."""
    dice = read_rows(job.input.dice)
    cases = {}
    for scan in job.params.scans:
        cases.setdefault((scan["patient"], scan["phase"]), {})[scan["reading"]] = scan
    rows = []
    for (patient, phase), readings in sorted(cases.items()):
        pairs = [row for row in dice if (row["patient"], row["phase"]) == (patient, phase)]
        name, reason = f"{patient}_{phase}.jpg", ""
        try:
            before, after = _cases(readings, Path(job.input.images), job.params.repair_mm)
            title = f"{printable(patient)}   {printable(phase)}"
            save(picture(title, before, after, pairs), folder / name)
        except Exception as error:  # a case without a picture costs the others nothing
            logging.exception("%s %s", patient, phase)
            (folder / name).unlink(missing_ok=True)
            reason = error.problem if isinstance(error, ImageProblem) else str(error)
            name, reason = "", reason or type(error).__name__
        rows.append({"patient": patient, "phase": phase, "picture": name, "reason": reason})
    return rows


def _cases(readings, resampled, repair_mm):
    """Image and masks of a case as read and as stored; readings that failed are left out."""
    stored = {
        reading: {part: resampled / stored_name(scan, part) for part in ("image", "mask")}
        for reading, scan in sorted(readings.items(), key=lambda one: _order(one[0]))
    }
    there = [name for name, parts in stored.items() if all(p.exists() for p in parts.values())]
    if ANALYSED not in there:
        raise LookupError(NOT_STORED)
    loaded = {name: load_scan(readings[name], repair_mm) for name in there}
    after = {name: sitk.ReadImage(str(stored[name]["mask"])) for name in there}
    return (
        Case(loaded[ANALYSED][0], {name: one[1] for name, one in loaded.items()}),
        Case(sitk.ReadImage(str(stored[ANALYSED]["image"])), after),
    )


def _order(reading):
    return ("a1", "b1", "a2").index(reading)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
