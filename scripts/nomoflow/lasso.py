"""The LASSO for a yes/no outcome with its penalty cross-validated, number for number as R's
``glmnet::cv.glmnet(z, y, family = "binomial", foldid = fold)``.

The paths are fitted in lasso_path, by glmstar, the glmnet authors' own Python port.  The
cross-validation is done here: glmstar's own takes 3 to 6 times as long.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from nomoflow.lasso_path import BinomialPath, fit_path

# cv.glmnet (cv.lognet) clips a fitted probability before it takes the logarithm.
PROBABILITY_MIN = 1e-5
# cv.glmnet compares patients rather than folds where a fold has fewer than 3 of them on average.
PATIENTS_PER_FOLD = 3


@dataclass(frozen=True)
class LassoPath:
    """A cross-validated path of L penalties over p features, the largest penalty first.

    ``deviance`` is the cross-validated mean binomial deviance, ``se`` its standard error (cvm and
    cvsd of R), ``nonzero`` the count of features kept.  ``index_min`` and ``index_1se`` count from
    0; both are -1 in an empty path (L = 0), which is what no or only constant columns give.
    """

    lambdas: np.ndarray
    intercepts: np.ndarray
    coefficients: np.ndarray
    deviance: np.ndarray
    se: np.ndarray
    nonzero: np.ndarray
    index_min: int
    index_1se: int

    def index(self, penalty: str) -> int:
        """Row of the path at ``penalty``: ``min`` (lowest deviance) or ``1se`` (within one SE)."""
        if penalty not in ("min", "1se"):
            raise ValueError(f"penalty {penalty!r} is unknown; allowed: 'min', '1se'")
        return self.index_min if penalty == "min" else self.index_1se


def cross_validated_path(z: np.ndarray, y: np.ndarray, fold: np.ndarray) -> LassoPath:
    """Fit the LASSO path on all patients and cross-validate it over the given folds.

    z: n patients x p features, z-scored; y: n outcomes 0/1; fold: n fold numbers, any integers.
    Each fold has a lambda path of its own, whose coefficients are interpolated (linearly in lambda)
    onto the path of all patients; the deviance of a fold weighs as many as it has patients.

    Raises ValueError: shapes that do not fit, values that are not finite, fewer than two folds, and
    a training part with fewer than two patients of a class (R: "one multinomial or binomial class
    has 1 or 0 observations; not allowed").
    Source: Friedman, Hastie, Tibshirani, J Stat Softw 2010;33(1); glmnet 4.1, cv.glmnet.
    """
    z, y, fold = _checked(z, y, fold)
    names = np.unique(fold)
    parts = [np.flatnonzero(fold == name) for name in names]
    others = [np.flatnonzero(fold != name) for name in names]
    for name, training in zip(names, others, strict=True):
        _check_classes(y[training], f"the training part of fold {name}")
    # a feature's values side by side: so the solver wants them, and so they are taken quickly
    columns = np.ascontiguousarray(z.T)
    if not _varies(columns):
        return _empty_path(z.shape[1])

    path = fit_path(columns.copy(), y)  # a fit uses up its columns
    point_deviance = np.empty((len(y), len(path.lambdas)))
    for part, training in zip(parts, others, strict=True):
        fit = _fit(np.take(columns, training, axis=1), y[training])
        eta = _interpolated_predictor(fit, path.lambdas, np.take(columns, part, axis=1))
        p = np.clip(expit(eta), PROBABILITY_MIN, 1 - PROBABILITY_MIN)
        positive = y[part, None] == 1
        point_deviance[part] = -2 * np.log(np.where(positive, p, 1 - p))

    deviance, se = _mean_and_se(point_deviance, parts)
    index_min = int(np.argmin(deviance))
    return LassoPath(
        lambdas=path.lambdas,
        intercepts=path.intercepts,
        coefficients=path.on_all_features(len(columns)),
        deviance=deviance,
        se=se,
        nonzero=np.count_nonzero(path.coefficients, axis=1),
        index_min=index_min,
        index_1se=int(np.argmax(deviance <= deviance[index_min] + se[index_min])),
    )


def _checked(z, y, fold) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z = np.asarray(z, dtype=float)
    y = np.asarray(y)
    fold = np.asarray(fold)
    if z.ndim != 2 or y.shape != (len(z),) or fold.shape != (len(z),):
        raise ValueError(
            f"z must be patients x features, y and fold one value a patient; found shapes "
            f"{z.shape}, {y.shape}, {fold.shape}"
        )
    if not np.isfinite(z).all():
        columns = np.flatnonzero(~np.isfinite(z).all(axis=0))
        raise ValueError(f"z has values that are not finite in columns {columns.tolist()[:10]}")
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"y must be 0 or 1; found {np.unique(y).tolist()[:10]}")
    if len(np.unique(fold)) < 2:
        raise ValueError("cross-validation needs at least two folds")
    _check_classes(y, "the data")
    return z, y.astype(int), fold


def _check_classes(y: np.ndarray, where: str) -> None:
    positives = int(y.sum())
    if min(positives, len(y) - positives) < 2:
        raise ValueError(
            f"{where} has {positives} positive and {len(y) - positives} negative patients; the "
            f"LASSO needs at least two of each: use fewer folds, stratified by outcome"
        )


def _varies(columns: np.ndarray) -> bool:
    return any((feature != feature[0]).any() for feature in columns)


def _fit(columns: np.ndarray, y: np.ndarray) -> BinomialPath:
    """The path of a training part; columns (p x n) are used up."""
    if _varies(columns):
        return fit_path(columns, y)
    # glmnet refuses a part without any varying column; it still has its intercept-only model.
    prevalence = y.mean()
    logit = np.log(prevalence / (1 - prevalence))
    none = np.empty(0, dtype=int)
    return BinomialPath(np.ones(1), np.array([logit]), none, np.empty((1, 0)))


def _interpolated_predictor(
    path: BinomialPath, lambdas: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Linear predictor (patients x lambdas) of another path at ``lambdas``; columns p x patients.

    As glmnet's lambda.interp: linear in lambda, beyond its ends the path's own end.
    """
    own, eta = path.lambdas, path.linear_predictor(columns)
    if len(own) == 1:
        return np.repeat(eta, len(lambdas), axis=1)
    at = np.clip(lambdas, own[-1], own[0])
    # own decreases: own[left] >= at >= own[left + 1]
    left = np.clip(np.searchsorted(-own, -at, side="right") - 1, 0, len(own) - 2)
    share = (at - own[left + 1]) / (own[left] - own[left + 1])
    return eta[:, left] * share + eta[:, left + 1] * (1 - share)


def _mean_and_se(point_deviance: np.ndarray, parts) -> tuple[np.ndarray, np.ndarray]:
    """cvm and cvsd of cv.glmnet over K folds (over patients where folds are tiny)."""
    n = len(point_deviance)
    if n / len(parts) < PATIENTS_PER_FOLD:
        values, weights = point_deviance, np.ones(n)
    else:
        values = np.stack([point_deviance[part].mean(axis=0) for part in parts])
        weights = np.array([len(part) for part in parts], dtype=float)
    mean = np.average(values, axis=0, weights=weights)
    spread = np.average((values - mean) ** 2, axis=0, weights=weights)
    return mean, np.sqrt(spread / (len(values) - 1))


def _empty_path(p: int) -> LassoPath:
    none = np.empty(0)
    return LassoPath(none, none, np.empty((0, p)), none, none, np.empty(0, dtype=int), -1, -1)
