import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nomoflow.mislabelled_images import (
    bin_width,
    hu_offset,
    lengths,
    phases_exchanged,
    standardised,
    training_of,
    with_regions,
)

PHASES = ["arterial", "venous"]
# mean and SD by feature, as a tumour's may be; the phases differ in enhancement
FEATURES = {
    "original_firstorder_Mean": ((110, 30), (80, 22)),
    "wavelet-LLL_firstorder_90Percentile": ((420, 90), (300, 70)),
    "original_shape_MeshVolume": ((9000, 4000), (9000, 4000)),
    "original_shape_Maximum3DDiameter": ((28, 7), (28, 7)),
    "original_glcm_JointAverage": ((6, 1.2), (5, 1.1)),
    "original_glcm_Contrast": ((4, 1.3), (3, 1.0)),
    "original_glrlm_HighGrayLevelRunEmphasis": ((45, 16), (32, 12)),
    "original_glcm_JointEntropy": ((4.5, 0.5), (4.1, 0.5)),
    "original_gldm_GrayLevelVariance": ((3.5, 1.2), (2.6, 0.9)),
}
NAMES = [f"{phase}_{feature}" for phase in PHASES for feature in FEATURES]
MEANS = np.array([FEATURES[f][at][0] for at in range(2) for f in FEATURES], dtype=float)
SDS = np.array([FEATURES[f][at][1] for at in range(2) for f in FEATURES], dtype=float)


def cohort(seed, n=50, shift=0.0):
    """n patients; ``shift``: SDs by which each mean is moved, one number or one a feature."""
    random = np.random.default_rng(seed)
    common = random.normal(size=(n, 1))  # features of a tumour go together
    z = 0.5 * common + np.sqrt(0.75) * random.normal(size=(n, len(NAMES)))
    values = MEANS + SDS * (z + shift)
    positive = [not name.endswith(("Mean", "90Percentile")) for name in NAMES]
    values = np.where(positive, np.maximum(values, 0.05 * MEANS), values)
    return pd.DataFrame(values, columns=NAMES)


def trained(table):
    ranges = {name: {"low": table[name].min(), "high": table[name].max()} for name in table}
    signature = {"features": list(table), "means": table.mean().tolist(),
                 "sds": table.std(ddof=0).tolist()}  # fmt: skip
    return training_of({"combined": signature}, ranges)


TRAINING = trained(cohort(0, n=120))


def all_checks(table):
    return [
        *hu_offset(TRAINING, table, PHASES),
        *lengths(TRAINING, table, PHASES),
        *standardised(TRAINING, table),
        *phases_exchanged(TRAINING, table, PHASES),
        *bin_width(TRAINING, table, PHASES),
    ]


def offset(table, by, phases=PHASES):
    table = table.copy()
    for phase in phases:
        table[f"{phase}_original_firstorder_Mean"] += by
        table[f"{phase}_wavelet-LLL_firstorder_90Percentile"] += by * 2.0**1.5
    return table


@pytest.mark.parametrize(("by", "words"), [
    (1024, "1024 HU above the scale: the rescale intercept was not applied"),
    (-1024, "1024 HU below the scale: the rescale intercept was applied twice"),
    (1000, "about 1024 HU above"),
])  # fmt: skip
def test_an_offset_of_hu(by, words):
    rows = hu_offset(TRAINING, offset(cohort(1), by), PHASES)
    assert [row["subject"] for row in rows] == PHASES
    assert all(words in row["cause"] for row in rows)
    one = hu_offset(TRAINING, offset(cohort(1), by, ["venous"]), PHASES)
    assert [row["subject"] for row in one] == ["venous"]


def regions(mean, minimum, n=20, phase="arterial"):
    random = np.random.default_rng(3)
    return pd.DataFrame(
        {"patient": [str(i) for i in range(n)], "phase": phase,
         "minimum": random.normal(minimum, 20, n).astype(str),
         "mean": random.normal(mean, 30, n).astype(str)}
    )  # fmt: skip


def test_an_offset_that_no_selected_feature_shows():
    """Texture alone: the masks' own intensities tell it, with or without training's figures."""
    nothing = TRAINING.loc[[name for name in NAMES if "_glcm_" in name]]
    seen = {"arterial": {"mean": 105, "sd": 30}}
    for known in ({}, seen):
        for mean, minimum, sign in ((1130, 980, "above"), (-920, -1300, "below")):
            rows = hu_offset(nothing, cohort(1), ["arterial"], regions(mean, minimum), known)
            assert f"1024 HU {sign}" in rows[0]["cause"]
        assert hu_offset(nothing, cohort(1), ["arterial"], regions(100, -60), known) == []
    # a lesion of the lung, or a bone
    for mean, minimum in ((-780, -1000), (480, 100)):
        assert hu_offset(nothing, cohort(1), ["arterial"], regions(mean, minimum)) == []


def test_lengths_in_cm():
    table = cohort(2)
    for name in NAMES:
        power = {"MeshVolume": 3, "Maximum3DDiameter": 1}.get(name.rsplit("_", 1)[-1])
        if power:
            table[name] *= 0.1**power
    rows = lengths(TRAINING, table, PHASES)
    assert "shape features are in cm" in rows[0]["cause"]
    assert [row["kind"] for row in all_checks(table)] == ["unit"]


def test_a_table_that_was_standardised():
    table = cohort(2)
    rows = standardised(TRAINING, (table - table.mean()) / table.std(ddof=0))
    assert "were standardised over this cohort" in rows[0]["cause"]
    other = cohort(3)
    both = trained((other - other.mean()) / other.std(ddof=0))
    assert standardised(both, (table - table.mean()) / table.std(ddof=0)) == []


def exchanged(table):
    names = {n: n.replace("arterial", "x").replace("venous", "arterial").replace("x_", "venous_")
             for n in table}  # fmt: skip
    return table.rename(columns=names)


def with_means(table, training=TRAINING):
    """Two phases more than one SD apart, as unenhanced and enhanced are."""
    random = np.random.default_rng(8)
    table = table.copy()
    for phase, mean in zip(PHASES, (120.0, 40.0), strict=True):
        table[f"{phase}_region_mean"] = random.normal(mean, 25, len(table))
    return table


def test_exchanged_phases():
    training = trained(with_means(cohort(0, n=120))).filter(regex="region|Mean$", axis=0)
    honest = with_means(cohort(4))
    assert phases_exchanged(training, honest, PHASES) == []
    rows = phases_exchanged(training, exchanged(honest), PHASES)
    assert "arterial looks like venous, venous looks like arterial" in rows[0]["cause"]


def test_a_ring_of_three_phases():
    names = ["a", "b", "c"]
    means = dict(zip(names, (30.0, 120.0, 75.0), strict=True))
    random = np.random.default_rng(1)
    seen = {p: {"mean": m, "sd": 15.0} for p, m in means.items()}
    patients = [str(i) for i in range(25)]

    def made(order):
        rows = [
            (i, p, str(random.normal(means[q], 15)), "0")
            for p, q in order.items()
            for i in patients
        ]
        table = pd.DataFrame(rows, columns=["patient", "phase", "mean", "minimum"])
        empty = pd.DataFrame(index=range(25))
        return with_regions(TRAINING.iloc[:0], empty, patients, names, table, seen)

    assert phases_exchanged(*made({"a": "a", "b": "b", "c": "c"}), names) == []
    rows = phases_exchanged(*made({"a": "b", "b": "c", "c": "a"}), names)
    assert "a looks like b, b looks like c, c looks like a" in rows[0]["cause"]
    assert with_regions(TRAINING, TRAINING.T, [], names, None, seen)[0] is TRAINING


def rebinned(table, ratio):
    """What ``ratio`` times the grey levels make of the texture features."""
    powers = {
        "JointAverage": 1,
        "Contrast": 2,
        "HighGrayLevelRunEmphasis": 2,
        "GrayLevelVariance": 2,
    }
    table = table.copy()
    for name in table:
        feature = name.rsplit("_", 1)[-1]
        if feature in powers:
            table[name] *= ratio ** powers[feature]
        elif feature == "JointEntropy":
            table[name] += 2 * np.log2(ratio)
    return table


@pytest.mark.parametrize("ratio", [0.4, 0.5, 2.0, 2.5])
def test_another_bin_width(ratio):
    rows = bin_width(TRAINING, rebinned(cohort(5), ratio), PHASES, width=25)
    assert rows[0]["kind"] == "bin_width"
    said = float(rows[0]["cause"].split("about ")[1].split(" ")[0])
    assert said == pytest.approx(25 / ratio, rel=0.15)


def test_power_and_false_alarms():
    """300 honest cohorts, each feature's mean moved by up to 0.5 SD; 100 of each fault."""
    random = np.random.default_rng(11)
    alarms, found = 0, {"offset": 0, "bins": 0}
    for seed in range(300):
        shift = random.uniform(-0.5, 0.5, len(NAMES))
        table = cohort(1000 + seed, int(random.integers(8, 120)), shift)
        alarms += bool(all_checks(table))
        if seed < 100:
            found["offset"] += len(hu_offset(TRAINING, offset(table, 1024), PHASES)) == 2
            found["bins"] += bool(bin_width(TRAINING, rebinned(table, 2.5), PHASES))
    assert alarms == 0
    assert found["offset"] == 100
    assert found["bins"] >= 95


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.floats(-0.5, 0.5), st.integers(4, 60))
def test_all_features_moved_together_raise_no_alarm(seed, shift, n):
    assert all_checks(cohort(seed, n, shift)) == []


def test_too_few_patients_and_missing_features_tell_nothing():
    table = offset(cohort(1, n=3), 1024)
    assert all_checks(table) == []
    assert all_checks(cohort(1).iloc[:, :0]) == []
    gaps = offset(cohort(1), 1024)
    gaps.iloc[:10] = np.nan
    assert len(hu_offset(TRAINING, gaps, PHASES)) == 2
