"""What an environment tells of itself."""

import json
import subprocess
import sys
from importlib.metadata import version

from nomoflow import environment_probe
from nomoflow.environment_probe import conda_packages, corename


def test_told_by_its_own_interpreter():
    command = [sys.executable, "-I", environment_probe.__file__]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    told = json.loads(done.stdout)
    for name in ("numpy", "pyradiomics", "snakemake"):
        assert told["packages"][name] == version(name)
    assert told["blas"]["version"] and told["itk"]["itk"] and sys.prefix not in done.stdout


def test_packages_of_conda_without_their_channel(tmp_path):
    (tmp_path / "conda-meta").mkdir()
    one = {"name": "numpy", "version": "2.4.6", "build": "py311h", "channel": "https://host/x"}
    (tmp_path / "conda-meta/numpy.json").write_text(json.dumps(one), encoding="utf-8")
    assert conda_packages(tmp_path) == ["numpy 2.4.6 py311h"]
    assert conda_packages(tmp_path / "none") == []


def test_without_a_library_there_are_no_kernels():
    assert corename([]) is None
