"""What one study has made, shown before it is removed; links are removed, never followed.

Standard library only.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

PLACES = ("results", "logs")  # each with a folder of the study's name
HERE = "(beside them)"  # files that lie in no folder of their own
KEPT = ("config", "data", "models")


@dataclass(frozen=True)
class Made:
    """A folder that a study has filled: files, bytes, and the same of each folder in it."""

    place: Path
    files: int
    size: int
    parts: tuple[tuple[str, int, int], ...]


def made_by(study: str, root: Path = Path(".")) -> list[Made]:
    """The folders of a study that are there.

    Raises ValueError where one is a link, or lies outside of the project by one: what another
    place holds is not the project's to remove.
    """
    found = []
    for place in (root / name / study for name in PLACES):
        if not os.path.lexists(place):
            continue
        shown = place.relative_to(root)
        if place.resolve() != root.resolve() / shown or not place.is_dir():
            raise ValueError(
                f"{shown} is no folder of this project but leads to {place.resolve()}; nothing was"
                " removed. Allowed is a folder without links on the way: remove that one by hand"
            )
        found.append(_measured(place, shown))
    return found


def _measured(place: Path, shown: Path) -> Made:
    parts: dict[str, list[int]] = {}
    for folder, folders, names in os.walk(place):
        inner = Path(folder).relative_to(place).parts
        # A link to a folder is listed among the folders, and not gone into.
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in [*names, *links]:
            count = parts.setdefault(f"{inner[0]}/" if inner else HERE, [0, 0])
            count[0] += 1
            count[1] += Path(folder, name).lstat().st_size
    listed = tuple((name, *parts[name]) for name in sorted(parts, key=lambda p: (p == HERE, p)))
    return Made(shown, sum(n for _, n, _ in listed), sum(n for *_, n in listed), listed)


def listing(study: str, made: list[Made]) -> str:
    """What would go, and what would stay."""
    lines = []
    for one in made:
        lines.append(f"  {one.place}/  {counted(one.files)}, {megabytes(one.size)}")
        if one.place.parts[0] == PLACES[0]:
            lines += [
                f"    {name:<14} {counted(files):>12}  {megabytes(size):>12}"
                for name, files, size in one.parts
            ]
    kept = ", ".join(f"{name}/" for name in KEPT)
    return "\n".join([*lines, f"  what lies in {kept} stays"])


def counted(files: int) -> str:
    """ "1 file", "1,234 files"."""
    return f"{files:,} file" + ("" if files == 1 else "s")


def megabytes(size: int) -> str:
    """A size in MB, decimal."""
    return f"{size / 1e6:,.1f} MB"


def remove(made: list[Made], root: Path = Path(".")) -> None:
    """Remove the folders. A link in them goes, and what it leads to stays."""
    for one in made:
        shutil.rmtree(root / one.place)
