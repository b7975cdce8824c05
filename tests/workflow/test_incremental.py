"""What a change makes the workflow do again: its jobs are counted, as Snakemake plans them."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from workflow.running import CI, Run, copy_finished, overlay, own_environment

from nomoflow.job_record import read_records
from nomoflow.sources import stages

PLANS = Path(__file__).with_name("plans.py")
# Last of all the identity check looks at the headers of the images, and at all results.
LAST = {"report", "provenance"}
AT_THE_END = {"scan_identities"}


class Plans:
    """Asks one process that has Snakemake loaded what it would do in a folder."""

    def __init__(self, folder: Path):
        self.folder, self.stage_of = folder, stages(folder)
        self.process = subprocess.Popen(
            [sys.executable, PLANS],
            cwd=folder,
            env=own_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __call__(self, *configs: str) -> dict[str, int]:
        """The jobs of each rule by Snakemake's own table."""
        asked = [str(self.folder), "-n", "--cores", "1", "--configfile", CI, *configs]
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return Run(*json.loads(self.process.stdout.readline())).succeeded().jobs

    def stages_of(self, jobs: dict[str, int]) -> set[str]:
        """The stages that jobs belong to, but for what comes at the end of each run."""
        return {self.stage_of[rule] for rule in jobs.keys() - AT_THE_END}


@pytest.fixture(scope="module")
def plans(finished, tmp_path_factory):
    """A finished study of this module's own; a test that changes a file takes the change back."""
    made = Plans(copy_finished(finished, tmp_path_factory.mktemp("changed") / "project"))
    yield made
    made.process.communicate()


@contextmanager
def changed(path: Path, change):
    """A file of another content for a while; after that all is as before, its time as well."""
    before, times = path.read_bytes(), path.stat()
    path.write_bytes(change(before))
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def more(content: bytes) -> bytes:
    return content + b"\n"


@pytest.fixture(scope="module")
def batched(finished):
    """The rules that have a job for each of the two batches of patients, by the jobs' own logs."""
    jobs = [
        one["rule"] for one in read_records(finished / "logs/ci") if "bucket" in one["wildcards"]
    ]
    assert {rule: jobs.count(rule) for rule in jobs} == dict.fromkeys(jobs, 2)
    return set(jobs)


def one_predictor_less(folder: Path) -> dict:
    cohort = yaml.safe_load((folder / "config/config.yaml").read_text(encoding="utf-8"))["cohort"]
    return {"cohort": {"predictors": cohort["predictors"][:-1]}}


@pytest.mark.parametrize(
    "change, starts, spared",
    [
        (
            {"features": {"shape": False}},
            "extract_features",
            {"check_images", "images"},
        ),
        (
            {"reliability": {"threshold": 0.8}},
            "compute_icc",
            {"cohort", "images", "features"},
        ),
        (
            {"signature": {"penalty": "1se"}},
            "fit_lasso",
            {"cohort", "images", "features", "reliability", "gather_dataset", "assign_folds"},
        ),
        (
            {"models": {"p": 0.9}},
            "fit_models",
            {"cohort", "images", "features", "reliability", "signature"},
        ),
        (
            one_predictor_less,
            "gather_dataset",
            {"images", "features", "reliability", "apply_criteria", "simulate_patient"},
        ),
    ],
    ids=[
        "features.shape",
        "reliability.threshold",
        "signature.penalty",
        "models.p",
        "cohort.predictors",
    ],
)
def test_a_changed_setting_reruns_what_follows_from_it(plans, change, starts, spared):
    change = change(plans.folder) if callable(change) else change
    jobs = plans(overlay(plans.folder, "changed", change))
    assert not spared & (plans.stages_of(jobs) | jobs.keys())
    assert {starts, "cross_validate", "measure_performance", "write_report"} <= jobs.keys()


def test_a_text_reruns_the_pages_that_show_it(plans):
    with changed(plans.folder / "report/captions/roc.rst", more):
        jobs = plans()
    assert plans.stages_of(jobs) == LAST
    assert "write_report" in jobs
    assert not [rule for rule in jobs if rule.startswith("draw_")]


def test_a_translation_reruns_pages_and_figures(plans):
    text = min((plans.folder / "report/texts").glob("zh*.json"))
    with changed(text, more):
        jobs = plans()
    assert plans.stages_of(jobs) == LAST
    assert {"write_report", "draw_roc"} <= jobs.keys()


def test_a_setting_of_figures_reruns_figures_and_pages(plans):
    jobs = plans(overlay(plans.folder, "changed", {"report": {"widths_mm": [80, 170]}}))
    assert plans.stages_of(jobs) == LAST
    assert {"draw_roc", "draw_calibration", "write_report"} <= jobs.keys()


def test_a_changed_mask_reruns_its_own_batch(plans, batched):
    mask, other = sorted((plans.folder / "data/simulated/ci/C002").glob("*_a1.nii.gz"))[:2]
    with changed(mask, lambda content: other.read_bytes()):
        jobs = plans()
    # The masks of images that are no DICOM tell nothing of how these were acquired.
    assert batched - {"describe_acquisition"} <= jobs.keys()
    assert {jobs[rule] for rule in batched & jobs.keys()} == {1}
    assert "simulate_patient" not in jobs


def test_a_new_patient_costs_one_batch(plans, batched):
    with (
        changed(plans.folder / "config/ci/participants.csv", with_another_patient),
        changed(plans.folder / "config/ci/scans.csv", with_another_patient),
    ):
        jobs = plans()
    assert {rule: jobs.get(rule) for rule in batched} == dict.fromkeys(batched, 1)
    assert jobs["simulate_patient"] == 1
    gathered = {rule: number for rule, number in jobs.items() if rule.startswith("gather_")}
    assert gathered and set(gathered.values()) == {1}


def with_another_patient(table: bytes) -> bytes:
    rows = re.findall(rb"^.*\bC002\b.*\n", table, re.MULTILINE)
    assert rows
    return table + b"".join(rows).replace(b"C002", b"C020")


def test_touched_images_rerun_nothing(plans):
    images = sorted((plans.folder / "data").rglob("*.nii.gz"))
    for path in images:
        path.touch()
    assert images and plans() == {}
