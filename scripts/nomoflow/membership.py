"""How well a patient's cohort can be told from the predictors: the membership model.

Debray 2015 (J Clin Epidemiol 68:279): a c-statistic near 0.5 says that the two cohorts are alike,
so that a validation shows reproducibility; near 1 that they differ, so that it shows
transportability. The model itself needs the rows of both cohorts, which never travel:
`membership_of_rows` is for where both are. `membership_of_summaries` takes the other cohort by its
means and covariance.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import betainc, ndtr

from nomoflow.discrimination import auc, auc_interval
from nomoflow.regression import AliasedPredictorsError, fit_logistic
from nomoflow.resampling import stratified_folds

COLUMNS = [
    "method", "variables", "development_n", "centre_n", "auc", "ci_low", "ci_high", "auc_corrected",
    "p", "note",
]  # fmt: skip
FOLDS = 10
NAN = float("nan")
NORMAL = (
    "from means and covariances: exact where the predictors are normal with one covariance in both "
    "cohorts, near it else; auc_corrected takes off what chance alone adds to the distance"
)
ROWS = "logistic regression on the rows of both cohorts; auc_corrected is cross-validated"


def membership_of_summaries(
    mean, covariance, n: int, centre, names: Sequence[str] = ()
) -> pd.DataFrame:
    """c-statistic of telling a development cohort, known by its moments, from a centre's patients.

    mean (k,), covariance (k, k; n - 1): of n patients; centre (m, k): rows, those with a missing
    value left out. Of two normal cohorts with one covariance the best score is linear, its AUC
    Phi(D / sqrt 2), D the Mahalanobis distance of the means with the pooled covariance. D^2 of
    samples is too large by chance; ``auc_corrected`` takes the unbiased one, not below 0
    (Lachenbruch and Mickey 1968, Technometrics 10:1). p: Hotelling's test that the means are
    equal. One row, columns ``COLUMNS``; a variable without spread is left out and named.
    """
    mean, covariance = np.asarray(mean, dtype=float), np.atleast_2d(covariance).astype(float)
    centre = np.atleast_2d(np.asarray(centre, dtype=float))
    names = [str(name) for name in names] or [f"x{i + 1}" for i in range(len(mean))]
    if not mean.shape == (len(names),) == centre.shape[1:] or covariance.shape != 2 * mean.shape:
        raise ValueError(
            f"means {mean.shape}, covariance {covariance.shape} and patients {centre.shape} of "
            f"{len(names)} variables do not fit"
        )
    centre = centre[np.isfinite(centre).all(axis=1)]
    m = len(centre)
    row = {"method": "summaries", "variables": " ".join(names), "development_n": n, "centre_n": m}
    if m < 2 or n < 2:
        return _one(row | {"note": "not defined: two patients of each cohort are needed"})
    own = np.atleast_2d(np.cov(centre, rowvar=False))
    pooled = ((n - 1) * covariance + (m - 1) * own) / (n + m - 2)
    kept = _independent(pooled)
    left = [name for at, name in enumerate(names) if at not in kept]
    note = NORMAL + (
        f"; left out, for they follow from the rest: {', '.join(left)}" if left else ""
    )
    k, total = len(kept), n + m
    if not kept or total - k - 3 <= 0:
        return _one(row | {"note": "not defined: too few patients for the variables"})
    apart = (centre.mean(axis=0) - mean)[kept]
    square = float(apart @ np.linalg.solve(pooled[np.ix_(kept, kept)], apart))
    unbiased = (total - k - 3) / (total - 2) * square - k * (1 / n + 1 / m)
    hotelling = n * m * (total - k - 1) / (total * (total - 2) * k) * square
    rest = total - k - 1
    return _one(
        row
        | {
            "variables": " ".join(names[at] for at in kept),
            "auc": float(ndtr(np.sqrt(square / 2))),
            "auc_corrected": float(ndtr(np.sqrt(max(unbiased, 0.0) / 2))),
            # upper tail of F(k, rest)
            "p": float(betainc(rest / 2, k / 2, rest / (rest + k * hotelling))),
            "note": note,
        }
    )


def membership_of_rows(
    development: pd.DataFrame, centre: pd.DataFrame, seed: int, confidence: float = 0.95
) -> pd.DataFrame:
    """The membership model itself: logistic regression of the cohort on the predictors.

    development (n, k), centre (m, k): coded predictors of the same columns; rows with a missing
    value are left out. auc with DeLong's interval is apparent, ``auc_corrected`` the mean over ten
    folds that the model has not seen. One row, columns ``COLUMNS``.
    """
    names = [name for name in development if name in centre]
    parts = [part[names].dropna().to_numpy(dtype=float) for part in (development, centre)]
    n, m = map(len, parts)
    row = {"method": "rows", "variables": " ".join(map(str, names)), "development_n": n,
           "centre_n": m}  # fmt: skip
    if min(n, m) < 2 or not names:
        return _one(row | {"note": "not defined: two patients of each cohort are needed"})
    table, member = pd.DataFrame(np.vstack(parts), columns=names), np.repeat([0, 1], [n, m])
    table = (table - table.mean()) / table.std(ddof=0).where(lambda sd: sd > 0, 1.0)
    try:
        score = fit_logistic(table, member).linear_predictor(table)
        folds = stratified_folds(member, FOLDS, [seed])
        held = []
        for fold in np.unique(folds):
            rest, used = folds == fold, folds != fold
            fit = fit_logistic(table[used], member[used])
            held.append(auc(member[rest], fit.linear_predictor(table[rest])))
    except AliasedPredictorsError as error:
        return _one(row | {"note": f"not defined: {error}"})
    area, low, high = auc_interval(member, score, confidence)
    return _one(
        row
        | {"auc": area, "ci_low": low, "ci_high": high, "auc_corrected": float(np.mean(held)),
           "note": ROWS}
    )  # fmt: skip


def of_model(cohort: Mapping, columns: pd.DataFrame, terms: Sequence[str]) -> pd.DataFrame:
    """`membership_of_summaries` for a locked model: ``cohort`` of model.json, and its moments.

    columns : the centre's coded variables, a row a patient; terms : those to tell cohorts by. Terms
    that the document holds no moments of (a count in it is suppressed) are left out and named.
    """
    moments = cohort.get("moments") or {"variables": [], "mean": [], "covariance": []}
    known = moments["variables"]
    names = [name for name in terms if name in known and name in columns]
    lost = [name for name in terms if name not in names]
    if not names:
        row = {"method": "summaries", "development_n": cohort["patients"]}
        row |= {"centre_n": len(columns)}
        return _one(row | {"note": "not defined: the model holds no moments of these variables"})
    at = [known.index(name) for name in names]
    table = membership_of_summaries(
        np.array(moments["mean"])[at],
        np.array(moments["covariance"])[np.ix_(at, at)],
        int(cohort["patients"]),
        columns[names].to_numpy(dtype=float),
        names,
    )
    if lost:
        said = f"; without moments in the model, so left out: {', '.join(lost)}"
        table["note"] = table["note"] + said
    return table


def _independent(covariance: np.ndarray) -> list[int]:
    """Positions of variables that vary and do not follow from those before them."""
    sd = np.sqrt(np.diag(covariance))
    kept: list[int] = []
    for at in np.flatnonzero(sd > 0):
        trial = [*kept, int(at)]
        scale = sd[trial]
        matrix = covariance[np.ix_(trial, trial)] / np.outer(scale, scale)
        if np.linalg.eigvalsh(matrix)[0] > 1e-9:
            kept = trial
    return kept


def _one(row: dict) -> pd.DataFrame:
    return pd.DataFrame([row], columns=COLUMNS)
