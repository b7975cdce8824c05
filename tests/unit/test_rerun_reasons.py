"""A job that only waits for another is asked whether it must run; params have names."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from nomoflow.rerun_reasons import Triggered, ask_behind_ancient, named_params


class File(str):
    is_ancient = False


class Ancient(File):
    is_ancient = True


@pytest.fixture
def dag_class():
    """As much of Snakemake's as it takes: all jobs found downstream are passed over."""

    class Dag:
        def __init__(self, depending):
            self.depending, self.dependencies = depending, {"check": {}}

        def bfs(self, direction, *jobs, stop=lambda job: False):
            waiting = list(jobs)
            while waiting:
                job = waiting.pop(0)
                if not stop(job):
                    yield job
                    waiting += direction[job].keys()

        async def update_needrun(self, job):
            assert list(self.bfs(self.dependencies, "check")) == ["check"]
            return list(self.bfs(self.depending, job))

    return Dag


@pytest.fixture
def depending(tmp_path, monkeypatch):
    """A check, whose verdict two jobs wait for; one of them reads a table of the check as well."""
    monkeypatch.chdir(tmp_path)
    Path("verdict").touch()
    return {
        "check": {
            "waiting": {Ancient("verdict")},
            "reading": {Ancient("verdict"), File("table")},
            "new": {Ancient("not made yet")},
        },
        "waiting": {"after": {File("result")}},
        **{job: {} for job in ("reading", "new", "after")},
    }


def test_a_job_that_only_waits_is_not_passed_over(dag_class, depending):
    dag = dag_class(depending)
    before = asyncio.run(dag.update_needrun("check"))
    assert before == ["check", "waiting", "reading", "new", "after"]
    ask_behind_ancient(dag_class)
    ask_behind_ancient(dag_class)  # a second time it changes nothing
    assert asyncio.run(dag.update_needrun("check")) == ["check", "reading", "new"]
    # Other searches are as they were.
    assert list(dag.bfs(dag.depending, "waiting")) == ["waiting", "after"]


def test_what_a_job_waits_for_counts_until_it_is_there(depending):
    assert Triggered(depending)["check"].keys() == {"reading", "new"}
    Path("verdict").unlink()
    assert Triggered(depending)["check"].keys() == {"waiting", "reading", "new"}


def recorded(**params):
    def serialized(value):  # Snakemake's own: a mark, which is no text, for what has no such form
        return object() if callable(value) else repr(value)

    return named_params(
        SimpleNamespace(_serialize_param=serialized), SimpleNamespace(params=params)
    )


def test_values_that_change_places_are_a_change():
    assert recorded(shape=True, fast=False) != recorded(shape=False, fast=True)
    assert recorded(shape=True, fast=True, shuffle=False) != recorded(
        shape=True, fast=False, shuffle=False
    )
    assert recorded(fast=False, shape=True) == recorded(shape=True, fast=False)
    assert recorded(shape=True, draw=print) == ["shape: True"]
