import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from nomoflow.cohort import (
    agreement,
    chi_square,
    choose_univariate,
    fisher,
    group_p,
    group_test,
    is_normal,
    mann_whitney,
    student_t,
    t_from_summary,
    table_one,
)

COUNTS = st.lists(st.integers(0, 40), min_size=4, max_size=4).map(lambda v: np.reshape(v, (2, 2)))


@given(COUNTS)
def test_chi_square_and_fisher_as_scipy(table):
    if min(table.sum(axis=0).min(), table.sum(axis=1).min()) == 0:
        assert np.isnan(chi_square(table)).all()
        assert fisher(table) == 1.0  # R: fisher.test of an empty margin
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert chi_square(table) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-12)
    assert fisher(table) == pytest.approx(stats.fisher_exact(table).pvalue, abs=1e-12)


def test_fisher_tea():
    # R: fisher.test(matrix(c(3, 1, 1, 3), 2))$p.value, from ?fisher.test
    assert fisher([[3, 1], [1, 3]]) == pytest.approx(34 / 70, rel=1e-14)


def test_fisher_of_large_counts_neither_overflows_nor_loses_the_tail():
    assert fisher([[5000, 5100], [4900, 5200]]) == pytest.approx(
        stats.fisher_exact([[5000, 5100], [4900, 5200]]).pvalue, rel=1e-9
    )
    assert 0 <= fisher([[3000, 10], [10, 3000]]) < 1e-300


@given(st.data())
def test_mann_whitney_as_scipy(data):
    few = st.lists(st.integers(0, 12).map(float), min_size=1, max_size=60)
    x1, x0 = data.draw(few), data.draw(few)
    u, p = mann_whitney(x1, x0)
    if len(set(x1 + x0)) == 1:
        assert np.isnan(p)
        return
    exact = len(set(x1 + x0)) == len(x1 + x0) and max(len(x1), len(x0)) < 50
    other = stats.mannwhitneyu(x1, x0, method="exact" if exact else "asymptotic")
    assert u == other.statistic
    assert p == pytest.approx(other.pvalue, abs=1e-12)


def test_mann_whitney_exact():
    # R: wilcox.test(c(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46),
    #                c(1.15, 0.88, 0.90, 0.74, 1.21)), from ?wilcox.test: W = 35, p = 0.2544
    x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    assert mann_whitney(x, [1.15, 0.88, 0.90, 0.74, 1.21]) == (
        35.0,
        pytest.approx(0.2544, abs=5e-5),
    )


@pytest.mark.parametrize(("n1", "n0", "exact"), [(49, 49, True), (50, 10, False), (10, 50, False)])
def test_mann_whitney_is_exact_below_fifty(n1, n0, exact):
    values = np.random.default_rng(4).permutation(n1 + n0).astype(float)
    other = stats.mannwhitneyu(values[:n1], values[n1:], method="exact" if exact else "asymptotic")
    assert mann_whitney(values[:n1], values[n1:])[1] == pytest.approx(other.pvalue, rel=1e-11)


def test_student_t_as_scipy():
    generator = np.random.default_rng(1)
    x1, x0 = generator.normal(1, 2, 20), generator.normal(0, 2, 13)
    other = stats.ttest_ind(x1, x0)
    assert student_t(x1, x0) == pytest.approx((other.statistic, other.pvalue), rel=1e-11)
    summary = (x1.mean(), x1.std(ddof=1), 20, x0.mean(), x0.std(ddof=1), 13)
    assert t_from_summary(*summary) == student_t(x1, x0)
    assert np.isnan(t_from_summary(1, 0, 5, 2, 0, 5)).all()


def test_normality():
    generator = np.random.default_rng(8)
    assert is_normal(generator.normal(size=50))
    assert not is_normal(np.exp(generator.normal(size=50)))
    assert not is_normal([1.0, 2.0])
    assert not is_normal([3.0] * 20)
    assert is_normal(np.exp(generator.normal(size=5001)))


def test_choice_of_test():
    generator = np.random.default_rng(8)
    y = np.repeat([1, 0], 40)
    normal = generator.normal(size=80) + y
    assert group_test(normal, y, "continuous")[0] == "Student's t"
    # one skewed group is enough
    skewed = np.where(y == 1, np.exp(2 * normal), normal)
    assert group_test(skewed, y, "continuous")[0] == "Mann-Whitney U"
    assert group_test(normal > 0.5, y, "binary")[0] == "chi-square"
    rare = np.arange(80) < 6  # 3 expected in each class
    assert group_test(rare, y, "binary")[0] == "Fisher's exact"
    assert group_test(rare, y, "binary")[2] == pytest.approx(
        stats.fisher_exact([[6, 34], [0, 40]]).pvalue, rel=1e-12
    )


def test_fisher_is_for_expected_counts_below_five():
    y = np.repeat([1, 0], 40)
    for positives, test in ((10, "chi-square"), (9, "Fisher's exact")):  # 5 and 4.5 expected
        x = np.arange(80) < positives
        assert group_test(x, y, "binary")[0] == test


def test_sign_is_that_of_the_positive_class():
    y = np.repeat([1, 0], 30)
    x = np.random.default_rng(8).normal(size=60) + 2 * y
    assert group_test(x, y, "continuous")[1] > 0
    assert group_test(-x, y, "continuous")[1] < 0
    assert mann_whitney([5, 6], [1, 2])[0] == 4


@pytest.mark.parametrize(
    ("x", "y", "kind"),
    [
        ([1, 1, 1, 1], [0, 1, 0, 1], "binary"),
        ([0, 0, 0, 0], [0, 1, 0, 1], "binary"),
        ([1, 0, 1, 0], [1, 1, 1, 1], "binary"),
        ([7, 7, 7, 7], [0, 1, 0, 1], "continuous"),
        ([1, 2, 3, 4], [1, 1, 1, 1], "continuous"),
    ],
)
def test_nothing_to_compare(x, y, kind):
    test, statistic, p = group_test(x, y, kind)
    assert test == "not defined"
    assert np.isnan([statistic, p, group_p(x, y, kind)]).all()


def test_univariate_choice():
    generator = np.random.default_rng(8)
    y = np.repeat([1, 0], 40)
    x = pd.DataFrame(
        {
            "noise": generator.normal(size=80),
            "sign": (np.arange(80) % 10 < np.where(y == 1, 8, 2)).astype(float),
            "age": generator.normal(size=80) + 2 * y,
            "constant": 1.0,
        }
    )
    kinds = {"age": "continuous", "noise": "continuous", "sign": "binary", "constant": "binary"}
    predictors = [{"name": name, "kind": kind} for name, kind in kinds.items()]
    assert choose_univariate(x, y, predictors) == ["age", "sign"]
    assert choose_univariate(x, y, predictors[::-1]) == ["sign", "age"]
    assert choose_univariate(x, y, predictors, p=1e-30) == []
    p = group_p(x["sign"], y, "binary")
    assert "sign" not in choose_univariate(x, y, predictors, p=p)  # strictly below


# --- Table 1

PREDICTORS = [
    {"name": "age", "kind": "continuous", "unit": "years", "per": 10, "label": "Age"},
    {"name": "sex", "kind": "binary", "positive": "male"},
    {"name": "beer_sign", "kind": "binary", "positive": "yes"},
]


@pytest.fixture
def participants():
    return pd.DataFrame(
        {
            "patient": [f"p{i}" for i in range(12)],
            "age": ["41", "52", "63", "48", "57", "66", "39", "71", "58", "45", "50", "61"],
            "sex": ["male", "female"] * 6,
            "beer_sign": ["no"] * 12,
        }
    )


def test_table_one(participants):
    y = np.array([1] * 7 + [0] * 5)
    table = table_one(participants, y, PREDICTORS)
    assert list(table.columns) == [
        "variable",
        "label",
        "level",
        "group",
        "n",
        "percent",
        "mean",
        "sd",
        "median",
        "q1",
        "q3",
        "summary",
        "test",
        "statistic",
        "p",
        "missing",
    ]
    assert table["variable"].tolist() == [
        name for name in ("patients", "age", "sex", "beer_sign") for _ in range(3)
    ]
    assert table["group"].tolist() == ["total", "positive", "negative"] * 4
    by = table.set_index(["variable", "group"])
    assert by.loc["patients", "n"].tolist() == [12, 7, 5]
    assert by.loc["patients", "percent"].tolist() == pytest.approx([100, 700 / 12, 500 / 12])
    assert by.loc["age", "label"].tolist() == ["Age, years"] * 3
    assert by.loc["beer_sign", "label"].tolist() == ["beer sign"] * 3
    assert by.loc[("age", "total"), "mean"] == pytest.approx(54.25)  # natural units, not per 10
    assert by.loc[("age", "negative"), ["median", "q1", "q3"]].tolist() == [58, 50, 61]
    assert by.loc["age", "summary"].tolist() == ["mean"] * 3
    assert by.loc[("sex", "positive"), "n"] == 4
    assert by.loc[("sex", "positive"), "percent"] == pytest.approx(400 / 7)
    assert by.loc["sex", "level"].tolist() == ["male"] * 3
    assert by.loc["sex", "test"].tolist() == ["Fisher's exact"] * 3
    assert by.loc["beer_sign", "test"].tolist() == ["not defined"] * 3
    assert by.loc["beer_sign", "n"].tolist() == [0, 0, 0]
    assert by.loc["patients", ["test"]].eq("").all(axis=None)


def test_table_of_no_predictors(participants):
    assert len(table_one(participants, [0, 1] * 6, [])) == 3


def test_tiny_groups(participants):
    table = table_one(participants, [1] + [0] * 11, PREDICTORS).set_index(["variable", "group"])
    assert np.isnan(table.loc[("age", "positive"), "sd"])
    assert table.loc[("age", "positive"), "median"] == 41
    assert table.loc[("age", "positive"), "test"] == "Mann-Whitney U"


def test_table_one_counts_and_compares_the_values_present(participants):
    y = np.array([1] * 7 + [0] * 5)
    participants.loc[[0, 8], "age"] = ""
    participants.loc[[1, 2, 9], "sex"] = ""
    table = table_one(participants, y, PREDICTORS)
    by = table.set_index(["variable", "group"])
    assert by.loc["patients", "missing"].tolist() == [0, 0, 0]
    assert by.loc["age", ["n", "missing"]].to_numpy().tolist() == [[10, 2], [6, 1], [4, 1]]
    assert by.loc["sex", "missing"].tolist() == [3, 2, 1]
    assert by.loc[("sex", "positive"), "percent"] == pytest.approx(100 * 3 / 5)
    # each row is that of a table of the patients who have the value
    for name in ("age", "sex"):
        present = participants[name] != ""
        alone = table_one(participants[present], y[present], PREDICTORS)
        rows, own = (t[t["variable"] == name].reset_index(drop=True) for t in (table, alone))
        pd.testing.assert_frame_equal(rows.drop(columns="missing"), own.drop(columns="missing"))


def test_table_one_of_values_that_are_all_missing(participants):
    participants["age"], participants["sex"] = "", ""
    by = table_one(participants, [0, 1] * 6, PREDICTORS).set_index(["variable", "group"])
    for name in ("age", "sex"):
        assert by.loc[name, "test"].tolist() == ["not defined"] * 3
        assert by.loc[name, "missing"].tolist() == [12, 6, 6]
        assert by.loc[name, "n"].tolist() == [0, 0, 0]
    assert by.loc["sex", "percent"].isna().all()


def test_choice_compares_the_values_present():
    generator = np.random.default_rng(3)
    y = np.arange(60) % 2
    x = generator.normal(size=60) + 1.2 * y
    gaps = generator.random(60) < 0.3
    with_gaps = np.where(gaps, np.nan, x)
    for kind, values in (("continuous", with_gaps), ("binary", np.where(gaps, np.nan, x > 0.5))):
        here = ~gaps
        assert group_p(values, y, kind) == group_p(values[here], y[here], kind)
    predictors = [{"name": "x", "kind": "continuous"}]
    assert choose_univariate(pd.DataFrame({"x": with_gaps}), y, predictors) == ["x"]
    assert choose_univariate(pd.DataFrame({"x": np.full(60, np.nan)}), y, predictors) == []


# --- agreement


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40))
def test_kappa_as_scikit_learn(pairs):
    first, second = zip(*pairs, strict=True)
    found = agreement(first, second)
    assert found["agreed"] == sum(a == b for a, b in pairs)
    assert found["percent"] == pytest.approx(100 * found["agreed"] / len(pairs))
    if len(set(first + second)) == 1:
        assert np.isnan([found["kappa"], found["ci_low"], found["ci_high"]]).all()
        return
    assert found["kappa"] == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert -1 <= found["ci_low"] <= found["kappa"] + 1e-12
    assert found["kappa"] - 1e-12 <= found["ci_high"] <= 1
    turned = agreement(second, first)
    assert turned["ci_low"] == pytest.approx(found["ci_low"], abs=1e-9)


def test_perfect_agreement():
    found = agreement(["yes", "no", "yes"], ["yes", "no", "yes"])
    assert [found[key] for key in ("kappa", "ci_low", "ci_high")] == [1, 1, 1]


def test_pairs_with_a_missing_reading_are_left_out():
    found = agreement(["yes", None, "no", "no"], ["yes", "no", np.nan, "yes"])
    assert (found["n"], found["agreed"]) == (2, 1)
    nothing = agreement([None, None], ["yes", "no"])
    assert nothing["n"] == 0
    assert np.isnan(nothing["percent"])


def test_wider_interval_at_higher_confidence():
    first, second = [1, 1, 0, 0, 1, 0, 1, 0, 1, 1], [1, 1, 0, 1, 1, 0, 0, 0, 1, 1]
    assert agreement(first, second, 0.99)["ci_low"] < agreement(first, second, 0.9)["ci_low"]
