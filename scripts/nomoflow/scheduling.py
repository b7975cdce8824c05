"""When Snakemake looks for jobs that can start.

Standard library only: Snakemake itself imports this module.
"""

USUAL = (100, 1)  # jobs in so many seconds: Snakemake's limit where none is asked for


def look_when_jobs_end(workflow) -> None:
    """Have Snakemake look for jobs to start when one has ended, and at no other time.

    For the sake of its limit it looks again a second after each look, and each job that ends begins
    another such series, so that the looks of a second grow with the jobs that have ended. A look
    evaluates the params of all jobs that could start and asks for the sizes of all their inputs:
    with hundreds of images that takes as long as the jobs. A limit that was asked for is kept.

    workflow : Snakemake's, with its scheduler made (from ``onstart`` on)
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == USUAL:
        workflow.scheduler.job_rate_limiter = None
