"""The project keeps its house style; and each check is shown to see what it is there to see."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import layout_checks as checks
import pytest
from layout_reading import read_rules, tracked_files

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_the_project_keeps_its_house_style(check):
    complaints = check(ROOT)
    assert not complaints, "\n" + "\n".join(complaints)


def test_the_rules_read_here_are_those_that_snakemake_reads():
    """A rule that the reading of the files missed would escape every check."""
    command = [sys.executable, "-m", "snakemake", "--list-rules", "--quiet", "all"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stderr
    listed = {line.split(" ")[0] for line in run.stdout.splitlines() if line}
    read = {rule.name: rule for rule in read_rules(ROOT)}
    assert listed <= set(read)
    assert all(read[name].conditional for name in set(read) - listed)
    assert len(read) == len(read_rules(ROOT)), "two rules of one name"
    assert {"all", "simulate_patient", "compute_icc", "conclude_study"} <= listed


def replace(place, old, new):
    """An edit of one file; ``old`` is a regular expression that must be there."""

    def edit(root):
        path = root / place
        text, times = re.subn(
            old, new, path.read_text(encoding="utf-8"), count=1, flags=re.M | re.S
        )
        assert times == 1, f"{place} has nothing like {old!r}"
        path.write_text(text, encoding="utf-8")

    return edit


def add(place, text):
    """An edit that appends to a file, or makes it."""

    def edit(root):
        path = root / place
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.parent.mkdir(exist_ok=True)
        path.write_text(before + text, encoding="utf-8")

    return edit


def remove(place):
    return lambda root: (root / place).unlink()


def move(place, other):
    return lambda root: (root / place).rename(root / other)


ICC, RULE = "scripts/compute_icc.py", "rules/reliability.smk"
SCHEMA, ENV, PROJECT = checks.SCHEMA, "envs/reliability.yaml", "pyproject.toml"

# For each check: what is broken, and words of the complaint that must come of it.
BROKEN = {
    "check_names": [
        (move(ICC, "scripts/compute_agreement.py"), "no scripts/compute_icc.py"),
        (move(ICC, "scripts/compute_agreement.py"), "no rule of that name"),
        (remove("tests/unit/test_compute_icc.py"), "no tests/unit/test_compute_icc.py"),
        (replace(RULE, r"compute_icc\.log", "icc.log"), "its log"),
        (replace(RULE, r"scripts/compute_icc", "scripts/fit_lasso"), "its script is"),
        (replace(RULE, r"    script:.*", "    run:\n        1\n"), "neither script nor"),
        (add("tests/unit/test_nothing_of_ours.py", "\n"), "no rule, script, module"),
    ],
    "check_rules": [
        (replace(RULE, r'\n    """[^\n]*"""', ""), "docstring"),
        (replace(RULE, r'feature\."""', 'feature. And more."""'), "docstring"),
        (replace(RULE, r'    """', '    """\n    '), "docstring"),
        (replace(RULE, r"    log:\n[^\n]*\n", ""), "no log"),
        (replace(RULE, r"    conda:\n[^\n]*\n", ""), "no conda"),
        (replace(RULE, r"    log:", '    message: "icc"\n    log:'), "message"),
    ],
    "check_code": [
        (replace(RULE, r'code\("compute_icc"\)', 'code("fit_lasso")'), "params lacks"),
        (replace(RULE, r" +code=code[^\n]*\n", ""), "params lacks"),
        (add(ICC, "\nimport nomoflow.caveats\n"), "imports differ: ['caveats'"),
        (replace("rules/common.smk", r"^def code.*?:\n", r"\g<0>    return {}\n"), "code() is not"),
        (replace("rules/common.smk", r"^def code\(", "def digests("), "code() is not"),
    ],
    "check_env_imports": [
        (add(ICC, "\nimport SimpleITK\n"), "imports simpleitk, which envs/reli"),
        (add("scripts/nomoflow/reliability.py", "\nimport glmnet\n"), "glmstar"),
        (replace("envs/features.post-deploy.sh", "pyradiomics==", ""), "pyradio"),
        (add("envs/other.yaml", "dependencies: []\n"), "no rule uses it"),
        (replace(RULE, "envs/reliability", "envs/nowhere"), "no env file"),
    ],
    "check_env_files": [
        (replace(ENV, "numpy =", "numpy >="), "is no pin"),
        (replace(ENV, r"numpy =[\d.]+", "numpy =1.2.3"), "numpy 1.2.3, in pyproject"),
        (replace(ENV, "conda-forge", "defaults"), "channel"),
        (replace(ENV, r"python =3\.11", "python =3.12"), "python is not"),
        (add(ENV, "  - colours =1.0.0\n"), "colours 1.0.0, in pyproject.toml None"),
        (replace("envs/models.post-deploy.sh", r"v==[\d.]+", "v==0.0.1"), "coxdev"),
        (replace("envs/images.yaml", r"(setuptools =)\d+", r"\g<1>99"), "setuptools"),
        (replace(PROJECT, r"(= \[\"numpy==)[\d.]+", r"\g<1>1.0"), "built with numpy"),
    ],
    "check_config": [
        (replace("config/config.yaml", r"threshold: 0\.75", "threshold: 0.8"), "0.8"),
        (replace("config/config.yaml", r"buckets: 12", "buckets: 12.0"), "12.0"),
        (replace("config/config.yaml", r"^  threshold:[^\n]*\n", ""), "no key relia"),
        (replace("config/config.yaml", r"repair_mm: 0.01", "repair_mm: 1"), "repair_mm"),
        (add("config/config.yaml", "  depth: 1\n"), "no entry for execution.depth"),
        (add("config/config.yaml", "\nnovel: {}\n"), "named like no stage"),
        (replace(SCHEMA, r"        description: Seed of the folds\.\n", ""), "no descr"),
        (replace(SCHEMA, r"additionalProperties: false\n", ""), "unknown keys"),
        (replace(SCHEMA, r"        default: 0\.75\n", ""), "no default"),
    ],
    "check_config_table": [
        (replace(SCHEMA, "Seed of the folds", "Seed of all"), "out of date"),
        (replace("config/README.md", r"\| `models\.p`[^\n]*\n", ""), "no row for"),
        (remove("config/README.md"), "missing"),
    ],
    "check_outputs": [
        (replace(RULE, r"results/(\{study\}/rel)", r"out/\1"), "output out/"),
        (replace(RULE, r"results/(\{study\}/rel)", r"/results/\1"), "is outside"),
        (replace(RULE, "icc=(.results/.study./r)", r"\1"), "without a name"),
        (replace("rules/common.smk", r"(report\(\n +f.)results/", r"\1"), "is outside"),
        (replace("rules/models.smk", "=expand.(.)results", r"=expand(\1out"), "is out"),
    ],
    "check_stages": [
        (replace(RULE, "envs/reliability", "envs/models"), "conda is ../envs/models"),
        (move(RULE, "rules/agreement.smk"), "no stage of that name"),
        (replace("Snakefile", r"^include: .rules/images.smk.\n", ""), "includes"),
        (move(ENV, "envs/icc.yaml"), "envs/icc.yaml: no stage"),
        (add("Snakefile", '\nrule x:\n    output:\n        "x",\n'), "target rules only"),
    ],
    "check_sizes": [
        (add(ICC, "\n" * 400), "compute_icc.py"),
        (add("scripts/nomoflow/reliability.py", "\n" * 400), "reliability.py"),
        (add(RULE, "\n" * 150), "reliability.smk"),
        (add("Snakefile", "\n" * 60), "Snakefile"),
    ],
    "check_plain_rules": [
        (add(RULE, "\ndef f(wildcards):\n    return 1\n"), "a function outside"),
        (replace(RULE, "phases=phases", "phases=lambda w: PHASES"), "a function"),
    ],
    "check_scripts": [
        (move(ICC, "scripts/icc.py"), "must be verb_object"),
        (move(ICC, "scripts/test_icc.py"), "must be verb_object"),
        (replace(ICC, "Rule compute_icc", "Script compute_icc"), "does not begin"),
        (replace(ICC, "if __name__.*", "main(snakemake)\n"), "runs on import"),
        (add("scripts/nomoflow/__init__.py", "import pandas\n"), "not empty"),
        (add("scripts/nomoflow/unused.py", "X = 1\n"), "no rule and no tool"),
    ],
    "check_common_imports": [
        (add("scripts/nomoflow/scans.py", "\nimport pandas\n"), "pandas"),
        (replace("rules/common.smk", r"^import \w+$", "import numpy"), "numpy"),
    ],
    "check_dependencies": [
        (add(ICC, "\nimport xarray\n"), "xarray is imported, not declared"),
        (add("tests/conftest.py", "\nimport xarray\n"), "xarray is imported by"),
        (replace(PROJECT, r"(\n +.)numpy==", r"\1numpy>="), "is no pin"),
        (replace(PROJECT, r"(\n +.attrs[^\n]*)(.*?)\n\]", r"\2\1\n]"), "not sorted"),
        (replace(PROJECT, r'"pandas==', '"anndata==0.1", "pandas=='), "nothing imp"),
        (replace(PROJECT, r'"attrs==', '"numpy==2.4.6", "attrs=='), "a constraint"),
        (replace(PROJECT, r'"pytest==', '"nose==1.0", "pytest=='), "neither tests"),
    ],
    "check_installed": [
        (replace(PROJECT, r"\n +.wrapt==[^\n]*", ""), "wrapt None"),
        (replace(PROJECT, r"wrapt==[\d.]+", "wrapt==0.1"), "wrapt 0.1, installed is"),
    ],
    "check_foreign_words": [
        (add("docs/a.md", "see https:" + "//pypi.example/simple\n"), "registry"),
        (add(".ci/run", "uv sync --" + "index-url x\n"), "registry"),
        (add("config/ci.yaml", "# /" + "home/someone/data\n"), "absolute path"),
        (add("docs/a.md", "C:" + "\\Users\\someone\n"), "absolute path"),
        (lambda root: add("docs/a.md", f"{root}/x\n")(root), "absolute path"),
        (add("docs/a.md", "Co-" + "authored-by: x\n"), "how it was written"),
        (add("docs/a.md", "TO" + "DO: more\n"), "how it was written"),
    ],
}  # fmt: skip


def test_every_check_is_broken_at_least_once():
    assert list(BROKEN) == [check.__name__ for check in checks.CHECKS]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A copy of the project, to break; what git would not track is left out."""
    copy = tmp_path_factory.mktemp("layout") / "project"
    for path in tracked_files(ROOT):
        (copy / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy / path.relative_to(ROOT))
    return copy


@pytest.fixture(scope="module")
def accepted(pristine):
    """What each check says before anything is broken, each asked once."""
    said: dict[str, set[str]] = {}

    def ask(name):
        if name not in said:
            said[name] = set(getattr(checks, name)(pristine))
        return said[name]

    return ask


@pytest.mark.parametrize(
    ("name", "edit", "expected"),
    [(name, *each) for name, cases in BROKEN.items() for each in cases],
    ids=[f"{name}-{number}" for name, cases in BROKEN.items() for number in range(len(cases))],
)
def test_what_is_broken_is_seen(name, edit, expected, pristine, accepted):
    before = accepted(name)
    kept = {path: path.read_bytes() for path in tracked_files(pristine)}
    try:
        edit(pristine)
        new = set(getattr(checks, name)(pristine)) - before
    finally:
        for path in set(tracked_files(pristine)) - set(kept):
            path.unlink()
        for path, content in kept.items():
            path.write_bytes(content)
    assert any(expected in complaint for complaint in new), f"complaints: {sorted(new)}"
