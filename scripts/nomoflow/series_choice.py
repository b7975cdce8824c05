"""A folder of DICOM files in the scans table, and which of its series is meant.

Standard library only: Snakemake itself imports this module.
"""

import hashlib
from pathlib import Path


def split_choice(path: str | Path) -> tuple[Path, str]:
    """A folder and the series meant: ``folder#UID`` or ``folder#digest`` in the scans table."""
    folder, mark, wanted = str(path).rpartition("#")
    if not mark or exists(path):
        return Path(path), ""
    return Path(folder), wanted.strip()


def exists(path: str | Path) -> bool:
    """Whether there is such a file or folder; a name that none can have is not there."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long, or with characters that no system takes
        return False


def place_of(path: str | Path) -> str:
    """The file or folder that a path names, without the series."""
    return str(split_choice(path)[0])


def without_uid(path: str | Path) -> str:
    """A path as it may be shown: a digest stands for the UID of the series."""
    folder, wanted = split_choice(path)
    return f"{folder}#{digest(wanted) if '.' in wanted else wanted}" if wanted else str(path)


def digest(uid: str) -> str:
    """Eight letters and digits that stand for a UID in tables and messages."""
    return hashlib.sha256(str(uid).strip().encode()).hexdigest()[:8]


def files_below(folder: str | Path) -> list[Path]:
    """All files of a folder and its subfolders, in order."""
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def folder_state(path: str | Path) -> str:
    """Digest of the names and sizes of a folder's files; empty for what is no folder.

    A folder's own time stamp tells of files that came or went, not of one that changed.
    """
    folder, _ = split_choice(path)
    if not folder.is_dir():
        return ""
    told = [f"{one.relative_to(folder)} {one.stat().st_size}" for one in files_below(folder)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
