"""Rule compare_masks: how far the readers' masks of a batch agree, on the image's own grid."""

import logging

from nomoflow.images import ImageProblem, load_scan, single_thread
from nomoflow.mask_distances import DICE_COLUMNS, MEASURES, PAIRS, compare
from nomoflow.run import log_to, write_rows


def main(job):
    single_thread()
    write_rows(compared(job.params.scans, job.params.repair_mm), job.output.dice, DICE_COLUMNS)


def compared(scans, repair_mm):
    """A row a pair of readings: what cannot be compared has no figures, and a reason."""
    rows = []
    by_case = {}
    for scan in scans:
        by_case.setdefault((scan["patient"], scan["phase"]), {})[scan["reading"]] = scan
    for (patient, phase), readings in sorted(by_case.items()):
        pairs = {name: pair for name, pair in PAIRS.items() if all(one in readings for one in pair)}
        masks = {}
        for comparison, pair in pairs.items():
            key = {
                "patient": patient,
                "phase": phase,
                "comparison": comparison,
                "reading_a": pair[0],
                "reading_b": pair[1],
            }
            try:
                for reading in pair:
                    if reading not in masks:
                        masks[reading] = load_scan(readings[reading], repair_mm)[1]
                rows.append(key | compare(*(masks[reading] for reading in pair)))
            except Exception as error:  # one pair that fails costs the others nothing
                logging.exception("%s %s %s", patient, phase, comparison)
                rows.append(key | dict.fromkeys(MEASURES, "") | {"reason": _reason(error)})
    return rows


def _reason(error):
    return error.problem if isinstance(error, ImageProblem) else str(error) or type(error).__name__


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
