"""Logistic regression: against statsmodels, published separated data, and second ways."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog
from scipy.special import expit
from statsmodels.stats.outliers_influence import variance_inflation_factor

from nomoflow.regression import (
    AliasedPredictorsError,
    backward_by_aic,
    coefficient_table,
    fit_logistic,
    is_separated,
    separating_terms,
    variance_inflation,
)


def cohort(n=90, seed=2):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(
        {
            "radscore": rng.normal(size=n),
            "age": rng.normal(55, 12, n),
            "sign": rng.integers(0, 2, n),
            "sex": rng.integers(0, 2, n).astype(bool),
        }
    )
    eta = 1.3 * x["radscore"] + 0.05 * (x["age"] - 55) - x["sign"]
    return x, (rng.random(n) < expit(eta.to_numpy())).astype(int)


def statsmodels_fit(x, y):
    design = sm.add_constant(x.astype(float), has_constant="add")
    return sm.Logit(y, design).fit(disp=0, method="newton", tol=1e-14, maxiter=100)


@pytest.mark.parametrize("seed", range(5))
def test_fit_equals_statsmodels(seed):
    x, y = cohort(seed=seed)
    fit, theirs = fit_logistic(x, y), statsmodels_fit(x, y)
    assert fit.names == ("(Intercept)", "radscore", "age", "sign", "sex")
    assert fit.converged and not fit.separated
    assert fit.coefficients == pytest.approx(theirs.params.to_numpy(), rel=1e-11)
    assert fit.covariance == pytest.approx(theirs.cov_params().to_numpy(), rel=1e-10, abs=1e-13)
    assert fit.log_likelihood == pytest.approx(theirs.llf, rel=1e-13)
    shuffled = x[["sex", "age", "sign", "radscore"]]
    expected = sm.add_constant(x.astype(float)).to_numpy() @ theirs.params.to_numpy()
    assert fit.linear_predictor(shuffled) == pytest.approx(expected, abs=1e-10)


def test_without_predictors_only_the_prevalence_is_left():
    y = np.array([1] * 30 + [0] * 10)
    fit = fit_logistic(pd.DataFrame(index=range(40)), y)
    assert fit.coefficients == pytest.approx([np.log(3)], abs=1e-14)
    assert fit.covariance == pytest.approx(np.array([[1 / (40 * 0.75 * 0.25)]]), rel=1e-12)
    assert fit.linear_predictor(pd.DataFrame(index=range(3))) == pytest.approx([np.log(3)] * 3)
    table = coefficient_table(fit, pd.DataFrame(index=range(40)), y)
    # R: confint(glm(y ~ 1, binomial)) has the roots of the binomial likelihood ratio
    for p in expit(table[["profile_low", "profile_high"]].to_numpy()[0]):
        drop = 60 * np.log(0.75 / p) + 20 * np.log(0.25 / (1 - p))
        assert drop == pytest.approx(3.841458820694124, abs=1e-9)


# Data and output of the published FAQ "What is complete or quasi-complete separation in logistic
# regression", OARC, University of California, Los Angeles. R: glm(y ~ x1 + x2, family=binomial)
COMPLETE = (
    {"x1": [1, 2, 3, 3, 5, 6, 10, 11], "x2": [3, 2, -1, -1, 2, 4, 1, 0]},
    [0, 0, 0, 0, 1, 1, 1, 1],
    [-66.098, 15.288, 6.241],
)
QUASI = (
    {"x1": [1, 2, 3, 3, 3, 4, 5, 6, 10, 11], "x2": [3, 0, -1, 4, 1, 0, 2, 7, 3, 4]},
    [0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
    [-58.076, 19.178, -0.121],
)


@pytest.mark.parametrize(("columns", "y", "r"), [COMPLETE, QUASI])
def test_separated_data_stop_where_r_stops(columns, y, r):
    x = pd.DataFrame(columns)
    fit = fit_logistic(x, y)
    assert fit.separated
    assert fit.coefficients == pytest.approx(r, abs=5e-4)
    assert separating_terms(x, y) == ["x1"]
    table = coefficient_table(fit, x, y)
    undefined = ["se", "z", "p", "ci_low", "ci_high", "profile_low", "profile_high", "or_low"]
    assert table[[*undefined, "or_high"]].isna().all(axis=None)
    assert table["note"].str.contains("separated by x1").all()


def test_rare_sign_on_one_side_is_quasi_complete():
    x, y = cohort()
    x["rare"] = (np.arange(90) < 3).astype(int)
    y[:3] = 1
    assert fit_logistic(x, y).separated
    assert separating_terms(x, y) == ["rare"]
    assert not is_separated(x.drop(columns="rare"), y)


def test_terms_that_separate_only_together():
    rng = np.random.default_rng(4)
    x = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    y = (x["a"] + x["b"] > 0).to_numpy().astype(int)
    assert {"a", "b"} <= set(separating_terms(x, y))
    assert not is_separated(x[["a"]], y) and not is_separated(x[["b"]], y)


@pytest.mark.parametrize("value", [0, 1])
def test_one_class_only(value):
    x, y = cohort()
    fit = fit_logistic(x, y * 0 + value)
    assert fit.separated
    assert separating_terms(x, y * 0 + value) == ["(Intercept)"]


columns_and_outcome = st.integers(4, 14).flatmap(
    lambda n: st.tuples(
        arrays(int, (n, 2), elements=st.integers(-3, 3)), arrays(int, n, elements=st.integers(0, 1))
    )
)


@settings(max_examples=150, deadline=None)
@given(columns_and_outcome)
def test_separation_in_one_dimension_is_a_matter_of_ranges(drawn):
    x, y = drawn[0][:, 0], drawn[1]
    if y.min() == y.max():
        expected = True
    elif x.min() == x.max():
        expected = False
    else:
        low, high = x[y == 0], x[y == 1]
        expected = bool(low.max() <= high.min() or high.max() <= low.min())
    assert is_separated(pd.DataFrame({"x": x}), y) == expected


@settings(max_examples=100, deadline=None)
@given(columns_and_outcome)
def test_separation_against_its_dual(drawn):
    x, y = drawn
    # Stiemke: no separation if and only if positive weights balance the signed rows
    signed = np.column_stack([np.ones(len(y)), x]) * np.where(y == 1, 1, -1)[:, None]
    n = len(y)
    balance = linprog(
        [*np.zeros(n), -1.0],
        A_ub=np.column_stack([-np.eye(n), np.ones(n)]),
        b_ub=np.zeros(n),
        A_eq=np.vstack([np.column_stack([signed.T, np.zeros(3)]), [*np.ones(n), 0.0]]),
        b_eq=[0, 0, 0, 1],
        bounds=[(0, None)] * n + [(None, None)],
    )
    overlap = balance.status == 0 and -balance.fun > 1e-9
    assert is_separated(pd.DataFrame(x, columns=["a", "b"]), y) == (not overlap)


@settings(max_examples=150, deadline=None)
@given(columns_and_outcome)
def test_fit_says_separated_exactly_where_it_is(drawn):
    x, y = pd.DataFrame(drawn[0], columns=["a", "b"]), drawn[1]
    design = np.column_stack([np.ones(len(y)), x])
    if np.linalg.matrix_rank(design) < 3:
        with pytest.raises(AliasedPredictorsError):
            fit_logistic(x, y)
        return
    fit = fit_logistic(x, y)
    assert fit.separated == is_separated(x, y)
    assert np.isfinite(fit.coefficients).all() and np.isfinite(fit.covariance).all()
    if not fit.separated:
        # the score equations of the maximum likelihood estimate
        score = design.T @ (y - expit(design @ fit.coefficients))
        assert fit.converged and score == pytest.approx(np.zeros(3), abs=1e-7)


def test_aliased_columns_are_named():
    x, y = cohort()
    x["phase"], x["sum"] = 3.0, x["age"] - 2 * x["radscore"]
    with pytest.raises(AliasedPredictorsError, match=r"\['phase', 'sum'\]") as error:
        fit_logistic(x, y)
    assert error.value.terms == ["phase", "sum"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x.assign(age=np.nan), y), r"missing .*\['age'\]"),
        (lambda x, y: (x, y + 1), "0 or 1"),
        (lambda x, y: (x, y[1:]), "90 rows"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(ValueError, match=message):
        fit_logistic(*change(*cohort()))


def test_linear_predictor_needs_its_columns():
    x, y = cohort()
    with pytest.raises(ValueError, match="age"):
        fit_logistic(x, y).linear_predictor(x.drop(columns="age"))


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_profile_limits_are_roots_of_the_likelihood_ratio(confidence):
    x, y = cohort()
    fit = fit_logistic(x, y)
    table = coefficient_table(fit, x, y, confidence)
    assert table["term"].tolist() == list(fit.names)
    design = sm.add_constant(x.astype(float))
    quantile = {0.9: 2.705543454095414, 0.95: 3.841458820694124}[confidence]  # R: qchisq(., 1)
    for j in range(5):
        for side in ("profile_low", "profile_high"):
            rest = sm.GLM(
                y,
                design.drop(columns=design.columns[j]),
                family=sm.families.Binomial(),
                offset=design.iloc[:, j] * table[side][j],
            ).fit(tol=1e-14)
            assert 2 * (fit.log_likelihood - rest.llf) == pytest.approx(quantile, abs=1e-9)
        assert table["profile_low"][j] < fit.coefficients[j] < table["profile_high"][j]


def test_wald_columns():
    x, y = cohort()
    table = coefficient_table(fit_logistic(x, y), x, y, profile=False)
    theirs = statsmodels_fit(x, y)
    assert table["se"].to_numpy() == pytest.approx(theirs.bse.to_numpy(), rel=1e-10)
    assert table["p"].to_numpy() == pytest.approx(theirs.pvalues.to_numpy(), rel=1e-8)
    limits = theirs.conf_int().to_numpy()
    assert table[["ci_low", "ci_high"]].to_numpy() == pytest.approx(limits, rel=1e-8)
    assert table[["or_low", "or_high"]].to_numpy() == pytest.approx(np.exp(limits), rel=1e-8)
    assert table[["profile_low", "profile_high"]].isna().all(axis=None)
    assert (table["note"] == "").all()


def test_variance_inflation_equals_statsmodels():
    x, _ = cohort()
    x["age2"] = x["age"] + 5 * x["radscore"] + np.sin(np.arange(90))
    design = sm.add_constant(x.astype(float)).to_numpy()
    expected = [variance_inflation_factor(design, j) for j in range(1, 6)]
    table = variance_inflation(x)
    assert table["term"].tolist() == list(x.columns)
    assert table["vif"].to_numpy() == pytest.approx(expected, rel=1e-10)
    assert variance_inflation(x[["age"]])["vif"].tolist() == pytest.approx([1.0], abs=1e-12)
    assert variance_inflation(x[[]]).columns.tolist() == ["term", "vif"]
    with pytest.raises(AliasedPredictorsError, match="copy"):
        variance_inflation(x.assign(copy=x["age"]))


def backward_by_information(x, y):
    """The same elimination, each step by the information matrix of what remains."""
    fit = statsmodels_fit(x, y)
    b, information = fit.params.to_numpy(), np.linalg.inv(fit.cov_params().to_numpy())
    kept = list(range(len(b)))
    while len(kept) > 1:
        inner = np.linalg.inv(information[np.ix_(kept, kept)])
        beta = inner @ information[kept] @ b
        wald = beta**2 / np.diag(inner)
        weakest = kept[1 + int(np.argmin(wald[1:]))]
        rest = [j for j in kept if j != weakest]
        within = np.linalg.solve(information[np.ix_(rest, rest)], information[rest] @ b)
        gap = b.copy()
        gap[rest] -= within
        if gap @ information @ gap - 2 * (len(b) - len(rest)) > 0:
            break
        kept = rest
    return [x.columns[j - 1] for j in kept[1:]]


@pytest.mark.parametrize("seed", range(12))
def test_backward_elimination_by_a_second_way(seed):
    x, y = cohort(seed=seed)
    rng = np.random.default_rng(100 + seed)
    for name in ("noise1", "noise2", "noise3"):
        x[name] = rng.normal(size=90) + 0.5 * x["radscore"]
    assert backward_by_aic(x, y) == backward_by_information(x, y)


def test_backward_keeps_the_strong_and_drops_the_weak():
    x, y = cohort(n=400)
    kept = backward_by_aic(x, y)
    assert {"radscore", "age", "sign"} <= set(kept)
    rng = np.random.default_rng(9)
    noise = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
    assert len(backward_by_aic(noise, y)) < 3
    assert backward_by_aic(noise[[]], y) == []


def test_backward_takes_the_levels_of_a_factor_together():
    x, y = cohort(n=400)
    factors = {"score": ["radscore"], "both": ["sign", "sex"], "years": ["age"]}
    assert backward_by_aic(x, y, factors) == ["score", "both", "years"]
    with pytest.raises(ValueError, match="every column once"):
        backward_by_aic(x, y, {"score": ["radscore"]})


def test_backward_keeps_all_where_the_full_model_is_separated():
    x, y = cohort()
    assert backward_by_aic(x.assign(same=y), y) == [*x.columns, "same"]
