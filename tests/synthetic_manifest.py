"""A small finished study with its manifest, made up file by file, for the tests of the audit."""

import csv
import hashlib
import json
from pathlib import Path

STUDY = "small"
RESULTS = f"results/{STUDY}"
MANIFEST = f"{RESULTS}/provenance/manifest.json"
PATIENTS = [f"P{number:02d}" for number in range(1, 9)]
SOURCES = {
    "Snakefile": "include: 'rules/a.smk'\n",
    "rules/a.smk": "rule a:\n",
    "scripts/make_a.py": "print('a')\n",
    "scripts/nomoflow/part.py": "VALUE = 1\n",
    "envs/a.yaml": "dependencies: [python =3.11]\n",
    "config/config.yaml": "study: small\n",
    "tools/verify.py": "# as it was\n",
}


def rows_of_patients(column: str, name: str = "patient") -> str:
    """A table with a row a patient."""
    rows = (f"{patient},{number}" for number, patient in enumerate(PATIENTS))
    return "\n".join([f"{name},{column}", *rows]) + "\n"


INPUTS = {
    "config/participants.csv": rows_of_patients("age", "key"),
    "config/pyradiomics.yaml": "binWidth: 25\n",
    **{f"data/{patient}.nii.gz": f"voxels of {patient}" for patient in PATIENTS},
}
OUTPUTS = {
    f"{RESULTS}/cohort/participants.csv": (rows_of_patients("age"), "apply_criteria"),
    f"{RESULTS}/cohort/table1.csv": ("variable,mean\nage,51.5\n", "compare_groups"),
    f"{RESULTS}/features/CT.parquet": ("no true parquet", "gather_features"),
    f"{RESULTS}/images/resampled/0001/P01.mha": ("voxels", "resample_images"),
    f"{RESULTS}/images/overlays/0001/P01.jpg": ("a picture", "draw_overlays"),
    f"{RESULTS}/figures/roc.svg": ("<svg/>\n", "draw_roc"),
    f"{RESULTS}/models/model.json": ('{"intercept": -1.25}\n', "fit_models"),
    f"{RESULTS}/report/study.html": ("<p>AUC 0.91</p>\n", "write_report"),
    f"{RESULTS}/report/gallery.html": ("<p>P01</p>\n", "write_gallery"),
    f"{RESULTS}/report/identity.csv": ("kind,severity,file,tag,patient\n", "scan_identities"),
    f"{RESULTS}/report/complete.txt": ("complete\n", "conclude_study"),
}
CONFIG = {
    "study": STUDY,
    "cohort": {"id": "key"},
    "features": {"table": None},
    "execution": {"buckets": 3},
}


def sealed(document: dict) -> str:
    """A document with its digest, as its file has it; written without the code under test."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps({**document, "digest": digest}, indent=2, ensure_ascii=False) + "\n"


def entry(content: str) -> dict:
    """Digest and size of a file's content."""
    raw = content.encode()
    return {"sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw)}


def content_of_manifest(**changed) -> dict:
    """The manifest without its digest."""
    return {
        "format": "nomoflow-manifest/1",
        "study": STUDY,
        "version": "0.1.0",
        "sources": {path: entry(text) for path, text in sorted(SOURCES.items())},
        "configfiles": ["config/config.yaml"],
        "config": CONFIG,
        "inputs": [{"path": path, **entry(text)} for path, text in sorted(INPUTS.items())],
        "outputs": [
            {"path": path, **entry(text), "rule": rule}
            for path, (text, rule) in sorted(OUTPUTS.items())
        ],
        "jobs": [],
        **changed,
    }


def write(root: Path, path: str, content: str) -> Path:
    """A file of the study, its folders made."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode())
    return place


def write_study(root: Path, **changed) -> Path:
    """All files of the study below ``root``, and its manifest, whose path is returned."""
    files = SOURCES | INPUTS | {path: text for path, (text, _) in OUTPUTS.items()}
    for path, content in files.items():
        write(root, path, content)
    write(root, f"{RESULTS}/provenance/run.json", "{}\n")
    return write(root, MANIFEST, sealed(content_of_manifest(**changed)))


def columns(path: Path) -> list[str]:
    """The header of a table."""
    with open(path, newline="", encoding="utf-8") as file:
        return next(csv.reader(file))
