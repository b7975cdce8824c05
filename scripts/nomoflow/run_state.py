"""What an earlier run has left in the project folder, who still works there, and what to do.

Standard library and psutil, which Snakemake itself needs: Snakemake imports this module. Processes
are seen on this computer alone, and jobs in the queue of a SLURM cluster; of a run elsewhere only
its lock is.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nomoflow.asides import ASIDE

# A job's script as Snakemake runs it: a temporary name before the rule's own.
SCRIPT = re.compile(r"\.snakemake/scripts/[^/\s]*?\.(\w+)\.py\b")
# Calls of snakemake that write no results.
IDLE = {"-n", "--dry-run", "--dryrun", "--unlock"}
# Targets that compute nothing from results; the first two say themselves which were changed.
READING = {"verify", "release", "init", "clean"}


@dataclass(frozen=True)
class Process:
    """A process at work in the project folder: a run of snakemake, or a job by its rule."""

    pid: int
    what: str


def explain_locks() -> None:
    """Let Snakemake, where it finds its folder locked, say what to do in this very case."""
    import snakemake.exceptions

    class LockException(snakemake.exceptions.WorkflowError):
        def __init__(self):
            super().__init__(locked_message(Path.cwd()))

    snakemake.exceptions.LockException = LockException


def locked_message(folder: Path) -> str:
    """What to do, step by step, where the folder is locked."""
    runs, orphans = processes(folder)
    waiting = queued(folder)
    if runs:
        pids = " ".join(str(run.pid) for run in runs)
        return (
            "Another run works on these results; this one was not started.\n"
            + "".join(f"    process {run.pid}: {run.what}\n" for run in runs)
            + "Wait until it is done. Or stop it: press Ctrl-C once where it was started, or\n"
            f"    kill {pids}\n"
            "(it lets the jobs at work finish first), then start this run again."
        )
    steps = [
        *_end_of(orphans),
        *_end_of(waiting, "scancel"),
        f"Take the lock away:\n    {_command('--unlock')}",
        f"Start the run again:\n    {_command()}{_made_anew(folder)}",
    ]
    return (
        "An earlier run was cut off (killed, or the computer went down); its lock is still there,\n"
        "and this run was not started. No run works here now, as far as this computer can see:\n"
        "where the folder is shared or jobs go to a cluster, look there first.\n" + _numbered(steps)
    )


def hindrance(folder: Path, results: str = "results", targets: Sequence[str] = ()) -> str | None:
    """Why no job may start, though the folder is this run's own, and what to do; or None.

    targets : what was asked for; where that is to read the results alone, changed ones hinder not

    That is jobs of an earlier run that still write, and results that were changed since they
    were made: Snakemake would take them as they are.
    """
    _, orphans = processes(folder)
    waiting = queued(folder)
    if orphans or waiting:
        ends = [*_end_of(orphans), *_end_of(waiting, "scancel")]
        steps = [*ends, f"Start the run again:\n    {_command()}"]
        return "Jobs of a run that was cut off still write in this folder.\n" + _numbered(steps)
    reading = bool(targets) and READING.issuperset(targets)
    changed = [] if reading else changed_results(folder, results)
    if not changed:
        return None
    names = [f"    {name}" for name in changed[:20]]
    names += [f"    and {len(changed) - 20} more"] if changed[20:] else []
    steps = [
        f"Delete them:\n    {shlex.join(['rm', '-r', *changed[:20]])}",
        # By name: where all that follows is there, Snakemake would not miss them.
        f"Have them made anew:\n    {_command(before=changed[:20])}",
        f"Start the run again:\n    {_command()}",
    ]
    return (
        "Results were changed after the workflow made them (cut off, damaged or edited); nothing\n"
        "was run, since what follows would rest on them:\n" + "\n".join(names) + "\n"
    ) + _numbered(steps)


def _command(*after: str, before: Sequence[str] = ()) -> str:
    """The command of this run, with targets before and options after what it has."""
    return shlex.join(["snakemake", *before, *sys.argv[1:], *after])


def _end_of(orphans: list[Process], ending: str = "kill") -> list[str]:
    if not orphans:
        return []
    said = ", ".join(f"{one.pid} ({one.what})" for one in orphans)
    pids = " ".join(str(one.pid) for one in orphans)
    where = "in the cluster's queue" if ending == "scancel" else "at work"
    return [
        f"Jobs of that run are still {where}: {said}.\n    Wait until they end, or: {ending} {pids}"
    ]


def _made_anew(folder: Path) -> str:
    unfinished, aside = incomplete(folder), left_aside(folder)
    said = ""
    if unfinished:
        verb = "result is" if len(unfinished) == 1 else "results are"
        said += f"\n    {len(unfinished)} unfinished {verb} made anew, without your doing"
    if aside:
        files = "file" if len(aside) == 1 else "files"
        said += f"\n    {len(aside)} temporary {files} left aside will be removed"
    return said


def _numbered(steps: list[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def processes(folder: Path) -> tuple[list[Process], list[Process]]:
    """Other runs of snakemake in the folder; and orphans: jobs whose run is gone."""
    import psutil

    here = {}
    for one in psutil.process_iter():
        try:
            if one.uids().real == os.getuid() and Path(one.cwd()) == folder.resolve():
                here[one.pid] = (one.cmdline(), [parent.pid for parent in one.parents()])
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue  # ended meanwhile, or not ours
    alive = {pid for pid, (command, _) in here.items() if _is_run(command)} | {os.getpid()}
    runs, orphans = [], []
    for pid, (command, parents) in sorted(here.items()):
        rule = SCRIPT.search(" ".join(command))
        if pid in alive - {os.getpid()}:
            runs.append(Process(pid, shlex.join(["snakemake", *_options(command)])))
        elif rule and not alive & {pid, *parents}:
            orphans.append(Process(pid, rule[1]))
    return runs, orphans


def queued(folder: Path) -> list[Process]:
    """Jobs of an earlier run in the folder that wait or run on a SLURM cluster, by their numbers.

    Snakemake's executor notes in the comment of each job what it does.
    """
    if not shutil.which("squeue"):
        return []
    asked = ["squeue", "--me", "--noheader", "--format=%i|%Z|%k"]
    told = subprocess.run(asked, capture_output=True, encoding="utf-8", check=False, timeout=60)
    jobs = [line.split("|", 2) for line in told.stdout.splitlines()]
    return [
        Process(int(number), what)
        for number, place, what in jobs
        if Path(place) == folder.resolve() and what.startswith("rule_")
    ]


def _is_run(command: list[str]) -> bool:
    program = Path(command[0]).name if command else ""
    words = [Path(word).name for word in command[:4]]
    own = program == "snakemake" or (program.startswith("python") and "snakemake" in words)
    return own and "--mode" not in command and not IDLE & set(command)


def _options(command: list[str]) -> list[str]:
    return command[[Path(word).name for word in command].index("snakemake") + 1 :]


def incomplete(folder: Path) -> list[str]:
    """The outputs that were in the making when a run ended."""
    return sorted(name for name, _ in _records(folder, "incomplete"))


def left_aside(folder: Path, results: str = "results") -> list[Path]:
    """Files and folders that a killed job has not moved into place."""
    found = [p for p in folder.joinpath(results).rglob(".*") if ASIDE.fullmatch(p.name)]
    return sorted(found)


def changed_results(folder: Path, results: str = "results") -> list[str]:
    """Results that are not as they were made, by Snakemake's own records; cheap: times come first.

    A file whose time is the recorded one is taken as unchanged, and a folder without a file newer
    than that. Of other files the content is compared with the digests that were recorded when a
    later step read them. Where no step has, and for folders, the time alone tells; not, though, in
    a copy of the project, in which most times are others.
    """
    made, read = {}, {}
    for name, path in _records(folder, "metadata"):
        try:
            record = json.loads(path.read_bytes())
        except json.JSONDecodeError:
            continue  # cut off by a kill: for Snakemake, too, it is no record
        made[name] = record.get("endtime")
        for used, digest in (record.get("input_checksums") or {}).items():
            read.setdefault(used, set()).add(digest.removeprefix("sha256:"))
    for name in incomplete(folder):  # made anew anyway
        made.pop(name, None)
    made = {name: end for name, end in made.items() if name.startswith(f"{results}/")}
    suspect = [name for name, end in made.items() if _is_newer(folder / name, end)]
    copied = len(suspect) > len(made) / 2
    return sorted(
        name
        for name in suspect
        if (_digest(folder / name) not in read[name] if name in read else not copied)
    )


def _is_newer(path: Path, end: float | None) -> bool:
    """Whether a file has another time than recorded, or a file of a folder a later one."""
    if path.is_file():
        return path.stat().st_mtime != end
    inside = (p for p in path.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp")
    return any(end is None or p.stat().st_mtime > end for p in inside)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _records(folder: Path, kind: str) -> Iterator[tuple[str, Path]]:
    """Snakemake's records of a kind: the file each is about, and where the record is."""
    root = folder / ".snakemake" / kind
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != "migration_underway":
            # A long name goes over several folders, which begin with "@".
            parts = [part.removeprefix("@") for part in path.relative_to(root).parts]
            yield urlsafe_b64decode("".join(parts)).decode(), path
