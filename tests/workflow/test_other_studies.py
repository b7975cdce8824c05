"""Studies unlike the demo: one phase, no second reading, no predictor; or no images at all."""

import json
import shutil

import pytest
from workflow import running
from workflow.running import (
    CI,
    PHASES,
    RESULTS,
    copy_finished,
    differing,
    digests,
    emptied,
    line_of_voxels,
    overlay,
    read_csv,
    rewritten,
    snakemake,
    write_csv,
)

PHASE = PHASES[1]
# What is wrong with two of the masks: one is seen by the checks, one fails when it is computed.
SPOILED = {"C001": rewritten(emptied), "C005": rewritten(line_of_voxels)}
MINIMAL = {
    "study": "minimal",
    "cohort": {"predictors": []},
    "images": {
        "scans": "data/own/scans.csv",
        "phases": [PHASE],
        "on_problem": "exclude",
        "minimum_extent": 1,
    },
    "evaluation": {"repeats": 1, "intervals": 100},
}


@pytest.fixture(scope="module")
def minimal_folder(finished, tmp_path_factory):
    """One phase, one reading, no clinical predictor; the user's own images, two masks spoiled."""
    folder = running.copy_project(tmp_path_factory.mktemp("minimal") / "project")
    own = folder / "data/own"
    own.mkdir(parents=True)
    included = {row["patient"] for row in read_csv(finished / RESULTS / "cohort/participants.csv")}
    rows = []
    for row in read_csv(finished / "config/ci/scans.csv"):
        if row["phase"] != PHASE or row["reading"] != "a1" or row["patient"] not in included:
            continue
        patient = row["patient"]
        for kind in ("image", "mask"):
            source, row[kind] = finished / "data" / row[kind], f"{patient}_{kind}.nii.gz"
            copy = SPOILED.get(patient, shutil.copy2) if kind == "mask" else shutil.copy2
            copy(source, own / row[kind])
        rows.append(row)
    write_csv(own / "scans.csv", rows)
    snakemake(folder, configs=(CI, overlay(folder, "minimal", MINIMAL))).succeeded()
    return folder


@pytest.fixture(scope="module")
def minimal(minimal_folder):
    return minimal_folder / "results/minimal"


def test_a_mask_that_cannot_be_used_excludes_its_patient_on_request(minimal):
    rows = [row for row in read_csv(minimal / "cohort/exclusions.csv") if row["patient"] == "C001"]
    assert [(row["stage"], row["phase"], row["reading"]) for row in rows] == [
        ("images", PHASE, "a1")
    ]
    assert "the mask is empty" in rows[0]["detail"]
    for table in ("cohort/participants", "images/quality", "evaluation/predictions"):
        patients = {row["patient"] for row in read_csv(minimal / f"{table}.csv")}
        assert "C001" not in patients
        assert "C002" in patients


def test_a_case_that_fails_in_computation_is_a_row_and_costs_the_others_nothing(minimal):
    tables = (minimal / f"{stage}/failures.csv" for stage in ("images", "features"))
    failures = [row for table in tables for row in read_csv(table)]
    assert [(r["patient"], r["phase"], r["reading"]) for r in failures] == [("C005", PHASE, "a1")]
    included = {row["patient"] for row in read_csv(minimal / "cohort/participants.csv")}
    predicted = {row["patient"] for row in read_csv(minimal / "evaluation/predictions.csv")}
    assert predicted == included - {"C005"}
    warned = [row for row in read_csv(minimal / "warnings.csv") if row["code"] == "failed_case"]
    assert [row["subject"] for row in warned] == [f"C005 {PHASE} a1"]
    assert "C005" in (minimal / "report/study.html").read_text(encoding="utf-8")


def test_a_case_that_failed_ends_the_run_with_an_error_unless_accepted(minimal_folder, tmp_path):
    folder = copy_finished(minimal_folder, tmp_path / "project")
    strict = overlay(folder, "strict", {"images": {"on_problem": "stop"}})
    configs = (CI, "config/minimal.yaml", strict)
    run = snakemake(folder, "--allowed-rules", "all", "conclude_study", configs=configs)
    assert run.code == 1
    assert "Traceback" not in run.output
    assert "1 case failed in computation; all else is done" in run.output
    assert f"C005 {PHASE} a1" in run.output
    assert "images.on_problem: exclude" in run.output


def test_without_second_readings_every_feature_is_kept_and_it_is_said(minimal):
    icc = read_csv(minimal / "reliability/icc.csv")
    features = json.loads((minimal / "features/settings.json").read_bytes())
    assert list(features["phases"]) == [PHASE]
    assert {row["comparison"] for row in icc} == {"none"}
    assert {row["kept"] for row in icc} == {"True"}
    assert {row["icc"] for row in icc} == {""}
    codes = {row["code"] for row in read_csv(minimal / "warnings.csv")}
    assert "not_assessed" in codes
    assert "not assessed" in (minimal / "report/study.html").read_text(encoding="utf-8")


def test_without_predictors_there_is_no_image_feature_model_and_it_is_said(minimal):
    models = json.loads((minimal / "models/model.json").read_bytes())["models"]
    assert models["image_features"]["status"] == "unavailable"
    assert models["image_features"]["reason"]
    predicted = {row["model"] for row in read_csv(minimal / "evaluation/predictions.csv")}
    assert "image_features" not in predicted
    assert {"nomogram", "radiomics"} <= predicted
    warned = [row for row in read_csv(minimal / "warnings.csv") if row["code"] == "unavailable"]
    assert [row["subject"] for row in warned] == ["image_features"]
    report = (minimal / "report/study.html").read_text(encoding="utf-8")
    assert models["image_features"]["reason"] in report


def test_with_one_phase_the_combined_signature_is_that_phases(minimal):
    phase = read_csv(minimal / f"signature/{PHASE}/selected.csv")
    assert phase == read_csv(minimal / "signature/combined/selected.csv")


@pytest.mark.slow
def test_a_ready_feature_table_gives_the_models_of_the_images(finished, tmp_path):
    folder = running.copy_project(tmp_path / "project")
    included = {row["patient"] for row in read_csv(finished / RESULTS / "cohort/participants.csv")}
    participants = [
        row
        for row in read_csv(finished / "config/ci/participants.csv")
        if row["patient"] in included
    ]
    write_csv(folder / "config/own/participants.csv", participants)
    running.wide_table(finished).to_csv(folder / "config/own/features.csv", index=False)
    config = {
        "study": "ready",
        "cohort": {"participants": "config/own/participants.csv"},
        "images": {"scans": None},
        "features": {
            "table": {
                "path": "config/own/features.csv",
                "id": "patient",
                "columns": "{phase}_{feature}",
            }
        },
    }
    run = snakemake(folder, configs=(CI, overlay(folder, "ready", config))).succeeded()
    assert not {"check_images", "resample_images", "extract_features"} & run.jobs.keys()
    for part in ("reliability", "signature", "evaluation"):
        found = digests(folder / "results/ready" / part)
        assert found
        # A table has no masks, so nothing of how the readers drew them.
        expected = digests(finished / RESULTS / part, without=("dice.csv", "volume_icc.csv"))
        assert differing(expected, found) == []
    # model.json and what is read from it name the table instead of the images.
    models = digests(finished / RESULTS / "models", without=("model.json", "locked.json"))
    found = digests(folder / "results/ready/models", without=("model.json", "locked.json"))
    assert differing(models, found) == []
