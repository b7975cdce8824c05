"""Every command of README and docs: run here, or by the test that is named and proved to give it.

What neither runs is named with the reason; what it asks for is planned here all the same.
"""

import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import openpyxl
import pytest
import yaml
from snakemake.cli import get_argument_parser
from workflow.given_words import given_words, holds, loads
from workflow.running import CI, ROOT, copy_finished, copy_project, own_environment, snakemake

PAGES = [ROOT / "README.md", ROOT / "config/README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# Blocks of other languages hold no commands; a block without one may hold output.
SHELLS = ("", "bash", "sh", "console")
PROGRAM = re.compile(r"(?:uvx?|pip|python3?|snakemake|cp|dvc|git|sbatch|\.uv/bin/\w+) ")
INLINE = re.compile(r"`((?:uvx?|pip|snakemake|dvc) [^`]+)`")
HEREDOC = re.compile(r"(<<'(\w+)'\n).*?^ *\2$", re.MULTILINE | re.DOTALL)
SLURM = "uv run --group cluster snakemake"
RUN = re.compile(rf"(?:{re.escape(SLURM)}|(?:uv run )?snakemake) ")
STUDY = re.compile(r"(?<![\w-])(?:mine|demo|practice)(?![\w-])")  # the pages' names of a study

# By the words that are left of a command of snakemake, the test that gives them. A study's name is
# that of the tests' own, and its config is given by the function that calls Snakemake.
OF_SNAKEMAKE = {
    "": "workflow/running.py",  # the whole study, without a word more: run_whole
    "-n": "workflow/test_ci_study.py",
    "lock": "workflow/test_ci_study.py",
    "validate": "workflow/test_centres.py",
    "centres": "workflow/test_centres.py",
    "verify": "workflow/test_verify.py",
    "verify --config recompute=5": "workflow/test_verify.py",
    "release": "workflow/test_verify.py",
    "sensitivity": "workflow/test_sensitivity.py",
    "preflight": "workflow/test_all_problems.py",
    "--software-deployment-method conda": "conda/environments.py",
    "--profile profiles/slurm": "slurm/cluster.py",
    "config/examples/c4kc_kits.yaml": "workflow/test_real_studies.py",
    "config/examples/sts12.yaml": "workflow/test_real_studies.py",
    "lock config/examples/c4kc_kits.yaml config/examples/c4kc_kits_a.yaml": (
        "workflow/test_real_centres.py"
    ),
    "validate config/examples/c4kc_kits_b.yaml": "workflow/test_real_centres.py",
}
# There the call is put together of several lists.
PIECEWISE = {"conda/environments.py"}
# The same of other programs; the benchmarks at a size that takes seconds.
OF_OTHERS = {
    "tools/verify.py results/ci/provenance/manifest.json": "dvc/test_versions.py",
    "tools/write_c4kc_kits.py data/c4kc_kits data/c4kc_kits": "workflow/test_real_studies.py",
    "tools/tables_from_folder.py": "workflow/test_real_studies.py",
    "tools/write_parity.py": "reference/test_parity.py",
    "benchmarks/bootstrap_against_glmnet.py": "test_benchmarks.py",
    "benchmarks/dry_run.py": "test_benchmarks.py",
    "benchmarks/growth.py": "test_benchmarks.py",
    "benchmarks/icc_against_pingouin.py": "test_benchmarks.py",
    "benchmarks/order_of_jobs.py": "test_benchmarks.py",
    "benchmarks/scaling.py": "test_benchmarks.py",
    "benchmarks/workflow_over_bare.py": "test_benchmarks.py",
    "benchmarks/interval_coverage.py": "reference/test_simulations.py",
    "benchmarks/shuffled_labels.py": "reference/test_simulations.py",
    "dvc push": "dvc/conftest.py",
    "dvc repro ci": "dvc/conftest.py",
    "dvc ": "dvc/test_versions.py",
    "git ": "dvc/test_versions.py",
    "- <<END": "workflow/test_provenance.py",  # the block itself is read from the page there
}
# What a test starts by itself, or a command that this file runs: see the tests below.
HERE = {
    "uv run snakemake --list-rules",
    "uv run snakemake --cores all --configfile config/mine.yaml --unlock",
    "uv run snakemake --cores all --configfile config/mine.yaml --force results/mine/warnings.csv",
    "uv run python tools/write_config_table.py",
    "uv run snakemake --cores 1 init --config folder=data/mine table=data/mine/patients.xlsx "
    "name=mine",
    "uv run snakemake --cores 1 init --config folder=data/mine table=data/mine/patients.xlsx "
    "name=mine image_pattern={patient}/{phase}.nii.gz mask_pattern={patient}/{phase}_{reading}"
    ".nii.gz",
    "uv run snakemake --cores 1 clean --configfile config/mine.yaml",
    "uv run snakemake --cores 1 clean --configfile config/mine.yaml --config confirm=mine",
}
# What needs more than this project and its tests have; each with what is missing.
NOT_HERE = {
    "uvx --with dvc-s3 dvc push": "a store on the network",
    "uvx snakedeploy pin-conda-envs envs/*.yaml": "conda's own channel",
    "snakemake --software-deployment-method conda --conda-create-envs-only": "conda's own channel",
    "snakemake --software-deployment-method conda apptainer": "apptainer, and an image to run in",
    "snakemake --containerize > Dockerfile": "Docker, to build what is written",
    "uv sync --offline": "a filled cache and no environment yet",
    "uv cache dir": "uv as it was installed: where its cache lies is the machine's matter",
    "dvc exp run --temp": "time: a whole study in a copy of the project",
    "uv run snakemake --cores all --configfile config/mine.yaml --set-resources "
    "extract_features:mem_mb=16000 --force results/mine/features/failures/0003.csv": (
        "an image that needs more memory: its words are planned with the other targets"
    ),
    "uv run snakemake --cores all lock --configfile config/examples/sts12.yaml "
    "config/examples/sts12_eight.yaml": (
        "time: a quarter of an hour; the halves of c4kc_kits are given the same words"
    ),
    "uv run snakemake --cores all validate --configfile config/examples/sts12_four.yaml": (
        "the model of the line before"
    ),
    "uv run python benchmarks/large_demo.py ../large": (
        "time: a quarter of an hour; what it prepares and tells has its tests"
    ),
    "uv run python benchmarks/run_again.py --folder ../large --configfile config/large.yaml": (
        "the study of the line before"
    ),
    f"{SLURM.removesuffix(' snakemake')} pytest -m slurm -n0 -rsP": (
        "itself: .ci/run has these tests among others"
    ),
    f"sbatch --cpus-per-task=1 --mem=2G --time=2-00:00 --wrap '{SLURM} --profile profiles/slurm "
    "--configfile config/mine.yaml'": "a node that may submit: the command within is tested",
}
# Targets that need a finished study or other centres' files; tests of their own run them.
OTHERS = {"centres", "verify", "release", "apptainer"}


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
TUTORIAL = set(commands(ROOT / "docs/tutorial.md"))


def is_run(command):
    return RUN.match(command) is not None and "&&" not in command


def options(command):
    """A command of snakemake as Snakemake itself takes it apart."""
    words = shlex.split(RUN.sub("", command, count=1).partition(" > ")[0])
    return get_argument_parser().parse_args(words)


def asked(command):
    """What a command of snakemake asks for: its words without cores and a study's own config."""
    words = shlex.split(RUN.sub("", command, count=1))
    told = options(command)
    configs = [str(path) for path in told.configfile or []]
    left = [word for word in words if word not in {"--cores", told.cores, "all", "--configfile"}]
    examples = [path for path in configs if path.startswith("config/examples/")]
    return [word for word in left if word not in configs] + examples


def told_apart(words):
    """A target under a profile, or with conda: both are given, each by a test of its own."""
    if " ".join(words) in OF_SNAKEMAKE:
        return [words]
    first = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    return [part for part in (words[:first], words[first:]) if part]


@cache
def told_by(file):
    """What a test gives, a study by the name that it has in all of them here."""
    return [[word and STUDY.sub("ci", word) for word in words] for words in given_words(file)]


def lines_of_ci():
    """Words of every command that .ci/run has, however deep in a function."""
    text = (ROOT / ".ci/run").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (re.split(r"\s(?:\||&&|\|\||>)", line)[0] for line in text.splitlines())
    commands_there = [line.strip() for line in lines if not line.strip().startswith("#")]
    return [
        shlex.split(line) for line in commands_there if line.count('"') % 2 == 0 if "'" not in line
    ]


def is_line_of_ci(command):
    """Each part of a command stands in .ci/run; a Python's version and uv's folder are its own."""
    command = re.sub(r"(?<=pytest )tests/\S+$", "", command)  # one file of the tests is among them
    parts = [re.sub(r"^\.uv/bin/", "", part.strip()) for part in command.split("&&")]
    lines = [
        [re.sub(r"^(?:\S*/)?python[\d.]+$|^\S*/python$", "python3", word) for word in line]
        for line in lines_of_ci()
    ]
    wanted = [[word for word in shlex.split(part) if word != ".uv"] for part in parts]
    return all(any(holds(line, words) for line in lines) for words in wanted)


def test_the_pages_have_commands():
    assert len(EVERY) > 40 and (set(NOT_HERE) | HERE) - set(EVERY) == set()
    assert "uv run snakemake --cores all preflight --configfile config/mine.yaml" in EVERY


def test_what_ci_runs_is_known():
    assert is_line_of_ci("uv run pytest") and is_line_of_ci("uv run snakemake --cores all")
    assert not is_line_of_ci("uv run snakemake --cores all verify")
    assert not is_line_of_ci("uv run && rm -r results")


def test_what_no_test_gives_is_noticed():
    given = told_by("workflow/test_verify.py")
    assert any(holds(words, ["snakemake", "verify", "--config", "recompute=5"]) for words in given)
    for wanted in (["snakemake", "lock"], ["snakemake", "release", "--force"], ["verify", "dvc"]):
        assert not any(holds(words, wanted) for words in given), wanted
    assert holds(["tool", None, "…/sts12"], ["tool", "data/sts12", "data/sts12"])
    assert not holds(["tool", None, "…/sts12"], ["tool", "data/sts12", "--help"])
    assert loads("reference/test_parity.py", "tools/write_parity.py")
    assert not loads("reference/test_parity.py", "tools/write_c4kc_kits.py")


@pytest.mark.parametrize("command", sorted(set(EVERY) - HERE - TUTORIAL - set(NOT_HERE)))
def test_a_test_gives_these_words(command):
    """A command that none knows is new: give it in a test, and name that above."""
    if command.endswith(" --help"):
        words = [sys.executable if word == "python" else word for word in shlex.split(command)[2:]]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return
    if is_line_of_ci(command):
        return
    if is_run(command):
        for wanted in told_apart([STUDY.sub("ci", word) for word in asked(command)]):
            file = OF_SNAKEMAKE.get(" ".join(wanted))
            assert file, f"no test is named for {' '.join(wanted)!r} of {command!r}"
            program = [] if file in PIECEWISE else ["snakemake"]
            given = [words for words in told_by(file) if holds(words, [*program, *wanted])]
            assert given, (wanted, file)
        return
    words = [STUDY.sub("ci", word) for word in shlex.split(command)]
    words = words[words.index("python") + 1 :] if "python" in words else words
    words = words[1:] if words[0] == "uvx" else words
    told = " ".join(words)
    file = next((file for begin, file in OF_OTHERS.items() if told.startswith(begin)), None)
    assert file, f"no test is named for {command!r}"
    script = words[0] if words[0].endswith(".py") else ""
    if told.startswith("- <<"):
        source = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert "docs/audit.md" in source and "uv run python - <<'END'" in source
    elif script and loads(file, script):
        assert (ROOT / script).is_file()
    elif script.startswith("benchmarks/"):
        wanted = {Path(script).stem, *(word for word in words if word.startswith("--"))}
        assert any(wanted <= set(given) for given in told_by(file)), (wanted, file)
    else:
        assert any(holds(given, words) for given in told_by(file)), (words, file)


@pytest.mark.parametrize("command", [one for one in EVERY if is_run(one)])
def test_snakemake_takes_it_as_it_is_meant(command):
    """A target after --configfile would be one more config: Snakemake reads it so."""
    for config in options(command).configfile or []:
        known = ("mine.yaml", "practice.yaml", "centre_b.yaml")
        assert (ROOT / config).is_file() or config.name in known, config
        assert config.suffix == ".yaml", config


def test_what_they_ask_for_can_be_planned(tmp_path):
    """One plan for each config with all that the pages ask of it."""
    project = copy_project(tmp_path / "project")
    mine = yaml.safe_load((project / CI).read_text(encoding="utf-8")) | {"study": "mine"}
    mine["execution"] = {"buckets": 4}  # so many that the pages' batch is there
    (project / "config/mine.yaml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    targets = defaultdict(set)
    for command in filter(is_run, EVERY):
        found = options(command)
        configs = tuple(map(str, found.configfile or []))
        if configs in ((), ("config/mine.yaml",)):
            forced = {*(found.forcerun or []), *found.targets} - OTHERS
            targets[configs] |= forced
        else:
            known = ("config/examples/", CI, "config/practice", "config/centre_b")
            assert configs[0].startswith(known), configs
    assert len(targets) == 2
    for configs, wanted in targets.items():
        plan = snakemake(
            project, *sorted(wanted), "--dry-run", "--quiet", "all",
            configs=configs or ["config/config.yaml"],
        )  # fmt: skip
        plan.succeeded()


def run(project, command):
    """A command of snakemake as the page has it; what it says."""
    words = [sys.executable, "-m", *shlex.split(command.removeprefix("uv run "))]
    done = subprocess.run(
        words, cwd=project, env=own_environment(), capture_output=True, encoding="utf-8",
        check=False, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, (command, done.stdout + done.stderr)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    """A finished study for all that these tests run, ``mine`` among its studies."""
    return copy_finished(finished, tmp_path_factory.mktemp("pages") / "project")


def test_the_tutorial(project):
    """Each command of the page, one after another; of the long run the plan."""
    page = ROOT / "docs/tutorial.md"
    said = {}
    for command in (one for one in commands(page) if "`" not in one):
        words = shlex.split(command)
        if words[0] == "cp":
            shutil.copytree(project / words[-2], project / words[-1])
            continue
        found = options(command)
        said[command] = run(project, command if found.targets else f"{command} --dry-run")
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
    assert (project / "config/practice.yaml").is_file()
    assert (project / "results/ci/report/study.html").is_file()


def test_a_study_called_mine(project):
    """The commands of README and own_study.md that the tutorial does not have."""
    shutil.copytree(project / "data/simulated/ci", project / "data/mine")
    book = openpyxl.Workbook()
    for line in (project / "config/ci/participants.csv").read_text("utf-8").splitlines():
        book.active.append(line.split(","))
    book.save(project / "data/mine/patients.xlsx")
    begin, with_patterns = sorted((one for one in HERE if " init " in one), key=len)
    assert "config/mine.yaml" in run(project, begin)
    # What was begun is never written over, so the second way needs the first one's files gone.
    shutil.rmtree(project / "config/mine")
    (project / "config/mine.yaml").unlink()
    assert "config/mine.yaml" in run(project, with_patterns)
    ask, confirmed = sorted((one for one in HERE if " clean " in one), key=len)
    (project / "results/mine/cohort").mkdir(parents=True)
    (project / "results/mine/cohort/preflight.csv").write_text("patient\n", encoding="utf-8")
    assert "confirm=mine" in run(project, ask) and (project / "results/mine").exists()
    run(project, confirmed)
    assert not (project / "results/mine").exists()


def test_the_short_ones(project):
    """What takes seconds, on the quick study where the page has the reader's own."""
    listed, unlocked, forced = (
        run(project, STUDY.sub("ci", command))
        for command in sorted(HERE)
        if re.search("--(?:list-rules|unlock|force) ?", command)
    )
    assert "extract_features" in "".join((listed, unlocked, forced))
    assert "Study ci" in "".join((listed, unlocked, forced))


def test_the_table_of_keys_is_written_as_it_stands(tmp_path):
    project = copy_project(tmp_path / "project")
    page = project / "config/README.md"
    page.write_text("", encoding="utf-8")
    done = subprocess.run([sys.executable, "tools/write_config_table.py"], cwd=project, check=False)
    assert done.returncode == 0
    assert page.read_bytes() == (ROOT / "config/README.md").read_bytes()
