import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f, norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from nomoflow.membership import COLUMNS, membership_of_rows, membership_of_summaries, of_model


def cohorts(seed, shift, n=220, m=150, k=4):
    random = np.random.default_rng(seed)
    mixing = np.linalg.cholesky(0.4 * np.ones((k, k)) + 0.6 * np.eye(k))
    ours = random.normal(size=(n, k)) @ mixing.T
    theirs = random.normal(size=(m, k)) @ mixing.T + shift * np.array([1, -0.5, 0, 0.25])[:k]
    return ours, theirs


def moments(rows):
    return rows.mean(axis=0), np.cov(rows, rowvar=False), len(rows)


def by_rows(ours, theirs):
    x, member = np.vstack([ours, theirs]), np.repeat([0, 1], [len(ours), len(theirs)])
    fit = LogisticRegression(C=np.inf).fit(x, member)
    return roc_auc_score(member, fit.decision_function(x))


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.8, 1.5, 2.5])
def test_summaries_say_what_the_rows_of_both_cohorts_say(shift):
    """Over 25 pairs of cohorts: near the membership model's own AUC, and near the truth."""
    near, corrected = [], []
    for seed in range(25):
        ours, theirs = cohorts(seed, shift)
        row = membership_of_summaries(*moments(ours), theirs).iloc[0]
        near.append(row["auc"] - by_rows(ours, theirs))
        corrected.append(row["auc_corrected"])
    assert np.abs(near).max() < 0.035
    assert abs(np.mean(near)) < 0.01
    # truth: two normals, one covariance: Phi(D / sqrt 2)
    step = shift * np.array([1, -0.5, 0, 0.25])
    square = step @ np.linalg.solve(0.4 * np.ones((4, 4)) + 0.6 * np.eye(4), step)
    assert np.mean(corrected) == pytest.approx(
        norm.cdf(np.sqrt(square / 2)), abs=0.025 + 0.02 * (shift == 0)
    )


def test_signs_and_skewed_scores_are_near_as_well():
    """Where the assumption fails: two binary signs, one skewed and one normal predictor."""
    apart = []
    for seed in range(25):
        random = np.random.default_rng(seed)

        def one(n, shares, scale, random=random):
            signs = random.random((n, 2)) < shares
            return np.column_stack([signs, random.exponential(scale, n), random.normal(size=n)])

        ours, theirs = one(200, (0.4, 0.6), 1.0), one(150, (0.65, 0.45), 1.5)
        row = membership_of_summaries(*moments(ours), theirs).iloc[0]
        apart.append(row["auc"] - by_rows(ours, theirs))
    assert np.abs(apart).max() < 0.04
    assert abs(np.mean(apart)) < 0.02


def test_p_is_hotellings_and_uniform_where_nothing_differs():
    found = [
        membership_of_summaries(*moments(a), b).iloc[0]["p"]
        for a, b in (cohorts(s, 0.0, 40, 30) for s in range(200))
    ]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(
        0.05, abs=3 * np.sqrt(0.05 * 0.95 / 200)
    )
    # one variable: Hotelling's T2 is the squared t of Student's test (R: t.test(var.equal = TRUE))
    ours, theirs = cohorts(3, 0.6, 40, 30, k=1)
    row = membership_of_summaries(ours.mean(axis=0), [[ours.var(ddof=1)]], 40, theirs).iloc[0]
    pooled = (39 * ours.var(ddof=1) + 29 * theirs.var(ddof=1)) / 68
    t2 = (ours.mean() - theirs.mean()) ** 2 / (pooled * (1 / 40 + 1 / 30))
    assert row["p"] == pytest.approx(f.sf(t2, 1, 68), rel=1e-10)


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-50, 50))
def test_units_and_zeros_change_nothing(seed, factor, moved):
    ours, theirs = cohorts(seed, 0.7, 60, 50)
    change = np.array([factor, 1, 1, 1]), np.array([moved, 0, 0, 0])
    raw = membership_of_summaries(*moments(ours), theirs).iloc[0]
    other = membership_of_summaries(
        *moments(ours * change[0] + change[1]), theirs * change[0] + change[1]
    ).iloc[0]
    assert other["auc"] == pytest.approx(raw["auc"], abs=1e-8)


def test_rows_of_both_cohorts():
    ours, theirs = cohorts(5, 1.0)
    names = list("abcd")
    table = membership_of_rows(
        pd.DataFrame(ours, columns=names), pd.DataFrame(theirs, columns=names), 1
    )
    row = table.iloc[0]
    assert list(table.columns) == COLUMNS
    assert row["auc"] == pytest.approx(by_rows(ours, theirs), abs=1e-4)
    assert row["ci_low"] < row["auc"] < row["ci_high"]
    assert row["auc_corrected"] < row["auc"] + 0.01
    nothing = pd.DataFrame(np.ones((20, 1)), columns=["a"])
    assert "not defined" in membership_of_rows(nothing, nothing, 1).iloc[0]["note"]


def test_what_follows_from_the_rest_is_left_out_and_named():
    ours, theirs = cohorts(6, 1.0)
    double = [np.column_stack([x, x[:, 0] * 2, np.ones(len(x))]) for x in (ours, theirs)]
    row = membership_of_summaries(*moments(double[0]), double[1], list("abcdef")).iloc[0]
    plain = membership_of_summaries(*moments(ours), theirs).iloc[0]
    assert row["auc"] == pytest.approx(plain["auc"], abs=1e-9)
    assert "left out, for they follow from the rest: e, f" in row["note"]


def test_too_few_and_unfit():
    ours, theirs = cohorts(7, 1.0)
    for rows in (theirs[:1], theirs * np.nan):
        row = membership_of_summaries(*moments(ours), rows).iloc[0]
        assert np.isnan(row["auc"]) and "two patients of each cohort" in row["note"]
    with pytest.raises(ValueError, match="do not fit"):
        membership_of_summaries(ours.mean(axis=0), np.eye(3), 10, theirs)


def test_a_locked_model_tells_what_it_has_no_moments_of():
    ours, theirs = cohorts(8, 1.0)
    mean, covariance, n = moments(ours)
    cohort = {"patients": n, "moments": {"variables": ["age", "sex", "radscore", "x"],
              "mean": mean.tolist(), "covariance": covariance.tolist()}}  # fmt: skip
    columns = pd.DataFrame(theirs, columns=["age", "sex", "radscore", "x"])
    row = of_model(cohort, columns, ["radscore", "age", "rare"]).iloc[0]
    assert row["variables"] == "radscore age"
    assert row["note"].endswith("left out: rare")
    direct = membership_of_summaries(
        mean[[2, 0]], covariance[np.ix_([2, 0], [2, 0])], n, theirs[:, [2, 0]]
    )
    assert row["auc"] == direct.iloc[0]["auc"]
    empty = of_model({"patients": n, "moments": None}, columns, ["age"]).iloc[0]
    assert "holds no moments" in empty["note"]
