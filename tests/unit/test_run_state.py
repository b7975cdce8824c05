"""What a run left behind is found, and the message names it and the steps out of it."""

import hashlib
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from contextlib import ExitStack

import pytest
from snakemake import exceptions

from nomoflow import run_state
from nomoflow.run_state import (
    changed_results,
    explain_locks,
    hindrance,
    incomplete,
    left_aside,
    locked_message,
    processes,
    queued,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["snakemake", "--cores", "2", "--configfile", "a b.yaml"])
    return tmp_path


@pytest.fixture
def working(folder):
    """Starts processes in the folder, whose command lines look like Snakemake's or its jobs'."""
    with ExitStack() as ended:

        def start(*words):
            # Python's own arguments are those that any reader of the process list sees.
            code = "import sys; print(flush=True); sys.stdin.read()"
            one = subprocess.Popen(
                [sys.executable, "-c", code, *words],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            ended.enter_context(one)
            ended.callback(one.kill)
            one.stdout.readline()
            return one.pid

        yield start


def script(rule):
    return f"/somewhere/.snakemake/scripts/tmp_a1b2.{rule}.py"


def test_nobody_at_work(folder):
    assert processes(folder) == ([], [])
    assert hindrance(folder) is None


def test_own_jobs_are_no_orphans(folder, working):
    """A process below this one: as a job is below its run."""
    working(script("fit_lasso"))
    assert processes(folder) == ([], [])


def test_orphans_are_found_by_folder_and_rule(folder, working, monkeypatch):
    pids = {working(script(rule)): rule for rule in ("fit_lasso", "draw_roc")}
    working("/somewhere/fit_lasso.py")
    monkeypatch.setattr(run_state.os, "getpid", lambda: 0)  # another run asks, not the parent
    runs, orphans = processes(folder)
    assert runs == [] and {one.pid: one.what for one in orphans} == pids
    assert processes(folder.parent) == ([], [])
    said = hindrance(folder)
    assert f"kill {min(pids)} {max(pids)}" in said and "(fit_lasso)" in said
    assert "2. Start the run again:\n    snakemake --cores 2 --configfile 'a b.yaml'" in said


def test_another_run_is_named_with_its_command(folder, working, monkeypatch):
    pid = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; print(flush=True); sys.stdin.read()",
            "snakemake",
            "-c1",
        ],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with pid:
        pid.stdout.readline()
        assert processes(folder) == ([run_state.Process(pid.pid, "snakemake -c1")], [])
        said = locked_message(folder)
        pid.kill()
    assert f"process {pid.pid}: snakemake -c1\n" in said and f"    kill {pid.pid}\n" in said
    assert "--unlock" not in said


@pytest.mark.parametrize("idle", ["-n", "--dry-run", "--unlock"])
def test_dry_runs_are_no_runs(idle):
    assert run_state._is_run(["/usr/bin/python3.11", "-m", "snakemake", "--cores", "2"])
    assert run_state._is_run(["/usr/bin/snakemake", "--cores", "2"])
    assert not run_state._is_run(["/usr/bin/python3.11", "-m", "snakemake", idle])
    assert not run_state._is_run(["uv", "run", "snakemake", "--cores", "2"])
    assert not run_state._is_run(["python", "-m", "snakemake", "--mode", "subprocess"])
    assert not run_state._is_run([])


def test_message_of_a_lock_left_behind(folder, working, monkeypatch):
    record(folder, "incomplete", "results/ci/features/a.parquet", {})
    (folder / "results/ci").mkdir(parents=True)
    (folder / "results/ci/.4711.a.csv").touch()
    said = locked_message(folder)
    assert (
        "1. Take the lock away:\n    snakemake --cores 2 --configfile 'a b.yaml' --unlock" in said
    )
    assert "1 unfinished result is made anew" in said and "1 temporary file left aside" in said
    pid = working(script("fit_lasso"))
    monkeypatch.setattr(run_state.os, "getpid", lambda: 0)
    first, second, third = locked_message(folder).partition("1. ")[2].split("\n    ")[:3]
    assert f"{pid} (fit_lasso)" in first and second.endswith(f"kill {pid}\n2. Take the lock away:")
    assert third.endswith("--unlock\n3. Start the run again:")


def test_snakemake_tells_the_steps_itself(folder, monkeypatch):
    monkeypatch.setattr(exceptions, "LockException", exceptions.LockException)
    monkeypatch.chdir(folder)
    explain_locks()
    error = exceptions.LockException()
    assert isinstance(error, exceptions.WorkflowError) and str(error) == locked_message(folder)


# --- records ---


def record(folder, kind, name, content):
    """As Snakemake's FilePersistence writes it, long names over several folders."""
    coded = urlsafe_b64encode(name.encode()).decode()
    parts = [coded[i : i + 254] for i in range(0, len(coded), 254)]
    path = folder.joinpath(".snakemake", kind, *("@" + part for part in parts[:-1]), parts[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def made(folder, name, text="a,b\n1,2\n", read_by=None):
    """A result with its record; with that of a later step that read it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    record(folder, "metadata", name, {"endtime": path.stat().st_mtime})
    if read_by:
        digest = hashlib.sha256(text.encode()).hexdigest()
        (folder / read_by).parent.mkdir(parents=True, exist_ok=True)
        (folder / read_by).touch()
        content = {"endtime": (folder / read_by).stat().st_mtime, "input_checksums": {name: digest}}
        record(folder, "metadata", read_by, content)
    return path


def later(path, seconds=10):
    time = path.stat().st_mtime + seconds
    os.utime(path, (time, time))


def test_names_of_records_are_those_that_snakemake_gave(folder):
    names = ["results/ci/a.csv", "results/" + "long/" * 80 + "b.csv", "results/Größe.csv"]
    for name in names:
        record(folder, "incomplete", name, {"external_jobid": None})
    assert incomplete(folder) == sorted(names)


def test_unchanged_results_are_no_hindrance(folder):
    made(folder, "results/ci/a.csv", read_by="results/ci/b.csv")
    assert changed_results(folder) == [] and hindrance(folder) is None


def test_a_truncated_result_is_named_with_the_way_to_make_it_anew(folder):
    path = made(folder, "results/ci/a.csv", read_by="results/ci/b.csv")
    path.write_text("a,b\n", encoding="utf-8")
    later(path)
    assert changed_results(folder) == ["results/ci/a.csv"]
    said = hindrance(folder)
    assert "rm -r results/ci/a.csv\n" in said
    assert "snakemake results/ci/a.csv --cores 2 --configfile 'a b.yaml'\n3. Start" in said


def test_a_touched_result_is_unchanged(folder):
    later(made(folder, "results/ci/a.csv", read_by="results/ci/b.csv"))
    assert changed_results(folder) == []


def test_a_result_that_nothing_has_read_is_judged_by_its_time(folder):
    later(made(folder, "results/ci/a.csv"))
    for name in "bcd":
        made(folder, f"results/ci/{name}.csv")
    assert changed_results(folder) == ["results/ci/a.csv"]


def test_in_a_copy_the_times_tell_nothing_but_contents_do(folder):
    path = made(folder, "results/ci/a.csv", read_by="results/ci/b.csv")
    others = [made(folder, f"results/ci/{name}.csv") for name in "cde"]
    for one in (path, *others, folder / "results/ci/b.csv"):
        later(one)
    assert changed_results(folder) == []
    path.write_text("a,b\n", encoding="utf-8")
    assert changed_results(folder) == ["results/ci/a.csv"]


def test_a_file_inside_a_folder_that_is_a_result(folder):
    image = folder / "results/ci/batch/P1.mha"
    image.parent.mkdir(parents=True)
    image.touch()
    record(folder, "metadata", "results/ci/batch", {"endtime": image.stat().st_mtime + 1})
    for name in "bcd":
        made(folder, f"results/ci/{name}.csv")
    assert changed_results(folder) == []
    later(image)
    assert changed_results(folder) == ["results/ci/batch"]


def test_what_is_made_anew_anyway_is_not_named(folder):
    later(made(folder, "results/ci/a.csv"))
    for name in "bcd":
        made(folder, f"results/ci/{name}.csv")
    record(folder, "incomplete", "results/ci/a.csv", {})
    (folder / "results/ci/b.csv").unlink()
    record(folder, "metadata", "models/ci/model.json", {"endtime": 1.0})
    broken = folder / ".snakemake/metadata" / urlsafe_b64encode(b"results/ci/c.csv").decode()
    broken.write_text('{"endtime": 1', encoding="utf-8")
    assert changed_results(folder) == []


def test_what_is_left_aside(folder):
    names = ("results/ci/.12.a.csv", "results/ci/images/.12.0001", "results/ci/a.csv")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert left_aside(folder) == [folder / name for name in names[:2]]


@pytest.fixture
def queue(folder, monkeypatch):
    """A SLURM of which no more is there than its squeue, with the jobs that are noted."""

    def note(*jobs):
        program = folder / "bin/squeue"
        program.parent.mkdir(exist_ok=True)
        listed = "".join(f"{job}\n" for job in jobs)
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{listed}END\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    return note


def test_jobs_in_the_queue_of_a_cluster(folder, queue):
    """Those of this folder that Snakemake has submitted; neither others nor its own process."""
    queue(
        f"12|{folder}|rule_imaging_extract_features",
        f"13|{folder}|(null)",
        f"14|{folder.parent}|rule_imaging_extract_features",
    )
    assert [(one.pid, one.what) for one in queued(folder)] == [
        (12, "rule_imaging_extract_features")
    ]
    for said in (hindrance(folder), locked_message(folder)):
        assert "in the cluster's queue: 12 (rule_imaging_extract_features)" in said
        assert "scancel 12" in said and "kill" not in said.replace("killed", "")


def test_an_empty_queue_hinders_nothing(folder, queue):
    queue()
    assert queued(folder) == [] and hindrance(folder) is None
