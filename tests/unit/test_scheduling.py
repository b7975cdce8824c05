"""Snakemake's limit of jobs a second is lifted, unless the user has set one."""

from types import SimpleNamespace

import pytest
from snakemake.cli import get_argument_parser
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.settings.types import MaxJobsPerTimespan

from nomoflow.scheduling import look_when_jobs_end


def limiter_after(limit):
    scheduler = SimpleNamespace(job_rate_limiter="there")
    settings = SimpleNamespace(max_jobs_per_timespan=limit)
    look_when_jobs_end(SimpleNamespace(scheduling_settings=settings, scheduler=scheduler))
    return scheduler.job_rate_limiter


def test_snakemakes_own_limit_is_lifted():
    asked = get_argument_parser().parse_args([]).max_jobs_per_timespan
    limit = (
        asked if isinstance(asked, MaxJobsPerTimespan) else MaxJobsPerTimespan.parse_choice(asked)
    )
    assert limiter_after(limit) is None


@pytest.mark.parametrize("asked", ["10/1s", "100/1m"])
def test_a_limit_that_was_asked_for_is_kept(asked):
    assert limiter_after(MaxJobsPerTimespan.parse_choice(asked)) == "there"


def test_without_any_limit_nothing_is_changed():
    assert limiter_after(None) == "there"


def test_the_scheduler_looks_again_for_its_limit_alone():
    """What is set to None is what Snakemake asks before it looks again."""
    names = JobScheduler.schedule.__code__.co_names
    assert {"job_rate_limiter", "_schedule_reevalutation"} <= set(names)
    assert "job_rate_limiter" in JobScheduler.job_selector.__code__.co_names
