"""The quick study, run once a session through the real command line."""

import fcntl
import os
import re
from pathlib import Path

import pytest
from workflow import running
from workflow.refusal import Own


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder with the whole quick study, done. Nobody changes it: see ``study``.

    Tests run in several processes: the first that asks makes it, the others wait for it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    # Several calls of pytest may share it, one after the other.
    place = Path(os.environ.get("FINISHED_STUDY", shared / "finished"))
    place.mkdir(parents=True, exist_ok=True)
    folder, done = place / "project", place / "done"
    with open(place / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            running.run_whole(folder)
            done.touch()
    return folder


@pytest.fixture
def study(finished, tmp_path):
    """A copy of the finished study that a test may change."""
    return running.copy_finished(finished, tmp_path / "project")


@pytest.fixture(scope="module")
def victim(finished, tmp_path_factory):
    """One finished study for all the cases: none of them may change its results."""
    folder = running.copy_finished(finished, tmp_path_factory.mktemp("bad") / "project")
    (folder / "data/own").mkdir()
    return folder


@pytest.fixture
def own(victim, request):
    """Writes tables and configs under the test's own name."""
    return Own(victim, re.sub(r"\W+", "_", request.node.name))
