"""A bad config or table stops the run with one clear message; earlier results stay as they are."""

import shutil

import pytest
from workflow.refusal import cell, the_one
from workflow.running import PHASES, RESULTS, read_csv

# --- the config -----------------------------------------------------------------------------


@pytest.mark.parametrize("command", [True, False], ids=["command", "function"])
def test_unknown_key(own, command):
    the_one(
        own.refused({"reliability": {"treshold": 0.8}}, command=command),
        place="config, reliability", found="treshold", allowed="threshold",
        remedy="did you mean 'threshold'?",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change, place, found, allowed",
    [
        ({"images": {"spacing_mm": "fine"}}, "images.spacing_mm", "'fine'", "number"),
        ({"reliability": {"icc": "ICC2"}}, "reliability.icc", "ICC2", "ICC(A,1)"),
        ({"study": "../elsewhere"}, "study", "../elsewhere", ""),
    ],
    ids=["type", "choice", "path as name"],
)
def test_a_value_that_is_not_allowed(own, change, place, found, allowed):
    the_one(
        own.refused(change), place=f"config, {place}", found=found, allowed=allowed,
        remedy="config/config.yaml",
    )  # fmt: skip


def test_several_problems_are_reported_together(own):
    def edit(rows):
        rows[0]["diameter_mm"] = "big"
        rows[3]["patient"] = rows[0]["patient"]

    found = own.refused(own.participants(edit) | own.scans(cell(5, "reading", "c3")))
    told = [(problem["place"].partition(", ")[2], problem["found"]) for problem in found]
    assert told[:3] == [
        ("row 2, column diameter_mm", "'big', which is no number"),
        ("row 5, column patient", "patient C001 again"),
        ("row 5, column reading", "'c3'"),
    ]
    # The scans of the patient whose key is gone are told once, not row by row.
    assert [words for _, words in told[3:]] == ["'C004'"]
    assert found[3]["place"].partition(", ")[2].startswith("rows ")


def test_a_study_with_the_demos_participants(own):
    found = own.refused({"study": "mine"}, configs=())
    the_one(
        found, place="config, cohort.participants", found="'mine' with the demo's participants",
        allowed="own", remedy="cohort.participants",
    )  # fmt: skip


@pytest.mark.parametrize(
    "section, key",
    [("cohort", "participants"), ("images", "scans"), ("features", "settings")],
)
def test_a_missing_table(own, section, key):
    the_one(
        own.refused({section: {key: "config/own/none.csv"}}), place="config/own/none.csv",
        found="no such file", remedy=f"{section}.{key}",
    )  # fmt: skip


def test_a_phase_that_is_not_in_the_scans_table(own):
    unknown, absent = own.refused({"images": {"phases": [*PHASES[:2], "delayed"]}})
    assert unknown["place"].startswith("config/ci/scans.csv, rows 4, ")
    assert unknown["found"] == f"'{PHASES[2]}'"
    the_one(
        [absent], place="config/ci/scans.csv, column phase", found="no scan of phase delayed",
        allowed="delayed", remedy="images.phases",
    )  # fmt: skip


# --- the participants table -----------------------------------------------------------------


def test_a_patient_twice(own):
    found = own.refused(own.participants(lambda rows: [*rows, dict(rows[0])]))
    the_one(
        found, place="participants.csv, row 21, column patient", found="patient C001 again",
        allowed="once", remedy="this row or row 2",
    )  # fmt: skip


def test_a_key_with_a_slash(own):
    def edit(rows):
        rows[7]["patient"] = "C008/../../escape"

    found = own.refused(own.participants(edit))
    keyed = [problem for problem in found if "participants.csv" in problem["place"]]
    the_one(
        keyed, place="row 9, column patient", found="C008/../../escape", allowed="letters, digits",
        remedy="study key",
    )  # fmt: skip


def test_one_class_alone(own):
    found = own.refused(own.participants(lambda rows: [r | {"diagnosis": "ccRCC"} for r in rows]))
    the_one(
        found, place="participants.csv, column diagnosis", found="0 with AML.wovf",
        allowed="of each", remedy="cohort.outcome",
    )  # fmt: skip


@pytest.mark.parametrize(
    "column, value, found, allowed, remedy",
    [
        ("diagnosis", "oncocytoma", "'oncocytoma'", "ccRCC | AML.wovf", "cohort.outcome"),
        ("age", "60,5", "'60,5'", "a number (years)", "decimal point"),
        ("age", "", "an empty cell", "a value", "op: missing"),
        ("diameter_mm", "", "an empty cell", "<= 40", "op: missing"),
    ],
)
def test_a_cell_that_cannot_be_used(own, column, value, found, allowed, remedy):
    problems = own.refused(own.participants(cell(3, column, value)))
    place = f"participants.csv, row 3, column {column}"
    the_one(problems, place=place, found=found, allowed=allowed, remedy=remedy)


def test_a_third_level_of_a_binary_predictor(own):
    problems = own.refused(own.participants(cell(3, "sex", "femal")))
    the_one(
        problems, place="participants.csv, column sex", found="femal, female, male",
        allowed="two levels", remedy="correct the cells",
    )  # fmt: skip


def test_a_predictor_without_its_column(own):
    problems = own.refused(
        own.participants(lambda rows: [{k: v for k, v in r.items() if k != "age"} for r in rows])
    )
    the_one(
        problems, place="participants.csv, row 1, column age", found="0 of that name among patient",
        allowed="one", remedy="add or rename a column",
    )  # fmt: skip


def test_a_table_with_semicolons(own):
    text = (own.folder / "config/ci/participants.csv").read_text(encoding="utf-8")
    path = own.text("participants.csv", text.replace(",", ";"))
    the_one(
        own.refused({"cohort": {"participants": path}}), place=f"{path}, row 1",
        found="semicolons", allowed="commas", remedy="CSV UTF-8",
    )  # fmt: skip


# --- the scans table ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column, value, found, allowed, remedy",
    [
        ("image", "../none.nii.gz", "no file ../none.nii.gz", "data/", "images.roots"),
        ("mask", "../" * 20 + "etc/passwd", "leads out of", "data/", "images.roots"),
        ("mask", "/etc/passwd", "leads out of the study's folders", "data/", "images.roots"),
        ("reading", "c3", "'c3'", "a1, b1, a2", "correct the cell"),
        ("patient", "C999", "'C999'", "a patient of the participants table", "correct the cell"),
        ("image", "simulated/ci/C9/excretory.nii.gz", "C9", "simulated", "correct the path"),
        ("image", "simulated/ci/C001/arterial.nii.gz", "arterial", "simulated", "correct the path"),
    ],
)
def test_a_scan_that_cannot_be_used(own, column, value, found, allowed, remedy):
    problems = own.refused(own.scans(cell(2, column, value)))
    place = f"scans.csv, row 2, column {column}"
    the_one(problems, place=place, found=found, allowed=allowed, remedy=remedy)


def test_a_link_that_leads_out_of_the_study(own, tmp_path):
    outside = tmp_path / "outside.nii.gz"
    shutil.copy(own.folder / "data/simulated/ci/C001/nephrographic.nii.gz", outside)
    (own.folder / "data/own/link.nii.gz").symlink_to(outside)
    problems = own.refused(own.scans(cell(2, "image", "own/link.nii.gz")))
    the_one(
        problems, place="scans.csv, row 2, column image", found="leads out of the study's folders",
        allowed="data/", remedy="images.roots",
    )  # fmt: skip


def test_a_scan_twice(own):
    rows = len(read_csv(own.folder / "config/ci/scans.csv"))
    problems = own.refused(own.scans(lambda rows: [*rows, dict(rows[0])]))
    the_one(
        problems, place=f"scans.csv, row {rows + 2}", found="C001 corticomedullary a1 again",
        allowed="one row", remedy="or row 2",
    )  # fmt: skip


def test_folds_without_a_patient(own):
    included = read_csv(own.folder / RESULTS / "cohort/participants.csv")
    lines = [f"{row['patient']},{i % 4 + 1}" for i, row in enumerate(included[1:])]
    path = own.text("folds.csv", "\n".join(["patient,fold", *lines]) + "\n")
    the_one(
        own.refused({"signature": {"folds_file": path}}), place=f"{path}, patient C001",
        found="no row", allowed="each patient", remedy="signature.folds_file",
    )  # fmt: skip
