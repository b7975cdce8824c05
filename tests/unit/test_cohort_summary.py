"""A cohort in numbers that hold no patient: right, and silent where few are counted."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.cohort_summary import (
    SMALLEST_CELL,
    acquisition_summary,
    cell,
    distribution,
    intensities,
    linear_predictors,
    moments,
    share,
    variables,
)

AGE = {"kind": "continuous", "unit": "years", "per": 10.0}
SEX = {"kind": "binary", "unit": ""}


def test_distribution_of_ten_values():
    """R: x <- c(1:9, 20); mean(x); sd(x); quantile(x)  # 6.5, 5.400617, 3.25, 5.5, 7.75"""
    found = distribution([*range(1, 10), 20, np.nan])
    assert found["n"] == 10
    assert [found[key] for key in ("mean", "q1", "median", "q3")] == [6.5, 3.25, 5.5, 7.75]
    assert found["sd"] == pytest.approx(5.400617, abs=1e-6)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=3))
def test_no_small_count_is_ever_told(counts):
    """Whatever is told as a count, neither it nor its rest is 1 to 4."""
    whole = sum(counts)
    for count in counts:
        told = cell(count, whole)
        hidden = 0 < count < SMALLEST_CELL or 0 < whole - count < SMALLEST_CELL
        assert told == (None if hidden else count)


@pytest.mark.parametrize(
    ("positive", "whole", "told"),
    [(0, 20, 0), (4, 20, None), (5, 20, 5), (16, 20, None), (20, 20, 20)],
)
def test_share_of_a_binary_predictor(positive, whole, told):
    found = share([1.0] * positive + [0.0] * (whole - positive) + [np.nan])
    assert found["positive"] == told and found["n"] == whole
    assert found["share"] == (None if told is None else told / whole)


def test_few_values_tell_nothing():
    assert set(distribution([1.0, 2.0, 3.0, 4.0]).values()) == {None}
    assert set(share([1.0, 0.0, 0.0]).values()) == {None}


def test_variables_are_in_their_own_unit():
    ages = np.linspace(3, 7, 21)
    columns = pd.DataFrame({"age": ages, "sex": [1.0] * 8 + [0.0] * 13})
    age, sex = variables(columns, {"age": AGE, "sex": SEX})
    assert (age["mean"], age["unit"], age["missing"]) == (pytest.approx(50), "years", 0)
    assert age["sd"] == pytest.approx(np.std(10 * ages, ddof=1))
    assert (sex["positive"], sex["n"]) == (8, 21)
    assert "mean" not in sex and "share" not in age


def test_a_few_missing_ones_are_not_told_by_the_rest():
    columns = pd.DataFrame({"age": [np.nan] * 2 + [5.0] * 18, "sex": [np.nan] * 6 + [1.0] * 14})
    age, sex = variables(columns, {"age": AGE, "sex": SEX})
    assert age["missing"] is None and age["n"] is None
    assert (sex["missing"], sex["n"]) == (6, 14)


def test_moments_by_definition():
    random = np.random.default_rng(1)
    values = random.normal(size=(30, 2))
    columns = pd.DataFrame(values, columns=["a", "b"])
    found = moments(columns, {"a": AGE, "b": AGE})
    centred = values - values.mean(axis=0)
    np.testing.assert_allclose(found["covariance"], centred.T @ centred / 29)
    np.testing.assert_allclose(found["mean"], values.sum(axis=0) / 30)


def test_moments_do_not_tell_a_suppressed_count():
    columns = pd.DataFrame({"age": np.arange(20.0), "sex": [1.0] * 3 + [0.0] * 17})
    assert moments(columns, {"age": AGE, "sex": SEX})["variables"] == ["age"]
    only = moments(columns[["sex"]], {"sex": SEX})
    assert only == {"variables": [], "mean": [], "covariance": []}
    assert moments(columns.head(4), {"age": AGE, "sex": SEX}) is None


def test_linear_predictors_by_outcome():
    y = np.array([1] * 10 + [0] * 4)
    score = np.arange(14.0)
    found = linear_predictors({"nomogram": score}, y)["nomogram"]
    assert found["all"]["mean"] == score.mean()
    assert found["positive"]["mean"] == score[:10].mean()
    assert found["negative"]["mean"] is None


def acquired(patient, maker="A", thickness="1.25", kernel=""):
    return {
        "patient": patient, "phase": "CT", "format": "DICOM", "modality": "CT", "units": "HU",
        "manufacturer": maker, "model": "X", "kernel": kernel, "slice_thickness_mm": thickness,
        "slice_spacing_mm": "", "kv": "120", "tube_current_ma": "", "description": "name?",
    }  # fmt: skip


def test_scanners_are_counted_and_rare_ones_together():
    rows = [acquired(f"P{i}") for i in range(10)]
    rows += [
        acquired(f"P{i}", maker, "5") for i, maker in zip(range(10, 16), "BBBCCD", strict=True)
    ]
    rows.append(acquired("excluded", "Z"))
    found = acquisition_summary(rows, [f"P{i}" for i in range(16)])["CT"]
    assert found["images"] == 16
    assert found["words"]["manufacturer"] == {"A": 10, "other": 6}
    assert found["words"]["kernel"] == {"not stated": 16}
    assert found["numbers"]["slice_thickness_mm"]["median"] == 1.25
    assert found["numbers"]["kv"]["sd"] == 0
    assert found["numbers"]["slice_spacing_mm"]["n"] is None


def test_a_few_rare_scanners_are_not_even_counted():
    rows = [acquired(f"P{i}", maker) for i, maker in enumerate("AAAAAAABC")]
    found = acquisition_summary(rows, [f"P{i}" for i in range(9)])
    assert found["CT"]["words"]["manufacturer"] == {"A": 7, "other": None}
    text = json.dumps(found)
    assert "P1" not in text and "name?" not in text
    assert acquisition_summary([], ["P1"]) == {}


def test_voxels_and_values_come_from_the_quality_table():
    rows = [acquired(f"P{i}") for i in range(6)]
    quality = [
        {"patient": f"P{i}", "phase": "CT", "reading": reading, "mean": mean, "spacing_mm": spacing}
        for i in range(6)
        for reading, mean, spacing in (("a1", f"{40 + i}", "0.8 0.8 2.5"), ("b1", "0", "9 9 9"))
    ]
    found = acquisition_summary(rows, [f"P{i}" for i in range(6)], quality)["CT"]["numbers"]
    assert found["spacing_z_mm"]["median"] == 2.5 and found["spacing_x_mm"]["n"] == 6
    means = intensities(quality, [f"P{i}" for i in range(6)])
    assert means["CT"]["mean"] == 42.5 and means["CT"]["n"] == 6
    bare = acquisition_summary(rows, [f"P{i}" for i in range(6)])["CT"]["numbers"]
    assert "spacing_x_mm" not in bare and bare["kv"] == found["kv"]
