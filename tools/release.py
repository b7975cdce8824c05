"""Make one archive of a finished and verified study: what may leave, and a program to check it.

    python tools/release.py [results/<study>/provenance/manifest.json] [--patients]

writes results/<study>/release/<study>-<version>.zip, the same bytes each time. In it are report,
tables, figures, models, manifest, records of the run, code, environments and verify.py. Never in
it: images, masks and pictures of patients. Tables with a row a patient are left out too, but for
--patients (config: provenance.release_patients). Standard library only.
"""

import csv
import json
import os
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scripts"), str(HERE)]

import verify  # noqa: E402

from nomoflow.release_files import may_leave, why_withheld, withheld  # noqa: E402

# Beside the sources that the manifest lists. No uv.lock: it names the registry that a lab uses.
BESIDE = ("LICENSE", "CITATION.cff", "README.md")
TIME = (1980, 1, 1, 0, 0, 0)  # the first that an archive knows: the same bytes whenever it is made
README = """{study} {version}: a study made with nomoflow, as released.

To check that each file is the one that the study wrote, with Python 3.9 or later and nothing else:

    python verify.py

It prints what differs and what is not here, and the digest of the manifest; compare that with the
digest that was published:

    {digest}

report/, tables, figures and models lie in results/{study}/; begin with
{page}. What is computed how: Snakefile, rules/, scripts/, envs/.

Not in this archive: {withheld}.
results/{study}/provenance/manifest.json names patients by their study keys alone; it lists the
files of the images by path and digest, and why patients were excluded.
"""


class Refused(Exception):
    """Why a study is not released."""


def refuse_unless_ready(root: Path, place: Path, verdict: dict) -> None:
    """Raise Refused, with the reason, where the study is not finished, sound and verified."""
    if verdict["state"] != "verified":
        raise Refused("the study is not verified:\n" + verify.in_words(verdict))
    table = root / f"results/{verdict['study']}/report/identity.csv"
    if table.is_file():
        with open(table, newline="", encoding="utf-8") as file:
            found = [row for row in csv.DictReader(file) if row["severity"] != "warning"]
        if found:
            raise Refused(
                f"{table.relative_to(root)} tells of {len(found)} places where a result names what "
                f"an image's header tells of a patient, the first in {found[0]['file']}; "
                "docs/bad_input.md says what to do"
            )


def beside(root: Path, study: str, key: str, patients: bool) -> dict[str, Path]:
    """What leaves too, though no manifest lists it: records of the run, crate, terms."""
    place = f"results/{study}/provenance"
    crate = f"{place}/ro-crate"
    found = {name: root / name for name in (*BESIDE, f"{place}/run.json")}
    # The archive is the crate: what only the crate has lies where the crate has it.
    found |= {
        name.removeprefix(f"{crate}/"): root / name for name in verify.files_below(root, crate)
    }
    return {
        name: path
        for name, path in sorted(found.items())
        if path.is_file() and not why_withheld(path, name, "file", key, patients)
    }


def sealed(document: dict) -> bytes:
    """A document with its digest last, as its file has it."""
    return verify.as_text({**document, "digest": verify.digest(document)}).encode("utf-8")


def contents(root: Path, place: Path, verdict: dict, patients: bool) -> dict[str, bytes | Path]:
    """{path in the archive: its bytes, or the file that has them}, sorted."""
    manifest, study = json.loads(place.read_bytes()), verdict["study"]
    kept = withheld(manifest, patients, root)
    taken = may_leave(manifest, patients, root)
    pages = sorted((name for name in taken if "/report/" in name), key=len)
    page = next((name for name in pages if name.endswith("study.html")), "its report/")
    readme = README.format(
        study=study, version=verdict["version"], digest=verdict["digest"], page=page,
        withheld="; ".join(sorted(set(kept.values()))) or "nothing",
    )  # fmt: skip
    made: dict[str, bytes | Path] = {"README.txt": readme.encode("utf-8")}
    made["verify.py"] = (HERE / "verify.py").read_bytes()
    own = f"results/{study}/provenance/manifest.json"
    others = beside(root, study, manifest["config"]["cohort"]["id"], patients)
    made |= {name: path for name, path in others.items() if name not in {*kept, *taken, own}}
    files = [
        {"path": name, "sha256": verify.hashlib.sha256(raw).hexdigest(), "size": len(raw)}
        for name, one in sorted(made.items())
        for raw in [one if isinstance(one, bytes) else one.read_bytes()]
    ]
    leaflet = {"format": verify.RELEASE, "study": study, "version": verdict["version"]}
    leaflet |= {"manifest": verdict["digest"], "withheld": kept, "files": files}
    made["release.json"] = sealed(leaflet)
    made[own] = place
    return dict(sorted({**made, **{name: root / name for name in taken}}.items()))


def write_archive(parts: dict[str, bytes | Path], archive: Path) -> None:
    """A zip of these parts, all in one folder of the archive's name; whole or not at all."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    aside = archive.with_name(f"{archive.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
            for name, part in parts.items():
                entry = zipfile.ZipInfo(f"{archive.stem}/{name}", TIME)
                entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
                entry.external_attr = 0o644 << 16
                made.writestr(entry, part if isinstance(part, bytes) else part.read_bytes())
        os.replace(aside, archive)
    finally:
        aside.unlink(missing_ok=True)


def release(root: Path, place: Path, patients: bool = False) -> tuple[Path, dict]:
    """Write the archive of a study; its path, and its leaflet. Raises Refused."""
    verdict = verify.check(root, place)
    refuse_unless_ready(root, place, verdict)
    parts = contents(root, place, verdict, patients)
    study, version = verdict["study"], verdict["version"] or "unversioned"
    archive = root / f"results/{study}/release/{study}-{version}.zip"
    write_archive(parts, archive)
    return archive, json.loads(parts["release.json"])


def main(words: list[str] | None = None) -> int:
    """The program; returns its exit code."""
    parser = verify.options(__doc__)
    parser.add_argument("--patients", action="store_true", help="tables with a row a patient too")
    told = parser.parse_args(words)
    try:
        root, place = verify.find_manifest(told.manifest, told.root)
        archive, leaflet = release(root, place, told.patients)
    except (Refused, verify.CannotCheck) as error:
        print(f"Not released: {error}")
        return 1
    print(f"{archive.relative_to(root)} ({archive.stat().st_size / 1e6:.1f} MB)")
    for why in sorted(set(leaflet["withheld"].values())):
        print(f"left out: {list(leaflet['withheld'].values()).count(why)} files: {why}")
    print(f"The manifest's digest, to be published with it: {leaflet['manifest']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
