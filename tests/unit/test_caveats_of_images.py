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
