"""CPU time of a finished study's image rules over the bare extraction of the same scans.

    uv run python benchmarks/workflow_over_bare.py --study demo
    uv run python benchmarks/workflow_over_bare.py --study large --folder ../large

What each job took stands in the last line of its log (logs/<study>/). Bare is pyradiomics as it is,
one call a scan on the original files (resampling included) in one process that imported everything
before, and without pyradiomics' diagnostics. It is measured on a seeded sample of the scans,
several times in turn, and scaled up to all by what preflight foretold of each
(results/<study>/cohort/predicted.csv; by their number where that is not there). Printed: the rules'
CPU seconds and their sum over the bare extraction's, median and range of the repeats, and range
over parts of the sample. The rest of the study (models, figures, report) is printed beside it.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from pathlib import Path

from measuring import ONE_THREAD, RESULTS, ROOT, facts, spread, write

sys.path.insert(0, str(ROOT / "scripts"))

# From the files to the tables of features; checks, pictures and readers' overlap are beside it.
GROUPS = {
    "features": ("resample_images", "extract_features", "gather_features", "check_engine"),
    "beside": (
        "check_images", "check_settings", "gather_problems", "describe_acquisition",
        "gather_quality", "compare_masks", "gather_dice", "draw_overlays", "write_gallery",
    ),
}  # fmt: skip
GOAL, SEED, PARTS = 1.15, 1, 5
PACKAGES = ("pyradiomics", "SimpleITK", "numpy", "PyWavelets", "snakemake")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--study", default="demo")
    parser.add_argument("--folder", type=Path, default=ROOT, help="where logs/ and the data lie")
    parser.add_argument("--sample", type=int, default=40, help="scans extracted bare")
    parser.add_argument("--repeats", type=int, default=3, help="of the bare extraction")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    os.environ |= ONE_THREAD
    results = options.results.resolve()
    os.chdir(options.folder)
    from nomoflow.job_record import read_records

    records = [job for job in read_records(f"logs/{options.study}") if job["took"]]
    batches = [job["params"] for job in records if job["rule"] == "extract_features"]
    scans = [(scan, batch) for batch in batches for scan in batch["scans"]]
    if not scans:
        raise SystemExit(f"logs/{options.study} tells of no extraction: run the study first")
    print(f"{len(scans)} scans in {len(batches)} batches")
    spacing = [job["params"]["spacing_mm"] for job in records if job["rule"] == "resample_images"]
    chosen = random.Random(SEED).sample(scans, min(options.sample, len(scans)))
    taken = [bare(chosen, spacing[0]) for _ in range(options.repeats)]
    wholes, parts = of_all_scans(taken, chosen, foretold(options.study, scans))
    whole = statistics.median(wholes)

    rows = by_rule(records)
    for row in rows:
        if row["group"] != "rest":
            print(f"{row['what']:22}{row['jobs']:4} jobs {row['cpu_seconds']:8.1f} s")
    print(f"bare extraction {spread(wholes)} s, {options.repeats} times, from {len(chosen)} scans")
    features, beside, rest = (
        sum(row["cpu_seconds"] for row in rows if row["group"] == group)
        for group in (*GROUPS, "rest")
    )
    together = {"files to feature tables": features, "with checks and pictures": features + beside}
    for words, seconds in together.items():
        print(f"{words:24} / bare {spread([seconds / one for one in wholes])}", end="; ")
        among = [seconds / one for one in parts]
        print(f"by parts of the sample {min(among):.3g} to {max(among):.3g}")
    print(f"{'':31}goal {GOAL} at most from 600 scans up")
    print(f"models, figures, report: {rest:.1f} s")
    rows.append({"what": "bare", "group": "bare", "jobs": len(chosen), "cpu_seconds": whole})
    rows = [row | {"over_bare": row["cpu_seconds"] / whole, "scans": len(scans)} for row in rows]
    write(rows, "workflow_over_bare", results, facts(PACKAGES))


def by_rule(records: list[dict]) -> list[dict]:
    """Jobs and CPU seconds of each rule, the largest first."""
    rows = []
    for rule in sorted({job["rule"] for job in records}):
        taken = [job["took"]["cpu_seconds"] for job in records if job["rule"] == rule]
        group = next((name for name, rules in GROUPS.items() if rule in rules), "rest")
        rows.append({"what": rule, "group": group, "jobs": len(taken), "cpu_seconds": sum(taken)})
    return sorted(rows, key=lambda row: -row["cpu_seconds"])


def foretold(study: str, scans: list[tuple[dict, dict]]) -> dict[tuple, float]:
    """What preflight foretold of each scan, in seconds; 1 where it left no table."""
    from nomoflow.files import read_rows

    table = Path(f"results/{study}/cohort/predicted.csv")
    if not table.exists():
        return {key(scan): 1.0 for scan, _ in scans}
    told = {key(row): float(row["seconds"]) for row in read_rows(table)}
    return {key(scan): told[key(scan)] for scan, _ in scans}


def key(scan: dict) -> tuple[str, str, str]:
    return scan["patient"], scan["phase"], scan["reading"]


def of_all_scans(taken: list[list[float]], chosen, cost: dict) -> tuple[list[float], list[float]]:
    """Seconds of all scans, from those of some: by repeat, and by part of the sample."""
    foreseen = [cost[key(scan)] for scan, _ in chosen]

    def scaled(seconds, costs):
        return sum(seconds) / sum(costs) * sum(cost.values())

    means = [statistics.mean(each) for each in zip(*taken, strict=True)]
    parts = range(min(PARTS, len(chosen)))
    return (
        [scaled(one, foreseen) for one in taken],
        [scaled(means[n::PARTS], foreseen[n::PARTS]) for n in parts],
    )


def bare(chosen: list[tuple[dict, dict]], spacing_mm) -> list[float]:
    """CPU seconds of pyradiomics' one call on each of some scans, given with their batches."""
    three = [spacing_mm] * 3 if isinstance(spacing_mm, int | float) else spacing_mm
    import SimpleITK as sitk
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    from nomoflow.extraction import quiet

    quiet()
    seconds, engines = [], {}
    for scan, batch in chosen:
        phase = scan["phase"]
        if phase not in engines:
            settings = json.loads(json.dumps(batch["settings"][phase]))
            settings["setting"] |= {"resampledPixelSpacing": three, "additionalInfo": False}
            if batch["shape"]:
                settings["featureClass"] = {"shape": None, **settings["featureClass"]}
            engines[phase] = RadiomicsFeatureExtractor(settings)
        label = int(scan.get("label") or 1)
        if not seconds:  # what the libraries do once
            sitk.ReadImage(scan["mask"])
        began = time.process_time()
        engines[phase].execute(scan["image"], scan["mask"], label=label)
        seconds.append(time.process_time() - began)
    return seconds


if __name__ == "__main__":
    main()
