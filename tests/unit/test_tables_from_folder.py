"""The tool that writes a study's tables from a folder."""

import csv
import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/tables_from_folder.py"
SPEC = importlib.util.spec_from_file_location("tables_from_folder", TOOL)
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)

PATTERNS = (
    "--images",
    "{patient}/{phase}_image.nii.gz",
    "--masks",
    "{patient}/{phase}_mask.nii.gz",
)


@pytest.fixture
def folder(tmp_path):
    for name in ("P1/CT", "P1/MR_T1", "P2/CT", "P9/CT"):
        for part in ("image", "mask"):
            file = tmp_path / f"data/{name}_{part}.nii.gz"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    (tmp_path / "data/P2/MR_T1_image.nii.gz").touch()
    (tmp_path / "outcome.csv").write_text("age,id,dead\n50,P1,1\n60,P2,0\n70,P3,1\n")
    return tmp_path


def run(folder, *more, patterns=PATTERNS):
    given = [str(folder / "data"), str(folder / "out"), "--outcome", str(folder / "outcome.csv")]
    return tool.main([*given, "--id", "id", *patterns, *more])


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_and_what_is_missing(folder, capsys):
    assert run(folder) == 0
    participants = rows(folder / "out/participants.csv")
    assert [list(row.values()) for row in participants] == [
        ["P1", "50", "1"], ["P2", "60", "0"], ["P3", "70", "1"],
    ]  # fmt: skip
    assert list(participants[0]) == ["patient", "age", "dead"]
    scans = rows(folder / "out/scans.csv")
    assert [(row["patient"], row["phase"], row["reading"]) for row in scans] == [
        ("P1", "CT", "a1"), ("P1", "MR_T1", "a1"), ("P2", "CT", "a1"),
    ]  # fmt: skip
    assert scans[1]["image"] == "P1/MR_T1_image.nii.gz"
    assert scans[1]["mask"] == "P1/MR_T1_mask.nii.gz"
    said = capsys.readouterr().out
    for part in (
        "3 with an outcome, 2 of them with scans", "CT (2), MR_T1 (1)",
        "no mask for P2/MR_T1_image.nii.gz", "patient P2 has no MR_T1", "no scan of patient P3",
        "left out: P9",
    ):  # fmt: skip
        assert part in said


def test_nothing_is_replaced_without_force(folder, capsys):
    assert run(folder) == 0
    (folder / "out/scans.csv").write_text("mine")
    (folder / "out/participants.csv").unlink()
    assert run(folder) == 1
    assert (folder / "out/scans.csv").read_text(encoding="utf-8") == "mine"
    assert not (folder / "out/participants.csv").exists()
    assert "--force" in capsys.readouterr().err
    assert run(folder, "--force") == 0
    assert len(rows(folder / "out/scans.csv")) == 3


def test_readings_and_flat_names(tmp_path):
    for name in ("P1_CT_a1", "P1_CT_b1"):
        (tmp_path / f"{name}.nrrd").touch()
    found = tool.find_files(tmp_path, "{patient}_{phase}_{reading}.nrrd")
    assert sorted(found) == [("P1", "CT", "a1"), ("P1", "CT", "b1")]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("key,dead\nP1,1\n", "a column 'id'"),
        ("id,dead\nP1,1\nP1,0\n", "more than one row: P1"),
        ("id,patient,dead\nP1,x,1\n", "rename one"),
    ],
)
def test_outcome_tables_that_cannot_be_used(folder, capsys, outcome, said):
    (folder / "outcome.csv").write_text(outcome)
    assert run(folder) == 1
    assert said in capsys.readouterr().err
    assert not (folder / "out").exists()


@pytest.mark.parametrize("pattern", ["{patient}.nii.gz", "{phase}.nii.gz", "{patient}/*.nii"])
def test_pattern_needs_both(folder, capsys, pattern):
    assert run(folder, patterns=("--images", pattern, "--masks", pattern)) == 1
    assert "once" in capsys.readouterr().err


def test_nothing_found(folder, capsys):
    patterns = ("--images", "{patient}/{phase}.nrrd", "--masks", "{patient}/{phase}.nrrd")
    assert run(folder, patterns=patterns) == 1
    assert "no image with a mask" in capsys.readouterr().err


def test_real_folder(study_data, tmp_path, capsys):
    """sts12: 12 patients, CT, PET and MR each (SOURCE.md there)."""
    given = [str(study_data / "sts12"), str(tmp_path / "out"), "--id", "patient_id"]
    outcome = ["--outcome", str(study_data / "sts12/outcome.csv")]
    assert tool.main([*given, *outcome, *PATTERNS]) == 0
    assert "CT (12), MR_T1 (12), PET (12)" in capsys.readouterr().out
    assert len(rows(tmp_path / "out/scans.csv")) == 36
