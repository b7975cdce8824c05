"""What a study took, and on what: all that may differ from one run to the next.

Standard library only.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from nomoflow.job_history import Job

FORMAT = "nomoflow-run/1"
MEASURED = ("seconds", "cpu_seconds", "peak_mb")


def run_record(
    study: str,
    manifest: str,
    jobs: Iterable[Job],
    stages: Mapping[str, str],
    environment: Callable[[str], dict],
    machine: Mapping,
    code: Mapping,
) -> dict:
    """Times and memory of each job, totals, environments, machine and version of the code.

    manifest : digest of the manifest that this goes with; stages : of each rule
    environment : what a prefix holds, as ``machine.environment`` tells it
    """
    jobs = list(jobs)
    stage_of = {job.rule: stages.get(job.rule, "") for job in jobs}
    made = {
        prefix: (names, environment(prefix)) for prefix, names in by_prefix(jobs, stage_of).items()
    }
    return {
        "format": FORMAT,
        "study": study,
        "manifest": manifest,
        "code": dict(code),
        "machine": dict(machine),
        "deployment": {
            stage: sorted({told["deployment"] for names, told in made.values() if stage in names})
            for stage in sorted(set(stage_of.values()))
        },
        "environments": [{"stages": names, **told} for names, told in made.values()],
        "totals": {
            "all": totals(jobs),
            "stages": grouped(jobs, stage_of),
            "rules": grouped(jobs, {rule: rule for rule in stage_of}),
        },
        "jobs": [
            {"rule": job.rule, "wildcards": job.wildcards, **measured(job.took)} for job in jobs
        ],
    }


def by_prefix(jobs: Iterable[Job], stage_of: Mapping[str, str]) -> dict[str, list[str]]:
    """The stages whose jobs each interpreter ran, in their order."""
    stages = defaultdict(set)
    for job in jobs:
        stages[job.prefix].add(stage_of[job.rule])
    # By stage, for a prefix is another on each machine.
    named = sorted((sorted(names), prefix) for prefix, names in stages.items())
    return {prefix: names for names, prefix in named}


def measured(took: Mapping) -> dict:
    """Wall and CPU seconds and peak memory of a job."""
    return {name: took[name] for name in MEASURED}


def totals(jobs: Iterable[Job]) -> dict:
    """Number of jobs, their seconds together, and the peak memory in MB of the largest."""
    took = [measured(job.took) for job in jobs]
    return {
        "jobs": len(took),
        "seconds": round(sum(one["seconds"] for one in took), 3),
        "cpu_seconds": round(sum(one["cpu_seconds"] for one in took), 3),
        "peak_mb": max((one["peak_mb"] for one in took), default=0.0),
    }


def grouped(jobs: Iterable[Job], group_of: Mapping[str, str]) -> dict[str, dict]:
    """The totals by group of rules, sorted, each with its share of all CPU seconds."""
    groups = defaultdict(list)
    for job in jobs:
        groups[group_of[job.rule]].append(job)
    made = {name: totals(groups[name]) for name in sorted(groups)}
    whole = sum(one["cpu_seconds"] for one in made.values())
    return {
        name: one | {"cpu_share": round(one["cpu_seconds"] / whole, 4) if whole else 0.0}
        for name, one in made.items()
    }
