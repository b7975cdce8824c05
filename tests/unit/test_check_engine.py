"""Rule check_engine: the digital phantom agrees here, and a wrong engine is found out."""

from types import SimpleNamespace as Job

import check_engine
import pytest
import SimpleITK as sitk

from nomoflow.ibsi import CONSENSUS, as_ibsi, compare, half_unit, phantom
from nomoflow.run import read_rows


def test_all_values_agree(tmp_path):
    output = Job(values=tmp_path / "engine.csv")
    check_engine.main(Job(output=output))
    rows = read_rows(output.values)
    assert len(rows) == sum(map(len, CONSENSUS.values())) >= 40
    assert {row["agrees"] for row in rows} == {"yes"}


def test_wrong_value_stops_the_run(tmp_path, monkeypatch):
    real = check_engine.extract

    def wrong(*arguments):
        return real(*arguments) | {"original_glcm_Contrast": 5.4}

    monkeypatch.setattr(check_engine, "extract", wrong)
    with pytest.raises(ValueError, match=r"1 of 97.*\n.*glcm_Contrast: 5.4, expected 5.32"):
        check_engine.main(Job(output=Job(values=tmp_path / "engine.csv")))


def test_value_that_is_not_defined_does_not_agree():
    values = {f"original_{c}_{n}": float("nan") for c, names in CONSENSUS.items() for n in names}
    assert not any(row["agrees"] for row in compare(values))


def test_half_a_unit_of_the_third_digit():
    assert half_unit(1490) == 5
    assert half_unit(0.0604) == pytest.approx(0.00005)
    assert half_unit(-0.157) == pytest.approx(0.0005)
    assert half_unit(1) == pytest.approx(0.005)


def test_definitions_that_differ():
    assert as_ibsi("original_firstorder_Kurtosis", 3.5)[0] == 0.5
    factor = as_ibsi("original_shape_MajorAxisLength", 1.0)[0]
    assert factor**2 == pytest.approx(74 / 73)
    assert as_ibsi("original_glcm_Idm", 0.5) == (0.5, "")


def test_phantom_of_the_manual():
    """74 voxels in the region (IBSI reference manual, digital phantom), 5 x 4 x 4 of 2 mm."""
    image, mask = phantom()
    assert image.GetSize() == (5, 4, 4) and image.GetSpacing() == (2, 2, 2)
    assert sitk.GetArrayFromImage(mask).sum() == 74
