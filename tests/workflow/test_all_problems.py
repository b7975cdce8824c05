"""A study with one scan of each kind of fault: one preflight tells them all, or leaves them out."""

import pytest
from broken_scans import BROKEN, LIMITS
from synthetic_scans import make, save
from workflow.refusal import table_of_problems, wide_terminal
from workflow.running import CI, copy_project, digests, overlay, read_csv, snakemake, write_csv

GOOD = [f"good_{n}" for n in range(8)]
TWIN = "same_image_twin"
# The others are compared over phases or the cohort, or are no scan's.
ELSEWHERE = {
    "volume_change", "phases_differ", "phases_exchanged", "patient_differs",
    "settings_unusable", "table_unusable", "grid_too_large", "region_lost", "computation",
}  # fmt: skip
STUDY = {
    "study": "broken",
    "cohort": {
        "participants": "data/own/participants.csv",
        "predictors": [],
        "include": [],
        "exclude": [],
    },
    "images": {"scans": "data/own/scans.csv", "phases": ["CT"], **LIMITS},
    "evaluation": {"subgroups": []},
    "execution": {"buckets": 1},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The project with that study's images and tables."""
    folder = copy_project(tmp_path_factory.mktemp("broken") / "project")
    own, scans = folder / "data/own", []
    cases = {**BROKEN, TWIN: BROKEN["same_image"]}
    for seed, (patient, case) in enumerate(cases.items()):
        (own / patient).mkdir(parents=True)
        image, mask, label = case(own / patient, seed)
        scans.append({"patient": patient, "image": str(image), "mask": str(mask), "label": label})
    for seed, patient in enumerate(GOOD, start=len(cases)):
        (own / patient).mkdir()
        scans.append(save(own / patient, *make(seed=seed), patient=patient))
    for scan in scans:
        files = {part: scan[part].removeprefix(f"{own}/") for part in ("image", "mask")}
        scan |= {"phase": "CT", "reading": "a1"} | files
    write_csv(own / "scans.csv", scans)
    outcomes = ("ccRCC", "AML.wovf")
    people = [
        {"patient": scan["patient"], "diagnosis": outcomes[n % 2]} for n, scan in enumerate(scans)
    ]
    write_csv(own / "participants.csv", people)
    return folder


def test_every_kind_has_its_scan():
    from nomoflow.problem_kinds import KINDS

    assert BROKEN.keys() | ELSEWHERE == KINDS.keys()


@pytest.fixture(scope="module")
def told(folder):
    """One preflight: what it printed, and what it left behind."""
    before = digests(folder, without=(".snakemake", "logs"))
    with wide_terminal():
        run = snakemake(folder, "preflight", configs=(CI, overlay(folder, "broken", STUDY)))
    after = digests(folder, without=(".snakemake", "logs"))
    return run, sorted(after.keys() - before.keys())


def test_one_run_tells_them_all(told):
    run, _ = told
    assert run.code != 0
    assert "Traceback" not in run.output
    rows = table_of_problems(run.output)
    expected = {name: name for name in BROKEN} | {TWIN: "same_image"}
    assert {row["patient"]: row["kind"] for row in rows} == expected
    assert len(rows) == len(expected)  # one problem each
    assert [row["patient"] for row in rows if row["effect"] != "stop"] == ["at_edge"]
    assert rows[-1]["effect"] == "warning"
    problems = len(expected) - 1
    assert f"{problems} problems and 1 warning in the study's files; nothing" in run.output
    for row in rows:
        assert row["allowed"] and row["remedy"], row
        # Of one image that several have, the patients are told instead of the file.
        assert (row["patient"] in row.get("file", "")) == (row["kind"] != "same_image"), row


def test_nothing_else_was_computed(told):
    _, files = told
    assert {name.partition("/")[0] for name in files} <= {"results", "config"}
    results = {name for name in files if name.startswith("results")}
    places = ("results/broken/cohort/pre", "results/broken/cohort/files/", "results/broken/.")
    assert {name for name in results if not name.startswith(places)} == set()


def test_the_table_is_written_too(folder, told):
    rows = read_csv(folder / "results/broken/cohort/preflight.csv")
    assert {row["patient"] for row in rows} == {*BROKEN, TWIN}
    severities = {row["kind"]: row["severity"] for row in rows}
    assert severities.pop("at_edge") == "warning"
    assert set(severities.values()) == {"problem"}


@pytest.mark.slow
def test_they_can_be_left_out(folder, told):
    """A file that is missing, too: it is no image at all."""
    lost = GOOD[-1]
    (folder / f"data/own/{lost}/{lost}_CT_a1_mask.mha").unlink()
    by_kind = {"default": "exclude", "mask_small": "exclude"}
    change = STUDY | {"images": STUDY["images"] | {"on_problem": by_kind}}
    target = "results/broken/cohort/exclusions.csv"
    run = snakemake(folder, target, configs=(CI, overlay(folder, "broken", change)))
    run.succeeded()
    rows = read_csv(folder / target)
    left_out = {*BROKEN, TWIN} - {"at_edge"}  # a warning costs nobody
    assert {row["patient"] for row in rows} == left_out | {lost}
    assert {row["stage"] for row in rows} == {"images"}
    assert all(row["reason"] and row["detail"] for row in rows)
    kept = {row["patient"] for row in read_csv(folder / "results/broken/cohort/participants.csv")}
    assert kept == {*GOOD, "at_edge"} - {lost}
