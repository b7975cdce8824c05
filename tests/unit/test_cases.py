"""Limits of a case, and the row of one that failed."""

from types import SimpleNamespace as Job

import pytest

from nomoflow.cases import failed, limits
from nomoflow.image_problems import ImageProblem
from nomoflow.isolation import CaseFailed, CaseRaised

SCAN = {"patient": "P1", "phase": "CT", "reading": "a1", "label": "1"}


def test_limits_come_from_the_resources():
    assert limits(Job()) == limits(Job(resources=Job())) == {"memory_mb": None, "seconds": None}
    given = Job(resources=Job(mem_mb=4000, case_seconds=600))
    assert limits(given) == {"memory_mb": 4000, "seconds": 600}
    assert limits(Job(resources=Job(mem_mb="<TBD>")))["memory_mb"] is None


@pytest.mark.parametrize(
    ("error", "reason", "detail"),
    [
        (ImageProblem("mask_empty", "the mask is empty"), "the mask is empty", "the mask is empty"),
        (CaseRaised("ValueError", "flat"), "cannot be computed", "ValueError: flat"),
        (CaseFailed("more memory than 1 MB", "1 GiB"), "more memory than 1 MB", "1 GiB"),
        (CaseFailed("crashed (signal 11)"), "crashed (signal 11)", ""),
    ],
)
def test_failed_case_is_a_row(error, reason, detail):
    row = failed(SCAN, "images", "cannot be computed", error)
    assert (row["stage"], row["reason"], row["detail"]) == ("images", reason, detail)
    assert (row["patient"], row["phase"], row["reading"]) == ("P1", "CT", "a1")


def test_any_other_error_is_no_case():
    with pytest.raises(OSError, match="disk"):
        failed(SCAN, "images", "cannot be computed", OSError("disk"))
