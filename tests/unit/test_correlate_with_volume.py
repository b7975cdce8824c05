import numpy as np
import pandas as pd
import pytest
from correlate_with_volume import main
from hypothesis import given
from hypothesis import strategies as st
from jobs import job
from scipy.stats import rankdata
from synthetic_cohort import cohort

from nomoflow.correlation import spearman
from nomoflow.dataset import VOLUME
from nomoflow.run import read_table, write_table

FEW = st.integers(0, 4)


@given(st.lists(st.tuples(FEW, FEW), min_size=2, max_size=30))
def test_it_is_pearsons_correlation_of_the_ranks(pairs):
    x, y = np.array(pairs, dtype=float).T
    found = spearman(x, y)
    if x.min() == x.max() or y.min() == y.max():
        assert np.isnan(found["rho"])
        return
    expected = np.corrcoef(rankdata(x), rankdata(y))[0, 1]
    assert found["rho"] == pytest.approx(expected, abs=1e-12)
    if len(x) > 3 and abs(expected) < 1 - 1e-9:
        assert -1 < found["ci_low"] < found["rho"] < found["ci_high"] < 1
        # Bonett and Wright 2000, equation 2, on Fisher's scale
        width = 2 * 1.959963984540054 * np.sqrt((1 + expected**2 / 2) / (len(x) - 3))
        ends = np.arctanh([found["ci_low"], found["ci_high"]])
        assert ends[1] - ends[0] == pytest.approx(width, rel=1e-6)
    else:
        assert np.isnan([found["ci_low"], found["ci_high"]]).all()


@pytest.mark.parametrize("turn", [1, -1])
def test_full_agreement_has_no_interval(turn):
    x = np.arange(12.0)
    found = spearman(x, turn * np.exp(x))
    assert found["rho"] == turn
    assert np.isnan(found["ci_low"]) and np.isnan(found["ci_high"])


def test_missing_values_leave_their_pair_out():
    x, y = np.array([1, 5, np.nan, 2, 4, 3.0]), np.array([2, 9, 1, np.nan, 1, 7.0])
    both = [0, 1, 4, 5]
    assert spearman(x, y) == spearman(x[both], y[both])
    assert spearman(x, y)["n"] == 4


def test_shapes_that_differ_are_an_error():
    with pytest.raises(ValueError, match="one value a patient"):
        spearman([1, 2], [1, 2, 3])


KEPT = {
    "early": ["early_original_firstorder_F1"],
    "late": [],
    "combined": ["late_original_firstorder_F0"],
}


def correlated(folder, dataset, scores):
    write_table(dataset, folder / "dataset.parquet")
    for name, features in KEPT.items():
        write_table(pd.DataFrame({"feature": features}, dtype=object), folder / f"{name}.csv")
        radscore = pd.DataFrame({"patient": dataset["patient"], "radscore": scores[name]})
        # any order will do: patients are matched by name
        write_table(radscore.iloc[::-1], folder / f"{name}_radscore.csv")
    main(
        job(
            {
                "dataset": folder / "dataset.parquet",
                "selected": [folder / f"{name}.csv" for name in KEPT],
                "radscores": [folder / f"{name}_radscore.csv" for name in KEPT],
            },
            {"correlation": folder / "out.csv"},
            {"signatures": list(KEPT), "confidence": 0.95},
        )
    )
    return read_table(folder / "out.csv")


def test_each_signature_has_its_score_and_features(tmp_path):
    data = cohort()
    scores = {"early": data[VOLUME] ** 2, "late": 0.3, "combined": -data[VOLUME]}
    table = correlated(tmp_path, data, scores)
    assert list(table.columns) == ["signature", "feature", "n", "rho", "ci_low", "ci_high"]
    assert list(zip(table["signature"], table["feature"], strict=True)) == [
        ("early", "radscore"),
        ("early", "early_original_firstorder_F1"),
        ("late", "radscore"),
        ("combined", "radscore"),
        ("combined", "late_original_firstorder_F0"),
    ]
    assert table["n"].tolist() == [40] * 5
    # the Radscore of the empty signature is constant
    assert table["rho"].isna().tolist() == [False, False, True, False, False]
    assert table["rho"][0] == 1 and table["rho"][3] == -1
    ranks = [rankdata(data[name]) for name in ("late_original_firstorder_F0", VOLUME)]
    assert table["rho"][4] == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-12)


def test_an_unknown_volume_leaves_it_empty(tmp_path):
    data = cohort().drop(columns=VOLUME)
    table = correlated(tmp_path, data, dict.fromkeys(KEPT, 0.5))
    assert len(table) == 5 and table["n"].tolist() == [0] * 5
    assert table[["rho", "ci_low", "ci_high"]].isna().to_numpy().all()
