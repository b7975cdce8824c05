"""A log begins with what its job was given and ends with what it took."""

import pytest
from jobs import job_with_log
from snakemake.iocontainers import Namedlist

from nomoflow.job_record import read_records
from nomoflow.run import log_to


def test_record_of_a_job_comes_back_whole(tmp_path):
    job = job_with_log(tmp_path / "deep" / "compute_icc.log", rule="compute_icc")
    job.input, job.output = ["features/a.parquet"], ["reliability/icc.csv"]
    job.params = Namedlist(fromdict={"form": "ICC(A,1)", "code": {"icc": "ab"}, "none": None})
    job.wildcards = Namedlist(fromdict={"study": "Prüfung"})
    with log_to(job):
        print("words between\n")
        bytearray(40_000_000)
    (one,) = read_records(tmp_path)
    assert one["rule"] == "compute_icc"
    assert one["input"] == job.input and one["output"] == job.output
    assert one["params"] == {"form": "ICC(A,1)", "code": {"icc": "ab"}, "none": None}
    assert one["wildcards"] == {"study": "Prüfung"}
    assert 0 <= one["took"]["seconds"] < 60 and one["took"]["peak_mb"] > 40


def test_a_failed_job_has_no_last_line_and_a_tool_no_record(tmp_path):
    with pytest.raises(SystemExit), log_to(job_with_log(tmp_path / "failed.log")):
        raise ValueError("no")
    (tmp_path / "tool.log").write_text("all is well\n", encoding="utf-8")
    (tmp_path / "empty.log").touch()
    (one,) = read_records(tmp_path)
    assert one["took"] == {}
