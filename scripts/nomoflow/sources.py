"""The workflow's own files: which they are, their digests, and the versions that they pin.

Standard library only: Snakemake itself imports this module.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

# What a result depends on, and what runs, checks or versions it.
PATTERNS = (
    "Snakefile", "rules/*.smk", "scripts/**/*.py", "envs/*", "config/config.yaml",
    "config/schemas/*", "config/tolerances.yaml", "report/**/*", "profiles/**/*", "tools/*.py",
    "pyproject.toml",
)  # fmt: skip
CODE = ("Snakefile", "rules/*.smk", "scripts/**/*.py")
RULE = re.compile(r"^ *(?:rule|checkpoint) (\w+):$")
ENV = re.compile(r"^ +\"\.\./envs/(\w+)\.yaml\"$")


def source_files(
    root: str | Path, configfiles: Iterable[str | Path] = (), patterns: Iterable[str] = PATTERNS
) -> list[Path]:
    """The files of the workflow below ``root``, and the config files in use, sorted; each once."""
    root = Path(root).resolve()
    found = {path for pattern in patterns for path in root.glob(pattern) if _is_source(path, root)}
    return sorted(found | {Path(path).resolve() for path in configfiles})


def _is_source(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    hidden = any(part.startswith(".") for part in parts)
    return path.is_file() and not hidden and "__pycache__" not in parts and path.name[-1] != "~"


def digest_of_sources(
    root: str | Path, configfiles: Iterable[str | Path] = (), patterns: Iterable[str] = PATTERNS
) -> str:
    """One digest over names and contents of the workflow's files, or of those of some patterns."""
    made = hashlib.sha256()
    for path in source_files(root, configfiles, patterns):
        made.update(os.path.relpath(path, Path(root).resolve()).encode() + b"\0")
        made.update(hashlib.sha256(path.read_bytes()).digest())
    return made.hexdigest()


def version(root: str | Path) -> str | None:
    """The version of the workflow; None in a copy without pyproject.toml."""
    path = Path(root, "pyproject.toml")
    if not path.is_file():
        return None
    return tomllib.loads(path.read_text(encoding="utf-8"))["project"]["version"]


def stages(root: str | Path) -> dict[str, str]:
    """The stage of each rule that makes something: the name of its environment's file."""
    found, rule = {}, ""
    for path in sorted(Path(root, "rules").glob("*.smk")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if header := RULE.match(line):
                rule = header[1]
            elif env := ENV.match(line):
                found[rule] = env[1]
    return found


def pins(root: str | Path) -> dict[str, list[str]]:
    """What each environment's file asks for, and what its script installs after that."""
    made = {}
    for path in sorted(Path(root, "envs").glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").partition("dependencies:")[2].splitlines()
        entries = [line.strip()[2:].strip() for line in lines if line.strip().startswith("- ")]
        after = path.with_suffix(".post-deploy.sh")
        if after.is_file():
            entries += re.findall(r"[\w.-]+==[\w.+!-]+", after.read_text(encoding="utf-8"))
        made[path.name] = entries
    return made
