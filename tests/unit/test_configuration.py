"""YAML that comes from outside is data: it makes no object and runs nothing."""

import ast
import os
from pathlib import Path

import pytest
import yaml

from nomoflow.configuration import read_yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.mkdir [made]",
        "a: !!python/object/new:os.mkdir [made]",
        "a: !!python/name:os.mkdir ''",
        "a: !!python/module:os",
        "a: !!python/object:pathlib.Path {}",
    ],
)
def test_yaml_runs_nothing(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(yaml.YAMLError):
        read_yaml("a.yaml")
    assert os.listdir() == ["a.yaml"]


def test_each_yaml_file_is_loaded_safely():
    """By yaml.safe_load alone, in every program of the project."""
    found = []
    for folder in ("scripts", "tools", "tests", "rules", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Attribute(value=ast.Name(id="yaml"), attr=name) if "load" in name:
                        found.append(name)
    assert set(found) == {"safe_load"}
