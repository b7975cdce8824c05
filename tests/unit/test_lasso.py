"""Cross-validated LASSO paths: optimality, a slow second way, and data at the edge."""

import numpy as np
import pytest
from scipy.special import expit

from nomoflow.lasso import LassoPath, cross_validated_path


def cohort(n=60, p=30, seed=1, signal=1.5):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    y = (signal * x[:, 0] - signal * x[:, 1] + rng.logistic(size=n) > 0).astype(int)
    return (x - x.mean(axis=0)) / x.std(axis=0), y, rng.permutation(np.arange(n) % 10)


def rowwise_deviance(z, y, fold, lambdas):
    """Out-of-fold deviance (patients x lambdas), one coefficient after another."""
    from glmnet import LogNet

    values = np.empty((len(y), len(lambdas)))
    for name in np.unique(fold):
        fit = LogNet().fit(z[fold != name], y[fold != name])
        own = fit.lambda_values_[::-1]
        coefficients = np.array([np.interp(lambdas, own, c[::-1]) for c in fit.coefs_.T])
        intercept = np.interp(lambdas, own, fit.intercepts_[::-1])
        for i in np.flatnonzero(fold == name):
            p = np.clip(expit(intercept + z[i] @ coefficients), 1e-5, 1 - 1e-5)
            values[i] = -2 * (y[i] * np.log(p) + (1 - y[i]) * np.log(1 - p))
    return values


def test_path_starts_where_the_first_feature_enters():
    z, y, fold = cohort()
    path = cross_validated_path(z, y, fold)
    # the largest penalty that is not too large: max |z'(y - mean y)| / n
    assert path.lambdas[0] == pytest.approx(np.abs(z.T @ (y - y.mean())).max() / len(y), rel=1e-12)
    assert path.nonzero[0] == 0
    assert path.intercepts[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())), abs=1e-12)
    ratio = path.lambdas[1:] / path.lambdas[:-1]
    assert ratio == pytest.approx(np.full(len(ratio), 1e-4 ** (1 / 99)), rel=1e-9)


def test_every_solution_is_optimal():
    z, y, fold = cohort()
    path = cross_validated_path(z, y, fold)
    for penalty, intercept, beta in zip(
        path.lambdas, path.intercepts, path.coefficients, strict=True
    ):
        gradient = z.T @ (y - expit(intercept + z @ beta)) / len(y)
        kept = beta != 0
        assert gradient[kept] == pytest.approx(penalty * np.sign(beta[kept]), abs=5e-4)
        assert (np.abs(gradient[~kept]) <= penalty + 5e-4).all()


def test_deviance_and_its_error_over_folds():
    z, y, fold = cohort(n=57)
    path = cross_validated_path(z, y, fold)
    rows = rowwise_deviance(z, y, fold, path.lambdas)
    means = np.array([rows[fold == k].mean(axis=0) for k in range(10)])
    sizes = np.bincount(fold)
    mean = sizes @ means / sizes.sum()
    assert path.deviance == pytest.approx(mean, rel=1e-10)
    assert path.deviance == pytest.approx(rows.mean(axis=0), rel=1e-10)
    se = np.sqrt(sizes @ (means - mean) ** 2 / sizes.sum() / 9)
    assert path.se == pytest.approx(se, rel=1e-9)
    assert path.index("min") == np.argmin(mean)
    assert path.index("1se") == np.flatnonzero(mean <= mean.min() + se[np.argmin(mean)])[0]


def test_tiny_folds_compare_patients():
    # cv.glmnet: "Option grouped=FALSE enforced, since < 3 observations per fold"
    z, y, _ = cohort(n=40, p=5)
    fold = np.arange(40) % 20
    path = cross_validated_path(z, y, fold)
    rows = rowwise_deviance(z, y, fold, path.lambdas)
    assert path.se == pytest.approx(rows.std(axis=0) / np.sqrt(39), rel=1e-9)


def test_fold_names_and_signs_do_not_matter():
    z, y, fold = cohort(p=12)
    path = cross_validated_path(z, y, fold)
    renamed = cross_validated_path(z, y, 100 - 7 * fold)
    assert (renamed.coefficients == path.coefficients).all()
    assert renamed.deviance == pytest.approx(path.deviance, rel=1e-13)
    mirrored = cross_validated_path(-z, 1 - y, fold)
    assert mirrored.coefficients == pytest.approx(path.coefficients, abs=1e-4)
    assert mirrored.intercepts == pytest.approx(-path.intercepts, abs=1e-4)


def test_column_constant_in_one_training_part():
    z, y, fold = cohort(p=4)
    z = z.copy()
    z[fold != 3, 2] = 0.0
    path = cross_validated_path(z, y, fold)
    assert np.isfinite(path.deviance).all()
    assert path.deviance == pytest.approx(
        rowwise_deviance(z, y, fold, path.lambdas).mean(axis=0), rel=1e-10
    )


def test_one_column():
    z, y, fold = cohort(p=2)
    path = cross_validated_path(z[:, :1], y, fold)
    assert path.coefficients.shape == (len(path.lambdas), 1)
    assert path.coefficients[path.index_min, 0] > 0


def test_training_part_without_any_varying_column_predicts_its_prevalence():
    _, y, _ = cohort()
    fold = np.arange(60) % 2
    z = np.where(fold == 0, np.arange(60) - 30.0, 0.0)[:, None]
    path = cross_validated_path(z, y, fold)
    p = y[fold == 1].mean()
    held_back = np.where(y[fold == 0] == 1, -2 * np.log(p), -2 * np.log(1 - p)).mean()
    # the patients of fold 1 are all at z = 0: the other part's intercept alone judges them
    from glmnet import LogNet

    fit = LogNet().fit(z[fold == 0], y[fold == 0])
    q = expit(np.interp(path.lambdas, fit.lambda_values_[::-1], fit.intercepts_[::-1]))
    ones = y[fold == 1].mean()
    other = -2 * (ones * np.log(q) + (1 - ones) * np.log(1 - q))
    assert path.deviance == pytest.approx((held_back + other) / 2, rel=1e-12)


@pytest.mark.parametrize("z", [np.empty((60, 0)), np.zeros((60, 3)), np.full((60, 1), 2.5)])
def test_nothing_to_choose_from_is_an_empty_path(z):
    _, y, fold = cohort()
    path = cross_validated_path(z, y, fold)
    assert isinstance(path, LassoPath)
    assert len(path.lambdas) == len(path.deviance) == len(path.nonzero) == 0
    assert path.coefficients.shape == (0, z.shape[1])
    assert path.index("min") == path.index("1se") == -1


def test_training_part_of_one_class_is_refused():
    z, _, fold = cohort()
    y = (fold == 4).astype(int)
    with pytest.raises(ValueError, match="training part of fold 4 has 0 positive"):
        cross_validated_path(z, y, fold)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda z, y, f: (z, y[:-1], f), "shapes"),
        (lambda z, y, f: (z[:, 0], y, f), "shapes"),
        (lambda z, y, f: (np.where(np.arange(30) == 7, np.nan, z), y, f), r"columns \[7\]"),
        (lambda z, y, f: (z, y + 1, f), "0 or 1"),
        (lambda z, y, f: (z, y, f * 0), "two folds"),
        (lambda z, y, f: (z, y * 0, f), "0 positive"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(ValueError, match=message):
        cross_validated_path(*change(*cohort()))


def test_unknown_penalty():
    with pytest.raises(ValueError, match="'min', '1se'"):
        cross_validated_path(*cohort(p=3)).index("best")


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_data_stay_as_they_were(order):
    z, y, fold = cohort()
    given = np.array(3 * z + 1, order=order)  # the solver scales what it works on in place
    before = given.copy()
    cross_validated_path(given, y, fold)
    assert np.array_equal(given, before)
