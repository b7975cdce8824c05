"""A batch's cases, each within its limits; one that fails becomes a row with the reason."""

import logging

from nomoflow.exclusions import failure
from nomoflow.image_problems import ImageProblem
from nomoflow.isolation import CaseFailed, CaseRaised


def limits(job) -> dict[str, float | None]:
    """``memory_mb`` and ``seconds`` of a case, from the job's resources; None where not given."""
    resources = getattr(job, "resources", None)
    # Snakemake has a text in the place of a number that is not known yet.
    known = {
        name: value if isinstance(value := getattr(resources, key, None), int | float) else None
        for name, key in (("memory_mb", "mem_mb"), ("seconds", "case_seconds"))
    }
    return known


def failed(scan: dict, stage: str, otherwise: str, error: Exception) -> dict[str, str]:
    """The row of a case that failed, which is logged, too.

    otherwise : the reason where the computing itself raised an error that says too little
    """
    logging.error("%s %s %s: %s", scan["patient"], scan["phase"], scan["reading"], error)
    if isinstance(error, ImageProblem):
        return failure(scan, stage, error.problem, str(error))
    if isinstance(error, CaseRaised):
        return failure(scan, stage, otherwise, str(error))
    if isinstance(error, CaseFailed):
        return failure(scan, stage, error.reason, error.detail)
    raise error
