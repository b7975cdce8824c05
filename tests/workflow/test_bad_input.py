"""Bad input stops the run with one clear message, and earlier results stay as they are."""

import re
import shutil

import pytest
from workflow.running import (
    CHECKS,
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
    wide_table,
    write_csv,
)

PROBLEM = re.compile(
    r"^(?P<place>\S.*)\n {4}found {4}(?P<found>.+)\n {4}allowed {2}(?P<allowed>.+)\n"
    r" {4}remedy {3}(?P<remedy>.+)$",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def victim(finished, tmp_path_factory):
    """One finished study for all the cases: none of them may change its results."""
    folder = copy_finished(finished, tmp_path_factory.mktemp("bad") / "project")
    (folder / "data/own").mkdir()
    return folder


@pytest.fixture
def own(victim, request):
    """Writes tables and configs under the test's own name."""
    return Own(victim, re.sub(r"\W+", "_", request.node.name))


class Own:
    """Tables and configs of one case, beside those of the quick study."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name

    def table(self, table, edit):
        """A changed copy of a table of the quick study; ``edit`` gets its rows."""
        rows = read_csv(self.folder / f"config/ci/{table}.csv")
        rows = edit(rows) or rows
        path = self.folder / f"config/own/{self.name}/{table}.csv"
        write_csv(path, rows)
        return str(path.relative_to(self.folder))

    def participants(self, edit):
        return {"cohort": {"participants": self.table("participants", edit)}}

    def scans(self, edit):
        return {"images": {"scans": self.table("scans", edit)}}

    def text(self, name, text):
        path = self.folder / f"config/own/{self.name}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path.relative_to(self.folder))

    def refused(self, change, configs=(CI,)):
        """Run with the change: it must end with problems, and with nothing else changed."""
        before = digests(self.folder / RESULTS, without=CHECKS)
        run = snakemake(self.folder, configs=(*configs, overlay(self.folder, self.name, change)))
        assert run.code != 0
        assert differing(before, digests(self.folder / RESULTS, without=CHECKS)) == []
        assert "Traceback" not in run.output
        assert not re.search(r'^\s*File ".*", line \d+', run.output, re.MULTILINE), run.output
        problems = [match.groupdict() for match in PROBLEM.finditer(run.output)]
        count = re.search(r"^(\d+) problems? in the study's input", run.output, re.MULTILINE)
        assert count, run.output
        assert int(count[1]) == len(problems) > 0
        return problems


def cell(row, column, value):
    """An edit that writes one cell; rows are numbered as in a spreadsheet, the header is row 1."""

    def edit(rows):
        rows[row - 2][column] = value

    return edit


def the_one(problems, **told):
    """The one problem, which says all of this."""
    assert len(problems) == 1, problems
    for part, words in told.items():
        for word in [words] if isinstance(words, str) else words:
            assert word in problems[0][part], (part, word, problems[0])


# --- the config -----------------------------------------------------------------------------


def test_unknown_key(own):
    the_one(
        own.refused({"reliability": {"treshold": 0.8}}),
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
        allowed="once", remedy="remove this row or row 2",
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
        ("image", "own/none.nii.gz", "no file own/none.nii.gz", "data/", "images.roots"),
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
        ("mask", rewritten(emptied), "the mask is empty", "0 in every voxel", "draw"),
        ("mask", rewritten(lambda m: m[:-4, :, :]), "different sizes", "160 x 164 x 26", "grid"),
        ("mask", rewritten(shifted), "do not lie on the same grid", "5 mm", "grid"),
        (
            "mask",
            rewritten(lambda m: m * 3),
            "label 1 is not in the mask",
            "3 (650 voxels)",
            "such as 3, in the scans table",
        ),
    ],
    ids=[
        "truncated image",
        "empty mask",
        "mask of another size",
        "mask of another place",
        "label not present",
    ],
)
def test_a_file_that_cannot_be_used(own, kind, spoil, problem, found, remedy):
    the_one(
        own.refused(spoiled(own, spoil, kind)),
        place=(f"data/own/{own.name}.nii.gz", f"C001 {PHASES[0]} a1"), found=(problem, found),
        remedy=(remedy, "images.on_problem: exclude"),
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
    # Leaving one patient out would not mend the table.
    assert "exclude)" not in problems[0]["remedy"]


def with_images(rows):
    """The patients whom the image study analyses, and those whom its criteria exclude."""
    return [row for row in rows if row["patient"] != "C003"]
