"""The quick study, run once a session through the real command line."""

import re

import pytest
from workflow import running
from workflow.refusal import Own


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder with the whole quick study, done. Nobody changes it: see ``study``."""
    return running.run_whole(tmp_path_factory.mktemp("finished") / "project")


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
