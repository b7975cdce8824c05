"""How far a run is: counts, time left, and what is shown with and without a terminal."""

import io
import logging
from types import SimpleNamespace

import pytest
from jobs import job_with_log

from nomoflow.files import WENT_WRONG
from nomoflow.progress import ProgressHandler, Tally, Unsaid, block, line, what_went_wrong
from nomoflow.run import log_to

STAGES = {"draw": "cohort", "check": "images", "resample": "images", "extract": "features"}


@pytest.fixture
def tally():
    """Ten jobs planned; two drawn in 10 s each, one check in 4 s that failed, one at work."""
    made = Tally(STAGES, cores=2)
    made.plan({"draw": 2, "check": 3, "resample": 5, "all": 1}, now=100.0)
    for job, rule, began, ended, failed in (
        (1, "draw", 100.0, 110.0, False),
        (2, "draw", 100.0, 110.0, False),
        (3, "check", 110.0, 114.0, True),
    ):
        made.start(job, rule, began)
        made.end(job, ended, failed)
    made.start(4, "check", 110.0)
    return made


def test_counts_by_stage(tally):
    assert tally.of_stages() == {"cohort": (2, 2, 0, 0), "images": (8, 0, 1, 1)}
    assert tally.counts == (10, 2, 1)


def test_the_time_left_follows_the_jobs_that_ended(tally):
    # two checks of 4 s, of which one is 2 s old, and five jobs of the usual 24 / 3 s; on two cores
    assert tally.seconds_left(112.0) == pytest.approx((2 * 4 - 2 + 5 * 8) / 2)
    assert tally.seconds_left(112.0, "cohort") == 0


def test_nothing_is_foretold_from_too_little():
    made = Tally(STAGES, cores=1)
    made.plan({"draw": 2}, now=0.0)
    made.start(1, "draw", 0.0)
    made.end(1, 1.0)
    assert made.seconds_left(1.0) is None


def test_nothing_is_foretold_where_nobody_knows_how_many_work_at_once(tally):
    assert tally.seconds_left(112.0) is not None
    tally.cores = 0
    assert tally.seconds_left(112.0) is None and tally.seconds_left(112.0, "cohort") is None


def test_a_job_that_is_tried_again_has_not_failed(tally):
    assert tally.counts == (10, 2, 1)
    tally.start(3, "check", 115.0)
    assert tally.counts == (10, 2, 0)
    tally.end(3, 119.0)
    assert tally.counts == (10, 3, 0)


def test_views(tally):
    tall = block(tally, 112.0)
    assert tall[0].split() == ["cohort", "#" * 24, "2/2"]
    assert "0/8" in tall[1] and "1 failed, 1 running" in tall[1]
    assert line(tally, 222.0) == (
        "images 0/8; 2 of 10 jobs, 1 failed, 2:02 gone, about a minute left"
    )


def record(event="", level=logging.INFO, msg="", **told):
    made = logging.LogRecord("snakemake", level, "", 0, msg, None, None)
    made.__dict__.update(told, **({"event": event} if event else {}))
    return made


def follow(terminal, log):
    stream = io.StringIO()
    now = SimpleNamespace(at=0.0)
    view = ProgressHandler(Tally(STAGES, 1), stream, terminal, clock=lambda: now.at)
    view.emit(record("run_info", stats={"draw": 2, "total": 2}))
    for job in (1, 2):
        view.emit(record("job_info", jobid=job, rule_name="draw"))
    now.at = 60.0
    view.emit(record("job_error", jobid=1, rule_name="draw", log=[str(log)]))
    view.emit(record("job_finished", job_id=2))
    view.emit(record(level=logging.ERROR, msg="Exiting because a job execution failed. Look"))
    return stream.getvalue()


def test_a_failure_is_told_at_once_with_its_log(tmp_path):
    log = tmp_path / "draw.log"
    log.write_text(f"much before\n\n{WENT_WRONG}\npeople.csv, row 3\n", encoding="utf-8")
    shown = follow(False, log)
    assert f"draw failed:\n\npeople.csv, row 3\n\n    log  {log}" in shown
    assert "much before" not in shown and "\x1b" not in shown
    assert shown.endswith("1 of 2 jobs, 1 failed, 1:00 gone\n")


def test_on_a_terminal_the_view_is_drawn_in_its_place(tmp_path):
    shown = follow(True, tmp_path / "no.log")
    assert "wrote no log" in shown
    assert shown.count("\x1b[2F\x1b[J") == 1  # over the two lines of the view before


def test_snakemake_tells_only_what_the_view_does_not():
    view = ProgressHandler(Tally(STAGES, 1), io.StringIO(), False)
    unsaid = Unsaid(view)
    assert unsaid.filter(record(msg="Building DAG of jobs..."))
    view.emit(record("run_info", stats={"draw": 1}))
    assert not unsaid.filter(record("job_info", msg="rule draw"))
    assert not unsaid.filter(record(level=logging.ERROR, msg="RuleException: exit status 1"))
    assert unsaid.filter(record(level=logging.ERROR, msg="MissingOutputException"))
    view.finish()


def test_the_log_of_a_failed_job_says_last_what_went_wrong(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NOMOFLOW_RUN_TELLS", "yes")
    log = tmp_path / "draw.log"
    with pytest.raises(SystemExit), log_to(job_with_log(log)):
        raise ValueError("people.csv, row 3: 'x'")
    assert capsys.readouterr().err == ""
    assert "draw failed:\n\npeople.csv, row 3: 'x'" in what_went_wrong("draw", [str(log)])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "cancelled or killed"),
        (["job {}"], "cancelled or killed"),
        (["job {}", "one", "took {}"], "ended well"),
        (["job {}", "one", "two"], "\none\ntwo\n"),
    ],
)
def test_a_log_without_what_went_wrong(tmp_path, lines, words):
    """Its job was cancelled, or a batch it was in; the record of the job is for programs."""
    log = tmp_path / "draw.log"
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    told = what_went_wrong("draw", [str(log)])
    assert words in told and "{}" not in told and str(log) in told
