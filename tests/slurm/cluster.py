"""A private SLURM of two nodes on this machine, the quick study on it, and what befalls a cluster.

The tools beside the study data start it (``tools/start_slurm.sh``): every daemon listens on
127.0.0.1 alone. docs/cluster.md says what such a cluster does not prove.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from workflow.running import CI, ROOT, Run, own_environment

PLUGIN = "snakemake_executor_plugin_slurm"
PATIENCE = 600  # s, for one job
# One CPU a node: two jobs at work, each on a node of its own.
NODES = {"SLURM_TEST_CPUS": "1", "SLURM_TEST_MEM": "8000"}
# What a real cluster has otherwise: an account of ended jobs, distant disks, a queue to wait in.
HERE = ["--jobs", "4", "--latency-wait", "10"]
HERE += ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2"]


@dataclass(frozen=True)
class Job:
    """A job as SLURM tells of it; `what` names its group and rules, `memory` is in MB.

    node : where it is or was; empty while it waits
    """

    number: int
    state: str
    memory: int
    node: str
    what: str
    log: Path

    @classmethod
    def told(cls, line: str) -> "Job":
        """A job from its line of ``scontrol``."""
        told = dict(re.findall(r"(\w+)=(\S*)", line))
        memory = told["MinMemoryNode"].removesuffix("M")
        number, log = int(told["JobId"]), Path(told["StdOut"])
        return cls(number, told["JobState"], int(memory), told["NodeList"], told["Comment"], log)


class Cluster:
    """The cluster in a folder; `tools` holds the programs that start and stop it."""

    def __init__(self, tools: Path, folder: Path):
        self.tools, self.folder = tools, folder
        self.env = own_environment() | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            # Python starts some two hundred times: its modules are compiled once.
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        }
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)

    def start(self) -> None:
        """Start all daemons that do not run: the first time, or on a node that comes back."""
        command = [self.tools / "start_slurm.sh", self.folder]
        subprocess.run(command, env=os.environ | NODES, check=True, timeout=PATIENCE)

    def stop(self) -> None:
        """End every daemon and job of this cluster."""
        subprocess.run([self.tools / "stop_slurm.sh", self.folder], check=True, timeout=PATIENCE)

    def begin(self, folder: Path, *options: str) -> subprocess.Popen:
        """Begin the quick study in a folder, its jobs on the nodes; what it says goes to a file."""
        command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm"]
        command += [*HERE, *options, "--configfile", CI]
        with open(folder / "said.txt", "w", encoding="utf-8") as said:
            return subprocess.Popen(
                command, cwd=folder, env=self.env, stdout=said, stderr=subprocess.STDOUT
            )

    def ended(self, process: subprocess.Popen, folder: Path, timeout: int = 1800) -> Run:
        """A run that was begun, once it is over."""
        code = process.wait(timeout)
        logs = sorted(folder.glob(".snakemake/log/*"))
        return Run(code, *("".join(map(read, places)) for places in ([folder / "said.txt"], logs)))

    def jobs(self) -> list[Job]:
        """All jobs so far, those that ended too."""
        told = self._slurm("scontrol", "show", "job", "--oneliner")
        return [Job.told(line) for line in told.splitlines() if line.startswith("JobId=")]

    def history(self, number: int) -> list[str]:
        """The states in which a job ended, one for each time that it was started."""
        told = read(self.folder / "log/jobcomp.txt")
        return re.findall(rf"^JobId={number} .*?JobState=(\w+)", told, re.MULTILINE)

    def cancel(self, job: Job) -> None:
        """As a person or an administrator does."""
        self._slurm("scancel", str(job.number))

    def lose_node(self, job: Job) -> None:
        """The job's node goes down, with all that runs on it, at once.

        The controller finds out by itself after its SlurmdTimeout, 300 s: it is told. What it had
        there it starts again two minutes later: here as soon as another node is free.
        """
        found: set[psutil.Process] = set()
        while new := self._on_node(job) - found:
            for one in new:
                with suppress(psutil.NoSuchProcess):
                    one.suspend()
            found |= new
        os.kill(int(read(self.folder / f"pid/slurmd-{job.node}")), signal.SIGKILL)
        for one in found:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self._slurm("scontrol", "update", f"NodeName={job.node}", "State=DOWN", "Reason=lost")
        self._slurm("scontrol", "update", f"JobId={job.number}", "StartTime=now")

    def drain(self, yes: bool) -> None:
        """Let no job start, so that all wait; or let them start again."""
        state = "DRAIN" if yes else "RESUME"
        self._slurm("scontrol", "update", "NodeName=ALL", f"State={state}", "Reason=test")

    def _on_node(self, job: Job) -> set[psutil.Process]:
        found = set()
        for one in psutil.process_iter():
            try:
                title = " ".join(one.cmdline())
                if not title.startswith(f"slurmstepd: [{job.number}."):
                    continue
                if one.environ().get("SLURM_CONF") == self.env["SLURM_CONF"]:
                    found |= {one, *one.children(recursive=True)}
            except psutil.NoSuchProcess:
                continue  # ended meanwhile
        return found

    def _slurm(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.env, capture_output=True, encoding="utf-8", timeout=60, check=True
        )
        return done.stdout


def find_cluster(folder: Path) -> Cluster:
    """A cluster, not started yet; where there can be none the test is skipped, with the reason."""
    if find_spec(PLUGIN) is None:
        pytest.skip(f"no {PLUGIN} here: uv sync --group cluster")
    if os.getuid() != 0:
        pytest.skip("SLURM's daemon of a node needs root")
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    for program in ("munged", "slurmctld", "slurmd", "sbatch"):
        if not shutil.which(program, path=path):
            pytest.skip(f"no {program} here: apt-get install munge slurmctld slurmd slurm-client")
    data = Path(os.environ.get("STUDY_DATA", ROOT.parent / "shared/data"))
    tools = (data.parent / "tools").resolve()
    if not (tools / "start_slurm.sh").exists():
        pytest.skip("no start_slurm.sh in the tools beside the study data")
    return Cluster(tools, folder)


def until(condition: Callable, process: subprocess.Popen, patience: float = PATIENCE):
    """What a condition gives once it gives anything; the run must not be over before."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert process.poll() is None, "the run was over before it came to this"
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return found


def read(path: Path) -> str:
    """A file's text; nothing where it is not there yet."""
    return path.read_text(encoding="utf-8") if path.exists() else ""
