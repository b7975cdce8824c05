"""Where the real data lie; what needs them is skipped, with the reason, if they are absent."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on each run, and no deadline: other work may share the machine.
settings.register_profile("nomoflow", derandomize=True, deadline=None)
settings.load_profile("nomoflow")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _present(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"real data not here: no folder {folder.name} (set STUDY_DATA)")
    return folder


@pytest.fixture(scope="session")
def study_data() -> Path:
    """The folder of public data sets (../shared/data, or the one that STUDY_DATA names)."""
    return _present(Path(os.environ.get("STUDY_DATA", SHARED / "data")))


@pytest.fixture(scope="session")
def reference(study_data) -> Path:
    """The folder of results computed with R on those data sets."""
    return _present(study_data.parent / "reference")
