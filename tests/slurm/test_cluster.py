"""The quick study on a SLURM cluster: the same bytes, though a job is cancelled and a node lost."""

import re
import subprocess
import sys

import pytest
from slurm.cluster import until
from workflow.running import RESULTS, ROOT, copy_finished, differing, digests

pytestmark = pytest.mark.slurm

# What may differ from run to run: times, memory, the machine.
OF_THE_RUN = ("provenance/run.json", "provenance/ro-crate")


def test_both_profiles_apply(cluster):
    """By Snakemake's own reading of the command line: what each of the two alone sets."""
    code = (
        "import sys; from snakemake.cli import parse_args as parse; said = parse(sys.argv[1:])[1];"
    )
    code += "print(said.executor, said.retries, said.max_checksum_file_size, said.rerun_incomplete)"
    command = [sys.executable, "-c", code, "--profile", "profiles/slurm"]
    done = subprocess.run(
        command, cwd=ROOT, env=cluster.env, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == ["slurm", "2", "100000000000", "True"]


def test_the_results_are_those_of_the_plain_run(disturbed, finished):
    disturbed.run.succeeded()
    plain = digests(finished / RESULTS, without=OF_THE_RUN)
    found = digests(disturbed.folder / RESULTS, without=OF_THE_RUN)
    assert len(found) > 200
    assert differing(plain, found) == []


def test_no_job_ran_beside_the_cluster(disturbed):
    """A job that the head process does itself is a local one in its log: the target, no work."""
    assert set(re.findall(r"^local\w+ (\w+):", disturbed.run.log, re.M)) <= {"all"}
    assert len(disturbed.run.jobs) > 50
    assert {job.state for job in disturbed.jobs} == {"COMPLETED", "CANCELLED"}


def test_many_small_jobs_share_one_of_the_cluster(disturbed):
    steps = sum(disturbed.run.jobs.values())
    print(f"{steps} jobs of the workflow in {len(disturbed.jobs)} of the cluster")
    assert len(disturbed.jobs) < steps / 4


def test_a_cancelled_job_is_done_again_with_more_memory(disturbed, cluster):
    """Snakemake submits it anew: profiles/slurm has retries."""
    first = disturbed.cancelled
    assert cluster.history(first.number) == ["CANCELLED"]
    (again,) = [job for job in disturbed.jobs if job.memory > first.memory]
    assert again.what == first.what
    assert again.memory == 2 * first.memory
    assert cluster.history(again.number) == ["COMPLETED"]


def test_the_job_of_a_lost_node_is_done_again(disturbed, cluster):
    """SLURM itself starts it anew, under its number: profiles/slurm has slurm-requeue."""
    assert cluster.history(disturbed.lost.number) == ["NODE_FAIL", "COMPLETED"]


def test_a_run_whose_head_process_died(cluster, finished, tmp_path):
    """Its jobs are in the queue still: the next run is told so, and does not begin."""
    folder = copy_finished(finished, tmp_path / "project")
    known = {job.number for job in cluster.jobs()}
    cluster.drain(True)
    head = cluster.begin(folder, "--forcerun", "check_settings")
    try:
        (left,) = until(lambda: [job for job in cluster.jobs() if job.number not in known], head)
    finally:
        head.kill()
        head.wait()
    for options in ([], ["--unlock"], []):  # while the lock is there, and without it
        run = cluster.ended(cluster.begin(folder, *options), folder)
        told = f"in the cluster's queue: {left.number} ({left.what})" in run.output
        assert told == (options == []), run.output
        assert run.code == (1 if told else 0), run.output
    cluster.cancel(left)
    cluster.drain(False)
