"""Rules touch declared files only: each job, alone with its inputs, makes the same bytes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workflow.running import CI, copy_finished, own_environment

from nomoflow.job_record import read_records

ALONE = Path(__file__).with_name("alone.py")
# These tell of the study as a whole: they read all logs, all results and the project's sources.
OF_ALL = {"record_run", "scan_identities", "trace_results", "write_crate", "write_manifest"}
# What a job must not do, as a line at the head of a rule's ``main``.
PEEKING = """
    import os
    from contextlib import suppress
    from pathlib import Path
    for path in ("results/ci/models/model.json", {project!r} + "/config/ci.yaml"):
        with suppress(OSError):
            open(path)
    with suppress(OSError):
        open("results/ci/models/note.txt", "w")
    Path(__file__).parents[1].joinpath("report/workflow.rst").read_bytes()
    list(Path("results").rglob("*.parquet"))
    os.system("true")
"""
PEEKED = [
    "reads project/config/ci.yaml",
    "reads report/workflow.rst",
    "reads results",
    "reads results/ci",
    "reads results/ci/models/model.json",
    "starts b'true'",
    "writes results/ci/models/note.txt",
]
IN_COMPILED_CODE = """
    import SimpleITK
    SimpleITK.ReadImage({project!r} + "/data/simulated/ci/C001/excretory.nii.gz")
"""
ANOTHER_VALUE = """
    job.params.seed += 1
"""


def spoiled(code: Path, project: Path, **lines: str) -> Path:
    """The code with lines put before what some rules' scripts do."""
    for rule, line in lines.items():
        script = code / f"scripts/{rule}.py"
        text = script.read_text(encoding="utf-8")
        head, guard, tail = text.partition('if __name__ == "__main__":')
        line = line.format(project=str(project))
        wrapped = f"def spoiled(job, main=main):{line}    main(job)\n\n\nmain = spoiled\n\n\n"
        script.write_text(head + wrapped + guard + tail, encoding="utf-8")
    return code


@pytest.fixture(scope="module")
def reports(finished, tmp_path_factory):
    """What each job did alone; by rule, of the rules as they are and of some that were spoiled."""
    place = tmp_path_factory.mktemp("declared")
    project = copy_finished(finished, place / "project")
    codes = [place / "as_they_are", place / "spoiled"]
    for code in codes:
        for part in ("scripts", "report", "config/schemas"):
            shutil.copytree(project / part, code / part)
    spoils = {
        "assign_folds": PEEKING,
        "gather_quality": IN_COMPILED_CODE,
        "trace_roc": ANOTHER_VALUE,
    }
    spoiled(codes[1], project, **spoils)
    orders = {
        "project": str(project),
        "configs": [CI],
        "runs": [
            {"code": str(codes[0]), "rules": None},
            {"code": str(codes[1]), "rules": list(spoils)},
        ],
    }
    (place / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
    # One thread for a numeric library, as a job of the workflow has it.
    env = own_environment() | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(ALONE), "orders.json", "report.json"]
    done = subprocess.run(
        command, cwd=place, env=env, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((place / "report.json").read_bytes())
    return [{one["rule"]: one for one in found if one["run"] == number} for number in (0, 1)]


def test_each_rule_of_the_study_was_run_alone(finished, reports):
    ended = {record["rule"] for record in read_records(finished / "logs")}
    assert reports[0].keys() == ended
    assert len(ended) > 60


def test_a_job_needs_nothing_but_what_it_declares(reports):
    failed = {rule: one["log"] for rule, one in reports[0].items() if one["code"]}
    assert failed.keys() <= OF_ALL, failed
    touched = {rule: one["touched"] for rule, one in reports[0].items() if one["touched"]}
    assert touched.keys() <= OF_ALL, touched


def test_its_results_are_those_of_the_study_byte_for_byte(reports):
    differing = {rule: one["differing"] for rule, one in reports[0].items() if one["differing"]}
    assert differing.keys() <= OF_ALL, differing
    assert all(one["outputs"] for one in reports[0].values())


def test_what_tells_of_the_whole_study_is_no_larger_a_part_than_it_must_be(reports):
    alone_in_vain = {rule for rule, one in reports[0].items() if one["code"] or one["touched"]}
    assert alone_in_vain == OF_ALL


def test_what_is_not_declared_is_noticed(reports):
    peeking = reports[1]["assign_folds"]
    assert peeking["touched"] == PEEKED
    assert (peeking["code"], peeking["differing"]) == (0, [])


def test_what_compiled_code_reads_is_not_there(reports):
    reading = reports[1]["gather_quality"]
    assert reading["code"] == 1 and "excretory.nii.gz" in reading["log"]


def test_a_result_of_another_value_is_noticed(reports):
    changed = reports[1]["trace_roc"]
    assert changed["code"] == 0
    assert changed["differing"] == ["results/ci/evaluation/roc_band.csv"]
