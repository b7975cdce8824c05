"""The project's files read for the layout's checks: rules, imports, pins, the tracked tree."""

import ast
import os
import re
import sys
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import yaml

# What is imported under another name than it is installed by.
DISTRIBUTIONS = {
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "glmnet": "glmstar",
    "pywt": "pywavelets",
    "radiomics": "pyradiomics",
    "PIL": "pillow",
    "ruamel": "ruamel-yaml",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
# What conda-forge calls by another name.
CONDA_NAMES = {"matplotlib-base": "matplotlib"}

HEADER = re.compile(r"^(?P<indent> *)(?:rule|checkpoint) (?P<name>\w+):\s*$")
DIRECTIVE = re.compile(r"^(?P<name>[a-z_]+):(?P<rest>.*)$")
DOCSTRING = re.compile(r'^\s*"""(?P<text>.*)"""\s*$')
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.!+_-]+)$")


@dataclass
class Rule:
    """A rule as it is written, in files that snakefmt has laid out."""

    name: str
    file: str
    conditional: bool
    docstring: str = ""
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f"{self.file}: rule {self.name}"

    @property
    def is_target(self) -> bool:
        """Whether the rule only names what is wanted."""
        return not {"output", "script", "shell", "run"} & set(self.parts)

    def text(self, part: str) -> str:
        """The one string that a directive holds, or nothing where it holds anything else."""
        values, named = self.call(part)
        if len(values) != 1 or named or not isinstance(values[0], ast.Constant | ast.JoinedStr):
            return ""
        return str(ast.literal_eval(ast.unparse(values[0]).removeprefix("f")))

    def call(self, part: str) -> tuple[list[ast.expr], dict[str, ast.expr]]:
        """A directive's values, unnamed and named, as syntax trees."""
        if part not in self.parts:
            return [], {}
        call = ast.parse(f"_(\n{self.parts[part]}\n)", mode="eval").body
        return call.args, {word.arg or "": word.value for word in call.keywords}


def snakefiles(root: Path) -> list[Path]:
    """The Snakefile and the files that it includes."""
    return [root / "Snakefile", *sorted((root / "rules").glob("*.smk"))]


def read_rules(root: Path) -> list[Rule]:
    """Every rule of the workflow, those under a condition too."""
    return [
        rule
        for path in snakefiles(root)
        for rule in _rules_of(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
    ]


def _rules_of(file: str, text: str) -> list[Rule]:
    found: list[Rule] = []
    inner, part = None, ""
    for line in text.splitlines():
        header = HEADER.match(line)
        if header:
            found.append(Rule(header["name"], file, conditional=bool(header["indent"])))
            inner, part = len(header["indent"]) + 4, ""
        elif inner is not None and line.strip():
            depth = len(line) - len(line.lstrip())
            directive = DIRECTIVE.match(line.strip())
            if depth < inner:
                inner = None
            elif depth == inner and directive:
                part = directive["name"]
                found[-1].parts[part] = directive["rest"]
            elif not part and DOCSTRING.match(line):
                found[-1].docstring = DOCSTRING.match(line)["text"]
            else:
                found[-1].parts[part] = found[-1].parts.get(part, "") + "\n" + line
    return found


def imported(text: str) -> set[str]:
    """Dotted names of the modules that Python code imports, at any depth of it."""
    return set(_imported(text))


@cache
def _imported(text: str) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, ["nomoflow" if node.level else "", node.module]))
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def read_yaml(path: Path):
    """The content of a YAML file."""
    return _parsed(path.read_text(encoding="utf-8"))


@cache
def _parsed(text: str):
    return yaml.safe_load(text)


def imported_by_workflow(path: Path) -> set[str]:
    """The same for a Snakefile, whose rules are no Python: its lines of import alone."""
    lines = re.findall(r"^(?:import|from) .+$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return imported("\n".join(lines))


def own_modules(root: Path, names: set[str]) -> set[str]:
    """The nomoflow modules among imported names, and all that those import in their turn."""
    folder = root / "scripts/nomoflow"
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        parts = waiting.pop().split(".")
        if parts[0] == "nomoflow" and len(parts) > 1 and parts[1] not in found:
            path = folder / f"{parts[1]}.py"
            if path.exists():
                found.add(parts[1])
                waiting |= imported(path.read_text(encoding="utf-8"))
    return found


def third_party(names: set[str], local: set[str] = frozenset()) -> set[str]:
    """Packages, by the name they are installed by, among imported names."""
    tops = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    return {
        DISTRIBUTIONS.get(top, top.lower().replace("_", "-"))
        for top in tops - {"nomoflow", "__future__"} - local
    }


def needs(root: Path, path: Path) -> set[str]:
    """Packages that a script needs, by itself or through nomoflow modules."""
    names = imported(path.read_text(encoding="utf-8"))
    for module in own_modules(root, names):
        names |= imported((root / f"scripts/nomoflow/{module}.py").read_text(encoding="utf-8"))
    return third_party(names)


def read_project(root: Path) -> dict:
    """pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def requirements(root: Path) -> dict[str, list[str]]:
    """The lists of requirements of pyproject.toml: main, dev, cluster and constraints."""
    project = read_project(root)
    return {
        "main": project["project"]["dependencies"],
        "dev": project["dependency-groups"]["dev"],
        "cluster": project["dependency-groups"]["cluster"],
        "constraints": project["tool"]["uv"]["constraint-dependencies"],
    }


def pinned(entries: list[str]) -> dict[str, str]:
    """{name: version} of the entries that are pins."""
    matches = filter(None, map(PIN.match, entries))
    return {match["name"]: match["version"] for match in matches}


def all_pins(root: Path) -> dict[str, str]:
    """{name: version} of everything that pyproject.toml pins."""
    return {k: v for entries in requirements(root).values() for k, v in pinned(entries).items()}


def tracked_files(root: Path) -> list[Path]:
    """Files of the tree that .gitignore does not name (simple patterns, as ours are)."""
    lines = (root / ".gitignore").read_text(encoding="utf-8").split()
    patterns = [".git", *(line for line in lines if line[0] not in "#!")]
    found: list[Path] = []
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = sorted(n for n in names if not _ignored(here / n, root, patterns))
        found += [here / name for name in files if not _ignored(here / name, root, patterns)]
    return sorted(found)


def _ignored(path: Path, root: Path, patterns: list[str]) -> bool:
    place = path.relative_to(root).as_posix()
    return any(
        fnmatch(place if "/" in pattern.rstrip("/") else path.name, pattern.strip("/"))
        for pattern in patterns
    )
