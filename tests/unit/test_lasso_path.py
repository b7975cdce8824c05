"""One LASSO path: the solver by itself against glmstar's class around it, and where it ends."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nomoflow import lasso_path


def problem(n, p, seed, signal=1.0, twins=False, steps=False):
    """Features (p x n) in correlated groups, and outcomes of both classes."""
    random = np.random.default_rng(seed)
    groups = random.normal(size=(1 + p // 5, n))
    columns = groups[np.arange(p) % len(groups)] + random.normal(0, 0.3, (p, n))
    if steps:
        columns = np.round(columns)
    if twins and p > 2:
        columns[1], columns[2] = columns[0], 3.5
    y = (signal * columns[0] + random.logistic(size=n) > 0).astype(int)
    y[:4] = [0, 1, 0, 1]
    return columns, y


def both(columns, y):
    solver = lasso_path._compiled_solver()
    given = columns.copy()
    by_solver = lasso_path._by_solver(solver, given, y)
    return by_solver, lasso_path._by_class(columns, y)


def assert_same(one, other):
    for name, values in vars(one).items():
        assert np.array_equal(values, getattr(other, name)), name


def test_the_installed_version_is_the_tested_one():
    """With another one every study would take the slow way: test it, then change TESTED."""
    assert lasso_path._compiled_solver() is not None


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(12, 90),
    p=st.integers(1, 120),
    seed=st.integers(0, 10**6),
    signal=st.sampled_from([0.0, 1.0, 5.0, 50.0]),
    twins=st.booleans(),
    steps=st.booleans(),
)
def test_solver_and_class_give_the_same_bits(n, p, seed, signal, twins, steps):
    columns, y = problem(n, p, seed, signal, twins, steps)
    if (columns == columns[:, :1]).all():
        return  # refused by glmnet, and never asked of it
    assert_same(*both(columns, y))


@pytest.mark.parametrize("passes", [5, 40, 200])
def test_a_path_that_does_not_converge_ends_before(monkeypatch, passes):
    columns, y = problem(60, 30, seed=3, signal=3.0)
    whole = lasso_path.fit_path(columns.copy(), y)
    monkeypatch.setattr(lasso_path, "MAX_PASSES", passes)
    by_solver, by_class = both(columns, y)
    assert_same(by_solver, by_class)
    length = len(by_solver.lambdas)
    assert 0 < length < len(whole.lambdas)
    assert by_solver.intercepts == pytest.approx(whole.intercepts[:length], abs=0)


# R: glmnet(matrix(0, 40, 6), y, family = "binomial"): "All used predictors have zero variance"
@pytest.mark.parametrize("way", ["solver", "class"])
def test_no_solution_at_all(way):
    columns, y = np.zeros((6, 40)), np.arange(40) % 2
    with pytest.raises(RuntimeError, match=r"no solution at any penalty: .* code 7777"):
        if way == "solver":
            lasso_path._by_solver(lasso_path._compiled_solver(), columns, y)
        else:
            lasso_path._by_class(columns, y)


def test_another_version_is_fitted_by_the_class(monkeypatch):
    columns, y = problem(40, 12, seed=2)
    expected = lasso_path.fit_path(columns.copy(), y)
    calls = []
    by_class = lasso_path._by_class
    monkeypatch.setattr(lasso_path, "version", lambda name: "0.7.0")
    monkeypatch.setattr(lasso_path, "_by_class", lambda *a: calls.append(1) or by_class(*a))
    lasso_path._compiled_solver.cache_clear()
    try:
        assert_same(lasso_path.fit_path(columns, y), expected)
    finally:
        lasso_path._compiled_solver.cache_clear()
    assert calls


def test_coefficients_of_all_features_and_the_linear_predictor():
    columns, y = problem(50, 40, seed=4)
    path = lasso_path.fit_path(columns.copy(), y)
    everywhere = path.on_all_features(40)
    assert 0 < len(path.active) < 40
    assert not np.delete(everywhere, path.active, axis=1).any()
    # patient by patient, feature by feature
    expected = [
        [path.intercepts[k] + sum(everywhere[k] * columns[:, i]) for k in range(len(path.lambdas))]
        for i in range(50)
    ]
    assert path.linear_predictor(columns) == pytest.approx(np.array(expected), abs=1e-12)


def test_the_solver_comes_without_the_package_around_it():
    """The package brings scikit-learn and statsmodels: 2.5 CPU seconds in every job."""
    code = (
        "import sys, numpy as np; from nomoflow import lasso_path as l; "
        "r = np.random.default_rng(1); l.fit_path(r.normal(size=(3, 20)), np.arange(20) % 2); "
        "print(sorted({'glmnet', 'sklearn', 'statsmodels', 'pandas'} & set(sys.modules)))"
    )
    scripts = Path(lasso_path.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=scripts, capture_output=True, encoding="utf-8", check=True
    )
    assert run.stdout == "[]\n"
