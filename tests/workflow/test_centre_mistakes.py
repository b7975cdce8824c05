"""Inputs of a second centre that do not fit the locked model: each is named, and nothing judged."""

import shutil

import pytest
import SimpleITK as sitk
import yaml
from workflow.running import (
    PHASES,
    copy_finished,
    overlay,
    read_csv,
    rewritten,
    snakemake,
    write_csv,
)

pytestmark = pytest.mark.slow

CENTRE = "config/ci_b.yaml"
LEDGER = "models/ci/ledger.json"
OUTCOME = {"column": "diagnosis", "positive": "AML.wovf", "negative": "ccRCC"}


@pytest.fixture(scope="module")
def clone(finished, tmp_path_factory):
    """The quick study, locked, and its model validated once at a second centre."""
    folder = copy_finished(finished, tmp_path_factory.mktemp("centre") / "project")
    snakemake(folder, "lock").succeeded()
    snakemake(folder, "validate", configs=(CENTRE,)).succeeded()
    return folder


def refused(folder, name, change):
    """What is printed where the second centre, changed, is refused; nothing of it is judged."""
    ledger = (folder / LEDGER).read_bytes()
    changed = overlay(folder, name, {"study": name, **change})
    run = snakemake(folder, "validate", configs=(CENTRE, changed))
    assert run.code != 0, run.output
    assert "Traceback" not in run.output
    assert not (folder / f"results/{name}/centres/predictions.csv").exists()
    assert (folder / LEDGER).read_bytes() == ledger
    return run.output


def table(folder, name, kind, edit):
    """A changed copy of a table of the second centre: its path."""
    path = folder / f"config/own/{name}/{kind}.csv"
    write_csv(path, [edit(dict(row)) for row in read_csv(folder / f"config/ci_b/{kind}.csv")])
    return str(path.relative_to(folder))


def images_changed(folder, name, change):
    """The second centre's scans with each image changed, its masks as they are."""

    def edit(row):
        if not (folder / "data" / row["image"]).exists():
            return row  # who is excluded is not drawn
        target = folder / "data/own" / name / row["patient"] / f"{row['phase']}.nii.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        rewritten(change)(folder / "data" / row["image"], target)
        return row | {"image": str(target.relative_to(folder / "data"))}

    return {"images": {"scans": table(folder, name, "scans", edit)}}


def test_the_centre_as_it_is_is_judged_and_counted_once(clone):
    results = clone / "results/ci_b/centres"
    assert read_csv(results / "mislabelled.csv") == []
    assert {row["model"] for row in read_csv(results / "performance.csv")} >= {"nomogram"}
    ledger = (clone / LEDGER).read_text(encoding="utf-8")
    look = str((results / "look.json").relative_to(clone))
    again = snakemake(clone, "--force", look, configs=(CENTRE,)).succeeded()
    assert again.jobs.get("record_look") == 1
    assert (clone / LEDGER).read_text(encoding="utf-8") == ledger


def test_the_rescale_intercept_was_not_applied(clone):
    def shifted(image):
        return sitk.Cast(image, sitk.sitkInt16) + 1024

    told = refused(clone, "ci_hu", images_changed(clone, "ci_hu", shifted))
    for phase in PHASES:
        assert f"the images of phase {phase} are offset by about 1024 HU above the scale" in told
    assert "RescaleIntercept" in told


def test_age_in_months(clone):
    def older(row):
        return row | {"age": str(12 * int(row["age"]))}

    path = table(clone, "ci_months", "participants", older)
    told = refused(clone, "ci_months", {"cohort": {"participants": path}})
    assert "Age is in months, the model has it in years" in told


def test_the_positive_class_is_the_other_one(clone):
    told = refused(clone, "ci_swapped", {"cohort": {"outcome": OUTCOME}})
    assert "config, cohort.outcome" in told
    assert "positive: AML.wovf, which is the model's negative class" in told
    assert "exchange the two levels" in told


def test_phase_names_are_exchanged(clone):
    other = dict(zip(PHASES, (PHASES[2], PHASES[1], PHASES[0]), strict=True))

    def renamed(row):
        return row | {"phase": other[row["phase"]]}

    scans = table(clone, "ci_phases", "scans", renamed)
    told = refused(clone, "ci_phases", {"images": {"scans": scans}})
    assert f"{PHASES[0]} looks like {PHASES[2]}" in told
    assert f"{PHASES[2]} looks like {PHASES[0]}" in told


@pytest.mark.parametrize("where", ["per_phase", "settings"])
def test_another_bin_width(clone, where):
    if where == "per_phase":
        change = {"per_phase": {phase: {"binWidth": 10} for phase in PHASES}}
    else:
        settings = yaml.safe_load((clone / "config/ci/pyradiomics.yaml").read_bytes())
        settings["setting"]["binWidth"] = 10
        path = clone / "config/ci_width.yaml"
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        change = {"settings": str(path.relative_to(clone))}
    told = refused(clone, f"ci_width_{where}", {"features": change})
    assert told.count("binWidth") >= len(PHASES)
    assert "10 here, 25 in the locked model" in told


def test_a_patient_of_the_development_cohort(clone):
    """One image under another key, in another file format."""
    own = next(row for row in read_csv(clone / "results/ci/cohort/participants.csv"))
    source = clone / f"data/simulated/ci/{own['patient']}"
    folder = clone / "data/own/ci_again"
    folder.mkdir(parents=True)
    for phase in PHASES:
        image = sitk.ReadImage(str(source / f"{phase}.nii.gz"))
        sitk.WriteImage(image, str(folder / f"{phase}.nrrd"))
        shutil.copy(source / f"{phase}_a1.nii.gz", folder / f"{phase}_a1.nii.gz")

    def exchanged(row):
        if row["patient"] != "E001":
            return row
        files = (f"own/ci_again/{row['phase']}{end}" for end in (".nrrd", "_a1.nii.gz"))
        return row | dict(zip(("image", "mask"), files, strict=True))

    scans = table(clone, "ci_again", "scans", exchanged)
    changed = overlay(clone, "ci_again", {"study": "ci_again", "images": {"scans": scans}})
    run = snakemake(clone, "validate", configs=(CENTRE, changed))
    assert run.code != 0
    assert "1 of 12 patients were among those that the model was made from" in run.output
    assert "E001" in run.output
    assert not (clone / "results/ci_again/centres/predictions.csv").exists()
