"""The workflow through its real command line, in copies of the project."""

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk
import yaml

ROOT = Path(__file__).resolve().parents[2]
# All that a study needs of the project; results, data and logs are left behind.
PARTS = ("Snakefile", "rules", "scripts", "config", "envs", "report", "profiles", "tools")
PARTS += ("pyproject.toml", "dvc.yaml")
CI = "config/ci.yaml"
RESULTS = "results/ci"
# What the checks themselves write: they say what is wrong, so they follow the input.
CHECKS = ("cohort/preflight", "cohort/predicted", "cohort/files")
PHASES = ("corticomedullary", "nephrographic", "excretory")


class Run:
    """A finished call of snakemake: its exit code, all that it printed, and its own log."""

    def __init__(self, code: int, output: str, log: str = ""):
        self.code, self.output, self.log = code, output, log

    @property
    def jobs(self) -> dict[str, int]:
        """Jobs of each rule by Snakemake's own table; empty where there was nothing to do."""
        told = self.log or self.output
        table = re.search(r"^job +count\n[- ]+\n(.*?)\ntotal ", told, re.M | re.S)
        rows = re.findall(r"^(\w+) +(\d+)$", table[1], re.M) if table else []
        return {rule: int(count) for rule, count in rows if rule != "all"}

    def succeeded(self) -> "Run":
        assert self.code == 0, self.output[-6000:]
        return self


def copy_project(folder: Path) -> Path:
    """The project as a user has it before the first run."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy2(source, folder / part)
    return folder


def copy_finished(finished: Path, folder: Path) -> Path:
    """A finished study with its times and Snakemake's records, so that nothing is rerun."""
    return Path(shutil.copytree(finished, folder, symlinks=True))


def snakemake(folder: Path, *options: str, configs=(CI,), cores: int = 2) -> Run:
    """Call snakemake in a folder, as a user would."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), *options]
    command += ["--configfile", *map(str, configs)]
    return called(command, folder, own_environment())


def own_environment() -> dict[str, str]:
    """The environment of a user's call: pytest's own variables are none of its business."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


def called(command: list[str], folder: Path, env: dict[str, str], timeout: int = 1800) -> Run:
    """A call of snakemake in a folder, however it was put together; timeout in seconds."""
    logs = set(folder.glob(".snakemake/log/*"))
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    told = [log.read_text(encoding="utf-8") for log in {*folder.glob(".snakemake/log/*")} - logs]
    return Run(done.returncode, done.stdout + done.stderr, "".join(told))


def run_whole(folder: Path, cores: int = 2) -> Path:
    """The quick study from nothing to its report."""
    snakemake(copy_project(folder), cores=cores).succeeded()
    return folder


def overlay(folder: Path, name: str, content: dict) -> str:
    """Write a config on top of the quick study's; its path, as snakemake is given it."""
    path = folder / "config" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return str(path.relative_to(folder))


def read_csv(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def digests(folder: Path, without: tuple[str, ...] = ()) -> dict[str, str]:
    """SHA-256 of every file below a folder by its path there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.name != ".snakemake_timestamp" and not name.startswith(without):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def differing(left: dict[str, str], right: dict[str, str]) -> list[str]:
    """Names of the files that are not the same, or not on both sides."""
    return sorted(n for n in left.keys() | right.keys() if left.get(n) != right.get(n))


def wide_table(folder: Path) -> pd.DataFrame:
    """The features of a finished study as one table, as another program would hand it over."""
    frames = [
        pd.read_parquet(folder / RESULTS / f"features/{phase}.parquet")
        .set_index(["patient", "reading"])
        .add_prefix(f"{phase}_")
        for phase in PHASES
    ]
    return pd.concat(frames, axis=1).reset_index()


def rewritten(change):
    """A function that copies an image file, changed in memory on the way."""

    def spoil(source: Path, target: Path) -> None:
        sitk.WriteImage(change(sitk.ReadImage(str(source))), str(target), useCompression=True)

    return spoil


def emptied(mask: sitk.Image) -> sitk.Image:
    """A mask without any voxel."""
    return mask * 0


def line_of_voxels(mask: sitk.Image) -> sitk.Image:
    """80 voxels in a row: enough for the checks, but of one dimension, so computing fails."""
    array = np.zeros(sitk.GetArrayViewFromImage(mask).shape, dtype=np.uint8)
    array[array.shape[0] // 2, array.shape[1] // 2, 20:100] = 1
    line = sitk.GetImageFromArray(array)
    line.CopyInformation(mask)
    return line
