"""What it takes Snakemake to plan a study: time and memory of a dry run by number of patients.

    uv run python benchmarks/dry_run.py                          # 149, 1,000 and 10,000 patients
    uv run python benchmarks/dry_run.py --patients 149 --repeats 1 --without-bare

A made-up cohort with three phases and a fifth of the patients read again twice; each image and mask
is an empty file of its own. The project is copied to a folder aside. Printed: wall and CPU seconds
and peak memory of `snakemake -n`, and the number of jobs that it plans. The same is measured of a
bare Snakefile, of seven rules that take the same files in the same batches and nothing else: what
lies below that is Snakemake's own.
"""

import argparse
import csv
import json
import re
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import RESULTS, ROOT, copy_project, facts, timed, write

sys.path.insert(0, str(ROOT / "scripts"))

POSITIVE_SHARE, REREAD_SHARE, SEED = 102 / 149, 0.2, 1
GOAL_SECONDS, GOAL_MB = 30, 500
PACKAGES = ("snakemake",)
# What has no part of the project's own: files by batch, and the rules that name them.
BARE = """
import json

with open("batches.json", encoding="utf-8") as file:
    BATCHES = json.load(file)


def files(wildcards):
    return BATCHES[wildcards.batch]["files"]


def reread(wildcards):
    return BATCHES[wildcards.batch]["reread"]


rule all:
    input: expand("bare/digested/{batch}", batch=BATCHES)
rule check:
    input: files
    output: "bare/checked/{batch}"
    shell: ":"
rule resample:
    input: files, "bare/checked/{batch}"
    output: "bare/resampled/{batch}"
    shell: ":"
rule compare:
    input: reread, "bare/checked/{batch}"
    output: "bare/compared/{batch}"
    shell: ":"
rule draw:
    input: files, "bare/resampled/{batch}", "bare/compared/{batch}"
    output: "bare/drawn/{batch}"
    shell: ":"
rule describe:
    input: "bare/checked/{batch}"
    output: "bare/described/{batch}"
    shell: ":"
rule extract:
    input: "bare/resampled/{batch}"
    output: "bare/extracted/{batch}"
    shell: ":"
rule digest:
    input: "bare/drawn/{batch}", "bare/extracted/{batch}", "bare/described/{batch}"
    output: "bare/digested/{batch}"
    shell: ":"
"""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, nargs="+", default=[149, 1000, 10_000])
    parser.add_argument("--buckets", type=int, help="batches; by default as `init` chooses them")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--without-bare", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    from nomoflow.new_config import buckets_for

    rows = []
    for patients in options.patients:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            buckets = options.buckets or buckets_for(patients)
            scans = prepare(folder, patients, buckets)
            size = {"patients": patients, "scans": scans, "batches": buckets}
            kinds = ["workflow"] if options.without_bare else ["workflow", "bare"]
            for repeat in range(1, options.repeats + 1):
                for kind in kinds:
                    took = planned(folder, bare=kind == "bare")
                    rows.append({"kind": kind, **size, "repeat": repeat, **took})
        for kind in kinds:
            mine = [row for row in rows if (row["kind"], row["patients"]) == (kind, patients)]
            wall, cpu, peak = (
                statistics.median(row[name] for row in mine)
                for name in ("wall_seconds", "cpu_seconds", "peak_mb")
            )
            print(
                f"{kind:8} {patients:6} patients {scans:6} scans {buckets:5} batches "
                f"{mine[0]['jobs']:6} jobs: {wall:6.1f} s on the wall, {cpu:6.1f} s CPU, "
                f"{peak:5.0f} MB"
            )
    print(f"goal for 10,000 patients: {GOAL_SECONDS} s and {GOAL_MB} MB at most")
    write(rows, "dry_run", options.results, facts(PACKAGES))


def prepare(folder: Path, patients: int, buckets: int) -> int:
    """The project, a cohort and its files; returns the number of scans."""
    from nomoflow.simulation import draw_cohort

    copy_project(folder)
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
    (folder / "Bare.smk").write_text(BARE, encoding="utf-8")
    batches = json.dumps(files_by_batch(scans, buckets))
    (folder / "batches.json").write_text(batches, encoding="utf-8")
    (folder / "config/wide.yaml").write_text(
        "study: wide\n"
        "cohort: {participants: config/participants.csv}\n"
        "images: {scans: config/scans.csv}\n"
        f"execution: {{buckets: {buckets}}}\n",
        encoding="utf-8",
    )
    return len(scans)


def files_by_batch(scans: list[dict], buckets: int) -> dict[str, dict]:
    """The files of each batch, and those of its patients with several readings."""
    from nomoflow.batch_inputs import reread
    from nomoflow.study import Study

    study = Study({"execution": {"buckets": buckets}})
    by_batch: dict[str, list[dict]] = {}
    for scan in scans:
        placed = {part: f"data/{scan[part]}" for part in ("image", "mask")}
        by_batch.setdefault(study.bucket(scan["patient"]), []).append(scan | placed)
    return {
        bucket: {
            name: list(dict.fromkeys(scan[part] for scan in chosen for part in ("image", "mask")))
            for name, chosen in (("files", of_batch), ("reread", reread(of_batch)))
        }
        for bucket, of_batch in by_batch.items()
    }


def planned(folder: Path, bare: bool = False) -> dict:
    """A dry run: what it took and how many jobs it plans."""
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2"]
    # The profile names rules that a bare Snakefile does not have.
    own = ["-s", "Bare.smk", "--workflow-profile", "none"]
    command += own if bare else ["--configfile", "config/wide.yaml"]
    took = timed([command], folder)
    said = (folder / "said_0.log").read_text(encoding="utf-8")
    total = re.search(r"^total +(\d+)", said, re.M)
    if total is None:
        raise SystemExit(said[-2000:])
    return {"jobs": int(total[1]), **took}


if __name__ == "__main__":
    main()
