"""Where the files of a scans table lie: below the study's folders, all links followed.

Standard library only: Snakemake itself imports this module, and asks for every file of a study.
"""

import os
import stat
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path

from nomoflow.series_choice import exists, split_choice

SIMULATED = "simulated"


def to_come(path: str | Path) -> bool:
    """Whether the workflow itself makes a file: it draws what lies under ``simulated/``."""
    return SIMULATED in str(path) and SIMULATED in Path(path).parts


class ScanPlaces:
    """The folders that a study's files may lie in: the table's own, then the others in order.

    The image of several readings, and the folder of several files, are looked up once.
    """

    def __init__(self, folders: Iterable[str | Path]):
        self.folders = [Path(folder) for folder in folders]
        self.locate = cache(self._locate)
        self._holds_folder = cache(self._holds)

    def _locate(self, text: str) -> Path | None:
        """The first file of that name in the folders, or None.

        A series in a folder of several is named ``folder#UID`` or ``folder#digest``.
        What lies under ``simulated/`` is drawn by the workflow itself and need not exist yet.
        """
        if not text:
            return None
        name = Path(text)
        for folder in self.folders:
            place = folder / name
            if os.path.exists(place) or ("#" in text and exists(split_choice(place)[0])):
                return place
        drawn = name.parts[:1] == (SIMULATED,) and len(self.folders) > 1
        return self.folders[1] / name if drawn else None

    def holds(self, path: Path) -> bool:
        """Whether a path lies in one of the folders once all links are followed."""
        place = split_choice(path)[0] if "#" in path.name else path
        # What is no link itself lies where its folder does.
        return (_is_plain(place) and self._holds_folder(place.parent)) or self._holds(place)

    def _holds(self, place: Path) -> bool:
        try:
            found = place.resolve()
            return any(found.is_relative_to(folder) for folder in self._real)
        except (OSError, ValueError, RuntimeError):  # a name that none can have; a link to itself
            return False

    @cached_property
    def _real(self) -> list[Path]:
        return [folder.resolve() for folder in self.folders]


def _is_plain(path: Path) -> bool:
    """Whether there is such a file or folder, and it is no link."""
    try:
        return path.name not in ("", "..") and not stat.S_ISLNK(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False
