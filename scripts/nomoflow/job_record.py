"""What each job writes of itself into its log: by which rule, from what and how a file was made.

The first line of a log says what the job was given, the last one what it took. Standard library
only: imaging jobs start quickly.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

GIVEN, TOOK = "job ", "took "
MB = 1024 if sys.platform != "darwin" else 1024**2  # the unit of ru_maxrss is kB, or bytes


def given(job) -> str:
    """The first line: rule, wildcards, inputs, outputs, params and the interpreter, as JSON.

    job : Snakemake's object of a script.
    """
    record = {
        "rule": job.rule,
        "wildcards": dict(job.wildcards.items()),
        "input": list(job.input),
        "output": list(job.output),
        "params": dict(job.params.items()),
        "prefix": sys.prefix,
    }
    return GIVEN + json.dumps(record, ensure_ascii=False, default=str)


def took(began: float) -> str:
    """The last line of a job that ended well: wall seconds since `began`, CPU s, peak memory."""
    kinds = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peaks = [_own_peak_mb(), kinds[1].ru_maxrss / MB]
    record = {
        "seconds": round(time.monotonic() - began, 3),
        "cpu_seconds": round(sum(kind.ru_utime + kind.ru_stime for kind in kinds), 3),
        "peak_mb": round(max(peaks), 1),
    }
    return TOOK + json.dumps(record)


def _own_peak_mb() -> float:
    # ru_maxrss of a process counts what its parent held when it was started: Snakemake's memory.
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text("utf-8").splitlines() if "VmHWM" in line)
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


def read_records(folder: str | Path) -> Iterator[dict]:
    """The jobs of the logs in a folder, in the order of the logs' names; `took` {} where it failed.

    A log that no script wrote (of a tool that a rule calls) has no record and is passed over.
    """
    for path in sorted(Path(folder).rglob("*.log")):
        lines = path.read_text(encoding="utf-8").splitlines()
        if lines and lines[0].startswith(GIVEN):
            ended = lines[-1].removeprefix(TOOK) if lines[-1].startswith(TOOK) else "{}"
            yield {**json.loads(lines[0].removeprefix(GIVEN)), "took": json.loads(ended)}
