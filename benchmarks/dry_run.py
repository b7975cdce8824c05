"""What it takes Snakemake to plan a study: time and memory of a dry run by number of patients.

    uv run python benchmarks/dry_run.py                          # 149, 1,000 and 10,000 patients
    uv run python benchmarks/dry_run.py --patients 149 --repeats 1

A made-up cohort with three phases and a fifth of the patients read again twice; each image and mask
is an empty file of its own. The project is copied to a folder aside. Printed: wall and CPU seconds
and peak memory of `snakemake -n`, and the number of jobs that it plans.
"""

import argparse
import csv
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import RESULTS, ROOT, facts, timed, write

sys.path.insert(0, str(ROOT / "scripts"))

PARTS = ("Snakefile", "rules", "scripts", "config", "envs", "report", "profiles", "tools")
POSITIVE_SHARE, REREAD_SHARE, SEED = 102 / 149, 0.2, 1
GOAL_SECONDS, GOAL_MB = 30, 500
PACKAGES = ("snakemake",)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, nargs="+", default=[149, 1000, 10_000])
    parser.add_argument("--buckets", type=int, help="batches; by default one for 12 patients")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    rows = []
    for patients in options.patients:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            buckets = options.buckets or max(12, patients // 12)
            scans = prepare(folder, patients, buckets)
            for repeat in range(1, options.repeats + 1):
                took = planned(folder)
                rows.append(
                    {"patients": patients, "scans": scans, "batches": buckets, "repeat": repeat}
                    | took
                )
        mine = [row for row in rows if row["patients"] == patients]
        wall, cpu, peak = (
            statistics.median(row[name] for row in mine)
            for name in ("wall_seconds", "cpu_seconds", "peak_mb")
        )
        print(
            f"{patients:6} patients {scans:6} scans {buckets:5} batches {mine[0]['jobs']:6} jobs: "
            f"{wall:6.1f} s on the wall, {cpu:6.1f} s CPU, {peak:5.0f} MB"
        )
    print(f"goal for 10,000 patients: {GOAL_SECONDS} s and {GOAL_MB} MB at most")
    write(rows, "dry_run", options.results, facts(PACKAGES))


def prepare(folder: Path, patients: int, buckets: int) -> int:
    """The project, a cohort and its files; returns the number of scans."""
    from nomoflow.simulation import draw_cohort

    for part in PARTS:
        source, ignored = ROOT / part, shutil.ignore_patterns("__pycache__", ".*")
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy2(source, folder / part)
    positive = round(patients * POSITIVE_SHARE)
    reread = round(patients * REREAD_SHARE)
    participants, scans = draw_cohort("wide", positive, patients - positive, reread, SEED)
    for scan in scans:
        for part in ("image", "mask"):
            scan[part] = scan[part].replace("simulated/", "")
            file = folder / "data" / scan[part]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    for name, rows in (("participants", participants), ("scans", scans)):
        with open(folder / f"config/{name}.csv", "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
    (folder / "config/wide.yaml").write_text(
        "study: wide\n"
        "cohort: {participants: config/participants.csv}\n"
        "images: {scans: config/scans.csv}\n"
        f"execution: {{buckets: {buckets}}}\n",
        encoding="utf-8",
    )
    return len(scans)


def planned(folder: Path) -> dict:
    """A dry run: what it took and how many jobs it plans."""
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2"]
    took = timed([[*command, "--configfile", "config/wide.yaml"]], folder)
    said = (folder / "said_0.log").read_text(encoding="utf-8")
    total = re.search(r"^total +(\d+)", said, re.M)
    if total is None:
        raise SystemExit(said[-2000:])
    return {"jobs": int(total[1]), **took}


if __name__ == "__main__":
    main()
