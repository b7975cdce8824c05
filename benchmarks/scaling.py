"""A study of 10,000 patients without its images: what gathers, tables and the manifest take.

    uv run python benchmarks/scaling.py                           # 10,000 patients x 3 phases
    uv run python benchmarks/scaling.py --patients 1000 --steps gather_features write_manifest
    uv run python benchmarks/scaling.py --patients 1000 --steps schedule --schedulers greedy ilp

The tables that the batches leave are made up (a fifth of the patients read again twice, all
features of pyradiomics); the scripts that gather them are the workflow's own, each in a process of
its own, whose seconds and peak memory are printed. `schedule` runs the whole workflow by Snakemake
with a stand-in for every script that makes empty outputs, so that what is measured is the planning
and running of the jobs. The DAG alone: dry_run.py; the modelling: growth.py --voxels --patients.
"""

import argparse
import hashlib
import importlib
import json
import re
import sys
import tempfile
from pathlib import Path

import dry_run
from measuring import RESULTS, ROOT, facts, timed, write

# ruff: noqa: E402
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]
from jobs import job

from nomoflow.configuration import read_yaml
from nomoflow.files import write_json, write_rows
from nomoflow.new_config import buckets_for
from nomoflow.simulation import PHASES

PLACE, LOGS = "results/wide", "logs/wide"
REREAD = 5  # one of so many patients
CENTRES = 10
FORM, SEED = "ICC(A,1)", 1
PACKAGES = ("snakemake", "pandas", "pyarrow", "numpy")
# Of a job without work: its outputs are there, folders as folders.
STAND_IN = (
    "'for one in {output}; do case $one in *.*) mkdir -p $(dirname $one); : > $one;; "
    "*) mkdir -p $one;; esac; done'"
)


class Cohort:
    """Keys of a made-up cohort by batch, and the jobs that gather what the batches left."""

    def __init__(self, patients: int, buckets: int):
        self.patients = [f"P{i:05d}" for i in range(patients)]
        self.buckets = {f"{b:04d}": self.patients[b::buckets] for b in range(buckets)}
        self.phases = list(PHASES)

    def settings(self) -> dict:
        """What the rule gather_features is told of pyradiomics."""
        settings = read_yaml(ROOT / "config/pyradiomics.yaml")
        return {
            "phases": self.phases,
            "settings": dict.fromkeys(self.phases, settings),
            "shape": True,
            "subbands": None,
            "selected": None,
            "spacing_mm": 0.75,
        }

    def keys(self, bucket: str) -> list[dict]:
        """Patient, phase and reading of each scan of a batch."""
        return [
            {"patient": patient, "phase": phase, "reading": reading}
            for patient in self.buckets[bucket]
            for phase in self.phases
            for reading in ("a1", "b1", "a2")
            if reading == "a1" or int(patient[1:]) % REREAD == 0
        ]

    def of_each(self, pattern: str) -> list[str]:
        return [f"{PLACE}/{pattern}".format(bucket) for bucket in self.buckets]

    def step(self, name: str):
        """The job of a script, as Snakemake would hand it over."""
        tables = [f"{PLACE}/features/{phase}.parquet" for phase in self.phases]
        inputs, outputs, params = {
            "gather_problems": lambda: (
                {"checks": self.of_each("cohort/preflight/{}.csv"),
                 "predicted": self.of_each("cohort/predicted/{}.csv")},
                {"problems": "cohort/preflight.csv", "predicted": "cohort/predicted.csv"},
                {"phases_apart": {"centre_mm": 60.0, "volume_ratio": 4.0}},
            ),
            "gather_quality": lambda: (
                {kind: self.of_each(f"images/{kind}/{{}}.csv")
                 for kind in ("quality", "failures", "acquisition")},
                {kind: f"images/{kind}.csv" for kind in ("quality", "failures", "acquisition")},
                {},
            ),
            "gather_dice": lambda: (
                {"dice": self.of_each("images/dice/{}.csv")},
                {"dice": "reliability/dice.csv", "icc": "reliability/volume_icc.csv"},
                {"phases": self.phases, "form": FORM, "confidence": 0.95},
            ),
            "gather_features": lambda: (
                {"features": self.of_each("features/batches/{}.csv"),
                 "failures": self.of_each("features/failures/{}.csv")},
                {"tables": tables, "failures": "features/failures.csv",
                 "settings": "features/settings.json"},
                self.settings(),
            ),
            "compute_icc": lambda: (
                {"features": tables},
                {"icc": "reliability/icc.csv"},
                {"phases": self.phases, "form": FORM, "threshold": 0.75, "seed": SEED,
                 "judged": "estimate"},
            ),
            "gather_dataset": lambda: (
                {"features": tables, "participants": f"{PLACE}/cohort/participants.csv",
                 "icc": f"{PLACE}/reliability/all_kept.csv"},
                {"dataset": "signature/dataset.parquet"},
                {"phases": self.phases, "missing": "refuse", "prescaled": False, "batch": None,
                 "outcome": {"column": "diagnosis", "positive": "yes", "negative": "no"},
                 "predictors": [{"name": "age", "kind": "continuous", "unit": "years"}]},
            ),
            "write_manifest": lambda: (
                {"results": self.of_each("features/batches/{}.csv"),
                 "trace": f"{PLACE}/features/batches/0000.csv", "tables": ["config/scans.csv"],
                 "digests": self.of_each("provenance/images/{}.csv")},
                {"manifest": "provenance/manifest.json"},
                {"study": "wide", "configfiles": [], "config": {
                    "study": "wide", "images": {"scans": "config/scans.csv", "roots": ["data"]},
                }},
            ),
            "pool_centres": lambda: (
                {"model": f"{PLACE}/models/model.json",
                 "summaries": [f"{PLACE}/centres/{n}.json" for n in range(CENTRES)]},
                {name: f"centres/{name}.csv" for name in ("pooled", "centres", "dca")},
                {"confidence": 0.95},
            ),
        }[name]()  # fmt: skip
        made = {
            key: [*path] if isinstance(path, list) else f"{PLACE}/{path}"
            for key, path in outputs.items()
        }
        return job(inputs, made, params)


def prepare(folder: Path, cohort: Cohort, steps: list[str]) -> None:
    """The tables that the batches of a study leave, and the logs of their jobs."""
    import numpy as np
    from synthetic_phases import USUAL
    from synthetic_phases import cohort as measured

    from nomoflow.acquisition import ACQUISITION_COLUMNS
    from nomoflow.exclusions import COLUMNS as CASES
    from nomoflow.image_problems import PROBLEM_COLUMNS
    from nomoflow.image_quality import QUALITY_COLUMNS
    from nomoflow.mask_distances import DICE_COLUMNS, MEASURES, PAIRS
    from nomoflow.prediction import PREDICTED_COLUMNS

    random = np.random.default_rng(SEED)
    place = folder / PLACE
    usual = dict(zip(cohort.phases, USUAL.values(), strict=True))
    predicted = {
        (f"P{int(row['patient'][1:]):05d}", row["phase"]): row
        for row in measured(len(cohort.patients), usual=usual)
    }
    for bucket in cohort.buckets:
        keys = cohort.keys(bucket)
        analysed = [key for key in keys if key["reading"] == "a1"]
        again = [key for key in analysed if int(key["patient"][1:]) % REREAD == 0]
        rows = [{**predicted[key["patient"], key["phase"]], **key} for key in keys]
        write_rows(rows, place / f"cohort/predicted/{bucket}.csv", PREDICTED_COLUMNS)
        write_rows([], place / f"cohort/preflight/{bucket}.csv", PROBLEM_COLUMNS)
        for stage in ("images", "features"):
            write_rows([], place / f"{stage}/failures/{bucket}.csv", CASES)
        for kind, columns, of in (
            ("quality", QUALITY_COLUMNS, keys),
            ("acquisition", ACQUISITION_COLUMNS, analysed),
        ):
            rows = [dict.fromkeys(columns, "12.345678901") | key for key in of]
            rows = [{name: row[name] for name in columns} for row in rows]
            write_rows(rows, place / f"images/{kind}/{bucket}.csv", columns)
        rows = [
            {"patient": key["patient"], "phase": key["phase"], "comparison": name}
            | {"reading_a": pair[0], "reading_b": pair[1], "reason": ""}
            | dict(zip(MEASURES, random.uniform(1, 2, len(MEASURES)).tolist(), strict=True))
            for key in again
            for name, pair in PAIRS.items()
        ]
        write_rows(rows, place / f"images/dice/{bucket}.csv", DICE_COLUMNS)
    participants = [
        {"patient": patient, "age": str(30 + i % 50), "diagnosis": "yes" if i % 3 else "no"}
        for i, patient in enumerate(cohort.patients)
    ]
    write_rows(participants, place / "cohort/participants.csv", participants[0])
    if {"gather_features", "compute_icc", "gather_dataset", "write_manifest"} & {*steps}:
        write_features(place, cohort, random)
    if "write_manifest" in steps:
        write_history(folder, cohort)
    if "pool_centres" in steps:
        from synthetic_centres import MODEL, summary

        patients = len(cohort.patients) // CENTRES
        for n in range(CENTRES):
            write_json(summary(f"C{n}", patients, n), place / f"centres/{n}.json")
        write_json(MODEL, place / "models/model.json")


def write_features(place: Path, cohort: Cohort, random) -> None:
    """The batches' features: the numbers of the first batch serve all others, with their keys."""
    from nomoflow.extraction import feature_names, phase_settings, settings_digest

    settings = read_yaml(ROOT / "config/pyradiomics.yaml")
    names, digest = feature_names(settings), settings_digest(phase_settings(settings))
    largest = max(len(cohort.keys(bucket)) for bucket in cohort.buckets)
    numbers = [
        ",".join(map(repr, random.lognormal(1, 1, len(names)).tolist())) for _ in range(largest)
    ]
    header = ",".join(["patient", "phase", "reading", "settings", *names])
    (place / "features/batches").mkdir(parents=True, exist_ok=True)
    for bucket in cohort.buckets:
        lines = [
            ",".join([*key.values(), digest, row])
            for key, row in zip(cohort.keys(bucket), numbers, strict=False)
        ]
        text = "\n".join([header, *lines]) + "\n"
        (place / f"features/batches/{bucket}.csv").write_text(text, encoding="utf-8")
    kept = [
        {"phase": phase, "feature": name, "kept": "True"}
        for phase in cohort.phases
        for name in names
    ]
    write_rows(kept, place / "reliability/all_kept.csv", kept[0])


def write_history(folder: Path, cohort: Cohort) -> None:
    """The logs of the batches' jobs, the digests of their images, and these as empty files."""
    from nomoflow.file_digests import COLUMNS
    from nomoflow.job_record import GIVEN, TOOK

    took = TOOK + json.dumps({"seconds": 9.0, "cpu_seconds": 9.0, "peak_mb": 200.0})
    told = {"sha256": hashlib.sha256().hexdigest(), "size": 0}
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/scans.csv").write_text("patient\n", encoding="utf-8")
    for bucket in cohort.buckets:
        scans = [
            key | {"image": f"data/{key['patient']}/{key['phase']}.nii.gz", "label": "1",
                   "mask": f"data/{key['patient']}/{key['phase']}_{key['reading']}.nii.gz"}
            for key in cohort.keys(bucket)
        ]  # fmt: skip
        files = list(dict.fromkeys(scan[part] for scan in scans for part in ("image", "mask")))
        resampled, overlays = (
            f"{PLACE}/images/{kind}/{bucket}" for kind in ("resampled", "overlays")
        )
        made = {
            resampled: ["_".join([*scan_key(scan), f"{part}.mha"])
                        for scan in scans for part in ("image", "mask")],
            overlays: ["_".join(scan_key(scan)[:2]) + ".jpg"
                       for scan in scans if scan["reading"] == "a1"],
        }  # fmt: skip
        rows = [{"kind": "image", "path": path, **told} for path in files]
        for path, names in made.items():
            (folder / path).mkdir(parents=True)
            for name in names:
                (folder / path / name).touch()
                rows.append({"kind": "resampled", "path": f"{path}/{name}", **told})
        digests = f"{PLACE}/provenance/images/{bucket}.csv"
        write_rows(rows, folder / digests, COLUMNS)
        checked = f"{PLACE}/cohort/preflight/{bucket}.csv"
        for rule, inputs, outputs in (
            ("check_images", files, [checked, f"{PLACE}/cohort/predicted/{bucket}.csv"]),
            ("resample_images", [*files, checked], [resampled]),
            ("draw_overlays", [*files, resampled], [overlays]),
            ("digest_images", [checked, resampled, overlays], [digests]),
            ("extract_features", [resampled], [f"{PLACE}/features/batches/{bucket}.csv"]),
        ):
            record = {
                "rule": rule,
                "wildcards": {"bucket": bucket},
                "input": inputs,
                "output": outputs,
                "params": {"scans": scans, "code": {}},
                "prefix": "",
            }
            log = folder / LOGS / rule / f"{bucket}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(f"{GIVEN}{json.dumps(record)}\n{took}\n", encoding="utf-8")


def scan_key(scan: dict) -> list[str]:
    return [scan[name] for name in ("patient", "phase", "reading")]


def scheduled(patients: int, buckets: int, scheduler: str) -> dict:
    """The whole workflow with stand-ins for its scripts, run by Snakemake on two cores."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        dry_run.prepare(folder, patients, buckets)
        for rules in (folder / "rules").glob("*.smk"):
            text = rules.read_text(encoding="utf-8")
            script = r'script:(\n +)"\.\./scripts/\w+\.py"'
            text = re.sub(script, lambda found: f"shell:{found[1]}{STAND_IN}", text)
            rules.write_text(text, encoding="utf-8")
        # The last words are of figures that nobody computed.
        snakefile = folder / "Snakefile"
        text = snakefile.read_text(encoding="utf-8")
        snakefile.write_text(text.partition("\nonsuccess:")[0], encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--scheduler", scheduler]
        took = timed([[*command, "--configfile", "config/wide.yaml"]], folder)
        return {"step": f"schedule, {scheduler}", **took}


STEPS = (
    "gather_problems", "gather_quality", "gather_dice", "gather_features", "compute_icc",
    "gather_dataset", "write_manifest", "pool_centres",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--buckets", type=int, help="batches; by default as `init` chooses them")
    parser.add_argument("--steps", nargs="+", choices=[*STEPS, "schedule"], default=STEPS)
    parser.add_argument("--schedulers", nargs="+", default=["greedy"])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    cohort = Cohort(options.patients, options.buckets or buckets_for(options.patients))
    if options.step == "prepare":
        return prepare(Path.cwd(), cohort, options.steps)
    if options.step:
        return importlib.import_module(options.step).main(cohort.step(options.step))
    known = {"patients": options.patients, "batches": len(cohort.buckets)}
    rows = []
    gathers = [name for name in STEPS if name in options.steps]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        program = [sys.executable, str(Path(__file__).resolve())]
        program += ["--patients", str(options.patients), "--buckets", str(len(cohort.buckets))]
        # In processes of their own, the first as well: what this one holds would count as theirs.
        if gathers:
            timed([[*program, "--steps", *gathers, "--step", "prepare"]], folder)
        for name in gathers:
            rows.append({"step": name, **timed([[*program, "--step", name]], folder)})
            tell(rows[-1])
    if "schedule" in options.steps:
        for scheduler in options.schedulers:
            rows.append(scheduled(options.patients, len(cohort.buckets), scheduler))
            tell(rows[-1])
    write([known | row for row in rows], "scaling", options.results, facts(PACKAGES))


def tell(row: dict) -> None:
    print(
        f"{row['step']:20} {row['wall_seconds']:7.1f} s on the wall, {row['cpu_seconds']:7.1f} s "
        f"CPU, {row['peak_mb']:6.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
