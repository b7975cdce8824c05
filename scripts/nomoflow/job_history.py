"""How the files of a study were made: the records that jobs left in their logs, followed upwards.

Snakemake's own records are not used: they stand in no release, and hold times and folders.
Standard library only.
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nomoflow.canonical import digest_of_content
from nomoflow.series_choice import without_uid

OUTSIDE = "<outside>"
LONGEST = 2000  # characters of a param that is told as it is; of a longer one its digest is
CODE = "code"  # the param with the digests of the modules behind a script


class HistoryError(ValueError):
    """A file of which no log tells how it was made."""


class Places:
    """Paths as they may be told to others: from the project folder on, never absolute.

    root : the project folder
    folders : where a study's files may lie outside of it; what lies below one of them is told from
        there on, as ``<outside>/...``, as is what lies elsewhere, by its name alone
    """

    def __init__(self, root: str | Path, folders: Iterable[str | Path] = ()):
        self.root = Path(root)
        roots = {os.path.abspath(self.root), os.path.realpath(self.root)}
        self.inside = sorted(roots, key=len, reverse=True)
        known = {os.path.normpath(folder) for folder in folders if os.path.isabs(folder)}
        self.outside = sorted(known - roots, key=len, reverse=True)
        self.real: dict[str, str] = {}

    def told(self, path: str | Path) -> str:
        """A path of a file as others may read it. Two files outside must not get the same."""
        text = os.path.normpath(path)
        made = self._told(text)
        if self.real.setdefault(made, text) != text and made.startswith(OUTSIDE):
            raise HistoryError(
                f"{made}: two files outside of the project folder would be told alike; move one "
                "into the project folder, or give it another name in the config"
            )
        return made

    def _told(self, text: str) -> str:
        if not os.path.isabs(text):
            return text
        for folder in self.inside:
            if text == folder or text.startswith(folder + "/"):
                return os.path.relpath(text, folder)
        for folder in self.outside:
            if text == folder or text.startswith(folder + "/"):
                return str(PurePosixPath(OUTSIDE, os.path.relpath(text, folder)))
        return f"{OUTSIDE}/{PurePosixPath(text).name}"

    def place(self, told: str) -> Path:
        """Where a file lies of which ``told`` was asked before."""
        return self.root / self.real.get(told, told)

    def in_value(self, value):
        """A value of params, config or a table with every path in it as it may be told."""
        if isinstance(value, Mapping):
            # Sorted: an overlay's keys come before the defaults', and mean the same after them.
            return {key: self.in_value(value[key]) for key in sorted(value)}
        if isinstance(value, list | tuple):
            return [self.in_value(item) for item in value]
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)  # JSON has none
        return self._in_text(value) if isinstance(value, str) else value

    def _in_text(self, text: str) -> str:
        if os.path.isabs(text) and (text.count("/") > 1 or text in self.outside):
            return self._told(os.path.normpath(text))
        for folder in self.inside:
            text = text.replace(folder + "/", "")
        for folder in self.outside:
            text = text.replace(folder + "/", OUTSIDE + "/")
        return without_uid(text) if "#" in text else text


@dataclass(frozen=True)
class Job:
    """A job that ended: paths as told, long params as digests.

    took : wall and CPU seconds and peak memory; prefix : of its interpreter, a machine's own path
    """

    rule: str
    wildcards: dict[str, str]
    params: dict
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    took: dict
    prefix: str

    @property
    def key(self) -> tuple:
        """What sorts jobs the same way on every machine."""
        return self.rule, *((len(value), value) for value in self.wildcards.values())

    def as_record(self) -> dict:
        """What must repeat of it."""
        return {
            "rule": self.rule,
            "wildcards": self.wildcards,
            "params": self.params,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
        }


def job_of(record: Mapping, places: Places) -> Job:
    """A record of ``job_record.read_records`` as a job."""
    return Job(
        rule=record["rule"],
        wildcards={name: str(value) for name, value in sorted(record["wildcards"].items())},
        params=brief(places.in_value(record["params"])),
        inputs=tuple(dict.fromkeys(map(places.told, record["input"]))),
        outputs=tuple(dict.fromkeys(map(places.told, record["output"]))),
        took=record["took"],
        prefix=record["prefix"],
    )


def brief(params: Mapping) -> dict:
    """Params as they are told: one digest for the code, and for what is too long to be read."""
    made = {}
    for name, value in params.items():
        if name == CODE or len(repr(value)) > LONGEST:
            value = {"sha256": digest_of_content(value)}
        made[name] = value
    return made


def made_by(records: Iterable[Mapping], rules: Iterable[str], places: Places) -> dict[str, Job]:
    """The job behind each file that a log names as an output.

    rules : those that there are now; a log that an earlier version's rule left tells nothing
    Raises HistoryError where two logs claim one file.
    """
    known, found = set(rules), {}
    for record in records:
        if record["rule"] not in known:
            continue
        job = job_of(record, places)
        for path in job.outputs:
            other = found.setdefault(path, job)
            if other is not job:
                raise HistoryError(
                    f"{path}: the logs of {_named(other)} and of {_named(job)} both say that they "
                    "made it; delete the one that an earlier version or config left in logs/"
                )
    return found


def _named(job: Job) -> str:
    wildcards = ", ".join(f"{name} {value}" for name, value in job.wildcards.items())
    return f"{job.rule} ({wildcards})"


def ancestry(
    wanted: Iterable[str], made: Mapping[str, Job], recorded: Callable[[str], bool]
) -> tuple[list[Job], list[str]]:
    """The jobs behind some files, at any depth, and the files from which all began; both sorted.

    recorded : whether a file must have a job behind it
    Raises HistoryError with all files of which no log, or that of a job that did not end, tells.
    """
    jobs: dict[int, Job] = {}
    begun, lost = set(), set()
    waiting = sorted(set(wanted))
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        job = made.get(path)
        if job is None or not job.took:
            (lost if job or recorded(path) else begun).add(path)
            continue
        jobs[id(job)] = job
        new = {*job.inputs, *job.outputs} - seen
        seen |= new
        waiting += sorted(new)
    if lost:
        raise HistoryError(_lost(sorted(lost)))
    return sorted(jobs.values(), key=lambda job: job.key), sorted(begun)


def _lost(paths: list[str]) -> str:
    more = f"\n    and {len(paths) - 10} more" if paths[10:] else ""
    names = "".join(f"\n    {path}" for path in paths[:10])
    return (
        f"No log in logs/ tells how {'this file was' if len(paths) == 1 else 'these files were'} "
        f"made:{names}{more}\nBring the logs back, or have the files made anew:\n"
        f"    snakemake --forcerun {' '.join(paths[:10])} --cores all (and the run's own options)"
    )
