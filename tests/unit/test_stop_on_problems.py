import pytest
from gather_problems import COLUMNS
from jobs import job
from stop_on_problems import main

from nomoflow.problems import StudyError
from nomoflow.run import write_rows

EMPTY_MASK = dict(zip(COLUMNS, ("P1", "late", "a1", "m.nii", "empty mask", "0", "1", "draw it"),
                      strict=True))  # fmt: skip


def check(folder, rows, on_problem="stop"):
    write_rows(rows, folder / "problems.csv", COLUMNS)
    main(
        job(
            {"problems": folder / "problems.csv"},
            {"verdict": folder / "ok"},
            {"on_problem": on_problem},
        )
    )
    return (folder / "ok").exists()


def test_all_problems_are_told_and_nothing_goes_on(tmp_path):
    with pytest.raises(StudyError) as caught:
        check(tmp_path, [EMPTY_MASK, EMPTY_MASK | {"patient": "P2"}])
    message = str(caught.value)
    assert message.startswith("2 problems")
    for part in ("m.nii, P1 late a1", "P2 late a1", "empty mask: 0", "draw it"):
        assert part in message
    assert not (tmp_path / "ok").exists()


def test_a_clean_study_and_one_that_excludes_go_on(tmp_path):
    assert check(tmp_path, [])
    assert check(tmp_path, [EMPTY_MASK], on_problem="exclude")


def test_what_concerns_everyone_stops_in_any_case(tmp_path):
    """No exclusion of a patient mends a setting."""
    with pytest.raises(StudyError, match=r"m\.nii"):
        check(tmp_path, [EMPTY_MASK | {"patient": "", "reading": ""}], on_problem="exclude")
