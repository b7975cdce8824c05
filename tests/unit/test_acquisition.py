"""How an image was acquired: what its headers tell, and nothing that names the patient."""

import pytest
from synthetic_dicom import SERIES, save_series, scan_of

from nomoflow.acquisition import ACQUISITION_COLUMNS, describe_acquisition
from nomoflow.series_choice import digest

IDENTITY = ("Doe", "Jane", "ID4711", "19500131", "ACC99", "1.2.3")


def described(folder, **scan):
    row = describe_acquisition(scan_of(folder, "") | scan)
    assert tuple(row) == ACQUISITION_COLUMNS
    assert not [name for name in IDENTITY if name in str(list(row.values()))]
    return row


def test_series(tmp_path):
    row = described(save_series(tmp_path))
    assert row["series"] == digest(SERIES)
    assert {key: row[key] for key in ("patient", "phase", "format", "modality", "units")} == {
        "patient": "P1", "phase": "CT", "format": "DICOM", "modality": "CT", "units": "HU",
    }  # fmt: skip
    # By hand: tube currents 100, 110 ... 150; six slices 2.5 mm apart, 3 mm thick.
    assert (row["tube_current_ma"], row["kv"], row["slices"]) == ("125", "120", 6)
    assert (row["slice_spacing_mm"], row["slice_thickness_mm"]) == ("2.5", "3")
    assert (row["manufacturer"], row["model"], row["kernel"]) == ("Maker", "Model 1", "B30f")
    assert row["description"] == "late phase of [removed]"
    assert row["exposure_mas"] == ""


def test_texts_that_change_from_slice_to_slice(tmp_path):
    folder = save_series(tmp_path, change=lambda k: {"ConvolutionKernel": ["B30f", "B70f"][k % 2]})
    assert described(folder)["kernel"] == "B30f | B70f"


@pytest.mark.parametrize(
    "said", ["DOE, JANE late", "doe^jane", "study of id4711", "ACC99", "born 19500131"]
)
def test_identity_in_free_text_is_removed(tmp_path, said):
    row = described(save_series(tmp_path, SeriesDescription=said, ProtocolName=said))
    for name in IDENTITY:
        assert name.lower() not in (row["description"] + row["protocol"]).lower()
    assert "[removed]" in row["description"]


def test_damaged_entry_that_runs_into_the_next_ones(tmp_path):
    """As a damaged length has it: the kernel swallows the name that follows."""
    folder = save_series(tmp_path, ConvolutionKernel="B30f\x10\x00\x10\x00PN\x08\x00Doe^Jane")
    assert described(folder)["kernel"] == "B30f"


@pytest.mark.parametrize(
    ("entries", "units"),
    [
        ({}, "HU"),
        ({"RescaleType": "HU"}, "HU"),
        ({"RescaleType": "MGML"}, "MGML"),
        ({"RescaleIntercept": None}, "not stated"),
        ({"Modality": "PT", "Units": "BQML"}, "BQML"),
        ({"Modality": "PT", "Units": "GML", "SUVType": "BW"}, "SUV BW"),
        ({"Modality": "PT", "Units": "GML", "SUVType": "LBM"}, "SUV LBM"),
        ({"Modality": "PT", "Units": "GML"}, "SUV BW"),
        ({"Modality": "PT"}, "not stated"),
        ({"Modality": "MR"}, ""),
    ],
)
def test_units(tmp_path, entries, units):
    assert described(save_series(tmp_path, **entries))["units"] == units


def test_chosen_series(tmp_path):
    save_series(tmp_path)
    save_series(tmp_path / "b", series="1.2.3.5", SeriesDescription="early", first=50)
    row = described(f"{tmp_path}#1.2.3.5")
    assert (row["series"], row["description"]) == (digest("1.2.3.5"), "early")


@pytest.mark.parametrize(
    ("name", "said"), [("a.nii.gz", "NIfTI"), ("a.NRRD", "NRRD"), ("a.mhd", "MetaImage")]
)
def test_other_formats_tell_nothing(tmp_path, name, said):
    row = described(tmp_path / name)
    assert [row[key] for key in ACQUISITION_COLUMNS if row[key]] == ["P1", "CT", said]


def test_series_that_is_no_volume_has_its_format_alone(tmp_path):
    save_series(tmp_path)
    save_series(tmp_path / "b", series="1.2.3.5", first=50)
    row = described(tmp_path)
    assert [row[key] for key in ACQUISITION_COLUMNS if row[key]] == ["P1", "CT", "DICOM"]
