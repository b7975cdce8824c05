"""A case in a process of its own: exact results, and every way to fail told in words."""

import ctypes
import logging
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs import job_with_log

from nomoflow.image_problems import ImageProblem
from nomoflow.isolation import CaseFailed, CaseRaised, out_of_memory, run_each, run_isolated
from nomoflow.run import log_to

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA and /proc are of Linux")


@settings(max_examples=25)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True)))
def test_numbers_come_back_to_the_last_bit(values):
    found = run_isolated(lambda: {"values": [*values, np.float64(0.1)]})["values"]
    assert np.array_equal(
        np.array(found).view(np.uint64)[~np.isnan(found)],
        np.array([*values, 0.1]).view(np.uint64)[~np.isnan([*values, 0.1])],
    )
    assert list(map(math.isnan, found)) == list(map(math.isnan, [*values, 0.1]))


def test_arguments_text_and_whole_numbers():
    found = run_isolated(lambda a, b: {"Müller": (a, b), "n": np.int64(3)}, "ü", None)
    assert found == {"Müller": ["ü", None], "n": 3}


def test_result_that_fills_the_pipe_many_times():
    assert len(run_isolated(lambda: "x" * 5_000_000)) == 5_000_000


def test_what_cannot_be_handed_over_is_an_error():
    with pytest.raises(CaseRaised, match="TypeError: a result of type object"):
        run_isolated(object)


def test_image_problem_keeps_all_its_fields():
    made = ImageProblem("unreadable", "b", "c", "d", "e", "f", "g", "h", "i", "warning")

    def fail():
        raise made

    with pytest.raises(ImageProblem) as caught:
        run_isolated(fail)
    assert caught.value == made and vars(caught.value) == vars(made)


def test_error_keeps_name_and_message_and_logs_its_traceback(tmp_path):
    def fail():
        print("before")
        raise KeyError("no such phase")

    with log_to(job_with_log(tmp_path / "log")):
        print("first")
        with pytest.raises(CaseRaised) as caught:
            run_isolated(fail)
        print("last")
    assert (caught.value.reason, caught.value.detail) == ("KeyError", "'no such phase'")
    assert str(caught.value) == "KeyError: 'no such phase'"
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [lines.count(one) for one in ("first", "before", "last")] == [1, 1, 1]
    assert lines[1:3] == ["first", "before"] and lines[-2] == "last"
    assert "Traceback (most recent call last):" in lines


def test_sys_exit_within_is_a_failure_not_the_end():
    with pytest.raises(CaseRaised, match="SystemExit: 3"):
        run_isolated(sys.exit, 3)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda: os.kill(os.getpid(), 9), "killed by the system, likely out of memory (signal 9)"),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "crashed (signal 11)"),
        (lambda: ctypes.string_at(0), "crashed (signal 11)"),
        (os.abort, "crashed (signal 6)"),
        (lambda: os.kill(os.getpid(), 15), "stopped from outside (signal 15)"),
        (lambda: os._exit(3), "ended without a result (exit code 3)"),
    ],
)
def test_ends_in_words(end, said):
    with pytest.raises(CaseFailed) as caught:
        run_isolated(end)
    assert caught.value.reason == str(caught.value) == said
    assert run_isolated(lambda: 1) == 1


def test_time_limit():
    start = time.monotonic()
    with pytest.raises(CaseFailed, match=r"^took longer than 0\.5 s$"):
        run_isolated(time.sleep, 60, seconds=0.5)
    assert time.monotonic() - start < 10
    assert run_isolated(lambda: 1, seconds=60) == 1


def ones(megabytes):
    return float(np.ones(megabytes * 125_000).sum())


@linux
def test_memory_limit_of_numpy():
    assert run_isolated(ones, 50, memory_mb=100) == 50 * 125_000
    with pytest.raises(CaseFailed, match="Unable to allocate 191") as caught:
        run_isolated(ones, 200, memory_mb=100)
    assert caught.value.reason == "more memory than 100 MB"
    assert run_isolated(ones, 200) == 200 * 125_000


@linux
def test_memory_limit_of_compiled_code():
    with pytest.raises(CaseFailed) as caught:
        run_isolated(lambda: sitk.Image(1000, 1000, 500, sitk.sitkFloat64).GetSize(), memory_mb=3e3)
    assert caught.value.reason == "more memory than 3,000 MB"
    assert caught.value.detail == "Failed to allocate memory for image."


@linux
def test_memory_that_the_caller_holds_does_not_count():
    held = np.ones(25_000_000)
    assert run_isolated(lambda: float(held[:3].sum()), memory_mb=50) == 3.0


@linux
def test_want_of_memory_behind_another_error_is_seen():
    def fail():
        try:
            np.ones(10**12)
        except MemoryError as error:
            raise ImageProblem("unreadable", "the file cannot be read") from error

    with pytest.raises(CaseFailed, match="more memory than 100 MB"):
        run_isolated(fail, memory_mb=100)


def test_out_of_memory_looks_behind_an_error():
    assert out_of_memory(MemoryError()) and out_of_memory(RuntimeError("std::bad_alloc"))
    assert not out_of_memory(ValueError("1 segmented voxel"))


def told(outcomes):
    return [str(one) if isinstance(one, Exception) else one for one in outcomes]


def test_cases_share_a_process_until_one_fails():
    mine = os.getpid()

    def case(number):
        if number == 2:
            os.abort()
        if number == 3:
            raise ImageProblem("unreadable", "no file")
        if number == 5:
            time.sleep(60)
        return [number, os.getpid()]

    found = list(run_each(case, [(n,) for n in range(8)], seconds=1))
    assert str(found[2]) == "crashed (signal 6)" and str(found[5]) == "took longer than 1 s"
    assert isinstance(found[3], ImageProblem)
    served = {n: found[n][1] for n in (0, 1, 4, 6, 7)}
    assert [found[n][0] for n in served] == list(served)
    assert served[0] == served[1] and served[6] == served[7]
    assert len({mine, served[0], served[4], served[6]}) == 4


def test_failure_for_what_earlier_cases_left_is_tried_again(tmp_path):
    """In a process of its own each of these is well: so it is in a batch, too."""
    state = []

    def case(number):
        state.append(number)
        with open(tmp_path / "tries", "a", encoding="utf-8") as file:
            file.write(f"{number} ")
        if len(state) > 2:
            raise MemoryError("heap in pieces") if number % 2 else os.abort()
        return number

    assert list(run_each(case, [(n,) for n in range(7)])) == list(range(7))
    tries = (tmp_path / "tries").read_text(encoding="utf-8").split()
    assert tries == ["0", "1", "2", "2", "3", "4", "4", "5", "6", "6"]


def test_a_case_that_fails_alone_is_tried_twice_at_most(tmp_path):
    def case(number):
        with open(tmp_path / "tries", "a", encoding="utf-8") as file:
            file.write(f"{number} ")
        return os._exit(1) if number == 1 else number

    found = told(run_each(case, [(n,) for n in range(3)]))
    assert found == [0, "ended without a result (exit code 1)", 2]
    assert (tmp_path / "tries").read_text(encoding="utf-8").split() == ["0", "1", "1", "2"]


def test_the_next_case_waits_until_it_is_asked_for(tmp_path):
    outcomes = run_each(lambda n: (tmp_path / str(n)).touch(), [(0,), (1,)])
    next(outcomes)
    time.sleep(0.1)
    assert (tmp_path / "0").exists() and not (tmp_path / "1").exists()
    outcomes.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_process_that_dies_while_it_waits_is_replaced():
    outcomes = run_each(lambda n: os.getpid(), [(0,), (1,)])
    os.kill(next(outcomes), signal.SIGKILL)
    assert isinstance(next(outcomes), int)


@linux
def test_memory_is_given_to_each_case_anew():
    found = told(run_each(ones, [(80,), (80,), (200,), (80,)], memory_mb=100))
    assert found[:2] == found[3:] * 2 and found[2].startswith("more memory than 100 MB")


@linux
def test_nothing_is_left_of_many_calls():
    def endings():
        return [lambda: 1, lambda: 1 / 0, lambda: os._exit(1), lambda: time.sleep(60)]

    open_before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(10):
        for each in endings():
            with suppress(CaseFailed):
                run_isolated(each, seconds=0.05)
    assert sorted(os.listdir("/proc/self/fd")) == open_before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


CALLER = """
import os, sys, time
sys.path.insert(0, "scripts")
from nomoflow.isolation import run_isolated

def case():
    print(os.getpid(), flush=True)
    time.sleep(60)

try:
    run_isolated(case)
finally:
    print("cleaned up", flush=True)
"""


@linux
@pytest.mark.parametrize(
    ("number", "cleans_up"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGKILL, False)],
)
def test_the_child_ends_with_its_caller(number, cleans_up):
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    with caller:
        child = int(caller.stdout.readline())
        caller.send_signal(number)
        assert caller.stdout.read() == ("cleaned up\n" if cleans_up else "")
        caller.wait(10)
    end = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not Path(f"/proc/{child}").exists()


def test_log_entries_of_the_child_are_in_the_log(tmp_path):
    with log_to(job_with_log(tmp_path / "log")):
        run_isolated(logging.warning, "not defined here: %s", "Correlation")
    assert "WARNING not defined here: Correlation" in (tmp_path / "log").read_text("utf-8")
