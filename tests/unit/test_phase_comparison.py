"""Phases that do not belong together: found where they were exchanged, and nowhere else."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_phases import PHASES, USUAL, cohort, exchanged, moved

from nomoflow.image_problems import PROBLEM_COLUMNS
from nomoflow.phase_comparison import (
    misfits,
    phases_apart,
    phases_exchanged,
    problems_of_cohort,
    same_images,
)
from nomoflow.problem_kinds import KINDS

LIMITS = {"centre_mm": 60, "volume_ratio": 4}


def in_patient(name, phase=None):
    return lambda row: row["patient"] == name and phase in (None, row["phase"])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [1, 7, 8, 60])
def test_a_cohort_in_order_is_not_flagged(n, seed):
    assert problems_of_cohort(cohort(n, seed), LIMITS) == []


def test_no_rows_no_problems():
    assert problems_of_cohort([], None) == []


@pytest.mark.parametrize("seed", range(4))
def test_exchanged_phases_are_found_and_named(seed):
    rows, found = cohort(20, seed), 0
    for pair in combinations(PHASES, 2):
        flags = phases_exchanged(exchanged(rows, (("P03", pair[0]), ("P03", pair[1]))))
        assert {one.patient for one in flags} <= {"P03"}
        for one in flags:
            assert one.kind == "phases_exchanged" and one.severity == "warning"
            assert f"{pair[0]} looks like {pair[1]}, {pair[1]} looks like {pair[0]}" in one.found
        found += len(flags)
    assert found >= 2  # early and middle are alike: such an exchange may pass


def test_few_patients_say_nothing_about_exchanged_phases():
    rows = exchanged(cohort(7), (("P03", "early"), ("P03", "late")))
    assert phases_exchanged(rows) == []
    assert len(phases_exchanged(exchanged(cohort(8), (("P03", "early"), ("P03", "late"))))) == 1


@pytest.mark.parametrize("n", [8, 12, 30])
def test_phases_that_are_alike_are_not_taken_for_exchanged(n):
    alike = dict.fromkeys(PHASES, USUAL["early"])
    flagged = sum(len(phases_exchanged(cohort(n, seed, alike))) for seed in range(60))
    assert flagged <= 0.002 * 60 * n


def test_a_misfit_is_about_the_count_of_phases_less_one():
    # z-scores of normal values have mean squares near 1; pairs share P - 1 degrees of freedom.
    values = np.random.default_rng(0).normal(0, 1, (4000, 3, 5))
    fits = misfits(values)
    assert len(fits) == 6
    assert all(np.mean(one) == pytest.approx(2, abs=0.1) for one in fits.values())


@given(
    st.floats(0.01, 1e4), st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=5), st.integers(0, 99)
)
def test_units_and_offsets_of_the_values_change_no_misfit(scale, offset, seed):
    values = np.random.default_rng(seed).normal(0, 1, (9, 3, 5))
    there = misfits(values * scale + np.array(offset) * scale)
    for order, one in misfits(values).items():
        assert there[order] == pytest.approx(one, rel=1e-5, abs=1e-7)


def test_masks_far_apart_are_told_with_the_phase_that_stands_apart():
    rows = moved(cohort(3), (0, 61, 61), in_patient("P01", "late"))
    (one,) = phases_apart(rows, LIMITS)
    assert (one.kind, one.patient, one.phase, one.reading) == ("phases_differ", "P01", "late", "a1")
    assert "early and late: centres 8" in one.found and "late and middle" in one.found
    assert phases_apart(rows, {"centre_mm": 100}) == []


def test_with_two_phases_none_stands_apart():
    usual = {phase: USUAL[phase] for phase in ("early", "late")}
    rows = moved(cohort(3, usual=usual), (0, 0, 90), in_patient("P01", "late"))
    (one,) = phases_apart(rows, LIMITS)
    assert (one.patient, one.phase, one.reading) == ("P01", "", "")


def test_fields_of_view_that_do_not_meet():
    # Within the limit of the centres, since that is wide.
    rows = moved(cohort(3), (200, 0, 0), in_patient("P02", "early"))
    (one,) = phases_apart(rows, {"centre_mm": 1000})
    assert one.phase == "early" and "fields of view that do not meet" in one.found


def test_volumes_that_differ_much():
    rows = cohort(3)
    next(row for row in rows if row["patient"] == "P00")["volume_mm3"] *= 5
    (one,) = phases_apart(rows, LIMITS)
    assert (one.patient, one.phase) == ("P00", "early") and "volumes " in one.found
    assert "4 times" in one.allowed


@pytest.mark.parametrize("seed", range(8))
def test_a_phase_exchanged_between_two_patients_is_found(seed):
    rows = exchanged(cohort(20, seed), (("P04", "middle"), ("P11", "middle")))
    flags = phases_apart(rows, LIMITS)
    assert {one.patient for one in flags} == {"P04", "P11"}
    assert {one.phase for one in flags} == {"middle"}
    assert {one.kind for one in flags} <= {"phases_differ", "patient_differs"}


def test_what_is_usual_in_the_cohort_is_no_outlier():
    # All late phases lie 30 mm off, as those of another machine may.
    rows = moved(cohort(20), (0, 0, 30), lambda row: row["phase"] == "late")
    assert phases_apart(rows, LIMITS) == []


def test_order_of_acquisition_and_description_tell_of_exchange():
    rows = cohort(12, usual=dict.fromkeys(("early", "late"), USUAL["early"]))
    for k, row in enumerate(rows):
        row["acquired_s"] = 36000 + 60 * k + (40 if row["phase"] == "late" else 0)
        row["described"] = f"text of {row['phase']}"
    assert phases_exchanged(rows) == []
    (one,) = phases_exchanged(exchanged(rows, (("P05", "early"), ("P05", "late"))))
    assert one.patient == "P05"
    assert "late was acquired 100 s before early, which came first in 11 of 12" in one.found
    assert "early is described as late is; late is described as early is" in one.found


def test_times_of_another_day_or_without_an_order_say_nothing():
    rows = cohort(12, usual=dict.fromkeys(("early", "late"), USUAL["early"]))
    for k, row in enumerate(rows):
        late = row["phase"] == "late"
        row["acquired_s"] = 20000 + (40 if late else 0) * (1 if k % 4 < 2 else -1)
    assert phases_exchanged(rows) == []
    for row in rows:
        late = row["phase"] == "late"
        row["acquired_s"] = 70000 - 60000 * late if row["patient"] == "P05" else 10000 + 40 * late
    assert phases_exchanged(rows) == []


def test_one_image_in_two_places_is_a_problem():
    rows = cohort(3)
    rows[4]["digest"] = rows[0]["digest"]  # P01 late is P00 early
    found = same_images(rows)
    assert [(one.patient, one.phase, one.severity) for one in found] == [
        ("P00", "early", "problem"),
        ("P01", "late", "problem"),
    ]
    assert "another patient" in found[0].problem and "P01 late" in found[0].found
    rows = cohort(1)
    rows[1]["digest"] = rows[0]["digest"]
    told = same_images(rows)[0]  # a tumour and its rim may be drawn on one image
    assert "another phase" in told.problem and told.severity == "warning"


def test_readings_of_a_phase_share_its_image():
    rows = cohort(3)
    rows += [row | {"reading": reading} for row in rows for reading in ("b1", "a2")]
    assert problems_of_cohort(rows, LIMITS) == []


def bad():
    rows = exchanged(
        cohort(12), (("P05", "early"), ("P05", "late")), (("P01", "late"), ("P02", "late"))
    )
    rows[0]["digest"] = rows[8]["digest"]
    return rows


def test_rows_have_the_columns_and_known_kinds():
    found = problems_of_cohort(bad(), LIMITS)
    assert {tuple(row) for row in found} == {PROBLEM_COLUMNS}
    kinds = {row["kind"] for row in found}
    assert {"same_image", "phases_exchanged"} < kinds
    assert kinds <= set(KINDS)


@given(st.permutations(range(36)))
def test_the_order_of_the_rows_changes_nothing(order):
    rows = bad()
    assert problems_of_cohort([rows[k] for k in order], LIMITS) == problems_of_cohort(rows, LIMITS)


def test_rows_read_as_text_give_the_same():
    text = [{key: str(value) for key, value in row.items()} for row in bad()]
    assert problems_of_cohort(text, LIMITS) == problems_of_cohort(bad(), LIMITS)


@given(st.tuples(*[st.integers(-2000, 2000)] * 3), st.integers(0, 11))
def test_where_a_patients_coordinates_begin_changes_nothing(by, k):
    there = moved(bad(), by, in_patient(f"P{k:02d}"))
    # A phase of P01 is P02's: each then moves with the patient whose name it has.
    assert problems_of_cohort(there, LIMITS) == problems_of_cohort(bad(), LIMITS)
