"""A finished study in miniature: its files, and the logs that tell how each was made.

Two patients, one of them a folder of files; the rules' names are the workflow's own.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from jobs import job

from nomoflow.job_record import GIVEN, TOOK

STUDY, PLACE = "mini", "results/mini"
TABLES = ("config/mini/participants.csv", "config/mini/scans.csv", "config/mini/engine.yaml")
IMAGES = ("data/p1/ct.nii.gz", "data/p1/mask.nii.gz", "data/p2/series", "data/p2/mask.nrrd")
SERIES = ("data/p2/series/1.dcm", "data/p2/series/.hidden", "data/p2/series/deep/2.dcm")
SCANS = [
    {"patient": "p1", "phase": "ct", "reading": "a1", "image": IMAGES[0], "mask": IMAGES[1]},
    {"patient": "p2", "phase": "ct", "reading": "a1", "image": f"{IMAGES[2]}#1.2.840.99",
     "mask": IMAGES[3]},
]  # fmt: skip
CONFIG = {
    "study": STUDY,
    "images": {"scans": TABLES[1], "roots": ["data"], "spacing_mm": 1.0},
    "evaluation": {"seed": 3},
    "signature": {"seed": 4},
}
RESAMPLED = f"{PLACE}/images/resampled/0000"
OVERLAYS = f"{PLACE}/images/overlays/0000"
FILES = f"{PLACE}/cohort/files/0000.csv"
DIGESTS = f"{PLACE}/provenance/images/0000.csv"
TRACE = f"{PLACE}/provenance/trace.json"
COMPLETE = f"{PLACE}/report/complete.txt"
WARNINGS = f"{PLACE}/warnings.csv"
PERFORMANCE = f"{PLACE}/evaluation/performance.csv"
EXCLUSIONS = f"{PLACE}/cohort/exclusions.csv"
# rule, inputs, outputs, of the jobs of the study, the first ones first
JOBS = (
    ("check_images", IMAGES, [f"{PLACE}/cohort/preflight/0000.csv", FILES]),
    ("resample_images", [*IMAGES, f"{PLACE}/cohort/preflight/0000.csv"], [RESAMPLED]),
    ("draw_overlays", IMAGES, [OVERLAYS]),
    ("digest_images", [FILES, RESAMPLED, OVERLAYS], [DIGESTS]),
    ("apply_criteria", [TABLES[0]], [f"{PLACE}/cohort/participants.csv", EXCLUSIONS]),
    ("measure_performance", [f"{PLACE}/cohort/participants.csv", RESAMPLED], [PERFORMANCE]),
    ("collect_warnings", [PERFORMANCE], [WARNINGS]),
    ("trace_results", [PERFORMANCE, WARNINGS, OVERLAYS, *TABLES, DIGESTS], [TRACE]),
    ("conclude_study", [WARNINGS, EXCLUSIONS], [COMPLETE]),
)  # fmt: skip
FOLDERS = {RESAMPLED: ["p1.mha", "p2.mha"], OVERLAYS: ["pictures.csv", "p1.jpg"]}
CONTENT = {
    WARNINGS: "stage,code,subject,message,remedy\nmodels,few,nomogram,few patients,more\n",
    EXCLUSIONS: "patient,stage,reason,detail\np9,criteria,larger than 4 cm,42\n",
}


def put(root: Path, path: str, text: str = "") -> None:
    """A file of some content, by default of its own name."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text or f"content of {path}\n", encoding="utf-8")


def put_job(root: Path, rule: str, inputs, outputs, params=None, **other) -> Path:
    """The log of a job that ended well; other : parts of its record to be otherwise. Its path."""
    record = {
        "rule": rule,
        "wildcards": {"study": STUDY},
        "input": list(inputs),
        "output": list(outputs),
        "params": {"code": {"files": "ab"}, **(params or {})},
        "prefix": sys.prefix,
    } | other
    took = record.pop("took", {"seconds": 1.5, "cpu_seconds": 2.0, "peak_mb": 100.0})
    ending = f"{TOOK}{json.dumps(took)}\n" if took else ""
    put(root, f"logs/{STUDY}/{rule}.log", f"{GIVEN}{json.dumps(record)}\nwords\n{ending}")
    return root / f"logs/{STUDY}/{rule}.log"


def finished_study(root: Path) -> Path:
    """All files of the study below ``root``, and their logs."""
    for path in (*TABLES, IMAGES[0], IMAGES[1], *SERIES, IMAGES[3]):
        put(root, path)
    for rule, inputs, outputs in JOBS:
        params = {"scans": SCANS} if rule == "check_images" else {"seed": 3, "config": CONFIG}
        put_job(root, rule, inputs, outputs, params)
        for path in outputs:
            for name in FOLDERS.get(path, [""]):
                place = f"{path}/{name}".rstrip("/")
                put(root, place, CONTENT.get(path, ""))
    put(root, FILES, digests_of_scans(root))
    return root


def digests_of_scans(root: Path) -> str:
    """The table that check_images leaves of the scans' files."""
    rows = ["patient,phase,reading,kind,path,sha256,size"]
    of_part = (("image", IMAGES[0], IMAGES[2]), ("mask", IMAGES[1], IMAGES[3]))
    for scan in SCANS:
        for part, *paths in of_part:
            path = next(path for path in paths if scan[part].startswith(path))
            for name in SERIES if path == IMAGES[2] else [path]:
                content = (root / name).read_bytes()
                row = [scan["patient"], scan["phase"], scan["reading"], part, name]
                row += [hashlib.sha256(content).hexdigest(), str(len(content))]
                rows.append(",".join(row))
    return "\n".join(rows) + "\n"


def all_files(root: Path) -> set[str]:
    """Every file below results/<study>, by its path."""
    place = root / PLACE
    return {p.relative_to(root).as_posix() for p in place.rglob("*") if p.is_file()}


def digest_job():
    """The job of rule digest_images."""
    return job(
        inputs={"files": FILES, "resampled": RESAMPLED, "overlays": [OVERLAYS]},
        outputs={"digests": DIGESTS},
    )


def trace_job(config=None):
    """The job of rule trace_results."""
    return job(
        inputs={"results": [PERFORMANCE, OVERLAYS], "tables": TABLES, "digests": [DIGESTS]},
        outputs={"trace": TRACE},
        params={"study": STUDY, "config": config or CONFIG},
    )


def manifest_job(config=None, configfiles=()):
    """The job of rule write_manifest."""
    return job(
        inputs={"results": [COMPLETE], "trace": TRACE, "tables": TABLES, "digests": [DIGESTS]},
        outputs={"manifest": f"{PLACE}/provenance/manifest.json"},
        params={"study": STUDY, "config": config or CONFIG, "configfiles": list(configfiles)},
    )


def run_job():
    """The job of rule record_run."""
    return job(
        inputs={"results": [COMPLETE], "manifest": f"{PLACE}/provenance/manifest.json"},
        outputs={"run": f"{PLACE}/provenance/run.json"},
        params={"study": STUDY, "config": CONFIG},
    )


def in_folder(root: Path, *mains_and_jobs) -> None:
    """Run scripts' ``main`` with their jobs where the study lies, one after the other."""
    before = Path.cwd()
    os.chdir(root)
    try:
        for main, given in mains_and_jobs:
            main(given)
    finally:
        os.chdir(before)
