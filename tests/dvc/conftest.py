"""The quick study under DVC: its first version finished, committed and pushed."""

import shutil
import sys

import pytest
from dvc.versions import find_dvc
from workflow import running
from workflow.conftest import finished

__all__ = ["finished"]  # the plain run: made once for all tests of a session

PARTS = ("tools", ".dvc/config", ".dvc/.gitignore", ".dvc/plots", ".dvcignore", ".gitignore")


@pytest.fixture(scope="session")
def dvc(tmp_path_factory):
    return find_dvc(tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="session")
def stage():
    """The project's own dvc.yaml, for the quick study and this test's Python."""
    text = (running.ROOT / "dvc.yaml").read_text(encoding="utf-8")
    for ours, theirs in (
        ("demo", "ci"),
        ("uv run snakemake --cores all", f"{sys.executable} -m snakemake --cores 2"),
        ("uv run python", sys.executable),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    return text


@pytest.fixture(scope="session")
def versioned(finished, dvc, stage, tmp_path_factory):
    """A folder with ``project``, the study under DVC, and the store that it pushed to."""
    place = tmp_path_factory.mktemp("versions")
    folder = running.copy_finished(finished, place / "project")
    for part in PARTS:
        source, target = running.ROOT / part, folder / part
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)
    shutil.copy2(running.ROOT / "pyproject.toml", folder)
    (folder / "dvc.yaml").write_text(stage, encoding="utf-8")
    dvc.git(folder, "init", "--quiet", "--initial-branch", "main")
    dvc.commit(folder, "the study")
    told = dvc(folder, "repro", "ci")
    assert "Nothing to be done" in told  # of what the study has made, DVC deletes nothing
    dvc.commit(folder, "its first version")
    dvc(folder, "push")
    return place


@pytest.fixture
def project(versioned, tmp_path):
    """A copy that a test may change, with the same store beside it."""
    shutil.copytree(versioned, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy/project"
