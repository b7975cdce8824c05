"""The machine, the environments and the version of the code at work, without a name of any.

No host, no user, no folder is told. Standard library only.
"""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from nomoflow import environment_probe

SECONDS = 120  # of a program that is asked something
UV, VIRTUAL, CONDA, OTHER, GONE = "uv environment", "virtual environment", "conda", "other", "gone"


def machine() -> dict:
    """System, processor with its flags, cores and memory, as far as they can be told."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count())
    names = os.sysconf_names
    pages = os.sysconf("SC_PHYS_PAGES") if "SC_PHYS_PAGES" in names else None
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        **processor(Path("/proc/cpuinfo")),
        "cores": os.cpu_count(),
        "usable_cores": len(usable),
        "memory_mb": pages and round(pages * os.sysconf("SC_PAGE_SIZE") / 1024**2),
    }


def processor(cpuinfo: Path) -> dict:
    """The processor's name and flags from Linux's own table of it; None where there is none."""
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    # On ARM the flags are called features, and there may be no name.
    told = dict([part.strip() for part in line.split(":", 1)] for line in lines if ":" in line)
    flags = told.get("flags") or told.get("Features")
    return {"cpu": told.get("model name"), "cpu_flags": sorted(flags.split()) if flags else None}


def environment(prefix: str | Path) -> dict:
    """How an interpreter was deployed, and what it holds; nothing but that where it is gone."""
    kind, python = kind_of(prefix), Path(prefix, "bin", "python")
    told = _said([str(python), "-I", environment_probe.__file__]) if kind != GONE else None
    return {"deployment": kind, **(json.loads(told) if told else {})}


def kind_of(prefix: str | Path) -> str:
    """How a prefix came about, as far as it shows."""
    prefix = Path(prefix)
    if not Path(prefix, "bin", "python").exists():
        return GONE
    # Snakemake keeps the environments that it made for rules in a folder of this name.
    if (prefix / "conda-meta").is_dir() or prefix.parent.name == "conda":
        return CONDA
    settings = prefix / "pyvenv.cfg"
    if not settings.exists():
        return OTHER
    words = {line.split("=")[0].strip() for line in settings.read_text("utf-8").splitlines()}
    return UV if "uv" in words else VIRTUAL


def code_state(root: str | Path) -> dict:
    """The commit of the code and whether nothing was changed since; None where git cannot tell."""
    top = _said(["git", "-C", str(root), "rev-parse", "--show-toplevel"])
    if top is None or Path(top).resolve() != Path(root).resolve():
        return {"commit": None, "clean": None}
    changed = _said(["git", "-C", str(root), "status", "--porcelain"])
    return {
        "commit": _said(["git", "-C", str(root), "rev-parse", "HEAD"]),
        "clean": None if changed is None else not changed,
    }


def _said(command: Sequence[str]) -> str | None:
    """What a program prints; None where it is not there, fails, or does not end."""
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{Path(command[0]).name} {command[-1]}: {error}")
        return None
    return done.stdout.strip()
