"""Whether DVC would put links into its cache where results are; read as DVC itself reads it.

Snakemake imports this module: standard library only.
"""

import configparser
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from nomoflow.problems import Problems

LINKS = ("hardlink", "symlink")
SAFE = "reflink,copy"
CONFIG, LOCAL = ".dvc/config", ".dvc/config.local"


def refuse_linked_cache(folder: Path) -> None:
    """Raise StudyError where the DVC project that the folder is in links files to its cache.

    A linked file has the time of the cache's copy, which may be older than all that follows from
    it: results of another version then pass as up to date, for Snakemake and for DVC. Nothing is
    said where DVC is not in use.
    """
    found = linked_cache(folder)
    if not found:
        return
    path, kinds = found
    problems = Problems()
    problems.add(
        path,
        column="cache.type",
        found=kinds,
        allowed="reflink, copy: with links, stale results pass as up to date",
        remedy=f"dvc config {_level(path)}cache.type {SAFE}, then dvc checkout --relink",
    )
    problems.stop_if_any()


def linked_cache(folder: Path) -> tuple[str, str] | None:
    """The file of DVC's settings that asks for links, and what it says; None where none does."""
    places = (folder.resolve(), *folder.resolve().parents)
    project = next((place for place in places if (place / ".dvc").is_dir()), None)
    if project is None:
        return None
    decides, kinds = "", SAFE
    for path in (*_of_this_computer(), project / CONFIG, project / LOCAL):
        if (said := _cache_type(path)) is not None:  # the last one that says it decides
            decides, kinds = _told(path, project), said
    asked = [kind.strip().lower() for kind in kinds.split(",")]
    return (decides, kinds) if set(LINKS) & set(asked) else None


def _cache_type(path: Path) -> str | None:
    """What a file of settings says of cache.type, without quotes; None where it says nothing."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None  # DVC of this user reads no more of it
    except (configparser.Error, UnicodeDecodeError) as error:
        problems = Problems()
        problems.add(
            path.name,
            found=str(error).splitlines()[0],
            allowed="settings as DVC writes them",
            remedy="put the file right, or delete it: DVC cannot read it either",
        )
        problems.stop_if_any()
    said = parser.get("cache", "type", fallback=None)
    # A list may be quoted as a whole or part by part.
    return said.replace('"', "").replace("'", "") if said else None


def _of_this_computer() -> Iterator[Path]:
    """DVC's settings for all users and for this one, where DVC looks for them."""
    home = Path.home()
    if sys.platform == "win32":
        everyone, own = os.getenv("PROGRAMDATA", ""), os.getenv("LOCALAPPDATA", "")
        places = Path(everyone, "iterative", "dvc"), Path(own, "iterative", "dvc")
    elif sys.platform == "darwin":
        below = "Library/Application Support/dvc"
        places = Path("/") / below, home / below
    else:
        everyone = os.getenv("XDG_CONFIG_DIRS", "").partition(os.pathsep)[0] or "/etc/xdg"
        own = os.getenv("XDG_CONFIG_HOME") or home / ".config"
        places = Path(everyone, "dvc"), Path(own, "dvc")
    for name, place in zip(("DVC_SYSTEM_CONFIG_DIR", "DVC_GLOBAL_CONFIG_DIR"), places, strict=True):
        yield Path(os.getenv(name) or place) / "config"


def _told(path: Path, project: Path) -> str:
    """The file as a message names it: within the project, or by what it is for."""
    if path.is_relative_to(project):
        return path.relative_to(project).as_posix()
    first, _ = _of_this_computer()
    return "DVC's settings of this " + ("computer" if path == first else "user")


def _level(told: str) -> str:
    """The option by which ``dvc config`` writes where the setting stands."""
    return {CONFIG: "", LOCAL: "--local "}.get(told, "")
