import pytest
from jobs import job
from stop_on_problems import main

from nomoflow.image_problems import PROBLEM_COLUMNS, ImageProblem
from nomoflow.run import write_rows

EMPTY_MASK = ImageProblem(
    "mask_empty", "empty mask", found="0", allowed="1", remedy="draw it", file="m.nii",
    patient="P1", phase="late", reading="a1",
).row()  # fmt: skip


def check(folder, rows, on_problem="stop"):
    write_rows(rows, folder / "problems.csv", PROBLEM_COLUMNS)
    main(
        job(
            {"problems": folder / "problems.csv"},
            {"verdict": folder / "ok"},
            {"on_problem": on_problem},
        )
    )
    return (folder / "ok").exists()


def test_all_problems_are_told_and_nothing_goes_on(tmp_path):
    warning = EMPTY_MASK | {"severity": "warning", "kind": "at_edge", "problem": "at the edge"}
    with pytest.raises(ValueError, match="2 problems and 1 warning") as caught:
        check(tmp_path, [EMPTY_MASK, warning, EMPTY_MASK | {"patient": "P2"}])
    for part in ("m.nii", "P1", "P2", "empty mask [mask_empty]", "found: 0", "draw it", "edge"):
        assert part in str(caught.value)
    assert not (tmp_path / "ok").exists()


def test_a_clean_study_and_one_that_excludes_go_on(tmp_path):
    assert check(tmp_path, [])
    assert check(tmp_path, [EMPTY_MASK], on_problem="exclude")


def test_warnings_do_not_stop_and_stand_in_the_log(tmp_path, capsys):
    assert check(tmp_path, [EMPTY_MASK | {"severity": "warning"}])
    assert "1 warning" in capsys.readouterr().out


def test_a_kind_may_have_a_policy_of_its_own(tmp_path):
    other = EMPTY_MASK | {"kind": "label_missing"}
    assert check(tmp_path, [EMPTY_MASK], on_problem={"mask_empty": "exclude"})
    with pytest.raises(ValueError, match="1 to mend, 1 excluded"):
        check(tmp_path, [EMPTY_MASK, other], on_problem={"mask_empty": "exclude"})


def test_what_concerns_everyone_stops_in_any_case(tmp_path):
    """No exclusion of a patient mends a setting."""
    with pytest.raises(ValueError, match=r"m\.nii"):
        check(tmp_path, [EMPTY_MASK | {"patient": "", "reading": ""}], on_problem="exclude")
