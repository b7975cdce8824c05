"""Honest halves of public feature tables raise no alarm; the same halves with a fault do.

The tables were z-scored by their maker: distributions and correlations are real, the units that
`in_units` puts back are such as tumours have.
"""

import numpy as np
import pandas as pd
import pytest

from nomoflow.mislabelled_images import bin_width, hu_offset, lengths, training_of

TABLES = {"WORC-GIST": "CT", "Head-Neck-Radiomics-HN1": "GTV-1"}
SPLITS = 60


@pytest.fixture(scope="module", params=sorted(TABLES))
def cohort(request, study_data):
    table = pd.read_csv(study_data / "radiomics_tables" / f"{request.param}.csv.gz")
    return table.drop(columns=["ID", "Target"]), TABLES[request.param]


@pytest.fixture(scope="module")
def measured(cohort):
    table, phase = cohort
    return in_units(table, phase), phase


UNITS = {  # mean and SD
    "original_firstorder_Mean": (60, 15), "original_firstorder_90Percentile": (110, 18),
    "original_shape_MeshVolume": (30_000, 25_000), "original_shape_Maximum3DDiameter": (50, 20),
    "original_shape_SurfaceArea": (6_000, 3_500), "original_glcm_JointAverage": (8, 1.2),
    "original_glcm_Contrast": (8, 2), "original_glcm_JointEntropy": (6, 0.6),
    "original_glrlm_HighGrayLevelRunEmphasis": (90, 20), "original_glcm_SumSquares": (5, 1),
    "original_firstorder_Entropy": (3, 0.3), "original_gldm_GrayLevelVariance": (5, 1),
}  # fmt: skip


def in_units(table, phase):
    """The columns of UNITS in units; where a z-score would go below 0, a hundredth of the mean."""
    columns = {}
    for feature, (mean, sd) in UNITS.items():
        values = mean + sd * table[f"{phase}_{feature}"]
        positive = feature.split("_")[-1] not in ("Mean", "90Percentile")
        columns[f"{phase}_{feature}"] = values.clip(lower=0.01 * mean) if positive else values
    return pd.DataFrame(columns)


def halves(table, seed, features=9):
    """Two halves of the patients, of some features as a signature may hold them."""
    random = np.random.default_rng(seed)
    chosen = sorted(random.choice(table.columns, features, replace=False))
    order = random.permutation(len(table))
    first, second = (table.iloc[part] for part in np.array_split(order, 2))
    return first[chosen], second[chosen].reset_index(drop=True), random


def trained(half):
    ranges = {name: {"low": half[name].min(), "high": half[name].max()} for name in half}
    made = {"features": list(half), "means": half.mean().tolist(), "sds": half.std(ddof=0).tolist()}
    return training_of({"combined": made}, ranges)


def alarms(training, table, phase):
    return [
        *hu_offset(training, table, [phase]),
        *lengths(training, table, [phase]),
        *bin_width(training, table, [phase]),
    ]


@pytest.mark.parametrize("shift", [0.0, 0.5])
@pytest.mark.parametrize("scaled", [True, False])
def test_honest_halves(cohort, measured, shift, scaled):
    table, phase = cohort if scaled else measured
    raised = []
    for seed in range(SPLITS):
        first, second, random = halves(table, seed)
        moved = shift * random.uniform(-1, 1, second.shape[1]) * second.std().to_numpy()
        raised += [(seed, row["kind"]) for row in alarms(trained(first), second + moved, phase)]
    assert raised == []


def test_the_same_halves_with_an_offset(measured):
    table, phase = measured
    locations = [f"{phase}_original_firstorder_{name}" for name in ("Mean", "90Percentile")]
    found = 0
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(table))
        first, second = (table.iloc[part][locations] for part in np.array_split(order, 2))
        rows = hu_offset(trained(first), second + 1024, [phase])
        found += [row["subject"] for row in rows] == [phase]
        assert all("1024 HU above" in row["cause"] for row in rows)
    assert found == SPLITS


def test_the_same_halves_in_cm(measured):
    table, phase = measured
    powers = {"MeshVolume": 3, "Maximum3DDiameter": 1, "SurfaceArea": 2}
    names = {f"{phase}_original_shape_{name}": power for name, power in powers.items()}
    found = 0
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(table))
        first, second = (table.iloc[part][list(names)] for part in np.array_split(order, 2))
        scaled = second * np.array([0.1**power for power in names.values()])
        found += [row["kind"] for row in lengths(trained(first), scaled, [phase])] == ["unit"]
    assert found == SPLITS
