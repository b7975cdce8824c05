"""Scans of one phase that do not mean the same."""

import pytest

from nomoflow.caveats import COLUMNS
from nomoflow.caveats_of_images import of_images


def told(*units, modality="CT"):
    return [{"phase": "late", "modality": modality, "units": unit} for unit in units]


def stored(*kinds, reading="a1"):
    return [{"phase": "late", "reading": reading, "pixel_type": kind} for kind in kinds]


@pytest.mark.parametrize(
    ("quality", "acquisition", "code", "said"),
    [
        ([], told("HU") + told("", modality="MR"), "mixed_modalities", "CT (1), MR (1)"),
        ([], told("HU", "HU", "not stated"), "mixed_units", "HU (2), not stated (1)"),
        ([], told("BQML", "BQML", modality="PT"), "pet_not_suv", "are BQML, not SUV"),
        (
            stored("16-bit signed integer", "32-bit float", "32-bit signed integer"),
            [],
            "mixed_pixel_types",
            "floating (1), whole numbers (2)",
        ),
    ],
)
def test_what_is_mixed_is_said(quality, acquisition, code, said):
    (row,) = of_images(quality, acquisition)
    assert tuple(row) == COLUMNS
    assert (row["stage"], row["code"], row["subject"]) == ("images", code, "late")
    assert said in row["message"] and row["remedy"]


def test_alike_scans_need_no_word():
    untold = [{"phase": "late", "modality": "", "units": ""}]
    assert of_images(stored("32-bit float"), told("HU", "HU") + untold) == []
    assert of_images([], told("SUV BW", modality="PT")) == []
    assert of_images([], told("", "", modality="MR")) == []
    other_reader = stored("16-bit signed integer", reading="b1")
    assert of_images(stored("32-bit float") + other_reader, []) == []


def scan(patient, phase="late", reading="a1", **values):
    return {"patient": patient, "phase": phase, "reading": reading, "pixel_type": "x"} | values


def test_scans_that_were_moved_or_changed_are_counted_by_phase():
    quality = [
        scan("P1", shift_mm="0.004", volume_change="0.02"),
        scan("P2", shift_mm="0.0", volume_change="-0.15"),
        scan("P3", shift_mm="0.0095", volume_change="0.101"),
        scan("P1", "early", shift_mm="0.0", volume_change="0.1"),
    ]
    rows = of_images(quality, [])
    told = {row["code"]: row for row in rows}
    assert [row["subject"] for row in rows] == ["late", "late"]
    assert (
        "up to 0.0095 mm: 2 of 3 scans of phase late (P1, P3)"
        in told["geometry_repaired"]["message"]
    )
    said = told["volume_change"]["message"]
    assert "more than 10 %" in said and "-15.0 to +10.1 %" in said
    assert "2 of 3 scans of phase late (P2, P3)" in said
    assert [row["code"] for row in of_images(quality, [], (), 0.2)] == ["geometry_repaired"]


def test_warnings_of_the_preflight_are_a_row_a_kind_and_phase():
    def seen(kind, phase, patient, severity="warning", reading="a1"):
        return scan(patient, phase, reading) | {
            "kind": kind, "severity": severity, "problem": "its words", "remedy": "its remedy",
        }  # fmt: skip

    problems = [
        *(seen("holes", "late", f"P{k:03d}") for k in range(200)),
        seen("holes", "late", "P000", reading="b1"),
        seen("holes", "early", "P7"),
        seen("phases_exchanged", "", "P8"),
        seen("of_later_days", "late", "P9"),
        seen("mask_small", "late", "P1", severity="problem"),
    ]
    rows = of_images([], [], problems)
    assert [(row["code"], row["subject"]) for row in rows] == [
        ("holes", "early"), ("holes", "late"), ("of_later_days", "late"),
        ("phases_exchanged", "phases"),
    ]  # fmt: skip
    assert "1 scan of phase early (P7)" in rows[0]["message"]
    assert (
        "201 scans of phase late (P000, P001, P002, P003, P004 and 195 more)" in rows[1]["message"]
    )
    assert rows[2]["message"].startswith("its words") and rows[2]["remedy"] == "its remedy"
    assert rows[3]["message"].endswith("look exchanged: 1 patient (P8)")
    assert all(tuple(row) == COLUMNS and row["stage"] == "images" and row["remedy"] for row in rows)
    assert of_images([], [], problems[::-1]) == rows
