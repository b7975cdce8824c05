"""The house style as functions of the project's folder; each returns complaints, best none.

Here: pins, config, sizes, dependencies and words; rules and scripts are in layout_workflow.
"""

import importlib.metadata
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

from layout_reading import (
    PIN,
    all_pins,
    imported,
    imported_by_workflow,
    own_modules,
    pinned,
    read_project,
    read_yaml,
    requirements,
    snakefiles,
    third_party,
    tracked_files,
)
from layout_workflow import (
    STAGES,
    check_code,
    check_env_imports,
    check_names,
    check_outputs,
    check_plain_rules,
    check_rules,
    check_scripts,
    check_stages,
    environment,
)

OTHER_SECTIONS = {"study", "simulation", "sensitivity", "execution"}
SCHEMA = "config/schemas/config.schema.yaml"
# Packages that are needed without an import of ours.
NEEDED_UNSEEN = {
    "pyarrow": "pandas reads and writes parquet by it",
    "axe-playwright-python": "the tests of pages are skipped without it",
    "playwright": "the tests of pages are skipped without it",
    "pytest-xdist": "pytest runs in two processes by it",
}
LINES = {"Snakefile": 59, "rules/common.smk": 250, "rules": 150, "scripts": 400}

# What names a machine, a registry or the work itself has no place in the project.
FOREIGN = {
    "a registry's host or option": re.compile(
        r"https?://[^\s\"'<>)]*\b(?:pypi|pythonhosted|artifactory|nexus|devpi|registry|mirrors?)\b"
        r"|--(?:extra-)?index-url|\b(?:PIP|UV)_(?:DEFAULT_|EXTRA_)?INDEX(?:_URL)?\b"
    ),
    "an absolute path of a machine": re.compile(
        r"(?<![\w./}~-])/(?:home|root|Users|work|workspace|mnt|scratch|tmp|var)/[\w.-]+"
        r"|\b[A-Z]:\\+Users\\"
    ),
    "a word about how it was written": re.compile(
        r"(?i)\bsub-?agents?\b|\bco-?authored[- ]by\b|\b(?:ai|llm)[- ](?:generated|assisted)\b"
        r"|\b(?:this|last|next|previous) (?:session|sprint|prompt)\b"
        r"|(?-i:\bdeveloper [A-Z]\b|\bTO[D]O\b|\bFIX[M]E\b)"
    ),
}


def check_env_files(root: Path) -> list[str]:
    """Channel conda-forge alone, every package pinned, every pin equal to pyproject's."""
    found, pins = [], all_pins(root)
    built_with = read_project(root)["tool"]["uv"]["extra-build-dependencies"]["pyradiomics"]
    below = next(int(e.partition("<")[2]) for e in built_with if e.startswith("setuptools<"))
    for path in sorted((root / "envs").glob("*.yaml")):
        content, where = read_yaml(path), f"envs/{path.name}"
        if content.get("channels") != ["conda-forge"] or set(content) != {
            "channels",
            "dependencies",
        }:
            found.append(f"{where}: has more or less than channel conda-forge and dependencies")
        if "python =3.11" not in content["dependencies"]:
            found.append(f"{where}: python is not pinned as =3.11")
        for entry in content["dependencies"]:
            pin = re.fullmatch(r"[a-z0-9_.-]+ =\d+(\.\d+)+", str(entry))
            if not pin and entry != "c-compiler":
                found.append(f"{where}: {entry!r} is no pin like 'name =1.2.3'")
        for name, version in environment(path).items():
            if name == "setuptools":
                same = version.split(".")[0].isdigit() and int(version.split(".")[0]) < below
            else:
                same = name in ("python", "c-compiler") or pins.get(name) == version
            if not same:
                found.append(f"{where}: {name} {version}, in pyproject.toml {pins.get(name)}")
    for name, version in pinned(built_with).items():
        if pins.get(name) != version:
            found.append(f"pyproject.toml: pyradiomics built with {name} {version}, not as pinned")
    return found


def check_config(root: Path) -> list[str]:
    """Each key has a schema entry with a description and config.yaml's default, and vice versa."""
    schema = read_yaml(root / SCHEMA)
    config = read_yaml(root / "config/config.yaml")
    found = list(_compare(schema, config, "", top=True))
    for section in sorted(set(config) - set(STAGES) - OTHER_SECTIONS):
        found.append(f"config: section {section} is named like no stage")
    return found


def _compare(node: dict, value, path: str, top: bool = False) -> Iterator[str]:
    parts = node.get("properties", {})
    if not node.get("description"):
        yield f"{SCHEMA}: {path} has no description"
    if "default" in node and json.dumps(node["default"]) != json.dumps(value):
        yield f"{SCHEMA}: {path} has default {node['default']!r}, config.yaml {value!r}"
    if parts and node.get("additionalProperties") is not False:
        yield f"{SCHEMA}: {path or 'the top'} lets unknown keys pass"
    if not top and not parts and "default" not in node:
        yield f"{SCHEMA}: {path} has no default"
    if not isinstance(value, dict) or not parts:
        return
    for key in sorted({*parts, *value}):
        place = f"{path}.{key}" if path else key
        if key not in parts:
            yield f"{SCHEMA}: no entry for {place}"
        elif key not in value:
            yield f"config.yaml: no key {place}"
        elif "default" in node:  # the parent's default holds this one
            yield from _compare({"default": value[key], **parts[key]}, value[key], place)
        else:
            yield from _compare(parts[key], value[key], place)


def check_config_table(root: Path) -> list[str]:
    """config/README.md is what tools/write_config_table.py writes, with a row for each key."""
    path = root / "config/README.md"
    if not path.exists():
        return ["config/README.md: missing; run tools/write_config_table.py"]
    text, found = path.read_text(encoding="utf-8"), []
    if text != runpy.run_path(str(root / "tools/write_config_table.py"))["expected"](root):
        found.append("config/README.md: out of date; run tools/write_config_table.py")
    config = read_yaml(root / "config/config.yaml")
    for section, keys in config.items():
        names = [f"{section}.{key}" for key in keys] if isinstance(keys, dict) else [section]
        found += [
            f"config/README.md: no row for {name}"
            for name in names
            if not re.search(rf"^\| `{re.escape(name)}[`.]", text, re.MULTILINE)
        ]
    return found


def check_sizes(root: Path) -> list[str]:
    """Files that can be read at one go."""
    found = []
    for path in [*snakefiles(root), *sorted((root / "scripts").rglob("*.py"))]:
        place = path.relative_to(root).as_posix()
        limit = LINES.get(place) or LINES[place.split("/")[0]]
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            found.append(f"{place}: {lines} lines, at most {limit}")
    return found


def check_common_imports(root: Path) -> list[str]:
    """What Snakemake itself runs needs no more than Snakemake: it may stand in a bare env."""
    names = imported_by_workflow(root / "rules/common.smk") | imported_by_workflow(
        root / "Snakefile"
    )
    for module in own_modules(root, names):
        names |= imported((root / f"scripts/nomoflow/{module}.py").read_text(encoding="utf-8"))
    allowed = {"snakemake", *required_by("snakemake")}
    return [
        f"rules/common.smk: reaches {package}, which Snakemake does not bring"
        for package in sorted(third_party(names) - allowed)
    ]


def required_by(name: str) -> set[str]:
    """Packages that an installed one requires, extras aside."""
    entries = importlib.metadata.requires(name) or []
    plain = (re.match(r"[\w.-]+", entry)[0] for entry in entries if "extra ==" not in entry)
    return {re.sub(r"[-_.]+", "-", entry).lower() for entry in plain}


def check_dependencies(root: Path) -> list[str]:
    """Direct dependencies are imported and imports are direct; everything is pinned."""
    lists, found = requirements(root), []
    for group, entries in lists.items():
        found += [
            f"pyproject.toml: {e!r} in {group} is no pin" for e in entries if not PIN.match(e)
        ]
        if entries != sorted(entries, key=lambda entry: entry.partition("==")[0]):
            found.append(f"pyproject.toml: {group} is not sorted")
    main, dev = pinned(lists["main"]), pinned(lists["dev"])
    twice = sorted({*main, *dev} & set(pinned(lists["constraints"])))
    found += [f"pyproject.toml: {name} is a direct dependency and a constraint" for name in twice]
    work = {name for path in snakefiles(root) for name in imported_by_workflow(path)}
    for path in [*sorted((root / "scripts").rglob("*.py")), *sorted((root / "tools").glob("*.py"))]:
        work |= imported(path.read_text(encoding="utf-8"))
    code = [
        path for place in ("scripts", "tools", "tests") for path in (root / place).rglob("*.py")
    ]
    local = {name for path in code for name in (path.stem, path.parent.name)}
    tests = set()
    for path in sorted((root / "tests").rglob("*.py")):
        tests |= imported(path.read_text(encoding="utf-8"))
    needed, tested = third_party(work, local), third_party(tests, local)
    runner = root / ".ci/run"
    commands = runner.read_text(encoding="utf-8") if runner.exists() else ""
    found += [f"pyproject.toml: {n} is imported, not declared" for n in sorted(needed - set(main))]
    found += [
        f"pyproject.toml: {name} is imported by tests, not declared"
        for name in sorted(tested - {*main, *dev})
    ]
    found += [
        f"pyproject.toml: {name} is a dependency that nothing imports"
        for name in sorted(set(main) - needed - set(NEEDED_UNSEEN))
    ]
    found += [
        f"pyproject.toml: {name} is in dev, and neither tests nor .ci/run use it"
        for name in sorted(set(dev) - tested - set(NEEDED_UNSEEN))
        if not re.search(rf"\b{name}\b", commands)
    ]
    return found


def check_installed(root: Path) -> list[str]:
    """Everything that the dependencies bring is pinned, at the version that is installed."""
    pins, found, seen = all_pins(root), [], set()
    waiting = {*pinned(requirements(root)["main"]), *pinned(requirements(root)["dev"])}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system or Python
        if pins.get(name) != version:
            found.append(f"pyproject.toml: {name} {pins.get(name)}, installed is {version}")
        waiting |= required_by(name) - seen
    return sorted(found)


def check_foreign_words(root: Path) -> list[str]:
    """The project speaks of itself alone."""
    found = []
    for path in tracked_files(root):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # an image
        for number, line in enumerate(lines, start=1):
            for what, pattern in FOREIGN.items():
                if pattern.search(line) or (what.startswith("an abs") and f"{root}/" in line):
                    found.append(f"{path.relative_to(root)}:{number}: {what}: {line.strip()[:80]}")
    return found


CHECKS = (
    check_names,
    check_rules,
    check_code,
    check_env_imports,
    check_env_files,
    check_config,
    check_config_table,
    check_outputs,
    check_stages,
    check_sizes,
    check_plain_rules,
    check_scripts,
    check_common_imports,
    check_dependencies,
    check_installed,
    check_foreign_words,
)
