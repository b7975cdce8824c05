import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.case_mix import COLUMNS, SECTIONS, case_mix, describe_centre, feature_shifts

KINDS = {
    "age": {"kind": "continuous", "unit": "years", "per": 10},
    "sex": {"kind": "binary", "unit": ""},
    "radscore": {"kind": "continuous", "unit": "log odds"},
}


def cohort(seed, n, age=55.0, male=0.6, spread=1.0):
    random = np.random.default_rng(seed)
    columns = pd.DataFrame(
        {
            "age": random.normal(age, 10, n) / 10,
            "sex": (random.random(n) < male).astype(float),
            "radscore": random.normal(0, spread, n),
        }
    )
    y = (random.random(n) < 0.5).astype(int)
    images = [
        {"patient": str(i), "phase": "venous", "slice_thickness_mm": "1.5" if i % 3 else "3",
         "slice_spacing_mm": "", "kv": "120", "tube_current_ma": "", "format": "DICOM",
         "modality": "CT", "units": "HU", "manufacturer": "A" if i % 2 else "B", "model": "",
         "kernel": "B30f"}
        for i in range(n)
    ]  # fmt: skip
    patients = [str(i) for i in range(n)]
    scores = {"nomogram": columns["radscore"].to_numpy() * 1.2}
    return columns, describe_centre(columns, KINDS, scores, y, images, patients), y


def test_a_cohort_beside_itself_has_no_difference():
    _, summary, _ = cohort(1, 60)
    table = case_mix(summary, summary)
    assert list(table.columns) == COLUMNS
    assert [section for section in SECTIONS if section in set(table["section"])] == list(
        dict.fromkeys(table["section"])
    )
    assert (table["standardised_difference"].dropna() == 0).all()
    assert (table["sd_ratio"].dropna() == 1).all()
    for name in ("n", "mean", "sd", "percent"):
        assert table[f"development_{name}"].equals(table[f"centre_{name}"])


def test_figures_by_hand():
    ours, development, y = cohort(1, 80)
    theirs, centre, _ = cohort(2, 50, age=61, male=0.4, spread=2)
    table = case_mix(development, centre, labels={"age": "Age"}).set_index(["section", "variable"])
    row = table.loc[("predictor", "age")]
    assert row["label"] == "Age"
    a, b = 10 * ours["age"], 10 * theirs["age"]
    assert row["centre_mean"] == pytest.approx(b.mean())
    assert row["development_q3"] == pytest.approx(a.quantile(0.75))
    # Austin 2009, formula (1)
    expected = (b.mean() - a.mean()) / np.sqrt((a.var() + b.var()) / 2)
    assert row["standardised_difference"] == pytest.approx(expected)
    row = table.loc[("predictor", "sex")]
    p, q = ours["sex"].mean(), theirs["sex"].mean()
    assert row[["development_percent", "centre_percent"]].tolist() == pytest.approx(
        [100 * p, 100 * q]
    )
    # Austin 2009, formula (2)
    expected = (q - p) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert row["standardised_difference"] == pytest.approx(expected)
    row = table.loc[("linear_predictor", "nomogram")]
    assert row["sd_ratio"] == pytest.approx(theirs["radscore"].std() / ours["radscore"].std())
    row = table.loc[("cohort", "outcome")]
    assert row[["development_n", "development_percent"]].tolist() == [y.sum(), 100 * y.mean()]
    row = table.loc[("acquisition", "venous.manufacturer")].set_index("level")
    assert row.loc["B", ["development_n", "centre_n"]].tolist() == [40, 25]


def test_suppressed_counts_stay_empty():
    _, development, _ = cohort(1, 80)
    _, centre, _ = cohort(2, 50)
    hidden = [
        row | ({"positive": None, "share": None} if row["name"] == "sex" else {})
        for row in development["variables"]
    ]
    table = case_mix(development | {"variables": hidden}, centre).set_index("variable")
    assert table.loc["sex", ["development_n", "standardised_difference"]].isna().all()
    assert table.loc["sex", "centre_n"] > 0


def test_an_outcome_that_is_not_known():
    columns, development, _ = cohort(1, 40)
    centre = describe_centre(columns, KINDS, {"nomogram": np.zeros(40)})
    table = case_mix(development, centre).set_index("variable")
    assert np.isnan(table.loc["outcome", "centre_n"])
    assert table.loc["patients", "centre_n"] == 40
    assert np.isnan(table.loc["nomogram", "standardised_difference"]) or (
        table.loc["nomogram", "sd_ratio"] == 0
    )


def test_features_most_shifted_first():
    random = np.random.default_rng(4)
    table = pd.DataFrame(random.normal([1, 5, -2], [1, 2, 1], (60, 3)), columns=["a", "b", "c"])
    signatures = {
        "combined": {"features": ["a", "b"], "means": [0.9, 0.0], "sds": [1.0, 2.0]},
        "venous": {
            "features": ["a", "c", "absent"],
            "means": [0.9, 0.0, 1.0],
            "sds": [1.0, 1.0, 1.0],
        },
    }
    shifts = feature_shifts(signatures, table)
    assert shifts["feature"].tolist() == ["b", "c", "a"]
    expected = table["b"].mean() / np.sqrt((4 + table["b"].var()) / 2)
    assert shifts.loc[0, "standardised_difference"] == pytest.approx(expected)
    _, summary, _ = cohort(1, 30)
    joined = case_mix(summary, summary, shifts).query("section == 'feature'")
    assert joined["variable"].tolist() == ["b", "c", "a"]
    assert joined["centre_n"].tolist() == [60, 60, 60]


@given(st.floats(-5, 5), st.floats(0.1, 10), st.integers(0, 1000))
def test_a_difference_has_no_unit(moved, factor, seed):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=40), random.normal(0.5, 1.3, 30)

    def difference(change):
        made = {"s": {"features": ["x"], "means": [change(a).mean()], "sds": [change(a).std()]}}
        shifts = feature_shifts(made, pd.DataFrame({"x": change(b)}))
        return shifts.loc[0, "standardised_difference"]

    assert difference(lambda x: factor * x + moved) == pytest.approx(difference(lambda x: x))
    assert difference(lambda x: -x) == pytest.approx(-difference(lambda x: x))
