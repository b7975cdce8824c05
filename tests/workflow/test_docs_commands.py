"""Every command of README and docs: run here, planned here, or run by the test that is named."""

import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_argument_parser
from workflow.running import CI, ROOT, copy_finished, copy_project, snakemake

PAGES = [ROOT / "README.md", ROOT / "config/README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# Blocks of other languages hold no commands; a block without one may hold output.
SHELLS = ("", "bash", "sh", "console")
PROGRAM = re.compile(r"(?:uvx?|pip|python3?|snakemake|cp|dvc|git|\.uv/bin/\w+) ")
INLINE = re.compile(r"`((?:uvx?|pip|snakemake|dvc) [^`]+)`")
HEREDOC = re.compile(r"(<<'(\w+)'\n).*?^ *\2$", re.MULTILINE | re.DOTALL)
RUN = re.compile(r"(?:uv run )?snakemake ")

# What is too long to be run here: the file that runs it, and words of it that prove so.
ELSEWHERE = {
    "pip install uv && uv run snakemake --cores all": (".ci/run", "uv run snakemake --cores all"),
    "python3 -m venv .uv && .uv/bin/pip install uv && .uv/bin/uv run snakemake --cores all": (
        ".ci/run", "-m pip install --quiet uv",
    ),
    ".uv/bin/uv run pytest": (".ci/run", "uv run pytest"),
    "uv run pytest": (".ci/run", "uv run pytest"),
    "uv sync": (".ci/run", "uv sync"),
    "uv run pytest tests/reference/test_parity.py": (".ci/run", "uv run pytest"),
    "uv run python tools/write_parity.py": (
        "tests/reference/test_parity.py", "tools/write_parity.py",
    ),
    "uv run python tools/write_config_table.py": (
        "tests/unit/test_write_config_table.py", "write_config_table.py",
    ),
    "python tools/verify.py results/demo/provenance/manifest.json": (
        "tests/workflow/test_verify.py", 'load_tool("verify")',
    ),
    "uv run --with zensical==0.0.73 python tools/build_site.py": (
        ".ci/run",
        "python tools/build_site.py",
    ),
    "uv run python tools/write_c4kc_kits.py data/c4kc_kits data/c4kc_kits": (
        "tests/workflow/test_real_studies.py", '"write_c4kc_kits.py"',
    ),
    'uv run python tools/tables_from_folder.py data/sts12 data/sts12 --images'
    ' "{patient}/{phase}_image.nii.gz" --masks "{patient}/{phase}_mask.nii.gz" --outcome'
    " data/sts12/outcome.csv --id patient_id": (
        "tests/workflow/test_real_studies.py", '"tables_from_folder.py"',
    ),
}  # fmt: skip
# By how they begin: runs of minutes, and programs that are no part of the project.
LONG = {
    "uv run python benchmarks/": ("tests/reference/test_simulations.py", "benchmarks"),
    "uvx dvc ": ("tests/dvc/test_versions.py", "dvc(clone"),
    "git ": ("tests/dvc/test_versions.py", "dvc.git("),
    "dvc ": ("tests/dvc/test_versions.py", "dvc(clone"),
    "cp -r data/simulated": ("docs/tutorial.md", "cp -r data/simulated"),  # run below
    "uv run python - <<": ("tests/workflow/test_provenance.py", "docs/audit.md"),
}
# Targets that need a finished study or other centres' files; tests of their own run them.
OTHERS = {"centres", "verify", "release"}
# What needs more than this project and its tests have; each with what is missing.
NOT_HERE = {
    "uvx --with dvc-s3 dvc push": "a store on the network",
    "uvx snakedeploy pin-conda-envs envs/*.yaml": "conda's own channel",
    "uv sync --offline": "a filled cache and no environment yet",
    "uv cache dir": "uv as it was installed: where its cache lies is the machine's matter",
}
# Configs of public data, which are not here by themselves: the test that runs each.
REAL = {
    "c4kc_kits": ("tests/workflow/test_real_studies.py", "examples/c4kc_kits.yaml"),
    "c4kc_kits_a": ("tests/workflow/test_real_centres.py", "_a.yaml"),
    "c4kc_kits_b": ("tests/workflow/test_real_centres.py", "_b.yaml"),
    "sts12": ("tests/workflow/test_real_studies.py", "examples/sts12.yaml"),
    # A quarter of an hour: locked and validated as the halves of c4kc_kits, from images as sts12.
    "sts12_eight": ("docs/examples.md", "sts12_eight.yaml"),
    "sts12_four": ("docs/examples.md", "sts12_four.yaml"),
}
# A study that applies a locked model is there once another has made it.
VALIDATING = {"config/centre_b.yaml": ("tests/workflow/test_centres.py", "ci_b")}


def commands(page):
    """The commands of a page, a comment after one and its line ends taken away."""
    text = page.read_text(encoding="utf-8")
    found = []
    for language, block in FENCE.findall(text):
        if language in SHELLS:
            block = HEREDOC.sub(r"<<'\2'", re.sub(r"\\\n\s*", " ", block))
            found += [line.strip() for line in block.splitlines()]
    found += [one for one in INLINE.findall(FENCE.sub("", text)) if one != "uv run"]
    bare = (re.sub(r"\s+", " ", re.sub(r"\s+# .*", "", one)).strip() for one in found)
    return list(dict.fromkeys(one for one in bare if PROGRAM.match(one)))


EVERY = sorted({one for page in PAGES for one in commands(page)})


def options(command):
    """A command of snakemake as Snakemake itself takes it apart."""
    words = shlex.split(RUN.sub("", command, count=1).partition(" > ")[0])
    return get_argument_parser().parse_args(words)


def is_run(command):
    return RUN.match(command) is not None and "&&" not in command


def test_the_pages_have_commands():
    assert len(EVERY) > 40 and set(NOT_HERE) | set(ELSEWHERE) <= set(EVERY)
    assert "uv run snakemake --cores all preflight --configfile config/mine.yaml" in EVERY


@pytest.mark.parametrize("command", [one for one in EVERY if not is_run(one)])
def test_other_programs(command):
    """A command that is neither known nor harmless is new: run it in a test, and name that here."""
    if command.endswith(" --help"):
        words = [sys.executable if word == "python" else word for word in shlex.split(command)[2:]]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return
    if command in NOT_HERE:
        return
    begin = next((one for one in LONG if command.startswith(one)), None)
    file, words = ELSEWHERE.get(command) or LONG[begin]
    assert words in (ROOT / file).read_text(encoding="utf-8"), (file, words)
    for script in re.findall(r"\b(?:tools|benchmarks|tests)/\S+\.py", command):
        assert (ROOT / script).is_file(), script


@pytest.mark.parametrize("command", [one for one in EVERY if is_run(one)])
def test_snakemake_takes_it_as_it_is_meant(command):
    """A target after --configfile would be one more config: Snakemake reads it so."""
    found = options(command)
    for config in found.configfile or []:
        there = (ROOT / config).is_file() or config.name in ("mine.yaml", "practice.yaml")
        assert there and config.suffix == ".yaml", config
        if str(config.parent) == "config/examples":
            file, words = REAL[config.stem]
            assert words in (ROOT / file).read_text(encoding="utf-8"), (file, words)


def test_what_they_ask_for_can_be_planned(tmp_path):
    """One plan for each config with all that the pages ask of it."""
    project = copy_project(tmp_path / "project")
    mine = yaml.safe_load((project / CI).read_text(encoding="utf-8")) | {"study": "mine"}
    (project / "config/mine.yaml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    targets = defaultdict(set)
    for command in filter(is_run, EVERY):
        found = options(command)
        configs = tuple(map(str, found.configfile or []))
        if configs == ("config/mine.yaml",):
            targets[configs] |= {*found.targets, *(found.forcerun or [])} - OTHERS
        elif configs == ():
            targets[configs] |= set(found.targets) - OTHERS
        else:
            file, words = VALIDATING.get(configs[0], ("", ""))
            known = configs[0].startswith(("config/examples/", CI, "config/practice"))
            assert known or words in (ROOT / file).read_text(encoding="utf-8"), configs
    assert len(targets) == 2
    for configs, asked in targets.items():
        plan = snakemake(
            project, *sorted(asked), "--dry-run", "--quiet", "all",
            configs=configs or ["config/config.yaml"],
        )  # fmt: skip
        plan.succeeded()


def test_the_tutorial(finished, tmp_path):
    """Each command of the page, one after another; of the long run the plan."""
    project = copy_finished(finished, tmp_path / "project")
    page = ROOT / "docs/tutorial.md"
    said = {}
    for command in (one for one in commands(page) if "`" not in one):
        words = shlex.split(command.removeprefix("uv run "))
        if words[0] == "cp":
            shutil.copytree(project / words[-2], project / words[-1])
            continue
        found = options(command)
        if not found.targets:
            words.append("--dry-run")
        words = [sys.executable, "-m", *words]
        done = subprocess.run(
            words, cwd=project, capture_output=True, encoding="utf-8", check=False, timeout=1800
        )
        assert done.returncode == 0, (command, done.stdout + done.stderr)
        said[command] = done.stdout + done.stderr
        if "confirm" in command:
            assert not (project / "results/practice").exists()
        elif found.targets == ["clean"]:
            assert (project / "results/practice/cohort/preflight.csv").is_file()
    begun = next(text for command, text in said.items() if " init " in command)
    shown = re.search(r"```text\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)[1]
    for line in shown.splitlines():
        assert line.rstrip(". ") in begun, line
    assert any("No problem" in text for text in said.values())
    assert any("extract_features" in text for text in said.values())
    assert Path(project / "config/practice.yaml").is_file()
    assert (project / "results/ci/report/study.html").is_file()
