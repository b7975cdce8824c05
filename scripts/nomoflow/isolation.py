"""Cases in a process of their own: whatever becomes of one, the batch goes on.

Standard library only. A crash in compiled code, a want of memory or an endless loop ends the
child process alone, and the parent says in words what it was.
"""

import ctypes
import faulthandler
import io
import json
import logging
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from nomoflow.image_problems import ImageProblem

LINUX = sys.platform == "linux"
MB = 1_000_000
STOPPING = (signal.SIGINT, signal.SIGTERM)
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# How compiled libraries tell that an allocation failed: they know no MemoryError.
MEMORY_WORDS = ("bad_alloc", "bad allocation", "allocate memory", "out of memory")


class CaseFailed(Exception):
    """A case that ended without a result: why, in a user's words, and what else is known."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return "; ".join(filter(None, (self.reason, self.detail)))


class CaseRaised(CaseFailed):
    """An error that the function itself raised: ``reason`` its type, ``detail`` what it said."""

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


def run_isolated(
    function: Callable,
    *arguments,
    memory_mb: float | None = None,
    seconds: float | None = None,
):
    """The function's result, computed in a forked process; limits as in ``run_each``.

    Raises ImageProblem as the function raised it; CaseRaised for its other errors, whose
    traceback is in the log; CaseFailed where the process went beyond a limit or crashed.
    """
    (outcome,) = run_each(function, [arguments], memory_mb, seconds)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def run_each(
    function: Callable,
    cases: Sequence[tuple],
    memory_mb: float | None = None,
    seconds: float | None = None,
) -> Iterator:
    """For each case, a tuple of arguments: the function's result, or the error it ended with.

    function : its result passes as JSON: numbers are kept to the last bit, NaN and infinities
        as well; tuples come back as lists, numpy's scalars as numbers, keys as text
    memory_mb : most memory (10^6 bytes) that may be taken beyond what the process holds at the
        start; on Linux (RLIMIT_DATA: heap and private mappings, not libraries and files)
    seconds : time after which a case is killed

    The errors, which are yielded and not raised, are those of ``run_isolated``. One forked
    process serves all cases until one of them fails; a crash or a want of memory counts only in
    a process that computed nothing before. Prints and log entries go where the caller's go. The
    process ends with the caller, however that ends.
    """
    worker = None
    try:
        for number in range(len(cases)):
            fresh = worker is None
            worker = worker or Worker(function, cases, memory_mb)
            outcome = worker.outcome(number, seconds)
            if worker.failed and not fresh:  # perhaps by what the cases before have left
                worker = Worker(function, cases, memory_mb)
                outcome = worker.outcome(number, seconds)
            if worker.pid is None:
                worker = None
            yield outcome
    finally:
        if worker is not None:
            worker.end()


class Worker:
    """A process that computes one case after the other, each when it is asked for.

    ``pid`` is None before it starts, by the first case, and after its end; ``failed`` says that
    it ended by a crash or for want of memory.
    """

    def __init__(self, function: Callable, cases: Sequence[tuple], memory_mb: float | None):
        self.function, self.cases, self.memory_mb = function, cases, memory_mb
        self.pid: int | None = None
        self.failed = False

    def outcome(self, number: int, seconds: float | None):
        """What became of the case of this number: a result or an exception."""
        with _ended_in_order():
            if self.pid is None:
                self._start()
            with suppress(BrokenPipeError):  # it has ended since: there will be no answer
                os.write(self._asking, b"%d\n" % number)
            line = _read_line(self._answers, seconds)
        if line is None:
            self.end()
            return CaseFailed(f"took longer than {seconds:,.10g} s")
        if not line.endswith(b"\n"):
            self.failed = True
            return CaseFailed(_in_words(self.end()))
        kind, content = json.loads(line)
        if kind == "problem":
            return ImageProblem(**content)
        if kind == "raised":
            return CaseRaised(*content)
        if kind == "memory":
            self.failed = True
            self.end()
            limit = "there is" if self.memory_mb is None else f"{self.memory_mb:,.10g} MB"
            return CaseFailed(f"more memory than {limit}", content)
        return json.loads(content)

    def _start(self) -> None:
        _flush()
        caller = os.getpid()
        asked, self._asking = os.pipe()
        self._answers, answering = os.pipe()
        # Nothing may come between the fork and the place that looks after the child.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._asking)  # so that it shows here when the caller is gone
            os.close(self._answers)
            self._live(caller, before, asked, answering)
        os.close(asked)
        os.close(answering)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self) -> int:
        """End the process; how it ended: an exit code, or a signal as a negative number."""
        os.kill(self.pid, signal.SIGKILL)  # changes nothing where it has ended by itself
        _, status, usage = os.wait4(self.pid, 0)
        self.pid = None
        os.close(self._asking)
        os.close(self._answers)
        if self.failed:
            # To the log alone: it is another number each time, and a row must not be.
            held = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MB
            logging.error("the process held %.0f MB at its peak", held)
        return os.waitstatus_to_exitcode(status)

    def _live(self, caller: int, before: set, asked: int, answering: int) -> None:
        """The process's own life: it ends here, without what a caller does at its end."""
        code = 1
        try:
            for number in STOPPING:
                signal.signal(number, signal.SIG_DFL)
            _follow(caller)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            most = _most_data(self.memory_mb)
            with open(asked, "rb", buffering=0) as questions, open(answering, "wb") as answers:
                for number in questions:
                    answer = _answer(self.function, self.cases[int(number)], most)
                    _flush()
                    answers.write(json.dumps(answer).encode() + b"\n")
                    answers.flush()
            code = 0
        except Exception:
            logging.exception("the process of the cases failed")
        finally:
            os._exit(code)


def _read_line(pipe: int, seconds: float | None) -> bytes | None:
    """A line, or what came before the pipe was closed; None where that takes too long."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN)
    end = None if seconds is None else time.monotonic() + seconds
    parts = [b""]
    while not parts[-1].endswith(b"\n"):
        if not waiting.poll(None if end is None else max(0, 1000 * (end - time.monotonic()))):
            return None
        parts.append(os.read(pipe, 1 << 16))
        if not parts[-1]:
            break
    return b"".join(parts)


def _in_words(code: int) -> str:
    """How a process ended that gave no answer."""
    if code == -signal.SIGKILL:
        return "killed by the system, likely out of memory (signal 9)"
    if -code in CRASHES:
        return f"crashed (signal {-code})"
    if code < 0:
        return f"stopped from outside (signal {-code})"
    return f"ended without a result (exit code {code})"


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM, which would end the process at once, runs what has to be cleaned up first."""
    free = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not free or threading.current_thread() is not threading.main_thread():
        yield  # somebody else's handler, or none possible here
        return

    def leave(number, frame):
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _follow(caller: int) -> None:
    """End when the caller ends; be the first whom the system kills for want of memory."""
    with suppress(io.UnsupportedOperation, AttributeError):  # a stream that is no file
        faulthandler.enable(sys.stderr)  # a crash shows in the log where it was
    if not LINUX:
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != caller:  # it ended before that was said
        os._exit(1)
    with suppress(OSError):  # some containers forbid it; then the system chooses by size
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")


def _answer(function: Callable, arguments: tuple, most: int | None) -> tuple:
    """What goes back, after its kind: a result, an ImageProblem's fields, an error in words."""
    try:
        with _at_most(most):
            result = function(*arguments)
        # NaN and infinities as Python's own JSON has them: both ends of the pipe are Python.
        return "result", json.dumps(result, default=_plain, allow_nan=True)
    except BaseException as error:  # a library's SystemExit as well
        if out_of_memory(error):
            logging.exception("out of memory")
            return "memory", str(error).strip().rpartition("\n")[2]
        if isinstance(error, ImageProblem):
            return "problem", asdict(error)
        logging.exception("a case failed")
        return "raised", (type(error).__name__, str(error))


def out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one behind it, tells that memory could not be had."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        said = str(error).lower()
        if isinstance(error, MemoryError) or any(word in said for word in MEMORY_WORDS):
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False


def _plain(value):
    """A numpy scalar as a number."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"a result of type {type(value).__name__} cannot be handed over")


def _most_data(memory_mb: float | None) -> int | None:
    """Bytes of data that the process may hold: what it holds now, and so many MB more."""
    if memory_mb is None or not LINUX:
        return None
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[5])
    return pages * resource.getpagesize() + int(memory_mb * MB)


@contextmanager
def _at_most(most: int | None) -> Iterator[None]:
    """Let allocations fail that go beyond these bytes of data; then lift the limit again."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if most is not None and before[1] == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    elif most is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (min(most, before[1]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _flush() -> None:
    """What was printed so far must not be written twice; log entries are out at once."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
