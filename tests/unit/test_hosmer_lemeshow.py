import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import chi2

from nomoflow.hosmer_lemeshow import hosmer_lemeshow, no_test, sweep


@pytest.fixture(scope="module")
def cohort():
    generator = np.random.default_rng(11)
    lp = generator.normal(0.5, 1.5, 120)
    return (generator.random(120) < expit(0.3 + 0.7 * lp)).astype(int), lp


def test_hosmer_lemeshow_by_pandas(cohort):
    y, lp = cohort
    p = expit(lp)
    for groups in (5, 10, 13):
        test, table = hosmer_lemeshow(y, p, groups=groups)
        cut = pd.qcut(p, groups, duplicates="drop")  # quantiles of type 7, right-closed
        by_group = pd.DataFrame({"y": y, "p": p}).groupby(cut, observed=True)
        assert table["n"].tolist() == by_group.size().tolist()
        assert table["predicted"].tolist() == pytest.approx(by_group["p"].mean().tolist())
        assert table["observed"].tolist() == pytest.approx(by_group["y"].mean().tolist())
        n, o, e = by_group.size(), by_group["y"].sum(), by_group["p"].sum()
        statistic = ((o - e) ** 2 / (e * (1 - e / n))).sum()  # the textbook form
        assert test["chi2"] == pytest.approx(statistic, rel=1e-12)
        assert test["p"] == pytest.approx(chi2.sf(statistic, groups - 2), rel=1e-12)


def test_degrees_of_freedom_on_other_patients(cohort):
    y, lp = cohort
    own, other = (hosmer_lemeshow(y, expit(lp), lost_df=lost)[0] for lost in (2, 0))
    assert (own["df"], other["df"]) == (8, 10)
    assert other["p"] == pytest.approx(chi2.sf(own["chi2"], 10), rel=1e-12)


def test_ties_leave_fewer_groups():
    p = np.repeat([0.2, 0.4, 0.6, 0.8], 10)
    y = np.tile([0, 1, 0, 0, 1, 1, 0, 1, 1, 0], 4)
    test, table = hosmer_lemeshow(y, p)
    # R: levels(cut(p, unique(quantile(p, 0:10 / 10)), include.lowest = TRUE)) are
    # [0.2,0.4] (0.4,0.6] (0.6,0.8], and hoslem.test takes df = groups that remain - 2
    assert test["groups"] == len(table) == 3
    assert test["df"] == 1
    assert test["note"] == "ties leave 3 of 10 groups"
    assert table["n"].tolist() == [20, 10, 10]
    assert table["observed_count"].tolist() == [10, 5, 5]
    # by hand: (10-6)^2/6 + (10-6)^2/14 + (5-6)^2/6 + (5-6)^2/4 + (5-8)^2/8 + (5-8)^2/2
    assert test["chi2"] == pytest.approx(16 / 6 + 16 / 14 + 1 / 6 + 1 / 4 + 9 / 8 + 9 / 2)


# Two groups leave df = 0.
@pytest.mark.parametrize(("p", "groups"), [([0.3] * 8, 1), ([0.3] * 4 + [0.6] * 4, 2)])
def test_too_few_groups(p, groups):
    test, table = hosmer_lemeshow([0, 1] * 4, p)
    assert np.isnan(test["chi2"]) and np.isnan(test["p"])
    assert test["note"] == f"not defined: {groups} distinct group(s) of predicted risk"
    assert table["n"].sum() == 8


def test_certain_probabilities():
    p = [0.0] * 10 + list(np.linspace(0.1, 0.9, 30)) + [1.0] * 10
    test, table = hosmer_lemeshow([0] * 25 + [1] * 25, p)
    assert np.isnan(test["p"])
    assert "all 0 or all 1" in test["note"]
    assert table["n"].sum() == 50


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=60),
    st.integers(2, 12),
)
def test_every_patient_is_in_one_group(rows, groups):
    y, p = map(np.array, zip(*rows, strict=True))
    test, table = hosmer_lemeshow(y, p, groups=groups)
    assert table["n"].sum() == len(y)
    assert (table["n"] > 0).all()
    assert table["observed_count"].sum() == y.sum()
    assert table["expected_count"].sum() == pytest.approx(p.sum())
    assert test["groups"] <= groups
    assert np.isfinite(test["p"]) != test["note"].startswith("not defined")


@pytest.mark.parametrize(
    ("y", "p", "groups", "message"),
    [
        ([0, 1], [0.5], 10, "one probability a patient"),
        ([0, 1], [0.5, 1.1], 10, "between 0 and 1"),
        ([0, 1], [0.5, np.nan], 10, "between 0 and 1"),
        ([0, 1], [0.5, 0.6], 1, "at least 2 groups"),
    ],
)
def test_hosmer_lemeshow_bad_input(y, p, groups, message):
    with pytest.raises(ValueError, match=message):
        hosmer_lemeshow(y, p, groups)


# --- over several numbers of groups


def test_sweep_is_each_test(cohort):
    y, lp = cohort
    table = sweep(y, expit(lp))
    assert table["groups"].tolist() == list(range(5, 16))
    for row in table.itertuples():
        # a second way: R's cut() by pandas, the textbook's statistic, df = groups - 2
        by_group = pd.DataFrame({"y": y, "p": expit(lp)}).groupby(
            pd.qcut(expit(lp), row.groups), observed=True
        )
        n, o, e = by_group.size(), by_group["y"].sum(), by_group["p"].sum()
        statistic = ((o - e) ** 2 / (e * (1 - e / n))).sum()
        assert row.chi2 == pytest.approx(statistic, rel=1e-12)
        assert (row.df, row.p) == (row.groups - 2, pytest.approx(chi2.sf(statistic, row.df)))
    weakness = f"P {table['p'].min():.3f} to {table['p'].max():.3f} over 5 to 15 groups"
    assert table["note"].str.startswith(weakness).all()
    assert table["note"].str.contains("low power").all()


def test_sweep_over_ties_says_how_many_groups_were_left():
    p = np.repeat([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], 10)
    y = np.tile([0, 1, 0, 0, 1, 1, 0], 10)
    table = sweep(y, p).set_index("groups")
    assert table.index.tolist() == list(range(5, 16))  # as asked
    for asked, row in table.iterrows():
        left = hosmer_lemeshow(y, p, asked)[0]["groups"]
        assert row["df"] == left - 2
        assert row["note"].startswith(f"ties leave {left} of {asked} groups; P ") == (left < asked)


def test_sweep_of_a_constant_is_said():
    table = sweep([0, 1] * 10, [0.4] * 20)
    assert table[["chi2", "df", "p"]].isna().all(axis=None)
    assert (table["note"] == "not defined: 1 distinct group(s) of predicted risk").all()


def test_no_test_has_the_same_rows(cohort):
    y, lp = cohort
    table = no_test()
    assert table.columns.tolist() == sweep(y, expit(lp)).columns.tolist()
    assert table["groups"].tolist() == list(range(5, 16))
    assert table[["chi2", "df", "p"]].isna().all(axis=None)
    assert table["note"].str.startswith("no test: ").all()
