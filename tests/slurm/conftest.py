"""A private cluster, and the quick study done on it while a job is cancelled and a node stops."""

import re
import shutil
from types import SimpleNamespace

import pytest
from slurm.cluster import find_cluster, read, until
from workflow import running
from workflow.conftest import finished

__all__ = ["finished"]  # the plain run: made once for all tests of a session


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Two nodes, started; ended with the session."""
    cluster = find_cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def disturbed(cluster, finished, tmp_path_factory):
    """The ``run`` in its ``folder``; all its ``jobs``, one ``cancelled``, one ``lost`` with a node.

    Both of these were extracting features of a batch. The images are there, as a study's are; of
    the simulated ones it is known how they were made.
    """
    folder = running.copy_project(tmp_path_factory.mktemp("cluster") / "project")
    for part in ("data", "logs/simulated"):
        shutil.copytree(finished / part, folder / part)
    process = cluster.begin(folder)
    try:
        cancelled = until(lambda: _extracting(cluster, folder), process)
        cluster.cancel(cancelled)
        # Not that job again: it asks for more now.
        lost = until(lambda: _extracting(cluster, folder, cancelled), process)
        cluster.lose_node(lost)
        # A node that comes back would not take it: it remembers that the job is over.
        until(lambda: _elsewhere(cluster, lost), process)
        cluster.start()
        run = cluster.ended(process, folder)
    finally:
        process.kill()
        process.wait()
    return SimpleNamespace(
        folder=folder, run=run, cancelled=cancelled, lost=lost, jobs=cluster.jobs()
    )


def _extracting(cluster, folder, besides=None):
    """A job that is at the features of a bucket, another than the one that is given."""
    for job in cluster.jobs():
        known = besides and (job.number == besides.number or job.memory != besides.memory)
        log = re.search(r"log: (\S+/extract_features/\S+)", read(job.log))
        if job.state == "RUNNING" and not known and log and read(folder / log[1]):
            return job
    return None


def _elsewhere(cluster, lost):
    (job,) = [job for job in cluster.jobs() if job.number == lost.number]
    return job.state == "RUNNING" and job.node != lost.node
