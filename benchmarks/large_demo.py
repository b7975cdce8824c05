"""A study of the published size from end to end, once: what it takes, and what comes out.

    uv run python benchmarks/large_demo.py ../large             # half an hour of one core
    uv run python benchmarks/large_demo.py ../large --cores 2

The demo with as many patients as the published study: 102 and 47, three phases, 30 patients read
three times, so 627 scans; drawn by seed, all other settings the demo's own (50 resamples, where a
publication takes 500 to 1,000). The project is copied to the folder, which must not be there, and
stays there for other benchmarks. Printed: wall and CPU seconds and jobs, by stage; the share of the
features; peak memory; the study's closing words.
"""

import argparse
import sys
from pathlib import Path

from measuring import RESULTS, ROOT, copy_project, facts, timed, write

sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "tools"))

STUDY, POSITIVE, NEGATIVE, REREAD, SEED = "large", 102, 47, 30, 1
OVERLAY = f"""\
study: {STUDY}
cohort: {{participants: config/{STUDY}/participants.csv}}
images: {{scans: config/{STUDY}/scans.csv}}
"""
DRAWN, ITSELF = "images drawn", "Snakemake itself"
PACKAGES = ("snakemake", "numpy", "SimpleITK", "pyradiomics")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a new one, outside of the project")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    prepare(options.folder)
    command = [sys.executable, "-m", "snakemake", "--cores", str(options.cores)]
    whole = timed([[*command, "--configfile", f"config/{STUDY}.yaml"]], options.folder)
    rows = by_stage(options.folder, whole)
    for row in rows:
        peak = f" {row['peak_mb']:6.0f} MB" if row["peak_mb"] else ""
        jobs, seconds = f"{row['jobs']:5} jobs", f"{row['cpu_seconds']:8.1f} s CPU"
        print(f"{row['what']:18}{jobs} {seconds} {row['share']:6.1%}{peak}")
    print(f"{whole['wall_seconds']:.0f} s on the wall, {options.cores} jobs at once")
    print((options.folder / f"results/{STUDY}/report/complete.txt").read_text(encoding="utf-8"))
    common = {"at_once": options.cores, "wall_seconds": whole["wall_seconds"]}
    write([row | common for row in rows], "large_demo", options.results, facts(PACKAGES))


def prepare(folder: Path) -> None:
    """The project with the large demo's tables and its config."""
    import draw_demo_cohort

    if folder.exists():
        raise SystemExit(f"{folder} is there: name a folder that is not, or remove it")
    copy_project(folder)
    drawn = ["--cohort", STUDY, "--prefix", "L", "--seed", str(SEED), "--reread", str(REREAD)]
    drawn += ["--positive", str(POSITIVE), "--negative", str(NEGATIVE)]
    for reason in ("too-large", "artefact", "treated", "visible-fat", "incomplete"):
        drawn += [f"--{reason}", "0"]
    if draw_demo_cohort.main([*drawn, str(folder / "config" / STUDY)]):
        raise SystemExit(f"{folder}: the tables could not be written")
    (folder / f"config/{STUDY}.yaml").write_text(OVERLAY, encoding="utf-8")


def by_stage(folder: Path, whole: dict) -> list[dict]:
    """Jobs, CPU seconds with their share, and peak memory: by stage, of the features, of all.

    Snakemake itself is what the whole took beyond the jobs that the logs tell of.
    """
    from nomoflow.job_record import read_records
    from nomoflow.sources import stages

    places = [folder / "logs" / name for name in (STUDY, "simulated")]
    records = [job for place in places for job in read_records(place)]
    # A study of real images has no such jobs.
    stage_of = stages(ROOT) | {"simulate_patient": DRAWN}
    groups: dict[str, list[dict]] = {}
    for job in records:
        groups.setdefault(stage_of[job["rule"]], []).append(job["took"])
    rows = [
        {
            "what": stage,
            "jobs": len(took),
            "cpu_seconds": sum(one["cpu_seconds"] for one in took),
            "peak_mb": max(one["peak_mb"] for one in took),
        }
        for stage, took in groups.items()
    ]
    rows.sort(key=lambda row: -row["cpu_seconds"])
    jobs = sum(row["cpu_seconds"] for row in rows)
    own = {"jobs": 0, "cpu_seconds": whole["cpu_seconds"] - jobs, "peak_mb": None}
    every = {"jobs": len(records), **{name: whole[name] for name in ("cpu_seconds", "peak_mb")}}
    rows += [{"what": ITSELF, **own}, {"what": "all", **every}]
    return [row | {"share": row["cpu_seconds"] / whole["cpu_seconds"]} for row in rows]


if __name__ == "__main__":
    main()
