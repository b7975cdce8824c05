"""What a run shows while it works: on a terminal a line for each stage, else a line now and then.

Snakemake's own account of every job goes on to its log file. Standard library only: Snakemake
itself imports this module.
"""

import logging
import os
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

from nomoflow.files import TOLD_BY_RUN, WENT_WRONG
from nomoflow.job_record import GIVEN, TOOK

BAR = 24
EVERY = {True: 1.0, False: 30.0}  # seconds between two views, on a terminal and without one
FEW = 3  # finished jobs before which nothing is foretold
GIVEN_UP = "Exiting because a job execution failed"
ENDED_WELL = "Its script ended well; what it was done with was cancelled, or an output is missing."
CUT_OFF = "It was cancelled or killed: its log says nothing."
TOLD_BY_JOB = ("RuleException", GIVEN_UP, "At least one job did not complete")


class Tally:
    """Jobs planned, running, done and failed, by stage; all times in seconds.

    stages : the stage of each rule; cores : jobs that run at once, for the time that is left; 0
    where that is not known
    """

    def __init__(self, stages: dict[str, str], cores: int):
        self.stages, self.cores = stages, cores
        self.planned: Counter = Counter()
        self.done: Counter = Counter()
        self.failed: Counter = Counter()
        self.running: dict[int, tuple[str, float]] = {}
        self.broken: dict[int, str] = {}
        self.took: dict[str, list[float]] = defaultdict(list)
        self.began: float | None = None

    def plan(self, jobs: dict[str, int], now: float) -> None:
        """Note how many jobs each rule will have; those without a stage are targets, no work."""
        self.planned = Counter({rule: n for rule, n in jobs.items() if rule in self.stages})
        self.began = now

    def start(self, job: int, rule: str, now: float) -> None:
        """Note that a job has begun; one that had failed is tried again."""
        if again := self.broken.pop(job, None):
            self.failed[again] -= 1
        if rule in self.stages:
            self.running[job] = (rule, now)

    def end(self, job: int, now: float, failed: bool = False) -> None:
        """Note that a job has ended."""
        rule, began = self.running.pop(job, ("", now))
        if rule:
            (self.failed if failed else self.done)[rule] += 1
            if failed:
                self.broken[job] = rule
            self.took[rule].append(now - began)

    def of_stages(self) -> dict[str, tuple[int, int, int, int]]:
        """Planned, done, failed and running jobs of each stage, in the order of the data."""
        running = Counter(rule for rule, _ in self.running.values())
        counts: dict[str, list[int]] = {}
        for rule, stage in self.stages.items():
            if self.planned[rule]:
                so_far = counts.setdefault(stage, [0, 0, 0, 0])
                for i, count in enumerate((self.planned, self.done, self.failed, running)):
                    so_far[i] += count[rule]
        return {stage: tuple(numbers) for stage, numbers in counts.items()}

    def seconds_left(self, now: float, stage: str | None = None) -> float | None:
        """How long the jobs that are left will take, judged by those that ended; None too early.

        A rule of which none has ended yet is taken to be like the others.
        """
        every = [seconds for taken in self.took.values() for seconds in taken]
        if len(every) < FEW or not self.cores:
            return None
        usual, left = sum(every) / len(every), 0.0
        for rule, planned in self.planned.items():
            if stage in (None, self.stages[rule]):
                taken = self.took[rule]
                mean = sum(taken) / len(taken) if taken else usual
                left += mean * (planned - self.done[rule] - self.failed[rule])
        left -= sum(now - began for r, began in self.running.values()
                    if stage in (None, self.stages[r]))  # fmt: skip
        return max(left, 0.0) / self.cores

    @property
    def counts(self) -> tuple[int, int, int]:
        """Planned, done and failed jobs in all."""
        return self.planned.total(), self.done.total(), self.failed.total()


def block(tally: Tally, now: float) -> list[str]:
    """The view for a terminal: a line for each stage, and one for all."""
    lines = []
    for stage, (planned, done, failed, running) in tally.of_stages().items():
        bar = "#" * (BAR * done // planned)
        words = [f"{failed} failed"] * bool(failed) + [f"{running} running"] * bool(running)
        if running:
            words += _left(tally.seconds_left(now, stage))
        line = f"  {stage:<12} {bar:.<{BAR}} {done:>4}/{planned:<4} {', '.join(words)}"
        lines.append(line.rstrip())
    return [*lines, f"  {in_all(tally, now)}"]


def line(tally: Tally, now: float) -> str:
    """The view without a terminal: the stages at work, and all of it."""
    at_work = [
        f"{stage} {done}/{planned}"
        for stage, (planned, done, _, running) in tally.of_stages().items()
        if running
    ]
    return "; ".join(filter(None, [", ".join(at_work), in_all(tally, now)]))


def in_all(tally: Tally, now: float) -> str:
    """ "84 of 162 jobs, 1 failed, 1:32 gone, about 4 min left"."""
    planned, done, failed = tally.counts
    minutes, seconds = divmod(round(now - tally.began), 60)
    words = [f"{done} of {planned} jobs"] + [f"{failed} failed"] * bool(failed)
    words.append(f"{minutes}:{seconds:02d} gone")
    return ", ".join(words + (_left(tally.seconds_left(now)) if done < planned else []))


def _left(seconds: float | None) -> list[str]:
    if seconds is None:
        return []
    return [f"about {seconds / 60:.0f} min left" if seconds >= 90 else "about a minute left"]


def what_went_wrong(rule: str, logs: list[str]) -> str:
    """A failed job in words: what its log says last, and where to read on."""
    for log in map(Path, logs):
        if log.is_file():
            text = log.read_text(encoding="utf-8", errors="replace")
            _, told, words = text.rpartition(f"{WENT_WRONG}\n")
            if not told:
                lines = text.splitlines()
                words = "\n".join([line for line in lines if not line.startswith(GIVEN)][-15:])
                if not words or lines[-1].startswith(TOOK):
                    words = ENDED_WELL if words else CUT_OFF
            return f"\n{rule} failed:\n\n{words.strip()}\n\n    log  {log}\n"
    return f"\n{rule} failed and wrote no log; Snakemake's own stands below .snakemake/log.\n"


class ProgressHandler(logging.Handler):
    """Follows Snakemake's records of a run and shows how far it is.

    stream : where to; with ``terminal`` the view is drawn again in its place
    """

    def __init__(self, tally: Tally, stream=None, terminal: bool | None = None, clock=time.time):
        super().__init__()
        self.tally, self.stream, self.clock = tally, stream or sys.stderr, clock
        self.terminal = self.stream.isatty() if terminal is None else terminal
        self.drawn, self.told = 0, []
        self.ended = threading.Event()

    @property
    def began(self) -> bool:
        """Whether the run has begun: what comes before is Snakemake's to tell."""
        return self.tally.began is not None and not self.ended.is_set()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record in; show at once what failed."""
        now, tally = self.clock(), self.tally
        match str(getattr(record, "event", None) or ""):
            case "run_info" if tally.began is None:
                stats = record.stats
                tally.plan({rule: n for rule, n in stats.items() if rule != "total"}, now)
                threading.Thread(target=self._go_on, daemon=True).start()
            case "job_info":
                tally.start(record.jobid, record.rule_name, now)
            case "job_finished":
                tally.end(record.job_id, now)
            case "job_error":
                tally.end(record.jobid, now, failed=True)
                self.show(what_went_wrong(record.rule_name, record.log))
            case "progress" if record.done >= record.total:
                self.finish()
            case "" if str(record.msg).startswith(GIVEN_UP):
                self.finish()

    def show(self, message: str = "") -> None:
        """Draw the view, after a message if there is one."""
        now = self.clock()
        lines = block(self.tally, now) if self.terminal else [line(self.tally, now)]
        # Back to the first line of the last view, and all below it wiped.
        back = f"\x1b[{self.drawn}F\x1b[J" if self.terminal and self.drawn else ""
        self.stream.write(back + "".join(f"{text}\n" for text in [message, *lines] if text))
        self.stream.flush()
        self.drawn, self.told = len(lines), lines

    def finish(self) -> None:
        """The last view; nothing is drawn after it."""
        if self.began:
            self.ended.set()
            if self.terminal or self.told != [line(self.tally, self.clock())]:
                self.show()

    def _go_on(self) -> None:
        while not self.ended.wait(EVERY[self.terminal]):
            with self.lock:
                self.show()


class Unsaid(logging.Filter):
    """Keeps from the terminal what the view tells; warnings and errors of Snakemake pass."""

    def __init__(self, view: ProgressHandler):
        super().__init__()
        self.view = view

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether Snakemake itself prints a record."""
        event = str(getattr(record, "event", None) or "")
        if self.view.tally.began is None:
            return event != "run_info"
        told = any(words in str(record.msg) for words in TOLD_BY_JOB) or event not in ("", "error")
        return record.levelno >= logging.WARNING and not told


def show_progress(logger: logging.Logger, stages: dict[str, str], cores: int) -> ProgressHandler:
    """Show the progress of the run that ``logger``, Snakemake's own, tells of.

    The jobs' processes leave it to this view to tell what went wrong.
    """
    os.environ[TOLD_BY_RUN] = "yes"
    view = ProgressHandler(Tally(stages, cores))
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            # Before its own filter, which would let the job table pass.
            handler.addFilter(Unsaid(view))
    logger.addHandler(view)
    return view
