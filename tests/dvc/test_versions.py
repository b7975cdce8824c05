"""A study under DVC, version by version: what is safe, what is refused, what verify must find.

Each case was first seen to go wrong with other settings, or to prove less than it seems to.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from workflow.running import CI, RESULTS, ROOT, differing, digests, snakemake

from nomoflow.dvc_cache import linked_cache

pytestmark = pytest.mark.dvc

NOTHING = "Nothing to be done"
MANIFEST = f"{RESULTS}/provenance/manifest.json"
METRICS = f"{RESULTS}/evaluation/metrics.json"
OUTS = ("data/simulated/ci", "logs/simulated/ci", "logs/ci", RESULTS)
MEGABYTE = 1_000_000  # larger files Snakemake compares by time, unless its profile says otherwise


def verify(folder: Path) -> subprocess.CompletedProcess:
    """The program that compares digests, as anybody runs it."""
    command = [sys.executable, "tools/verify.py", MANIFEST]
    return subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=300
    )


def cloned(dvc, project: Path) -> Path:
    """A fresh clone with all that DVC keeps, and times by which nothing seems to be missing."""
    clone = project.parent / "clone"
    dvc.git(project.parent, "clone", "--quiet", str(project), str(clone))
    dvc(clone, "pull")
    for age, place in enumerate(("results", "data", "scripts")):
        set_times(clone / place, time.time() - age * 3600)
    return clone


def set_times(folder: Path, when: float) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (when, when))


def test_a_checkout_of_the_same_bytes_reruns_nothing(dvc, project):
    before = digests(project / "data")
    assert max(path.stat().st_size for path in project.rglob("data/**/*.nii.gz")) > MEGABYTE
    # Folders that a rule declares whole go by their time: they are not touched here.
    for place in ("data/simulated", f"{RESULTS}/features", f"{RESULTS}/signature"):
        shutil.rmtree(project / place)
    dvc(project, "checkout")
    assert digests(project / "data") == before
    assert NOTHING in snakemake(project, "--dry-run").succeeded().output
    # Without the project's profile, the larger files would go by their time, which is new.
    without = snakemake(project, "--dry-run", "--workflow-profile", "none").succeeded()
    assert {"check_images", "resample_images", "extract_features"} <= set(without.jobs)


def test_versions_are_made_compared_and_brought_back(dvc, project):
    first = digests(project / RESULTS)
    config = project / CI
    stated = "evaluation: {decision_threshold: 0.5, "
    config.write_text(config.read_text("utf-8").replace("evaluation: {", stated), "utf-8")
    change = f"{CI}:evaluation.decision_threshold=0.3"
    told = dvc(project, "exp", "run", "ci", "--name", "strict", "--set-param", change)
    assert NOTHING not in told
    assert yaml.safe_load(config.read_bytes())["evaluation"]["decision_threshold"] == 0.3

    changed = json.loads(dvc(project, "metrics", "diff", "main", "strict", "--json"))[METRICS]
    assert {name.rpartition(".")[2] for name in changed} == {"net_benefit"}
    now = json.loads((project / METRICS).read_bytes())
    found = changed["cross_validated.nomogram.net_benefit"]["new"]
    assert found == now["cross_validated"]["nomogram"]["net_benefit"]
    params = json.loads(dvc(project, "params", "diff", "main", "strict", "--json"))[CI]
    assert params["evaluation.decision_threshold"]["new"] == 0.3

    dvc(project, "plots", "diff", "main", "strict", "--out", "plots")
    page = (project / "plots/index.html").read_text(encoding="utf-8")
    for words in (
        "ci: ROC curve",
        "ci: calibration",
        "ci: decision curve",
        "datum.model === model",
    ):
        assert words in page
    assert '"strict"' in page
    assert '"main"' in page
    assert "strict" in dvc(project, "exp", "show", "--md")
    dvc(project, "commit", "ci")

    # Back to the first version: Snakemake, whose records are the second one's, does not go on.
    dvc.commit(project, "the second version")
    dvc.git(project, "checkout", "--quiet", "HEAD~1")
    dvc(project, "checkout")
    assert differing(first, digests(project / RESULTS)) == []
    assert verify(project).returncode == 0
    run = snakemake(project)
    assert run.code != 0
    assert "Results were changed after the workflow made them" in run.output


def test_the_page_s_setup_of_a_study_of_ones_own(dvc, tmp_path):
    shutil.copytree(ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    for place in ("data/mine/P1.nii.gz", "config/mine/scans.csv", "config/mine.yaml", "dvc.yaml",
                  "dvc.lock", "models/mine/model.json"):  # fmt: skip
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        text = "schema: '2.0'\n" if place == "dvc.lock" else "{}\n"
        (tmp_path / place).write_text(text, encoding="utf-8")
    dvc.git(tmp_path, "init", "--quiet")
    dvc(tmp_path, "add", "data/mine")
    files = ("data/mine.dvc", "dvc.yaml", "dvc.lock", "config/mine", "config/mine.yaml")
    dvc.git(tmp_path, "add", *files)
    dvc.git(tmp_path, "commit", "-m", "mine, first version")
    kept = dvc.git(tmp_path, "ls-files").split()
    assert "data/mine.dvc" in kept and "data/mine/P1.nii.gz" not in kept
    dvc(tmp_path, "add", "models/mine/model.json")
    assert (tmp_path / "models/mine/model.json.dvc").is_file()
    # Stores are not reached here: DVC takes their settings, and says where it would push to.
    dvc(tmp_path, "remote", "modify", "store", "url", "../archive/nomoflow")
    dvc(tmp_path, "remote", "modify", "store", "url", "ssh://server/srv/nomoflow")
    dvc(tmp_path, "remote", "modify", "store", "url", "s3://bucket/nomoflow")
    endpoint = "https://minio.hospital.example"
    dvc(tmp_path, "remote", "modify", "store", "endpointurl", endpoint)
    assert "s3://bucket/nomoflow" in dvc(tmp_path, "remote", "list")
    dvc(tmp_path, "config", "plots.html_template", "page.html")


def test_in_a_clone_only_digests_tell(dvc, project):
    clone = cloned(dvc, project)
    for place in OUTS:
        assert differing(digests(project / place), digests(clone / place)) == []
    seen = verify(clone)
    assert seen.returncode == 0, seen.stdout + seen.stderr

    # A module edited, and what a rule is given: no record tells what the results were made with.
    edited = [clone / "scripts/nomoflow/reliability.py", clone / CI]
    before = [path.read_bytes() for path in edited]
    for path in edited:
        path.write_bytes(path.read_bytes().replace(b"p: 0.2", b"p: 0.3") + b"\n# edited\n")
    assert NOTHING in snakemake(clone, "--dry-run").succeeded().output
    seen, told = verify(clone), dvc.fails(clone, "repro", "ci")  # its stage verifies
    assert seen.returncode == 1
    for path in edited:
        assert path.relative_to(clone).as_posix() in seen.stdout
        assert path.relative_to(clone).as_posix() in told

    # Inputs checked out after outputs: all would be made again, though nothing differs.
    for path, content in zip(edited, before, strict=True):
        path.write_bytes(content)
    set_times(clone / "data", time.time() + 3600)
    assert len(snakemake(clone, "--dry-run").succeeded().jobs) > 30
    assert verify(clone).returncode == 0


def test_links_to_the_cache_are_refused_before_anything_runs(dvc, project):
    for level, file in ((), ".dvc/config"), (("--local",), ".dvc/config.local"):
        dvc(project, "config", *level, "cache.type", "reflink,hardlink")
        assert linked_cache(project) == (file, "reflink,hardlink")
    run = snakemake(project, "--dry-run")
    assert run.code != 0
    assert ".dvc/config.local, cache.type" in run.output
    remedy = "dvc config --local cache.type reflink,copy"
    assert remedy in run.output
    dvc(project, *remedy.split()[1:])
    assert NOTHING in snakemake(project, "--dry-run").succeeded().output


def test_dvc_reads_the_same_settings(dvc, tmp_path, monkeypatch):
    """Where DVC writes a setting of any level, the check finds it, and in the same order."""
    for name in ("DVC_SYSTEM_CONFIG_DIR", "DVC_GLOBAL_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
        monkeypatch.setitem(dvc.env, name, str(tmp_path / name))
    folder = tmp_path / "project"
    folder.mkdir()
    dvc.git(folder, "init", "--quiet")
    dvc(folder, "init")
    assert linked_cache(folder) is None
    for level, kinds in (
        ("--system", "symlink"),
        ("--global", "copy,hardlink"),
        ("--project", "symlink,copy"),
        ("--local", "hardlink"),
    ):
        dvc(folder, "config", level, "cache.type", kinds)
        assert linked_cache(folder)[1] == dvc(folder, "config", "cache.type").strip() == kinds


SNAKEFILE = """\
rule second:
    input: "results/a.txt"
    output: "results/b.txt"
    shell: "cat {input} > {output}; echo second >> runs"
rule first:
    input: "in.txt"
    output: "results/a.txt"
    shell: "cat {input} > {output}; echo first >> runs"
"""


def small(dvc, folder: Path, persist: bool, kind: str) -> Path:
    """A workflow of two steps as a stage of DVC, run once."""
    command = f"{sys.executable} -m snakemake --cores 1 --quiet all"
    stage = {"cmd": command, "deps": ["in.txt"], "outs": [{"results": {"persist": persist}}]}
    for name, text in {
        "dvc.yaml": yaml.safe_dump({"stages": {"small": stage}}),
        ".dvc/config": f'[core]\n    no_scm = true\n[cache]\n    type = "{kind}"\n',
        "Snakefile": SNAKEFILE,
        "in.txt": "1\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    dvc(folder, "repro")
    assert ran(folder) == ["first", "second"]
    return folder


def ran(folder: Path) -> list[str]:
    return (folder / "runs").read_text(encoding="utf-8").split()


def test_without_persist_dvc_deletes_results_first(dvc, tmp_path):
    (tmp_path / "kept").mkdir()
    kept = small(dvc, tmp_path / "kept", True, "copy")
    dvc(kept, "repro", "--force")
    assert ran(kept) == ["first", "second"]
    (tmp_path / "deleted").mkdir()
    deleted = small(dvc, tmp_path / "deleted", False, "copy")
    dvc(deleted, "repro", "--force")
    assert ran(deleted) == ["first", "second"] * 2
    shipped = yaml.safe_load((ROOT / "dvc.yaml").read_bytes())["stages"].values()
    outs = [settings for one in shipped for out in one["outs"] for settings in out.values()]
    assert outs
    assert all(settings["persist"] for settings in outs)


@pytest.mark.parametrize("kind", ["copy", "symlink", "hardlink"])
def test_with_links_a_changed_input_leaves_stale_results(dvc, kind, tmp_path):
    """Why links are refused: of results of the old input DVC says that all is up to date."""
    folder = small(dvc, tmp_path, True, kind)
    (folder / "in.txt").write_text("2\n", encoding="utf-8")
    told = dvc(folder, "repro")
    result = (folder / "results/b.txt").read_text(encoding="utf-8")
    assert result == ("2\n" if kind == "copy" else "1\n")
    assert len(ran(folder)) == (4 if kind == "copy" else 2)  # Snakemake found nothing to be done
    assert "Updating lock file" in told
    assert "up to date" in dvc(folder, "status")
