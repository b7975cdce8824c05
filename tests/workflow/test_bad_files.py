"""Bad settings, images and feature tables stop the run before any result is touched."""

import pytest
from workflow.refusal import Own, cell, the_one
from workflow.running import (
    CI,
    PHASES,
    RESULTS,
    emptied,
    line_of_voxels,
    overlay,
    read_csv,
    rewritten,
    snakemake,
    wide_table,
)

# --- the settings of pyradiomics --------------------------------------------------------------


def test_an_unknown_setting_of_pyradiomics(own):
    text = (own.folder / "config/ci/pyradiomics.yaml").read_text(encoding="utf-8")
    path = own.text("pyradiomics.yaml", text.replace("binWidth:", "binWidht:"))
    problems = own.refused({"features": {"settings": path}})
    assert len(problems) == len(PHASES)  # each phase may have settings of its own
    for problem in problems:
        assert path in problem["place"]
        assert "binWidht" in problem["found"]
        assert "binWidth" in problem["found"] + problem["remedy"]


# --- images and masks -------------------------------------------------------------------------


def spoiled(own, spoil, kind="mask"):
    """The quick study with one file of C001 replaced by a copy that ``spoil`` has changed."""
    source = own.folder / f"data/simulated/ci/C001/{PHASES[0]}{'_a1' * (kind == 'mask')}.nii.gz"
    target = own.folder / f"data/own/{own.name}.nii.gz"
    spoil(source, target)
    return own.scans(cell(2, kind, f"own/{target.name}"))


def truncated(source, target):
    target.write_bytes(source.read_bytes()[:4000])


def shifted(image):
    image.SetOrigin([image.GetOrigin()[0] + 5.0, *image.GetOrigin()[1:]])
    return image


@pytest.mark.parametrize(
    "kind, spoil, problem, found, remedy",
    [
        ("image", truncated, "", "", "again"),
        ("mask", rewritten(shifted), "do not lie on the same grid", "5 mm", "grid"),
    ],
    ids=["truncated image", "mask of another place"],
)
def test_a_file_that_cannot_be_used(own, kind, spoil, problem, found, remedy):
    the_one(
        own.refused(spoiled(own, spoil, kind)),
        place=(f"data/own/{own.name}.nii.gz", f"C001 {PHASES[0]} a1"), found=(problem, found),
        remedy=remedy,
    )  # fmt: skip


@pytest.mark.slow
def test_a_file_that_cannot_be_used_excludes_its_patient_on_request(study):
    own = Own(study, "exclude")
    (study / "data/own").mkdir()
    change = spoiled(own, rewritten(emptied))
    change["images"]["on_problem"] = "exclude"
    snakemake(study, configs=(CI, overlay(study, "exclude", change))).succeeded()
    results = study / RESULTS
    exclusions = read_csv(results / "cohort/exclusions.csv")
    excluded = [row for row in exclusions if row["patient"] == "C001"]
    assert [(row["stage"], row["phase"], row["reading"]) for row in excluded] == [
        ("images", PHASES[0], "a1")
    ]
    assert "the mask is empty" in excluded[0]["detail"]
    for table in ("cohort/participants", "images/quality", "evaluation/predictions"):
        patients = {row["patient"] for row in read_csv(results / f"{table}.csv")}
        assert "C001" not in patients
        assert "C002" in patients


@pytest.mark.slow
def test_a_case_that_fails_in_computation_costs_the_others_nothing(study):
    own = Own(study, "failing")
    (study / "data/own").mkdir()
    change = spoiled(own, rewritten(line_of_voxels))
    change["images"]["minimum_extent"] = 1  # the checks let it pass
    run = snakemake(study, configs=(CI, overlay(study, "failing", change)))
    assert run.code == 1
    assert "Traceback" not in run.output
    assert f"C001 {PHASES[0]} a1" in run.output
    assert "1 cases failed" not in run.output
    assert "images.on_problem: exclude" in run.output
    results = study / RESULTS
    tables = (results / f"{stage}/failures.csv" for stage in ("images", "features"))
    failures = [row for table in tables for row in read_csv(table)]
    assert [(row["patient"], row["phase"], row["reading"]) for row in failures] == [
        ("C001", PHASES[0], "a1")
    ]
    # All else is done: every other patient is predicted, and the report tells of the case.
    included = {row["patient"] for row in read_csv(results / "cohort/participants.csv")}
    predicted = {row["patient"] for row in read_csv(results / "evaluation/predictions.csv")}
    assert predicted == included - {"C001"}
    warned = [row for row in read_csv(results / "warnings.csv") if row["code"] == "failed_case"]
    assert [row["subject"] for row in warned] == [f"C001 {PHASES[0]} a1"]
    assert "C001" in (results / "report/study.html").read_text(encoding="utf-8")


# --- a ready feature table --------------------------------------------------------------------


@pytest.fixture(scope="module")
def ready_table(finished):
    """The features of the finished study as one table."""
    return wide_table(finished)


def without_id(table):
    return table.rename(columns={"patient": "id"})


def without_a_patient(table):
    return table[table["patient"] != "C002"]


def with_text(table):
    table = table.astype({"excretory_original_glcm_Idm": object})
    table.loc[0, "excretory_original_glcm_Idm"] = "0,25"
    return table


@pytest.mark.parametrize(
    "spoil, place, found, remedy, on_problem",
    [
        (without_id, "column patient", "columns id", "table.id", "stop"),
        (without_a_patient, "column patient", "C002", "add the rows", "stop"),
        (with_text, "excretory_original_glcm_Idm", "'0,25'", "decimal point", "stop"),
        (with_text, "excretory_original_glcm_Idm", "'0,25'", "decimal point", "exclude"),
    ],
)
def test_a_feature_table_that_cannot_be_used(
    own, ready_table, spoil, place, found, remedy, on_problem
):
    path = own.text("features.csv", spoil(ready_table).to_csv(index=False))
    table = {"path": path, "id": "patient", "columns": "{phase}_{feature}"}
    change = {"features": {"table": table}, "images": {"scans": None, "on_problem": on_problem}}
    problems = own.refused(change | own.participants(with_images))
    the_one(problems, place=path, found=(place, found), remedy=remedy)


def with_images(rows):
    """The patients whom the image study analyses, and those whom its criteria exclude."""
    return [row for row in rows if row["patient"] != "C003"]
