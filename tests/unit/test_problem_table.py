"""The table of problems: aligned, whole, and clear about what each does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.image_problems import PROBLEM_COLUMNS, ImageProblem
from nomoflow.problem_table import NARROWEST, NOTHING, effect, problem_table

EMPTY = ImageProblem(
    "mask_empty", "the mask is empty", found="0 in every voxel", allowed="voxels with label 1",
    remedy="draw or export the mask again", file="data/P1/late_a1.nii.gz", patient="P1",
    phase="late", reading="a1",
).row()  # fmt: skip
EDGE = EMPTY | {"kind": "at_edge", "severity": "warning", "problem": "at the edge"}
SETTING = EMPTY | {
    "kind": "settings_unusable", "patient": "", "reading": "", "problem": "unknown setting",
}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "on_problem", "expected"),
    [
        (EMPTY, "stop", "stop"),
        (EMPTY, "exclude", "excluded"),
        (EMPTY, {"mask_empty": "exclude"}, "excluded"),
        (EMPTY, {"mask_empty": "stop", "default": "exclude"}, "stop"),
        (EDGE, "stop", "warning"),
        (EDGE, "exclude", "warning"),
        (SETTING, "exclude", "stop"),
        (EMPTY | {"severity": "", "kind": ""}, "stop", "stop"),
    ],
)
def test_effect(row, on_problem, expected):
    assert effect(row, on_problem) == expected
    assert f"  {expected}  " in problem_table([row], on_problem).splitlines()[4]


@pytest.mark.parametrize(
    ("rows", "on_problem", "count"),
    [
        ([EMPTY], "stop", "1 problem in the study's files; nothing was computed."),
        ([EMPTY, EMPTY, EDGE], "stop", "2 problems and 1 warning in the study's files; nothing"),
        ([EMPTY], "exclude", "1 problem (excluded) in the study's files."),
        ([SETTING, EMPTY], "exclude", "2 problems (1 to mend, 1 excluded) in the study's files;"),
        ([EDGE, EDGE], "stop", "No problem and 2 warnings in the study's files."),
    ],
)
def test_count(rows, on_problem, count):
    assert problem_table(rows, on_problem).startswith(count)


def test_nothing_to_tell():
    assert problem_table([], "stop") == NOTHING


def test_a_row_tells_all():
    table = problem_table([EMPTY], "stop")
    for part in ("P1", "late", "a1", "the mask is empty [mask_empty]", "data/P1/late_a1.nii.gz",
                 "found: 0 in every voxel", "allowed: voxels with label 1",
                 "draw or export the mask again", "{mask_empty: exclude}"):  # fmt: skip
        assert part in table
    assert "exclude" not in problem_table([SETTING], "stop")  # no patient's absence mends that


def test_what_stops_comes_first_and_warnings_last():
    rows = [EDGE | {"patient": "A"}, EMPTY | {"patient": "C"}, SETTING, EMPTY | {"patient": "B"}]
    lines = problem_table(rows, {"mask_empty": "exclude"}).splitlines()
    first = [line.split()[0] for line in lines[4:] if line[:1].strip()]
    assert first == ["-", "C", "B", "A"]


def test_a_remedy_is_told_once_for_neighbours():
    rows = [EMPTY | {"patient": f"P{n}"} for n in range(3)]
    table = problem_table(rows, "exclude")
    assert table.count("draw or export the mask again") == 1
    assert table.count("as above") == 2
    assert all(f"P{n} " in table for n in range(3))


def test_a_path_is_broken_behind_a_slash():
    path = "data/centre_7/patients/C0001/corticomedullary/reader_a.nii.gz"
    lines = problem_table([EMPTY | {"file": path}], "stop", 90).splitlines()
    start, end = lines[2].index("problem"), lines[2].index("remedy")
    pieces = [line[start:end].strip() for line in lines[5:]]
    shown = pieces[: pieces.index("found: 0 in every voxel")]
    assert len(shown) > 1 and "".join(shown) == path
    assert all(piece.endswith("/") for piece in shown[:-1])


def test_a_name_cannot_act_on_the_terminal():
    table = problem_table([EMPTY | {"found": "label \x1b[2J\u202eevil"}], "stop")
    assert "\x1b" not in table and "\u202e" not in table


TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=80)


@given(
    rows=st.lists(st.fixed_dictionaries(dict.fromkeys(PROBLEM_COLUMNS, TEXT)), max_size=5),
    width=st.integers(1, 300),
)
def test_no_line_is_too_wide_and_no_word_is_lost(rows, width):
    table = problem_table(rows, "exclude", width)
    assert max(map(len, table.splitlines())) <= max(width, NARROWEST)
    assert all(line.isprintable() for line in table.split("\n"))
    for row in rows:
        word = next(iter(row["problem"].split()), "")
        if word.isalnum() and len(word) < 12:
            assert word in table
