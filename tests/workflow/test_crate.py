"""The crate of a finished study is what other programs take for a Workflow Run RO-Crate."""

import json
import shutil
import subprocess
import sys

import pytest
from workflow.running import RESULTS, ROOT

pytestmark = pytest.mark.slow
VALIDATOR = "roc-validator==0.13.0"


@pytest.fixture(scope="module")
def issues(tmp_path_factory):
    """What the validator objects to in a folder; it is installed beside the project."""
    uv, own = shutil.which("uv"), tmp_path_factory.mktemp("validator")
    if uv is None:
        pytest.skip("uv is not here, which installs the validator")
    made = [[uv, "venv", "--quiet", "--python", sys.executable, str(own)]]
    made += [[uv, "pip", "install", "--quiet", "--python", str(own), VALIDATOR, "rocrate==0.16.0"]]
    for command in made:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            pytest.skip(f"the validator could not be installed: {done.stderr[-300:]}")

    def found(folder):
        program = [str(own / "bin/python"), str(ROOT / "tests/crate_validation.py"), str(folder)]
        done = subprocess.run(program, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return found


def test_the_validator_has_nothing_to_object_to(finished, issues):
    assert issues(finished / RESULTS / "provenance/ro-crate") == []


def test_the_validator_objects_to_a_run_without_its_workflow(finished, issues, tmp_path):
    source = finished / RESULTS / "provenance/ro-crate/ro-crate-metadata.json"
    text = source.read_text(encoding="utf-8")
    (tmp_path / source.name).write_text(text.replace('"instrument"', '"agent"'), encoding="utf-8")
    assert any("instrument" in message for _, _, message in issues(tmp_path))
