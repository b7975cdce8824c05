"""The machine, its environments and the state of the code."""

import shutil
import subprocess
import sys

import pytest

from nomoflow.machine import code_state, environment, kind_of, machine, processor

X86 = "processor\t: 0\nmodel name\t: CPU 1: fast\nflags\t\t: sse2 avx2 fma\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (X86, {"cpu": "CPU 1: fast", "cpu_flags": ["avx2", "fma", "sse2"]}),
        (ARM, {"cpu": None, "cpu_flags": ["asimd", "fp"]}),
        (None, {"cpu": None, "cpu_flags": None}),
    ],
)
def test_the_processor_as_linux_tells_it(tmp_path, text, expected):
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text, encoding="utf-8")
    assert processor(tmp_path / "cpuinfo") == expected


def test_the_machine_has_cores_and_memory():
    found = machine()
    assert 1 <= found["usable_cores"] <= found["cores"] and found["memory_mb"] > 100


def test_how_an_interpreter_was_deployed(tmp_path):
    assert kind_of(tmp_path) == "gone" and environment(tmp_path) == {"deployment": "gone"}
    for name in ("uv", "venv", "conda", "plain"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin/python").touch()
    (tmp_path / "uv/pyvenv.cfg").write_text("home = x\nuv = 0.1\n", encoding="utf-8")
    (tmp_path / "venv/pyvenv.cfg").write_text("home = x\n", encoding="utf-8")
    (tmp_path / "conda/conda-meta").mkdir()
    kinds = [kind_of(tmp_path / name) for name in ("uv", "venv", "conda", "plain")]
    assert kinds == ["uv environment", "virtual environment", "conda", "other"]
    # An interpreter that cannot be asked tells nothing, and stops nothing.
    assert environment(tmp_path / "plain") == {"deployment": "other"}


def test_this_interpreter_tells_of_itself():
    assert environment(sys.prefix)["python"]["implementation"] == "CPython"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_commit_and_changes_of_a_repository(tmp_path):
    assert code_state(tmp_path) == {"commit": None, "clean": None}
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "file").write_text("one", encoding="utf-8")
    subprocess.run([*git, "add", "file"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "one"], check=True)
    state = code_state(tmp_path)
    assert len(state["commit"]) == 40 and state["clean"] is True
    (tmp_path / "file").write_text("two", encoding="utf-8")
    assert code_state(tmp_path) == {**state, "clean": False}
    # A copy that lies within another repository is not of that one's commit.
    (tmp_path / "copy").mkdir()
    assert code_state(tmp_path / "copy") == {"commit": None, "clean": None}


def test_without_git(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code_state(tmp_path) == {"commit": None, "clean": None}
