"""What the rules of a batch of patients take in: each the files that it reads, and no others.

With tens of thousands of images a file costs Snakemake time and memory in every rule that names
it. Standard library only: Snakemake itself imports this module.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nomoflow.scan_places import to_come
from nomoflow.series_choice import folder_state, place_of

PARTS = ("image", "mask")


@dataclass(frozen=True)
class Batch:
    """Scans; each of their files once; what those of them hold that are folders of DICOM files."""

    scans: list[dict[str, str]]
    files: list[str]
    folders: dict[str, str]


class BatchInputs:
    """Input and params functions of the rules that have a bucket.

    scans_of : the scans of a bucket, by its name
    """

    def __init__(self, scans_of: Callable[[str], list[dict[str, str]]]):
        self._batch = cache(lambda bucket: batch_of(scans_of(bucket)))

    def scans(self, wildcards) -> list[dict[str, str]]:
        """The scans of a batch, their files resolved."""
        return self._batch(wildcards.bucket).scans

    def files(self, wildcards) -> list[str]:
        """The images and masks of a batch; one that is missing is for the check to tell."""
        return self._batch(wildcards.bucket).files

    def folders(self, wildcards) -> dict[str, str]:
        """What the DICOM folders of a batch hold: Snakemake watches a folder's own time alone."""
        return self._batch(wildcards.bucket).folders

    def series(self, wildcards) -> list[str]:
        """The DICOM folders of a batch: other formats do not tell how an image was acquired."""
        return list(self.folders(wildcards))


def batch_of(scans: list[dict[str, str]]) -> Batch:
    """Scans with their files, in the order of the scans."""
    places = dict.fromkeys(place_of(scan[part]) for scan in scans for part in PARTS)
    files = [place for place in places if to_come(place) or Path(place).exists()]
    return Batch(scans, files, {place: state for place in files if (state := folder_state(place))})


def reread(scans: list[dict[str, str]]) -> list[dict[str, str]]:
    """The scans of patients and phases with more than one reading."""
    readings = Counter((scan["patient"], scan["phase"]) for scan in scans)
    return [scan for scan in scans if readings[scan["patient"], scan["phase"]] > 1]
