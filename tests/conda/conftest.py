"""The quick study with a conda environment for each stage, run once; and the plain one."""

from types import SimpleNamespace

import pytest
from conda.environments import find_conda
from workflow import running
from workflow.conftest import finished

__all__ = ["finished"]  # the plain run: made once for all tests of a session


@pytest.fixture(scope="session")
def deployed(tmp_path_factory):
    """``conda``; the ``folder`` in which it did the whole study; and its ``run``."""
    conda = find_conda()
    folder = running.copy_project(tmp_path_factory.mktemp("conda") / "project")
    run = conda.snakemake(folder).succeeded()
    return SimpleNamespace(conda=conda, folder=folder, run=run)
