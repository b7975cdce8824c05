"""Two reasons to run that Snakemake 9 overlooks, and results stay as an earlier config made them.

Downstream of a job that runs it asks no job for its own reasons, taking it that all there will run.
Those that only wait, by ``ancient()``, do not, and what has changed for them is noticed by the next
call alone (snakemake/snakemake#4166). And it compares a job's params as a set of values, without
their names: where two are true and one is not, another one may be so instead.
"""

import os
from collections.abc import Callable, Iterator
from functools import lru_cache


def heed_all_reasons() -> None:
    """Let Snakemake ask each job for its reasons to run, and compare its params by their names."""
    from snakemake.dag import DAG
    from snakemake.persistence import PersistenceBase

    ask_behind_ancient(DAG)
    PersistenceBase._params = lru_cache(named_params)


def ask_behind_ancient(dag_class: type) -> None:
    """Let a DAG pass over those jobs alone that run because another does."""
    update_needrun = dag_class.update_needrun
    if getattr(update_needrun, "asks_all", False):
        return

    async def asking(self, *args, **kwargs):
        search = self.bfs

        def bfs(direction, *jobs, stop: Callable = lambda job: False) -> Iterator:
            if direction is self.depending:
                direction = Triggered(direction)
            return search(direction, *jobs, stop=stop)

        self.bfs = bfs
        try:
            return await update_needrun(self, *args, **kwargs)
        finally:
            del self.bfs

    asking.asks_all = True
    dag_class.update_needrun = asking


class Triggered:
    """The jobs that depend on a job, without those for which it is no reason to run.

    depending : {job: {job that depends on it: the files that it takes from it}}
    """

    def __init__(self, depending):
        self.depending = depending

    def __getitem__(self, job) -> dict:
        return {
            other: files
            for other, files in self.depending[job].items()
            if not all(file.is_ancient and os.path.exists(file) for file in files)
        }


def named_params(persistence, job) -> list[str]:
    """What is recorded of a job's params, and compared with what they are: each with its name."""
    told = {name: persistence._serialize_param(value) for name, value in job.params.items()}
    return sorted(f"{name}: {value}" for name, value in told.items() if isinstance(value, str))
