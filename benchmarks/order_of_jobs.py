"""How long a finished study would take by the order in which ready jobs are started.

    uv run python benchmarks/order_of_jobs.py --study demo
    uv run python benchmarks/order_of_jobs.py --study demo --cores 2 4 8 --folder somewhere

Its logs (logs/<study>/) tell what each job took in, made and cost; from these the run is played
again on so many cores: whenever one is free, the first of the jobs that can start is started. Any
order is what Snakemake's own scheduler does (`--scheduler ilp`: it fills the cores, no more); the
other is that of profiles/default. No order can be faster than the bound: all jobs' CPU time over
the cores, or the longest chain of jobs.
"""

import argparse
import heapq
import os
import random
import statistics
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from measuring import RESULTS, ROOT, facts, write

sys.path.insert(0, str(ROOT / "scripts"))

START = 0.15  # CPU seconds of a job before its log begins
ORDERS, SEED = 30, 1
PACKAGES = ("snakemake",)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--study", default="demo")
    parser.add_argument("--folder", type=Path, default=ROOT, help="where logs/ and results/ lie")
    parser.add_argument("--cores", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    import yaml

    from nomoflow.job_record import read_records

    profile = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    results = options.results.resolve()
    os.chdir(options.folder)
    logs = (f"logs/{options.study}", "logs/simulated")
    run = Run([job for folder in logs for job in read_records(folder) if job["took"]])
    if not run.jobs:
        raise SystemExit(f"logs/{options.study} tells of no job: run the study first")
    first = run.behind(profile["prioritize"])
    random_order = random.Random(SEED)
    rows = []
    for cores in options.cores:
        drawn = [[random_order.random() for _ in run.jobs] for _ in range(ORDERS)]
        any_order = [run.seconds(cores, order.__getitem__) for order in drawn]
        ours = run.seconds(cores, lambda job: (job in first, run.bytes_read[job]))
        bound = max(sum(run.took) / cores, max(run.chain))
        rows.append(
            {"study": options.study, "jobs": len(run.jobs), "cores": cores, "ours": ours}
            | {"any": statistics.mean(any_order), "any_least": min(any_order)}
            | {"any_most": max(any_order), "bound": bound}
        )
        print(
            f"{cores:3} cores: {ours:7.1f} s in the profile's order, any order "
            f"{statistics.mean(any_order):.1f} ({min(any_order):.1f} to {max(any_order):.1f}), "
            f"bound {bound:.1f}"
        )
    write(rows, "order_of_jobs", results, facts(PACKAGES))


class Run:
    """The jobs of a run by number: what each took (CPU s), what it waits for, who waits for it."""

    def __init__(self, jobs: list[dict]):
        self.jobs = jobs
        made = {path: number for number, job in enumerate(jobs) for path in job["output"]}
        self.took = [job["took"]["cpu_seconds"] + START for job in jobs]
        self.needs = [{made[path] for path in job["input"] if path in made} for job in jobs]
        self.then = [[] for _ in jobs]
        for number, needed in enumerate(self.needs):
            for one in needed:
                self.then[one].append(number)

    @cached_property
    def bytes_read(self) -> list[int]:
        """What Snakemake's greedy scheduler goes by: the sizes of all inputs, folders as such."""
        there = (filter(os.path.exists, job["input"]) for job in self.jobs)
        return [sum(map(os.path.getsize, paths)) for paths in there]

    @cached_property
    def chain(self) -> list[float]:
        """Seconds from the start of each job to the end, were there a core for every job."""
        ready = [number for number, then in enumerate(self.then) if not then]
        left, longest = [len(then) for then in self.then], list(self.took)
        while ready:
            job = ready.pop()
            for one in self.needs[job]:
                longest[one] = max(longest[one], self.took[one] + longest[job])
                left[one] -= 1
                ready += [] if left[one] else [one]
        return longest

    def behind(self, rules: list[str]) -> set[int]:
        """The jobs of some rules, and all that these wait for."""
        waiting = [number for number, job in enumerate(self.jobs) if job["rule"] in rules]
        found: set[int] = set()
        while waiting:
            job = waiting.pop()
            if job not in found:
                found.add(job)
                waiting += self.needs[job]
        return found

    def seconds(self, cores: int, rank: Callable) -> float:
        """How long the run takes where of those that can start the highest in rank is started."""
        left = [len(needed) for needed in self.needs]
        ready = [number for number, count in enumerate(left) if not count]
        now, working = 0.0, []
        while ready or working:
            ready.sort(key=rank)
            while ready and len(working) < cores:
                job = ready.pop()
                heapq.heappush(working, (now + self.took[job], job))
            now, job = heapq.heappop(working)
            for one in self.then[job]:
                left[one] -= 1
                ready += [] if left[one] else [one]
        return now


if __name__ == "__main__":
    main()
