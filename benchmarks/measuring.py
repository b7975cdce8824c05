"""What the benchmarks share: the machine's facts, commands timed from outside, ratios in words."""

import csv
import os
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks/results"
# All that a study needs of the project; results, data and logs are left behind.
PARTS = ("Snakefile", "rules", "scripts", "config", "envs", "report", "profiles", "tools")
PARTS += ("pyproject.toml", "dvc.yaml")
# One numeric thread, as the workflow's jobs have it.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def facts(packages: Iterable[str] = ()) -> dict[str, object]:
    """Cores, processor and versions, for every row of a table."""
    known = {"cores": os.cpu_count(), "cpu": processor(), "python": platform.python_version()}
    return known | {name: version(name) for name in packages}


def processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.processor()


def copy_project(folder: Path) -> None:
    """The project as a user has it before the first run."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source, ignored = ROOT / part, shutil.ignore_patterns("__pycache__", ".*")
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy2(source, folder / part)


def timed(commands: Sequence[list[str]], folder: Path, said: Path | None = None) -> dict:
    """Run commands at once to their ends: wall and CPU seconds, peak MB of the largest process.

    CPU and peak hold the commands' own children as well, as far as they were waited for. Raises
    RuntimeError with the last words of a command that fails.
    """
    began = time.monotonic()
    running = []
    for number, command in enumerate(commands):
        log = (said or folder) / f"said_{number}.log"
        with open(log, "wb") as out:
            process = subprocess.Popen(
                command, cwd=folder, stdout=out, stderr=out, env={**os.environ, **ONE_THREAD}
            )
        running.append((process, log))
    cpu, peak, failed = 0.0, 0.0, []
    for process, log in running:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss / 1024)
        if process.returncode:
            failed.append(log.read_text(encoding="utf-8", errors="replace")[-2000:])
    if failed:
        raise RuntimeError("\n".join(failed))
    return {"wall_seconds": time.monotonic() - began, "cpu_seconds": cpu, "peak_mb": peak}


def spread(values: Sequence[float]) -> str:
    """Median and range, in words."""
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def relative(value: float, other: float) -> float:
    """Relative difference; 0 where both are undefined, 1 where one of them is."""
    undefined = [number != number for number in (value, other)]
    if value == other or all(undefined):
        return 0.0
    return 1.0 if any(undefined) else abs(value - other) / max(abs(value), abs(other))


def write(rows: list[dict], name: str, folder: Path, known: dict) -> None:
    """A table of the results folder, with the machine's facts in every row."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row | known for row in rows]
    with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(", ".join(f"{key} {value}" for key, value in known.items()))
