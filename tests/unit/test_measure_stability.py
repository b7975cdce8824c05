from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs import job
from measure_stability import main

from nomoflow.run import read_table, write_json, write_table
from nomoflow.stability import (
    chosen_sets,
    extracted_features,
    gather_penalties,
    nogueira,
    selection_frequency,
    stability_of,
)


def sets(*chosen, candidates):
    """Sets of numbers from 1 as a matrix."""
    z = np.zeros((len(chosen), candidates), dtype=bool)
    for row, numbers in zip(z, chosen, strict=True):
        row[[number - 1 for number in numbers]] = True
    return z


def by_gwet(z, z_value=1.959963984540054):
    """The index and its standard error the other way: Gwet's chance-corrected agreement.

    Sets are subjects rated twice (chosen, not chosen) by d raters; that is how the authors'
    Matlab code computes it. Written with loops over sets and features.
    """
    m, d = z.shape
    p = [sum(z[i][f] for i in range(m)) / m for f in range(d)]
    filled = sum(p) / d
    chance = 1 - 2 * filled * (1 - filled)
    agreed = 1 - 2 / d * m / (m - 1) * sum(q * (1 - q) for q in p)
    index = (agreed - chance) / (1 - chance)
    gamma = []
    for i in range(m):
        size = sum(z[i]) / d
        own = (
            1 - size - filled + 2 / d * sum(q for q, chosen in zip(p, z[i], strict=True) if chosen)
        )
        by_chance = (1 - index) * (filled * size + (1 - filled) * (1 - size))
        gamma.append((own - by_chance) / (1 - chance))
    mean = sum(gamma) / m
    return index, (4 / m**2 * sum((g - mean) ** 2 for g in gamma)) ** 0.5


matrices = st.integers(2, 9).flatmap(
    lambda m: st.integers(2, 7).flatmap(
        lambda d: st.lists(st.lists(st.booleans(), min_size=d, max_size=d), min_size=m, max_size=m)
    )
)


@given(matrices)
def test_index_and_interval_agree_with_the_second_way(rows):
    z = np.array(rows)
    found = nogueira(z, z.shape[1])
    if z.all() or not z.any():
        assert np.isnan(found["estimate"]) and "not defined" in found["method"]
        return
    index, error = by_gwet(z)
    assert found["estimate"] == pytest.approx(index, abs=1e-12)
    if error > 1e-9:
        half = (found["ci_high"] - found["ci_low"]) / 2
        assert half == pytest.approx(1.959963984540054 * error, rel=1e-6)
        assert (found["ci_high"] + found["ci_low"]) / 2 == pytest.approx(index, abs=1e-12)


@given(st.integers(2, 8), st.integers(2, 7), st.randoms(use_true_random=False))
def test_it_is_kunchevas_index_for_sets_of_one_size(m, d, random):
    k = random.randint(1, d - 1)
    chosen = [set(random.sample(range(1, d + 1), k)) for _ in range(m)]
    # Kuncheva 2007: mean over pairs of (shared - k^2 / d) / (k - k^2 / d)
    pairs = [(len(a & b) - k * k / d) / (k - k * k / d) for a, b in combinations(chosen, 2)]
    found = nogueira(sets(*chosen, candidates=d), d)
    assert found["estimate"] == pytest.approx(np.mean(pairs), abs=1e-12)


@pytest.mark.parametrize(("d", "k", "m"), [(4, 2, 3), (5, 1, 3), (4, 3, 4)])
def test_zero_is_expected_of_sets_drawn_at_random(d, k, m):
    every = list(combinations(range(1, d + 1), k))
    found = [
        nogueira(sets(*drawn, candidates=d), d)["estimate"] for drawn in product(every, repeat=m)
    ]
    assert np.mean(found) == pytest.approx(0, abs=1e-12)


def test_the_interval_is_as_wide_as_estimates_spread():
    """Sets whose sizes vary: a minus in the variance, for the plus, would widen it by 60 %."""
    random = np.random.default_rng(1)
    common = np.array([0.9, 0.8, 0.6, 0.3, 0.1, 0.05, 0.05, 0.02])
    halves, estimates = [], []
    for _ in range(600):
        scale = random.choice([0.25, 1.0], size=(60, 1))
        found = nogueira(random.random((60, 8)) < common * scale, 8)
        estimates.append(found["estimate"])
        halves.append((found["ci_high"] - found["ci_low"]) / 2 / 1.959963984540054)
    assert np.sqrt(np.mean(np.square(halves))) == pytest.approx(np.std(estimates, ddof=1), rel=0.1)


def test_identical_sets_have_no_interval():
    found = nogueira(sets(*[(1, 3)] * 5, candidates=3), 9)
    assert found["estimate"] == 1
    assert np.isnan(found["ci_low"]) and "variance is 0" in found["method"]


def test_features_never_chosen_need_no_column():
    z = np.random.default_rng(2).random((6, 5)) < 0.4
    wide = np.hstack([z, np.zeros((6, 20), dtype=bool)])
    short, full = nogueira(z, 25), nogueira(wide, 25)
    assert short["estimate"] == pytest.approx(full["estimate"], rel=1e-12)
    assert short["ci_low"] == pytest.approx(full["ci_low"], rel=1e-12)


@pytest.mark.parametrize(
    ("z", "candidates", "why"),
    [
        (np.zeros((5, 0), bool), 7, "empty in every resample"),
        (np.ones((5, 3), bool), 3, "every candidate"),
        (np.ones((1, 2), bool), 3, "takes two resamples, there is 1"),
        (np.zeros((0, 0), bool), 3, "takes two resamples, there are 0"),
        (np.zeros((5, 0), bool), 0, "no candidate"),
    ],
)
def test_what_is_not_defined_says_why(z, candidates, why):
    found = nogueira(z, candidates)
    assert np.isnan([found["estimate"], found["ci_low"], found["ci_high"]]).all()
    assert found["method"].startswith("not defined") and why in found["method"]


def test_more_features_than_candidates_is_an_error():
    with pytest.raises(ValueError, match="3 features were chosen of 2 candidates"):
        nogueira(np.eye(3, dtype=bool), 2)


def test_frequency_has_wilsons_interval_and_the_final_features():
    chosen = np.zeros((29, 2), dtype=bool)
    chosen[0, 0] = True
    chosen[:15, 1] = True
    table = selection_frequency(chosen, ["a", "b"], ["b", "never"])
    assert list(table["feature"]) == ["b", "a", "never"]
    assert list(table["count"]) == [15, 1, 0] and set(table["resamples"]) == {29}
    # of all resamples, the 14 whose signature is empty with them
    assert table["share"].tolist() == pytest.approx([15 / 29, 1 / 29, 0], abs=1e-15)
    assert list(table["selected"]) == [True, False, True]
    # 1/29: Newcombe 1998 (Stat Med 17:857), table I, method 3; 0/29: 1.96^2 / (29 + 1.96^2)
    np.testing.assert_allclose(
        table.loc[1, ["ci_low", "ci_high"]].tolist(), [0.0061, 0.1718], atol=5e-5
    )
    np.testing.assert_allclose(table.loc[2, ["ci_low", "ci_high"]].tolist(), [0, 0.1170], atol=5e-5)


def test_measures_count_the_empty_signatures_in():
    penalties = pd.DataFrame(
        {
            "status": ["empty", "selected", "fallback", "selected"],
            "lambda": [0.4, 0.1, np.nan, 0.2],
            "at_end": [False, True, True, True],
        }
    )
    chosen = sets((), (1,), (1, 2, 3), (1, 2), candidates=3)
    table = stability_of(chosen, 9, penalties).set_index("measure")
    assert table.loc["empty", "estimate"] == table.loc["fallback", "estimate"] == 0.25
    assert table.loc["empty", "method"] == "1 of 4 resamples, Wilson"
    # R: binom::binom.confint(3, 4, methods = "wilson")
    at_end = table.loc["at_end"]
    np.testing.assert_allclose(at_end.tolist()[:3], [0.75, 0.3006418, 0.9544127], atol=5e-8)
    assert at_end["method"] == "3 of 4 resamples, Wilson"
    # R: quantile(c(0, 1, 3, 2), c(.25, .5, .75)); quantile(c(.4, .1, .2), c(.25, .5, .75))
    assert table.loc["features"].tolist()[:3] == [1.5, 0.75, 2.25]
    np.testing.assert_allclose(table.loc["lambda"].tolist()[:3], [0.2, 0.15, 0.3], rtol=1e-14)
    assert table.loc["lambda", "method"].startswith("median and quartiles of 3")


def penalties_of(*rows):
    columns = ["resample", "signature", "status", "lambda", "nonzero", "at_end"]
    return pd.DataFrame(rows, columns=columns)


def test_a_resample_that_is_missing_or_doubled_is_named():
    one = (1, "early", "empty", 0.1, 0, False)
    with pytest.raises(ValueError, match="resample 1 of signature early stands twice"):
        gather_penalties(penalties_of(one, one), ["early"])
    with pytest.raises(ValueError, match="resample 1 of signature combined is missing"):
        gather_penalties(penalties_of(one), ["early", "combined"])


@pytest.mark.parametrize(
    ("selected", "message"),
    [
        ([(1, "early", "f")], "resample 1 has 1 features and the status empty"),
        ([], "resample 2 has 0 features and the status selected"),
        ([(2, "early", "f"), (3, "early", "f")], "resample 3 has features but no penalty"),
        ([(2, "early", "f"), (2, "early", "f")], "resample 2 has f twice"),
    ],
)
def test_features_that_contradict_the_status_are_named(selected, message):
    penalties = penalties_of(
        (1, "early", "empty", 0.1, 0, False), (2, "early", "selected", 0.1, 1, False)
    )
    table = pd.DataFrame(selected, columns=["resample", "signature", "feature"])
    with pytest.raises(ValueError, match=message):
        chosen_sets(table, penalties, "early")


def test_an_empty_signature_is_a_row_without_features():
    """And lowers the index: left out, the sets would be the same each time."""
    penalties = penalties_of(
        *((k, "early", status, 0.1, 1, False)
          for k, status in ((3, "selected"), (1, "selected"), (2, "empty"))),
    )  # fmt: skip
    table = pd.DataFrame(
        [(3, "early", "f"), (1, "early", "f")], columns=["resample", "signature", "feature"]
    )
    chosen, names = chosen_sets(table, penalties, "early")
    assert names == ["f"] and chosen.tolist() == [[True], [False], [True]]
    assert nogueira(chosen, 4)["estimate"] == pytest.approx(
        by_gwet(np.pad(chosen, ((0, 0), (0, 3))))[0]
    )
    assert nogueira(chosen, 4)["estimate"] < nogueira(chosen[[0, 2]], 4)["estimate"] == 1


def test_every_extracted_feature_counts_once():
    icc = pd.DataFrame(
        {"phase": ["a", "a", "a", "b"], "feature": ["x", "x", "y", "x"], "kept": [False] * 4}
    )
    assert [extracted_features(icc, name) for name in ("a", "b", "combined")] == [2, 1, 3]


NAMES = ["early", "combined"]


def measured(folder, selected, penalties, final, candidates=10, **changes):
    """The script on two batches; the tables that it writes, by name."""
    for batch, part in enumerate(([1, 2], [3])):
        for table, name in ((selected, "selected"), (penalties, "penalties")):
            rows = table[table["resample"].isin(part)]
            write_table(rows, folder / f"{batch}/{name}.csv")
    for name in NAMES:
        write_table(pd.DataFrame({"feature": final[name]}, dtype=object), folder / f"{name}.csv")
        write_json({"candidates": candidates}, folder / f"{name}.json")
    icc = pd.DataFrame({"phase": "early", "feature": [f"f{i}" for i in range(20)]})
    write_table(icc, folder / "icc.csv")
    outputs = {
        "frequencies": [folder / f"{name}/frequency.csv" for name in NAMES],
        "stability": folder / "stability.csv",
        "penalties": folder / "penalties.csv",
    }
    main(
        job(
            {
                "selected": [folder / f"{batch}/selected.csv" for batch in (1, 0)],
                "penalties": [folder / f"{batch}/penalties.csv" for batch in (1, 0)],
                "finals": [folder / f"{name}.csv" for name in NAMES],
                "statuses": [folder / f"{name}.json" for name in NAMES],
                "icc": folder / "icc.csv",
            },
            outputs,
            {"signatures": NAMES, "confidence": 0.95, "filter": "once", **changes},
        )
    )
    tables = {name: read_table(folder / f"{name}.csv") for name in ("stability", "penalties")}
    return tables | {name: read_table(folder / f"{name}/frequency.csv") for name in NAMES}


SELECTED = pd.DataFrame(
    [
        (1, "early", "early_a"), (1, "early", "early_b"), (2, "early", "early_a"),
        (3, "early", "early_a"), (3, "combined", "early_b"),
    ],
    columns=["resample", "signature", "feature"],
)  # fmt: skip
PENALTIES = penalties_of(
    *((i, "early", "selected", 0.1 * i, 1, i == 2) for i in (1, 2, 3)),
    (1, "combined", "empty", 0.5, 0, False), (2, "combined", "empty", np.nan, 0, False),
    (3, "combined", "fallback", 0.2, 1, True),
)  # fmt: skip
FINAL = {"early": ["early_a"], "combined": []}


def test_batches_become_one_table(tmp_path):
    found = measured(tmp_path, SELECTED, PENALTIES, FINAL)
    assert list(found["early"]["feature"]) == ["early_a", "early_b"]
    assert list(found["early"]["count"]) == [3, 1]
    assert list(found["early"]["selected"]) == [True, False]
    assert list(found["combined"]["selected"]) == [False]
    assert list(found["penalties"].columns) == [
        "signature", "resample", "status", "lambda", "nonzero", "at_end",
    ]  # fmt: skip
    assert list(found["penalties"]["at_end"]) == [False, True, False, False, False, True]
    assert list(found["penalties"]["resample"]) == [1, 2, 3, 1, 2, 3]
    assert list(found["penalties"]["signature"]) == ["early"] * 3 + ["combined"] * 3
    table = found["stability"].set_index(["signature", "measure"])
    z = np.zeros((3, 10))
    z[:, 0], z[0, 1] = 1, 1
    index, _ = by_gwet(z)
    assert table.loc[("early", "nogueira"), "estimate"] == pytest.approx(index, rel=1e-12)
    assert table.loc[("combined", "empty"), "estimate"] == pytest.approx(2 / 3, rel=1e-12)
    assert table.loc[("early", "at_end"), "estimate"] == pytest.approx(1 / 3, rel=1e-12)


def test_a_filter_within_training_leaves_every_feature_a_candidate(tmp_path):
    # 3 features are chosen in all, more than the 2 that the filter leaves on all patients
    selected = pd.concat(
        [SELECTED, pd.DataFrame([(2, "early", "early_c")], columns=SELECTED.columns)]
    )
    with pytest.raises(ValueError, match="3 features were chosen of 2 candidates"):
        measured(tmp_path, selected, PENALTIES, FINAL, candidates=2)
    found = measured(tmp_path, selected, PENALTIES, FINAL, candidates=2, filter="within_training")
    method = found["stability"].set_index(["signature", "measure"])["method"]
    assert "20 candidates" in method[("early", "nogueira")]


def test_signatures_that_are_always_empty_go_through(tmp_path):
    empty = penalties_of(
        *((i, name, "empty", np.nan, 0, False) for name in NAMES for i in (1, 2, 3))
    )
    found = measured(tmp_path, SELECTED.iloc[:0], empty, {"early": [], "combined": []}, 0)
    assert found["early"].empty and found["combined"].empty
    table = found["stability"].set_index(["signature", "measure"])
    assert table.loc[("combined", "empty"), "estimate"] == 1
    assert table.loc[("combined", "at_end"), "estimate"] == 0
    assert table.loc[("combined", "features"), "estimate"] == 0
    assert "not defined" in table.loc[("combined", "nogueira"), "method"]
    assert "no resamples with a penalty" in table.loc[("combined", "lambda"), "method"]
