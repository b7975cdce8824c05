"""CPU time of a finished study's image rules over the bare extraction of the same scans.

    uv run python benchmarks/workflow_over_bare.py --study demo
    uv run python benchmarks/workflow_over_bare.py --study demo --sample 60 --folder somewhere

What each job took stands in the last line of its log (logs/<study>/). Bare is pyradiomics as it is,
one call a scan on the original files (resampling included) in one process that imported everything
before, and without pyradiomics' diagnostics; it is measured on a seeded sample of the scans, drawn
batch by batch, and scaled up by the number of scans. Printed: the rules' CPU seconds, their sum
over the bare extraction's, and the spread of that ratio over the parts of the sample. The rest of
the study (models, figures, report) is printed beside it.
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
FEATURES = ("resample_images", "extract_features", "gather_features", "check_engine")
BESIDE = (
    "check_images", "check_settings", "gather_problems", "describe_acquisition", "gather_quality",
    "compare_masks", "gather_dice", "draw_overlays", "write_gallery",
)  # fmt: skip
GOAL, SEED, PARTS = 1.15, 1, 5
PACKAGES = ("pyradiomics", "SimpleITK", "numpy", "PyWavelets", "snakemake")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--study", default="demo")
    parser.add_argument("--folder", type=Path, default=ROOT, help="where logs/ and the data lie")
    parser.add_argument("--sample", type=int, default=40, help="scans extracted bare")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    os.environ |= ONE_THREAD
    results = options.results.resolve()
    os.chdir(options.folder)
    from nomoflow.job_record import read_records

    records = [job for job in read_records(f"logs/{options.study}") if job["took"]]
    batches = [job["params"] for job in records if job["rule"] == "extract_features"]
    scans = sum(len(batch["scans"]) for batch in batches)
    if not scans:
        raise SystemExit(f"logs/{options.study} tells of no extraction: run the study first")
    print(f"{scans} scans in {len(batches)} batches")
    spacing = [job["params"]["spacing_mm"] for job in records if job["rule"] == "resample_images"]
    seconds = bare(batches, spacing[0], min(options.sample, scans))
    of_rule = {}
    for job in records:
        of_rule[job["rule"]] = of_rule.get(job["rule"], 0.0) + job["took"]["cpu_seconds"]
    groups = {"features": FEATURES, "beside": BESIDE}
    sums = {name: sum(of_rule.get(rule, 0.0) for rule in rules) for name, rules in groups.items()}
    sums["rest"] = sum(of_rule.values()) - sum(sums.values())
    parts = [seconds[n::PARTS] for n in range(min(PARTS, len(seconds)))]
    ratios = [sums["features"] / (statistics.mean(part) * scans) for part in parts]
    rows = []
    for rule, cpu in sorted(of_rule.items(), key=lambda one: -one[1]):
        jobs = sum(job["rule"] == rule for job in records)
        group = next((name for name, rules in groups.items() if rule in rules), "rest")
        rows.append({"what": rule, "group": group, "jobs": jobs, "cpu_seconds": cpu})
        if group != "rest":
            print(f"{rule:22}{jobs:4} jobs {cpu:8.1f} s")
    whole = statistics.mean(seconds) * scans
    rows.append({"what": "bare", "group": "bare", "jobs": len(seconds), "cpu_seconds": whole})
    print(f"bare extraction {whole:.1f} s, from {len(seconds)} scans")
    ratio = sums["features"] / whole
    print(f"files to feature tables / bare {ratio:.3f}, by parts of the sample {spread(ratios)}")
    print(f"{'':31}goal {GOAL} at most from 600 scans up")
    print(f"with checks and pictures / bare {(sums['features'] + sums['beside']) / whole:.3f}")
    print(f"models, figures, report: {sums['rest']:.1f} s")
    rows = [row | {"over_bare": row["cpu_seconds"] / whole, "scans": scans} for row in rows]
    write(rows, "workflow_over_bare", results, facts(PACKAGES))


def bare(batches: list[dict], spacing_mm, count: int) -> list[float]:
    """CPU seconds of pyradiomics' one call on each of some scans."""
    three = [spacing_mm] * 3 if isinstance(spacing_mm, int | float) else spacing_mm
    import SimpleITK as sitk
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    from nomoflow.extraction import quiet

    quiet()
    scans = [(scan, batch) for batch in batches for scan in batch["scans"]]
    chosen, seconds, engines = random.Random(SEED).sample(scans, count), [], {}
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
