"""Digests of files, and of folders as of the files in them. Standard library only."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from nomoflow.canonical import digest_of_content
from nomoflow.files import read_rows
from nomoflow.job_history import HistoryError, Places

STAMP = ".snakemake_timestamp"  # what Snakemake leaves in a folder that a job made
COLUMNS = ("patient", "phase", "reading", "kind", "path", "sha256", "size")


def digest_of_file(path: str | Path) -> dict:
    """SHA-256 and size in bytes of a file."""
    with open(path, "rb") as file:
        return {
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            "size": file.seek(0, 2),
        }


def files_in(path: str | Path) -> list[Path]:
    """A file itself, or the files of a folder, in order."""
    path = Path(path)
    if not path.is_dir():
        return [path]
    found = (p for p in path.rglob("*") if p.is_file() and p.name != STAMP)
    return sorted(found, key=lambda p: p.relative_to(path).as_posix())


def digest_of_folder(members: Mapping[str, Mapping]) -> dict:
    """One digest over a folder's files, their bytes together and their number.

    members : SHA-256 and size of each file by its path within the folder
    """
    return {
        "sha256": digest_of_content({name: one["sha256"] for name, one in members.items()}),
        "size": sum(one["size"] for one in members.values()),
        "files": len(members),
    }


class Digests:
    """Digests of files by their told paths; those of images come from tables, read only once.

    places : where the files lie; tables : of the rule digest_images
    """

    def __init__(self, places: Places, tables: Iterable[str | Path] = ()):
        self.places = places
        self.known: dict[str, dict] = {}
        for table in tables:
            for row in read_rows(table):
                self.known[row["path"]] = {"sha256": row["sha256"], "size": int(row["size"])}

    def of(self, told: str) -> dict[str, dict]:
        """SHA-256 and size of a file, or of each file of a folder, by told path."""
        found = {}
        for path in files_in(self.places.place(told)):
            name = self._name(told, path)
            if name not in self.known:
                if not path.exists():
                    raise HistoryError(
                        f"{told}: the logs name this file, and it is not there any more; have it "
                        f"made anew (snakemake --forcerun {told} --cores all), or bring it back"
                    )
                self.known[name] = digest_of_file(path)
            found[name] = self.known[name]
        return found

    def rows(self, path: str | Path, **known: str) -> list[dict]:
        """A row with the columns ``COLUMNS`` for a file, or for each file of a folder.

        known : the columns that are the same for all of them
        """
        found = self.of(self.places.told(path))
        return [{**known, "path": name, **one} for name, one in found.items()]

    def together(self, told: str) -> dict:
        """SHA-256 and size of a file; of a folder as ``digest_of_folder`` has them."""
        members = self.of(told)
        if told in members:
            return members[told]
        return digest_of_folder(
            {name.removeprefix(f"{told}/"): one for name, one in members.items()}
        )

    def _name(self, told: str, path: Path) -> str:
        place = self.places.place(told)
        return told if path == place else f"{told}/{path.relative_to(place).as_posix()}"
