"""Faults done to real runs of the quick study, and what is different afterwards.

Each fault follows the remedy that the workflow itself prints, then compares every byte of the
results with those of a run that nothing disturbed.
"""

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workflow.running import CI, RESULTS, copy_finished, copy_project, differing, digests, snakemake

from nomoflow.run_state import locked_message, processes

# Tells of the run, not of the study: versions, times, the machine.
OF_THE_RUN = ("provenance/run.json", "provenance/ro-crate")
PATIENCE = 300  # s, for one job
BATCH = f"{RESULTS}/images/resampled/0001"


class Unexpected(AssertionError):
    """The workflow did not say or do what its documentation says."""


@dataclass
class Outcome:
    """A fault: how often it was done, how often survived, files that differ, why skipped."""

    fault: str
    times: int = 0
    survived: int = 0
    different: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def good(self) -> bool:
        return bool(self.skipped) or (self.survived == self.times > 0 and not self.different)


def expect(condition: bool, what: str, output: str = "") -> None:
    if not condition:
        raise Unexpected(f"{what}\n{output[-4000:]}")


def compared(fault: str, times: int, folder: Path, finished: Path) -> Outcome:
    """The outcome of faults that were all survived, by comparison with an undisturbed run."""
    sides = [digests(one / RESULTS, without=OF_THE_RUN) for one in (finished, folder)]
    return Outcome(fault, times, times, tuple(differing(*sides)))


@contextmanager
def started(folder: Path, *options: str) -> Iterator[subprocess.Popen]:
    """A run in a session of its own, going on beside the test."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *options, "--configfile", CI]
    with open(folder / "run.log", "a", encoding="utf-8") as log:
        run = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )  # fmt: skip
        try:
            yield run
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()


def until(condition, seconds: float = PATIENCE) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < end, f"not within {seconds} s: {condition}")
        time.sleep(0.02)


def records(folder: Path) -> int:
    """Outputs that Snakemake has recorded as made."""
    return sum(path.is_file() for path in folder.joinpath(".snakemake/metadata").rglob("*"))


def locked(folder: Path) -> bool:
    return any(folder.joinpath(".snakemake/locks").glob("*.lock"))


# --- kill -9 ---


def killed(folder: Path, finished: Path, kills: int = 20, seed: int = 20260101) -> list[Outcome]:
    """One growing run, killed at random moments that are spread over its jobs.

    In turns Snakemake alone is killed, which leaves its jobs behind, and everything at once; then
    the jobs left are waited for or ended, as the message offers.
    """
    rng = random.Random(seed)
    copy_project(folder)
    whole, orphaned, told = records(finished), 0, set()
    alone = rng.sample(range(kills), kills // 2)
    for number in range(kills):
        goal = whole * (number + rng.random()) / (kills + 1)
        with started(folder) as run:
            until(lambda run=run, goal=goal: run.poll() is not None or records(folder) >= goal)
            if number % 5:  # every fifth may hit the run while it starts
                until(lambda run=run: run.poll() is not None or locked(folder))
                time.sleep(rng.uniform(0, 1.5))
            expect(run.poll() is None, f"the run ended by itself before kill {number}")
            if number in alone:
                os.kill(run.pid, signal.SIGKILL)
            else:
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            orphaned += bool(processes(folder)[1])
            follow_the_message(folder, told, end=rng.random() < 0.5)
    expect(orphaned > 0, "no kill left jobs behind")
    snakemake(folder).succeeded()
    outcome = compared("kill -9 at random moments", kills, folder, finished)
    fault = "of these, jobs left behind"
    return [outcome, Outcome(fault, orphaned, orphaned, outcome.different)]


def follow_the_message(folder: Path, told: set, end: bool) -> None:
    """What the user does after a kill; the first time in each situation by the real command."""
    _, orphans = processes(folder)
    situation = (bool(orphans), locked(folder))
    pids = [str(one.pid) for one in orphans]
    if situation not in told and any(situation):
        told.add(situation)
        refused = snakemake(folder)
        # Short jobs may have ended until the message was written.
        left = {str(one.pid) for one in processes(folder)[1]}
        if locked(folder) or left:
            expect(refused.code != 0, "not refused", refused.output)
            expect(left <= set(refused.output.split()), "an orphan is not named", refused.output)
            expect("Traceback" not in refused.output, "a traceback", refused.output)
        if locked(folder):
            expect("--unlock" in refused.output, "no word of the lock", refused.output)
    for pid in pids if end else []:
        subprocess.run(["kill", pid], stderr=subprocess.DEVNULL, check=False)  # may have ended
    until(lambda: not processes(folder)[1])
    if locked(folder):
        expect("--unlock" in locked_message(folder), "no word of the lock")
        if ("unlock", *situation) not in told:
            told.add(("unlock", *situation))
            snakemake(folder, "--unlock").succeeded()
        else:  # what --unlock does
            shutil.rmtree(folder / ".snakemake/locks")


# --- two runs, a lock left ---


def two_at_once(folder: Path, finished: Path) -> Outcome:
    """A second run beside the first, which makes one figure and the report anew."""
    copy_finished(finished, folder)
    folder.joinpath(RESULTS, "report/study.html").unlink()
    with started(folder, "--forcerun", "write_report") as first:
        until(lambda: first.poll() is not None or locked(folder))
        first.send_signal(signal.SIGSTOP)  # or it might be over before the second begins
        second = snakemake(folder, "--forcerun", "write_report")
        expect(second.code != 0, "the second was not refused", second.output)
        expect(f"process {first.pid}:" in second.output, "no process named", second.output)
        expect(snakemake(folder, "-n").code == 0, "a dry run was refused")
        first.send_signal(signal.SIGCONT)
        expect(first.wait() == 0, "the first run failed")
    return compared("two runs at once", 1, folder, finished)


def lock_left(folder: Path, finished: Path) -> Outcome:
    """The lock of a run that is long gone."""
    copy_finished(finished, folder)
    folder.joinpath(RESULTS, "report/study.html").unlink()
    locks = folder / ".snakemake/locks"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "0.output.lock").write_text(f"{RESULTS}/report/study.html\n", encoding="utf-8")
    forced = ("--forcerun", "write_report")
    refused = snakemake(folder, *forced)
    expect(refused.code != 0 and "--unlock" in refused.output, "not refused", refused.output)
    snakemake(folder, "--unlock").succeeded()
    snakemake(folder, *forced).succeeded()
    return compared("a lock left behind", 1, folder, finished)


# --- disks ---


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    subprocess.run(["mount", *options, str(place)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def no_mounts() -> str:
    """Why file systems cannot be mounted here; empty where they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux, to mount"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "mounting is not allowed here"


def disk_full(folder: Path, finished: Path) -> Outcome:
    """No room for a batch's images, nor for the report: no case may be blamed for it."""
    fault = "disk full"
    if reason := no_mounts():
        return Outcome(fault, skipped=reason)
    copy_finished(finished, folder)
    results, kept = folder / "results", folder / "kept"
    results.rename(kept)
    results.mkdir()
    with mounted(results, "-t", "tmpfs", "-o", "size=64m", "tmpfs"):
        shutil.copytree(kept, results, dirs_exist_ok=True)
        times = 0
        # The report first: after new images it would be made with all that comes before it.
        for target in (f"{RESULTS}/report/study.html", BATCH):
            path = folder / target
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            ballast = results / "ballast"
            free = shutil.disk_usage(results).free - (1 << 13)
            ballast.write_bytes(bytes(free))
            refused = snakemake(folder, target)
            expect(refused.code != 0, "a full disk went unnoticed", refused.output)
            expect("No space left on device" in refused.output, "not said so", refused.output)
            expect(not path.exists(), f"{target} is there, though not whole")
            ballast.unlink()
            snakemake(folder, target).succeeded()
            times += 1
        return compared(fault, times, folder, finished)


def read_only(folder: Path, finished: Path) -> Outcome:
    """A results folder that cannot be written."""
    fault = "results folder read-only"
    if reason := no_mounts():
        return Outcome(fault, skipped=reason)
    copy_finished(finished, folder)
    results, target = folder / "results", f"{RESULTS}/report/study.html"
    for missing, said in ((False, "Write-protected output files"), (True, "Read-only file system")):
        if missing:
            folder.joinpath(target).unlink()
        with mounted(results, "--bind", str(results)):
            subprocess.run(["mount", "-o", "remount,ro,bind", str(results)], check=True)
            refused = snakemake(folder, target, "--forcerun", "write_report")
        expect(refused.code != 0, "went unnoticed", refused.output)
        expect(said in refused.output, "not said so", refused.output)
        expect(not locked(folder), "a lock was left")
    snakemake(folder, target).succeeded()
    return compared(fault, 2, folder, finished)


# --- truncated intermediates ---

TRUNCATED = (
    f"{RESULTS}/features/corticomedullary.parquet",
    f"{RESULTS}/evaluation/performance.csv",
    f"{RESULTS}/models/model.json",
    f"{BATCH}/C002_excretory_a1_image.mha",
)


def truncated(folder: Path, finished: Path) -> list[Outcome]:
    """Each file cut to its half: a run names all; made anew by name, as the message says."""
    copy_finished(finished, folder)
    for name in TRUNCATED:
        cut(folder / name)
    named = [BATCH if name.startswith(BATCH) else name for name in TRUNCATED]
    refused = snakemake(folder)
    expect(refused.code != 0, "truncated files went unnoticed", refused.output)
    lines = [line.strip() for line in refused.output.splitlines()]
    expect(set(named) <= set(lines), "a truncated file is not named", refused.output)
    steps = [line for line in lines if line.startswith("rm -r ")]
    expect(len(steps) == 1, "no remedy", refused.output)
    subprocess.run(shlex.split(steps[0]), cwd=folder, check=True)
    outcomes = []
    for target in named:  # one by one: together, all that follows would be made anew as well
        snakemake(folder, target).succeeded()
        kind = "folder of mha" if target == BATCH else Path(target).suffix[1:]
        same = digests(folder / RESULTS).get(target.removeprefix(f"{RESULTS}/"))
        expect(target == BATCH or same is not None, f"{target} was not made anew")
        outcomes.append(kind)
    whole = compared(f"truncated: {', '.join(outcomes)}", len(named), folder, finished)
    return [whole, unreadable(folder, finished)]


def cut(path: Path) -> None:
    """Half of a file, written later than any record of it."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def unreadable(folder: Path, finished: Path) -> Outcome:
    """A truncated image that hides behind its old time: the step that reads it says so."""
    path = folder / TRUNCATED[-1]
    times = path.stat()
    cut(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    target = f"{RESULTS}/features/batches/0001.csv"
    refused = snakemake(folder, target, "--forcerun", "extract_features")
    expect(refused.code != 0, "went unnoticed", refused.output)
    expect("delete this folder and run again" in refused.output, "no remedy", refused.output)
    shutil.rmtree(folder / BATCH)
    snakemake(folder, target).succeeded()
    return compared("truncated mha of unchanged time", 1, folder, finished)


def as_json(outcomes: list[Outcome]) -> str:
    rows = [{**vars(one), "different": list(one.different)} for one in outcomes]
    return json.dumps(rows, indent=2)
