"""Rule simulate_patient: the CT of a simulated patient in every phase, and the readers' masks."""

import SimpleITK as sitk

from nomoflow.phantom import draw_scans
from nomoflow.run import log_to, replacing


def main(job):
    given = job.params
    images, masks, grid = draw_scans(
        given.participant, job.wildcards.cohort, given.seed, list(given.phases), given.scanner
    )
    arrays, paths = [*images, *masks], [*job.output.images, *job.output.masks]
    for array, path in zip(arrays, paths, strict=True):
        _write(array, grid, path)


def _write(array, grid, path):
    """Write a NIfTI file; its gzip header holds no time and no name, so bytes repeat."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing[::-1])
    image.SetOrigin(grid.origin[::-1])
    with replacing(path) as aside:
        sitk.WriteImage(image, str(aside), useCompression=True)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
