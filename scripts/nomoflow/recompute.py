"""Recomputing a finished study, or some of its patients, in a folder of its own, to compare.

Which patients follows from the manifest's own digest, so that nobody picks them. A batch's images
and features are made by one job, so with a patient his whole batch is recomputed; what other
batches made is taken over, and everything after the features is made anew.
"""

import hashlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nomoflow.file_digests import digest_of_file
from nomoflow.files import read_rows
from nomoflow.study import Study
from nomoflow.tolerances import compare_files

OUTSIDE = "<outside>/"
TAIL = 60  # lines of a run that failed
# A look at external patients is noted once: recomputing it is no second look.
LOOK = "record_look"


class NotRecomputed(ValueError):
    """Why a study cannot be recomputed here."""


@dataclass(frozen=True)
class Plan:
    """What is recomputed and what is taken over; paths as the manifest has them.

    chosen : the patients that were drawn; recomputed : with all others of their batches
    of : how many there are; kept : outputs that are taken over; before : outputs that those
    rest on and that are made anew at the end; targets : what Snakemake is asked for; jobs : how
    many that takes
    """

    chosen: list[str]
    recomputed: list[str]
    of: int
    kept: frozenset[str]
    before: frozenset[str]
    targets: list[str]
    jobs: int


def choose(patients: Iterable[str], many: int, seed: str) -> list[str]:
    """``many`` of the patients, sorted, drawn by the hash of seed and key."""
    drawn = sorted(patients, key=lambda one: hashlib.sha256(f"{seed} {one}".encode()).hexdigest())
    return sorted(drawn[:many])


def plan(manifest: Mapping, patients: Collection[str], asked: int | str) -> Plan:
    """What is recomputed where ``asked`` patients, or "all", are to be.

    Of a study from a ready feature table there are no batches: all is recomputed.
    """
    everyone = sorted(patients)
    study = Study(dict(manifest["config"]))
    whole = asked == "all" or study.from_table or int(asked) >= len(everyone)
    chosen = everyone if whole else choose(everyone, int(asked), manifest["digest"])
    batches = {study.bucket(patient) for patient in chosen}
    recomputed = [patient for patient in everyone if whole or study.bucket(patient) in batches]
    kept, made_anew, jobs = set(), set(), 0
    for job in manifest["jobs"]:
        fields = job["wildcards"]
        elsewhere = fields.get("bucket", next(iter(batches), "")) not in batches
        elsewhere |= fields.get("patient", next(iter(recomputed), "")) not in recomputed
        keep = job["rule"] == LOOK or (not whole and elsewhere)
        (kept if keep else made_anew).update(job["outputs"])
        jobs += not keep
    used = {path for job in manifest["jobs"] for path in job["inputs"]}
    of_kept = {
        path
        for job in manifest["jobs"]
        if kept & set(job["outputs"]) and job["rule"] != LOOK
        for path in job["inputs"]
    }
    place = f"results/{manifest['study']}/"
    ends = sorted(path for path in made_anew - used if path.startswith(place))
    record = [f"{place}provenance/run.json"]  # what machine this is; the manifest comes with it
    return Plan(
        chosen,
        recomputed,
        len(everyone),
        frozenset(kept),
        frozenset(of_kept & made_anew),
        [*ends, *record],
        jobs,
    )


def lay_out(manifest: Mapping, made: Plan, root: Path, folder: Path) -> Path:
    """The project as it was before what is to be recomputed was made; returns its folder.

    Inputs are linked (copied where the disk is another one), all else is copied. What lies above
    the project folder comes to lie above the returned one.
    """
    names = [*manifest["sources"], *(one["path"] for one in manifest["inputs"])]
    ups = max((os.path.normpath(name).count("../") for name in names), default=0)
    scratch = folder.joinpath(*map(str, range(ups)), "project")
    scratch.mkdir(parents=True)
    for name in manifest["sources"]:
        if name.startswith(OUTSIDE):
            raise NotRecomputed(
                f"{name}: this config file lies outside of the project folder; "
                "move it into config/ and run the study with it there"
            )
        _take(root / name, scratch / name, copy=True)
    drawn = {path for job in manifest["jobs"] for path in job["outputs"]} - made.kept
    for one in manifest["inputs"]:
        if one["path"] not in drawn and not one["path"].startswith(OUTSIDE):
            _take(root / one["path"], scratch / one["path"])
    for log in (f"logs/{manifest['study']}", "logs/simulated"):
        if (root / log).is_dir():  # they tell the manifest how the files were made
            shutil.copytree(root / log, scratch / log)
    for path in sorted(made.kept | made.before):
        _take(root / path, scratch / path, copy=True)
    # Taken as made last of all, so that nothing among them looks outdated.
    for path in sorted(made.kept | made.before):
        for file in (scratch / path, *(scratch / path).rglob("*")):
            if file.exists():
                os.utime(file)
    return scratch


def _take(source: Path, target: Path, copy: bool = False) -> None:
    if target.exists() or not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
        return
    try:
        (shutil.copy2 if copy else os.link)(source.resolve(), target)
    except OSError:
        shutil.copy2(source, target)


def compare(manifest: Mapping, made: Plan, root: Path, scratch: Path, tolerances: Mapping) -> list:
    """How each recomputed file compares: ``path``, ``state`` and, where not equal, by how much.

    Images that the workflow draws are compared too, though the manifest has them as inputs.
    """
    drawn = {path for job in manifest["jobs"] for path in job["outputs"]} - made.kept
    rows = [one for one in manifest["inputs"] if one["path"] in drawn]
    place = f"results/{manifest['study']}/"
    kept = tuple(f"{path}/" for path in sorted(made.kept))
    for one in manifest["outputs"]:
        if one["path"] not in made.kept and not one["path"].startswith(kept):
            rows.append(one)
    found = []
    for one in rows:
        path, name = scratch / one["path"], one["path"].removeprefix(place)
        said = {"path": name, "state": "missing", "values": 0, "relative": 0.0, "absolute": 0.0}
        said |= {"place": "", "limits": ""}
        if path.is_file():
            same = digest_of_file(path)["sha256"] == one["sha256"]
            compared = {} if same else compare_files(root / one["path"], path, name, tolerances)
            said |= {"state": "equal"} | compared
        found.append(said)
    return found


def patients_of(root: Path, study: str) -> list[str]:
    """The patients who were analysed."""
    return [row["patient"] for row in read_rows(root / f"results/{study}/cohort/participants.csv")]


def follow(lines: Iterable[str], say: Callable[[str], None]) -> list[str]:
    """Tell how far a run is, by what it says; its last lines."""
    last: list[str] = []
    for line in lines:
        last = [*last[-TAIL:], line.rstrip()]
        if re.search(r"\d+ of \d+ jobs", line):
            say(f"    {line.strip()}")
    return last


def check_settings(manifest: Mapping, made: Mapping) -> None:
    """Raise NotRecomputed where a study's settings are not those that its config files give."""
    if made["config"] != manifest["config"]:
        sections = [
            key for key, one in manifest["config"].items() if made["config"].get(key) != one
        ]
        raise NotRecomputed(
            f"{', '.join(sections)}: the study was run with settings that its config files "
            f"({', '.join(manifest['configfiles'])}) do not have, so from the command line; write "
            "them into a config file and run the study with that"
        )


def hindrance(made: Plan, findings: Iterable[Mapping], place: str) -> str:
    """Which file forbids to recompute; "" where none does.

    findings : of the verification. An output that is made anew may differ: that is to be seen.
    """
    taken = made.kept | made.before
    for one in findings:
        path = one["path"]
        if path in taken or any(path.startswith(f"{each}/") for each in taken):
            return f"{path}, which is taken over, is {one['state']}: put it right first"
        if one["kind"] != "output" or path == f"{place}provenance/manifest.json":
            return f"{path} is {one['state']}: put it right first"
    return ""


def verification(asked: Mapping, outside: Iterable[str], workflow) -> str:
    """The command of the rule verify: the plain program, or the one that recomputes as well.

    asked : what the command line says for it, ``recompute``: a number of patients, or all
    outside : folders beside the project folder in which inputs may lie
    workflow : Snakemake's own object, for the folder of the code, cores and deployment in use
    """
    tools, many = Path(workflow.basedir, "tools"), str(asked.get("recompute", 0))
    words = [sys.executable, str(tools / "verify.py")]
    if many != "0":
        deployment = workflow.deployment_settings
        methods = sorted(str(method) for method in deployment.deployment_method)
        prefix = deployment.conda_prefix or Path(".snakemake/conda").resolve()
        more = ["--software-deployment-method", *methods, "--conda-prefix", str(prefix)]
        words = [sys.executable, str(tools / "recompute.py"), many]
        words += ["--cores", str(workflow.cores or 1)]
        words += [f"--snakemake={shlex.join(more)}"] if methods else []
    for folder in outside:
        words += ["--outside", str(folder)] if os.path.isabs(folder) else []
    return shlex.join(words)
