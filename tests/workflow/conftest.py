"""The quick study, run once a session through the real command line."""

import pytest
from workflow import running


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder with the whole quick study, done. Nobody changes it: see ``study``."""
    return running.run_whole(tmp_path_factory.mktemp("finished") / "project")


@pytest.fixture
def study(finished, tmp_path):
    """A copy of the finished study that a test may change."""
    return running.copy_finished(finished, tmp_path / "project")
