"""Signatures: the score by an independent way, what is stored, and what happens at the edge."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.lasso import LassoPath, cross_validated_path
from nomoflow.signature import Signature, fit_signature, means_and_sds


def cohort(n=80, p=25, seed=3, signal=1.2):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    y = (signal * (x[:, 0] - x[:, 1]) + rng.logistic(size=n) > 0).astype(int)
    scale, shift = 10.0 ** rng.integers(-3, 4, p), rng.normal(size=p)
    table = pd.DataFrame(
        x * scale + shift,
        columns=[f"original_glcm_{i}" for i in range(p)],
        index=[f"P{i:03d}" for i in range(n)],
    )
    return table, y, rng.permutation(np.arange(n) % 10)


def z_scores(table):
    return (table - table.mean()) / table.std(ddof=0)


def test_refit_is_logistic_regression_on_the_kept_features():
    table, y, fold = cohort()
    signature, path = fit_signature(table, y, fold)
    kept = list(table.columns[path.coefficients[path.index_min] != 0])
    assert list(signature.features) == kept and len(kept) > 1
    design = sm.add_constant(z_scores(table[kept]))
    expected = sm.Logit(y, design).fit(disp=0, tol=1e-12).params.to_numpy()
    assert [signature.intercept, *signature.coefficients] == pytest.approx(expected, abs=1e-9)
    assert signature.radscore(table) == pytest.approx(design.to_numpy() @ expected, abs=1e-8)
    assert (signature.score, signature.status, signature.reason) == ("refit", "selected", "")
    assert signature.means == pytest.approx(table[kept].mean().to_numpy(), rel=1e-12)
    assert signature.sds == pytest.approx(table[kept].std(ddof=0).to_numpy(), rel=1e-12)


@pytest.mark.parametrize("penalty", ["min", "1se"])
def test_lasso_score_is_the_paths_linear_predictor(penalty):
    table, y, fold = cohort()
    signature, path = fit_signature(table, y, fold, penalty, "lasso")
    at = path.index(penalty)
    expected = path.intercepts[at] + z_scores(table).to_numpy() @ path.coefficients[at]
    assert signature.radscore(table) == pytest.approx(expected, abs=1e-12)
    assert signature.coefficients == signature.lasso_coefficients
    assert signature.score == "lasso"


def test_new_patients_are_scored_with_the_training_scale():
    table, y, fold = cohort()
    signature, _ = fit_signature(table, y, fold)
    one = table.iloc[[5]]
    assert signature.radscore(one)[0] == signature.radscore(table)[5]
    assert (signature.radscore(table[table.columns[::-1]]) == signature.radscore(table)).all()
    moved = table.copy()
    first = signature.features[0]
    moved[first] += 2 * signature.sds[0]
    difference = signature.radscore(moved) - signature.radscore(table)
    assert difference == pytest.approx(np.full(80, 2 * signature.coefficients[0]), rel=1e-9)


def test_scale_and_place_of_a_feature_do_not_matter():
    table, y, fold = cohort()
    before, _ = fit_signature(table, y, fold)
    after, _ = fit_signature(table * 1024 + 8, y, fold)
    assert after.features == before.features
    assert after.coefficients == pytest.approx(before.coefficients, rel=1e-8)


def test_constant_features_are_left_out():
    table, y, fold = cohort()
    plain, path = fit_signature(table, y, fold)
    table.insert(0, "original_shape_flat", 0.1)
    table.insert(7, "original_shape_zero", 0)
    # a spacing of 3.27 mm as one program writes it: the same but for rounding
    table["original_shape_rounded"] = 3.27 + 1e-15 * np.arange(80) % 7e-15
    signature, wide = fit_signature(table, y, fold)
    assert signature == plain
    assert wide.coefficients.shape[1] == 28
    assert not wide.coefficients[:, [0, 7, 27]].any()
    assert (np.delete(wide.coefficients, [0, 7, 27], axis=1) == path.coefficients).all()


def test_nothing_kept_is_the_prevalence():
    table, y, fold = cohort(p=3, seed=11, signal=0)
    # pure noise whose best penalty is the largest one; the LASSO itself says so
    assert cross_validated_path(z_scores(table).to_numpy(), y, fold).index_1se == 0
    signature, path = fit_signature(table, y, fold, "1se")
    assert signature.status == "empty" and "lambda.1se" in signature.reason
    logit = np.log(y.sum() / (80 - y.sum()))
    assert signature.radscore(table) == pytest.approx(np.full(80, logit), abs=1e-14)
    assert path.coefficients.shape[1] == 3


@pytest.mark.parametrize("columns", [[], ["a", "b"]])
def test_no_varying_candidate(columns):
    _, y, fold = cohort()
    table = pd.DataFrame(1.5, index=range(80), columns=columns)
    signature, path = fit_signature(table, y, fold)
    assert signature.status == "empty" and "varies" in signature.reason
    assert path.coefficients.shape == (0, len(columns))
    assert len(signature.radscore(table)) == 80


def test_separated_refit_falls_back_to_the_lasso():
    table, y, fold = cohort()
    table["original_glcm_0"] = np.where(y == 1, 1.0, -1.0) * (1 + np.arange(80) / 80)
    signature, path = fit_signature(table, y, fold)
    assert (signature.status, signature.score) == ("fallback", "lasso")
    assert "separate the classes" in signature.reason
    expected, _ = fit_signature(table, y, fold, score="lasso")
    assert (signature.radscore(table) == expected.radscore(table)).all()
    assert np.isfinite(signature.radscore(table)).all() and len(path.lambdas) > 0


def path_that_keeps(coefficients):
    """A path of one penalty, where the LASSO's own choice among collinear features is chance."""
    row = np.array([coefficients])
    one = np.ones(1)
    return LassoPath(one, 0.3 * one, row, one, one, np.count_nonzero(row, axis=1), 0, 0)


@pytest.fixture
def collinear(monkeypatch):
    """A table whose feature 3 is twice feature 1 and 4 a sum, and what the LASSO makes of it."""
    table, y, fold = cohort(p=3)
    table["original_glcm_3"] = 2 * table["original_glcm_1"]
    table["original_glcm_4"] = table["original_glcm_0"] - 3 * table["original_glcm_3"]
    path = path_that_keeps([0.5, -0.2, 0.0, -0.2, 0.1])
    monkeypatch.setattr("nomoflow.signature.cross_validated_path", lambda *_: path)
    return table, y, fold


def test_of_collinear_features_the_refit_takes_the_first(collinear):
    signature, _ = fit_signature(*collinear)
    table, y, _ = collinear
    kept = ["original_glcm_0", "original_glcm_1"]
    assert list(signature.features) == kept
    assert (signature.status, signature.score) == ("selected", "refit")
    assert signature.reason.endswith("features kept: original_glcm_3, original_glcm_4")
    expected = sm.Logit(y, sm.add_constant(z_scores(table[kept]))).fit(disp=0, tol=1e-12)
    assert [signature.intercept, *signature.coefficients] == pytest.approx(
        expected.params.to_numpy(), abs=1e-9
    )
    assert signature.lasso_coefficients == (0.5, -0.2)


def test_the_lassos_own_score_keeps_collinear_features(collinear):
    signature, _ = fit_signature(*collinear, score="lasso")
    assert len(signature.features) == 4 and signature.coefficients == (0.5, -0.2, -0.2, 0.1)
    z = z_scores(collinear[0]).to_numpy()
    expected = 0.3 + z @ [0.5, -0.2, 0.0, -0.2, 0.1]
    assert signature.radscore(collinear[0]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("score", ["refit", "lasso"])
def test_what_rounding_leaves_of_a_coefficient_is_no_choice(monkeypatch, score):
    table, y, fold = cohort(p=3)
    path = path_that_keeps([0.5, 1e-16, -9e-11])
    monkeypatch.setattr("nomoflow.signature.cross_validated_path", lambda *_: path)
    signature, _ = fit_signature(table, y, fold, score=score)
    assert signature.features == ("original_glcm_0",) and signature.reason == ""
    path = path_that_keeps([0.0, 1e-16, -9e-11])
    assert fit_signature(table, y, fold, score=score)[0].status == "empty"


def test_dictionary_survives_json():
    table, y, fold = cohort()
    signature, _ = fit_signature(table, y, fold)
    again = Signature.from_dict(json.loads(json.dumps(signature.to_dict(), allow_nan=False)))
    assert again == signature
    assert (again.radscore(table) == signature.radscore(table)).all()


def test_missing_values_are_named():
    table, y, fold = cohort()
    table.iloc[3, 4] = np.nan
    table.iloc[9, 6] = np.inf
    with pytest.raises(ValueError, match=r"2 features .*original_glcm_4, original_glcm_6"):
        fit_signature(table, y, fold)


def test_scoring_needs_every_feature_and_value():
    table, y, fold = cohort()
    signature, _ = fit_signature(table, y, fold)
    name = signature.features[0]
    with pytest.raises(ValueError, match=f"lacks 1 .*{name}"):
        signature.radscore(table.drop(columns=name))
    table.loc["P004", name] = np.nan
    with pytest.raises(ValueError, match=name):
        signature.radscore(table)


def test_repeated_names_and_unknown_choices():
    table, y, fold = cohort(p=3)
    with pytest.raises(ValueError, match="refit, lasso"):
        fit_signature(table, y, fold, score="ridge")
    with pytest.raises(ValueError, match="'min', '1se'"):
        fit_signature(table, y, fold, penalty="max")
    table.columns = ["a", "b", "a"]
    with pytest.raises(ValueError, match=r"twice: \['a'\]"):
        fit_signature(table, y, fold)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=30))
def test_moments_agree_with_exact_arithmetic(column):
    from fractions import Fraction

    exact = [Fraction(value) for value in column]
    mean = sum(exact) / len(exact)
    variance = sum((value - mean) ** 2 for value in exact) / len(exact)
    means, sds = means_and_sds(np.array(column)[:, None])
    size = max(abs(value) for value in column)
    assert means[0] == pytest.approx(float(mean), rel=1e-15, abs=1e-16 * size)
    assert sds[0] == pytest.approx(float(variance) ** 0.5, rel=1e-12, abs=1e-15 * size)
