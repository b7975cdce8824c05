"""DVC as a user calls it, with no settings but the project's."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workflow.running import ROOT

PIN = "3.67.1"
VENV = ROOT / ".cache/dvc"


class Dvc:
    """Calls of DVC and git that know nothing of this computer's own settings."""

    def __init__(self, program: Path, settings: Path):
        self.program = str(program)
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        self.env = own | {
            "DVC_GLOBAL_CONFIG_DIR": str(settings / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(settings / "system"),
            "DVC_SITE_CACHE_DIR": str(settings / "site"),
            "DVC_NO_ANALYTICS": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            **{f"GIT_{who}_NAME": "nobody" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "nobody@example.org" for who in ("AUTHOR", "COMMITTER")},
        }

    def _call(self, folder: Path, *command) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=1800,
            check=False,
        )

    def git(self, folder: Path, *words) -> str:
        done = self._call(folder, "git", *words)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def commit(self, folder: Path, message: str) -> None:
        self.git(folder, "add", "--all")
        self.git(folder, "commit", "--quiet", "--message", message)

    def fails(self, folder: Path, *words) -> str:
        done = self._call(folder, self.program, *words)
        assert done.returncode != 0, done.stdout
        return done.stdout

    def __call__(self, folder: Path, *words) -> str:
        done = self._call(folder, self.program, *words)
        assert done.returncode == 0, done.stdout
        return done.stdout


def find_dvc(settings: Path) -> Dvc:
    """DVC from PyPI, installed once; where that fails, the test is skipped, with the reason."""
    if not shutil.which("git"):
        pytest.skip("no git here, without which DVC keeps no versions")
    VENV.parent.mkdir(exist_ok=True)
    with open(VENV.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = VENV / f"installed-{PIN}"
        if not done.exists():
            _install(done)
    return Dvc(VENV / "bin/dvc", settings)


def _install(done: Path) -> None:
    made = ["uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)]
    install = ["uv", "pip", "install", "--quiet", "--python", str(VENV), f"dvc=={PIN}"]
    try:
        for command in (made, install):
            subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=600)
    except FileNotFoundError:
        pytest.skip("no uv here to install DVC with")
    except subprocess.SubprocessError as error:
        pytest.skip(f"DVC cannot be installed here: {getattr(error, 'stderr', None) or error}")
    done.touch()
