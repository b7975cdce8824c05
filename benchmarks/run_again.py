"""What a finished study costs to run again: with nothing changed, and after one change at a time.

    uv run python benchmarks/run_again.py                      # the demo, finished in the project
    uv run python benchmarks/run_again.py --folder ../large --configfile config/large.yaml

Works in a copy aside. The changes come one after another and stay: nothing; the width of figures;
the threshold of the ICC; the rule of the penalty; one patient more (of a simulated study: the last
one's rows again under another name, so with images of its own). Printed: seconds on the wall and
CPU seconds, jobs, and how many of these read voxels of images or masks; the goal for the first is
10 seconds, for the next three that none does.
"""

import argparse
import csv
import re
import shutil
import sys
import tempfile
from pathlib import Path

from measuring import RESULTS, ROOT, facts, timed, write

# Rules whose jobs read voxels.
OF_IMAGES = (
    "check_images", "resample_images", "extract_features", "describe_acquisition", "compare_masks",
    "draw_overlays", "digest_images",
)  # fmt: skip
CHANGES = {
    "nothing": "",
    "figures": "report: {widths_mm: [85, 178]}",
    "threshold": "reliability: {threshold: 0.8}",
    "penalty": "signature: {penalty: 1se}",
    "patient": "",
}
GOAL_SECONDS = 10
PACKAGES = ("snakemake",)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT, help="where the study is finished")
    parser.add_argument("--configfile", help="that it was run with; none for the demo")
    parser.add_argument("--changes", nargs="+", choices=CHANGES, default=list(CHANGES))
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    study = Path(options.configfile or "demo").stem
    rows, configs = [], [options.configfile] if options.configfile else []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "project")
        shutil.copytree(options.folder, folder, symlinks=True, ignore=_unneeded)
        for change in options.changes:
            if CHANGES[change]:
                configs.append(f"config/changed_{change}.yaml")
                (folder / configs[-1]).write_text(CHANGES[change] + "\n", encoding="utf-8")
            if change == "patient":
                add_patient(folder, study)
            took = run(folder, configs, options.cores)
            rows.append({"study": study, "changed": change, **took})
            seconds = f"{took['wall_seconds']:7.1f} s on the wall {took['cpu_seconds']:7.1f} s CPU"
            print(f"{change:10} {seconds} {took['jobs']:4} jobs, {took['of_images']} of images")
    print(f"goal with nothing changed: {GOAL_SECONDS} s at most; of images 0 but for a new patient")
    write(rows, "run_again", options.results, facts(PACKAGES))


def _unneeded(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in (".venv", ".git", "__pycache__", ".uv")}


def run(folder: Path, configs: list[str], cores: int) -> dict:
    """A call of snakemake: what it took, how many jobs it had, and how many of them of images."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores)]
    command += ["--configfile", *configs] if configs else []
    logs = set(folder.glob(".snakemake/log/*"))
    took = timed([command], folder)
    told = "".join(
        log.read_text(encoding="utf-8") for log in {*folder.glob(".snakemake/log/*")} - logs
    )
    table = re.search(r"^job +count\n[- ]+\n(.*?)\ntotal ", told, re.M | re.S)
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", table[1], re.M)) if table else {}
    jobs.pop("all", None)
    counts = {rule: int(count) for rule, count in jobs.items()}
    return {
        **took,
        "jobs": sum(counts.values()),
        "of_images": sum(counts.get(rule, 0) for rule in OF_IMAGES),
    }


def add_patient(folder: Path, study: str) -> None:
    """The last patient once more, under another name: as simulated, with images of its own."""
    for table in ("participants", "scans"):
        path = folder / f"config/{study}/{table}.csv"
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        last = rows[-1]["patient"]
        new = [row for row in rows if row["patient"] == last]
        rows += [{key: cell.replace(last, f"{last}b") for key, cell in row.items()} for row in new]
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
