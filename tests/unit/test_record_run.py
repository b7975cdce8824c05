"""Rule record_run: what a study took and on what, without a name of the machine."""

import getpass
import json
import re
import socket
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import record_run
from layout_reading import read_rules
from synthetic_history import (
    JOBS,
    PLACE,
    STUDY,
    WARNINGS,
    finished_study,
    in_folder,
    put,
    put_job,
    run_job,
)

from nomoflow import sources
from nomoflow.study_history import ROOT

RUN = f"{PLACE}/provenance/run.json"
MANIFEST = f"{PLACE}/provenance/manifest.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = finished_study(tmp_path_factory.mktemp("run"))
    put_job(
        root, "write_manifest", [f"{PLACE}/provenance/trace.json"], [MANIFEST],
        took={"seconds": 10.0, "cpu_seconds": 20.0, "peak_mb": 900.0}, prefix="/gone/conda/abc_",
    )  # fmt: skip
    put_job(
        root, "collect_warnings", [f"{PLACE}/evaluation/performance.csv"], [WARNINGS],
        took={"seconds": 0.25, "cpu_seconds": 0.5, "peak_mb": 300.0},
    )  # fmt: skip
    put(root, MANIFEST, json.dumps({"digest": "abc"}))
    in_folder(root, (record_run.main, run_job()))
    return root, json.loads((root / RUN).read_bytes())


def test_each_job_and_the_totals(made):
    _, run = made
    assert run["format"] == "nomoflow-run/1" and run["study"] == STUDY and run["manifest"] == "abc"
    rules = sorted([rule for rule, *_ in JOBS] + ["write_manifest"])
    assert [job["rule"] for job in run["jobs"]] == rules
    # eight jobs of 1.5 s and 2 s CPU, one of 0.25 and 0.5, one of 10 and 20
    whole = {"jobs": 10, "seconds": 22.25, "cpu_seconds": 36.5, "peak_mb": 900.0}
    assert run["totals"]["all"] == whole
    report = {"jobs": 2, "seconds": 1.75, "cpu_seconds": 2.5, "peak_mb": 300.0}
    assert run["totals"]["stages"]["report"] == report | {"cpu_share": 0.0685}  # 2.5 / 36.5
    assert run["totals"]["rules"]["write_manifest"]["cpu_share"] == 0.5479  # 20 / 36.5
    for groups in (run["totals"]["stages"], run["totals"]["rules"]):
        assert sum(one["jobs"] for one in groups.values()) == 10
        assert sum(one["seconds"] for one in groups.values()) == pytest.approx(22.25)


def test_environments_by_stage(made):
    _, run = made
    gone, here = sorted(run["environments"], key=lambda one: len(one["stages"]))
    assert gone == {"stages": ["provenance"], "deployment": "gone"}
    assert here["packages"]["numpy"] == version("numpy")
    assert here["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert here["itk"]["simpleitk"] == version("simpleitk").replace("+", ".")[:5]
    assert here["blas"]["name"] and run["deployment"]["provenance"] == ["gone", here["deployment"]]
    assert set(run["deployment"]) == set(run["totals"]["stages"])
    assert set(run["code"]) == {"commit", "clean"} and run["machine"]["cores"] >= 1


def test_no_machine_user_or_folder_is_named(made):
    root, _ = made
    text = (root / RUN).read_text(encoding="utf-8")
    for word in (socket.gethostname(), getpass.getuser()):
        assert not re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text), word
    for folder in (root, ROOT, sys.prefix, "/gone", "/usr", "/home", "/root", "/opt"):
        assert str(folder) not in text
    assert '"/' not in text


def test_every_rule_has_its_stage():
    rules = [rule for rule in read_rules(ROOT) if not rule.is_target]
    assert sources.stages(ROOT) == {rule.name: Path(rule.text("conda")).stem for rule in rules}
