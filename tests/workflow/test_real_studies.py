"""Real cohorts through the whole workflow, by the overlays that docs/examples.md describes."""

import json
import subprocess
import sys

import pytest
from workflow import running

pytestmark = pytest.mark.slow
QUICK = {"evaluation": {"repeats": 1, "intervals": 200}}


@pytest.fixture
def project(tmp_path, study_data):
    folder = running.copy_project(tmp_path / "project")
    (folder / "data").mkdir()
    return folder


def tool(folder, name, *arguments):
    command = [sys.executable, str(running.ROOT / "tools" / name), *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, encoding="utf-8"
    ).stdout


def auc(folder, sample):
    rows = running.read_csv(folder / "evaluation/performance.csv")
    return {
        row["model"]: float(row["estimate"])
        for row in rows
        if row["metric"] == "auc" and row["sample"] == sample
    }


def test_kidney_tumours_from_a_feature_table(project, study_data, reference):
    """70 patients; R's cv.glmnet keeps nothing of the 315 features either."""
    data = project / "data/c4kc_kits"
    data.mkdir()
    (data / "C4KC-KiTS.csv.gz").symlink_to(study_data / "c4kc_kits/C4KC-KiTS.csv.gz")
    tool(project, "write_c4kc_kits.py", study_data / "c4kc_kits", data)
    folds = running.read_csv(reference / "C4KC-KiTS.folds.csv")
    folds = [{"patient": row["ID"], "fold": row["foldid"]} for row in folds]
    running.write_csv(project / "data/folds.csv", folds)
    given = {"signature": {"folds_file": "data/folds.csv"}}
    quick = running.overlay(project, "quick", {**QUICK, **given})
    running.snakemake(project, configs=("config/examples/c4kc_kits.yaml", quick)).succeeded()
    results = project / "results/c4kc_kits"
    expected = json.loads((reference / "C4KC-KiTS.json").read_bytes())["lasso"]["default"]
    assert expected["coef_min"]["features"] == []
    status = json.loads((results / "signature/combined/status.json").read_bytes())
    assert (status["patients"], status["candidates"], status["status"]) == (70, 315, "empty")
    assert status["lambda"] == pytest.approx(expected["lambda_min"], rel=1e-12)
    assert auc(results, "apparent")["radiomics"] == 0.5
    nomogram = running.read_csv(results / "models/nomogram/coefficients.csv")
    assert [row["term"] for row in nomogram] == ["(Intercept)", "age", "sex", "size_cm"]
    assert "volume" not in auc(results, "apparent")
    report = (results / "report/study.html").read_text(encoding="utf-8")
    assert "empty" in report and "scaled over all patients" in report
    codes = {row["code"] for row in running.read_csv(results / "warnings.csv")}
    assert {"prescaled", "not_assessed", "empty"} <= codes


def test_sarcoma_from_images_of_three_modalities(project, study_data):
    """Eight patients on a coarse grid: from images and two written tables to the report."""
    (project / "data/sts12").symlink_to(study_data / "sts12")
    tables = project / "data/tables"
    patterns = ("{patient}/{phase}_image.nii.gz", "{patient}/{phase}_mask.nii.gz")
    said = tool(
        project, "tables_from_folder.py", study_data / "sts12", tables,
        "--images", patterns[0], "--masks", patterns[1],
        "--outcome", study_data / "sts12/outcome.csv", "--id", "patient_id",
    )  # fmt: skip
    assert "12 of them with scans" in said
    rows = running.read_csv(tables / "participants.csv")
    few = [
        row
        for level in ("1", "0")
        for row in [row for row in rows if row["lung_mets"] == level][:4]
    ]
    running.write_csv(tables / "participants.csv", few)
    names = {row["patient"] for row in few}
    scans = [r for r in running.read_csv(tables / "scans.csv") if r["patient"] in names]
    running.write_csv(tables / "scans.csv", scans)
    quick = running.overlay(
        project,
        "quick",
        {
            **QUICK,
            "cohort": {"participants": "data/tables/participants.csv"},
            "images": {"scans": "data/tables/scans.csv", "spacing_mm": 4},
        },
    )
    running.snakemake(project, configs=("config/examples/sts12.yaml", quick)).succeeded()
    results = project / "results/sts12"
    settings = json.loads((results / "features/settings.json").read_bytes())
    assert set(settings["phases"]) == {"CT", "PET", "MR_T1"}
    quality = running.read_csv(results / "images/quality.csv")
    assert len(quality) == 24
    icc = running.read_csv(results / "reliability/icc.csv")
    assert len(icc) == 3 * 1158 and {row["comparison"] for row in icc} == {"none"}
    areas = auc(results, "cross_validated")
    assert "image_features" not in areas
    assert all(0 <= value <= 1 for value in areas.values())
    assert "no clinical predictors" in (results / "report/study.html").read_text(encoding="utf-8")
