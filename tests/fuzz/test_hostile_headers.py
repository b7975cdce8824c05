"""Any text in a header is told harmlessly; any number in it gives an image or a message."""

import html
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from synthetic_dicom import save_segmentation, save_series, scan_of, values

from nomoflow.acquisition import describe_acquisition
from nomoflow.dicom_headers import LONGEST, shown, text
from nomoflow.image_problems import PROBLEM_COLUMNS
from nomoflow.images import check_scan
from nomoflow.isolation import run_isolated
from nomoflow.run import read_rows, write_rows

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
NASTY = st.sampled_from(
    ["", " ", "\x1b[31mred", "=1+1", "@SUM(1)", "<script>alert(1)</script>", "a\\b\\c", "\u202eabc",
     "x" * 70_000, "%s%n", "{{7*7}}", "'; DROP", "nan", "\ufeff", "中" * 100, "a\r\nb", "Doe"]
)  # fmt: skip
TEXT = NASTY | st.text(st.characters(codec="utf-8"), max_size=40)


class Header(dict):
    """A stand-in for pydicom's Dataset: entries by keyword."""


@given(TEXT, TEXT)
@example("Doe^Jane", "late phase of DOE")
@example(".*", "a.*b")
@example("((", "((x")
def test_text_that_is_shown(name, said):
    read = Header(PatientName=name, SeriesDescription=said)
    told = shown(read, "SeriesDescription")
    assert len(told) <= LONGEST
    assert not set(told) & set(map(chr, range(32)))
    told_name = text(read, "PatientName").lower()
    if len(told_name) >= 3 and len(told_name.split()) == 1 and told_name not in "[removed]":
        assert told_name not in told.lower()


@SAME_FOLDER
@given(said=TEXT)
def test_any_text_in_a_series(tmp_path, said):
    """It becomes one row of tables that hold it as text, however it is opened."""
    said = said.encode("utf-8", "replace").decode()[:10_000]
    folder = save_series(
        tmp_path / "a",
        values()[:2],
        SpecificCharacterSet="ISO_IR 192",
        SeriesDescription=said,
        ConvolutionKernel=said,
        Manufacturer=said,
        ContrastBolusAgent=said,
    )
    row = describe_acquisition(scan_of(folder, ""))
    write_rows([row], tmp_path / "a.csv", list(row))
    assert read_rows(tmp_path / "a.csv") == [{key: str(cell) for key, cell in row.items()}]
    content = (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert len(content.splitlines()) == 2 and len(content) < 5000
    assert not any(cell.startswith(("=", "@", "\t")) for cell in content.split(","))
    for cell in map(str, row.values()):
        assert "<script" not in html.escape(cell)


@SAME_FOLDER
@given(name=TEXT)
def test_any_name_of_a_segment(tmp_path, name):
    name = name[:1000]
    series = save_series(tmp_path / "s", values()[:2])
    path = save_segmentation(
        tmp_path / "a.dcm", {name or "x": values()[:2] > 1500}, SpecificCharacterSet="ISO_IR 192"
    )
    (row,) = check_scan(scan_of(series, path, "no such label"))
    assert tuple(row) == PROBLEM_COLUMNS
    assert row["kind"] == "label_missing"
    write_rows([row], tmp_path / "b.csv", PROBLEM_COLUMNS)
    assert read_rows(tmp_path / "b.csv") == [row]


NUMBERS = st.sampled_from(
    ["0", "-1", "1e300", "1e-300", "nan", "inf", "", "x", "1\\2", "1\\2\\3\\4", "999999999999"]
)
GEOMETRY = ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope",
            "RescaleIntercept", "SliceThickness", "SpacingBetweenSlices")  # fmt: skip
COUNTS = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "SamplesPerPixel",
    "BitsStored",
    "PixelRepresentation",
)


def _of_geometry(folder: str, keyword: str, words: list, every: bool) -> list:
    from pydicom.valuerep import DSfloat

    several = [DSfloat(word, validation_mode=0) if word else "" for word in words]
    entry = {keyword: several}
    change = None if every else (lambda k: entry if k == 2 else {})
    save_series(Path(folder), change=change, **(entry if every else {}))
    return check_scan(scan_of(folder, str(Path(folder) / "nowhere.dcm")))


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("keyword", GEOMETRY)
def test_any_number_of_the_geometry(tmp_path, keyword, every):
    count = {"PixelSpacing": 2, "ImagePositionPatient": 3, "ImageOrientationPatient": 6}
    for number, word in enumerate(("0", "-1", "1e300", "1e-300", "nan", "inf", "999999999999")):
        words = [word] * count.get(keyword, 1)
        rows = run_isolated(
            _of_geometry, str(tmp_path / f"{number}"), keyword, words, every,
            memory_mb=1000, seconds=20,
        )  # fmt: skip
        for row in rows:
            assert row["kind"] and row["problem"] and row["remedy"]
        if keyword in count and word not in ("1e300", "999999999999"):
            # No place, or none that makes a volume: told for the image, not for the mask alone.
            lost = [row for row in rows if row["file"].endswith(f"{number}")]
            assert lost or (keyword, word) in {("ImagePositionPatient", "0"),
                ("ImagePositionPatient", "-1"), ("PixelSpacing", "1e-300")}, rows  # fmt: skip


def _of_counts(folder: str, keyword: str, value: int) -> list:
    save_series(Path(folder), **{keyword: value})
    return check_scan(scan_of(folder, str(Path(folder) / "nowhere.dcm")))


@pytest.mark.parametrize("keyword", COUNTS)
def test_any_count_of_the_pixels(tmp_path, keyword):
    for value in (0, 1, 2, 7, 12, 33, 255, 65535):
        rows = run_isolated(
            _of_counts, str(tmp_path / f"{value}"), keyword, value, memory_mb=2000, seconds=30
        )
        for row in rows:
            assert row["kind"] and row["problem"] and row["remedy"]
