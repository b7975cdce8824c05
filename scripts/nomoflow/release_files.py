"""Which files of a study may leave the place where it was made. Standard library only.

Never images, masks and pictures of patients; tables with a row a patient only where that is asked
for. What leaves names patients by their study keys at most.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

IMAGE = "images, masks and pictures of patients stay where they are"
ROWS = "tables with a row a patient stay where they are (provenance.release_patients)"
AWAY = "it lay outside of the project folder"
# An input of another ending is taken for an image: they have too many endings to list them.
TEXTS = (".csv", ".tsv", ".json", ".yaml", ".yml", ".txt", ".md", ".parquet")
PICTURES = (".mha", ".mhd", ".nii", ".gz", ".nrrd", ".dcm", ".jpg", ".jpeg", ".png", ".raw")
GALLERY = "report/gallery.html"  # nothing without its pictures
PAGES = ("predict/predictions.html",)  # show patients one by one


def may_leave(manifest: Mapping, patients: bool, root: str | Path = ".") -> list[str]:
    """The sources, inputs and outputs that may leave, by their paths in the project, sorted.

    manifest : of a finished study; patients : whether tables with a row a patient may
    root : the project folder, where tables are looked into
    """
    kept = withheld(manifest, patients, root)
    return sorted(path for path in _listed(manifest) if path not in kept)


def withheld(manifest: Mapping, patients: bool, root: str | Path = ".") -> dict[str, str]:
    """{path: why} of what a manifest lists and may not leave, sorted."""
    key = manifest["config"]["cohort"]["id"]
    reasons = {
        path: why_withheld(Path(root, path), path, kind, key, patients)
        for path, kind in sorted(_listed(manifest).items())
    }
    return {path: why for path, why in reasons.items() if why}


def _listed(manifest: Mapping) -> dict[str, str]:
    found = {one["path"]: kind for kind in ("input", "output") for one in manifest[f"{kind}s"]}
    return found | dict.fromkeys(manifest["sources"], "source")


def why_withheld(path: Path, name: str, kind: str, key: str, patients: bool) -> str:
    """Why a file may not leave; "" where it may.

    name : its path as the manifest has it; kind : source, input, output or another
    key : the column of the study's own tables that holds the patient's key
    """
    lower = name.lower()
    if kind == "source":
        return AWAY if name.startswith(("<outside>", "../")) else ""
    if lower.endswith((*PICTURES, GALLERY)) or name.startswith("data/simulated/"):
        return IMAGE
    if kind == "input" and not lower.endswith(TEXTS):
        return IMAGE
    if name.startswith(("<outside>", "../")):
        return AWAY
    return ROWS if not patients and has_patients(path, name, key) else ""


def has_patients(path: Path, name: str, key: str) -> bool:
    """Whether a file has a row, or a page a part, for each patient."""
    if name.endswith(PAGES) or path.suffix == ".parquet":
        return True
    if path.suffix not in (".csv", ".tsv"):
        return False
    with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        columns = {column.removeprefix("'").strip() for column in next(rows, [])}
        return bool({"patient", key} & columns) and next(rows, None) is not None
