"""Versions that are said again outside of pyproject.toml and envs/."""

import re
import tomllib

import pytest
import yaml
from workflow.running import ROOT


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_least_snakemake_is_the_pinned_one(project):
    pins = dict(entry.split("==") for entry in project["dependencies"])
    text = (ROOT / "Snakefile").read_text(encoding="utf-8")
    least = re.search(r'^min_version\("([\d.]+)"\)$', text, re.MULTILINE)[1]
    assert pins["snakemake"].split(".")[: least.count(".") + 1] == least.split(".")


def test_python_is_the_same_everywhere(project):
    python = project["requires-python"].removeprefix("==").removesuffix(".*")
    flows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    said = [
        step["with"]["python-version"]
        for flow in flows
        for job in yaml.safe_load(flow.read_bytes())["jobs"].values()
        for step in job["steps"]
        if "python-version" in step.get("with", {})
    ]
    assert len(said) == len(flows) >= 2
    assert set(said) == {python}
    for env in (ROOT / "envs").glob("*.yaml"):
        assert f"python ={python}" in yaml.safe_load(env.read_bytes())["dependencies"]
