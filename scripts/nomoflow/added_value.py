"""What the Radscore and the clinical terms add to each other: likelihood-ratio tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc, expit

from nomoflow.firth import fit_firth
from nomoflow.regression import (
    LogisticFit,
    aliased_terms,
    design_matrix,
    fit_logistic,
    log_likelihood,
    separating_terms,
)

NAN = float("nan")
# As in firth.fit_firth: steps that are bounded, until none moves a linear predictor any more.
MAX_ITERATIONS = 2000
LAST_MOVE = 1e-9
LONGEST_MOVE = 5.0
ROUNDING = 1e-13


@dataclass(frozen=True)
class RatioTest:
    """Likelihood-ratio test of nested logistic models: chi2 on df and its P, or why there is none.

    ``note`` names the method where it is not maximum likelihood, and terms that were left out;
    ``fit`` is the larger model, None where it could not be fitted.
    """

    chi2: float
    df: int | None
    p: float
    note: str
    fit: LogisticFit | None


def not_defined(reason: str) -> RatioTest:
    """No test, and why."""
    return RatioTest(NAN, None, NAN, f"not defined: {reason}", None)


def likelihood_ratio(
    x: pd.DataFrame, y: np.ndarray, added: Sequence[str], separated: str = "firth"
) -> RatioTest:
    """Test that the columns ``added`` of x (n x k) add nothing to the others.

    As R's ``anova(glm(y ~ others), glm(y ~ others + added), test = "LRT")``: twice the difference
    of the log likelihoods against chi-square. A term that is constant or follows from others has
    no coefficient and no degree of freedom. Where the larger model separates the classes there is
    no maximum likelihood; ``separated`` = ``firth`` then takes the penalised likelihood ratio of
    Heinze and Schemper (Stat Med 2002;21:2409-2419; R: logistf::logistftest), both likelihoods
    with the penalty of the larger model; ``ml`` leaves the test undefined.
    Raises ValueError: missing values, y not 0/1, another word for ``separated``.
    """
    if separated not in ("firth", "ml"):
        raise ValueError(f"models.separated is {separated!r}; allowed: firth, ml")
    added = list(added)
    ordered = x[[name for name in x if name not in added] + added]
    aliased = aliased_terms(ordered)
    ordered = ordered.drop(columns=aliased)
    tested = [name for name in added if name not in aliased]
    if not tested:
        return not_defined(f"{', '.join(added)} constant, or following from the other terms")
    notes = [f"constant or following from others, left out: {', '.join(aliased)}"]
    notes = notes if aliased else []
    fit, smaller = fit_logistic(ordered, y), ordered.drop(columns=tested)
    if fit.separated:
        by = ", ".join(separating_terms(ordered, y))
        if separated == "ml":
            return not_defined(f"{by} separate the classes")
        notes.append(f"penalised likelihood ratio (Firth): separated by {by}")
        fit = fit_firth(ordered, y)
        below, converged = _without(ordered, y, smaller)
    else:
        without = fit_logistic(smaller, y)
        below, converged = without.log_likelihood, without.converged
    if not (fit.converged and converged):
        return not_defined("a model did not converge")
    chi2 = max(2 * (fit.log_likelihood - below), 0.0)
    df = len(tested)
    return RatioTest(chi2, df, float(chdtrc(df, chi2)), "; ".join(notes), fit)


def _without(x: pd.DataFrame, y: np.ndarray, smaller: pd.DataFrame) -> tuple[float, bool]:
    """Largest penalised log likelihood of x with the columns not in ``smaller`` held at 0.

    The penalty stays that of x as a whole. Sought from 0, as logistf does, and from the smaller
    model's own estimates, since there may be several peaks: the highest one counts.
    """
    design, y = design_matrix(x, y)
    # Each column in a unit of its own, put back at the end: the penalty alone depends on it.
    size = np.sqrt((design**2).mean(axis=0))
    free = [0, *(1 + list(x.columns).index(name) for name in smaller)]
    near = np.zeros(design.shape[1])
    near[free] = fit_firth(smaller, y).coefficients * size[free]
    starts = (np.zeros(design.shape[1]), near)
    peaks = [_climb(design / size, y, free, start) for start in starts]
    height, converged = max(peaks)
    return height + float(np.log(size).sum()), converged


def _climb(design: np.ndarray, y: np.ndarray, free: list[int], beta: np.ndarray):
    """Fisher scoring of the coefficients ``free``: the height reached, and whether it is a peak."""
    height, q = _penalised(design, y, beta)
    for _ in range(MAX_ITERATIONS):
        mu = expit(design @ beta)
        leverage = (q**2).sum(axis=1)
        score = design[:, free].T @ (y - mu + leverage * (0.5 - mu))
        information = design[:, free].T @ ((mu * (1 - mu))[:, None] * design[:, free])
        step = np.zeros(len(beta))
        step[free] = np.linalg.lstsq(information, score, rcond=1e-12)[0]
        move = float(np.abs(design @ step).max())
        share = min(1.0, LONGEST_MOVE / max(move, LAST_MOVE))
        trial, q_trial = _penalised(design, y, beta + share * step)
        while trial < height - ROUNDING * (abs(height) + 1) and share > 1e-8:
            share /= 2
            trial, q_trial = _penalised(design, y, beta + share * step)
        beta, height, q = beta + share * step, trial, q_trial
        if move < LAST_MOVE:
            return height, True
    return height, False


def _penalised(design: np.ndarray, y: np.ndarray, beta: np.ndarray) -> tuple[float, np.ndarray]:
    """Log likelihood plus half the log determinant of the information, and Q of its root."""
    eta = design @ beta
    root = 1 / (2 * np.cosh(np.minimum(np.abs(eta) / 2, 300.0)))
    q, r = np.linalg.qr(design * root[:, None])
    return log_likelihood(eta, y) + float(np.log(np.abs(np.diag(r))).sum()), q


def out_of_fold_radscore(predictions: pd.DataFrame, patients: Sequence[str]) -> np.ndarray:
    """The combined signature's score of each patient, from training parts without that patient.

    The linear predictor above the log odds of its training part (``baseline``), averaged over the
    repeats of cross-validation: in log odds, as the in-sample Radscore less a constant.
    predictions : the columns of evaluation/predictions.csv. Returns (n,) in the order of
    ``patients``. Raises ValueError where a patient has no held-out prediction.
    """
    rows = predictions.query("model == 'radiomics' and sample == 'cross_validated'")
    # Rounded, so that a score which is constant but for the last bit is constant.
    above = (rows["linear_predictor"] - rows["baseline"]).round(12)
    scores = above.groupby(rows["patient"]).mean().reindex(list(patients))
    absent = list(scores.index[scores.isna()])
    if absent:
        raise ValueError(
            f"{len(absent)} patients have no cross-validated Radscore, the first {absent[0]}"
        )
    return scores.to_numpy(dtype=float)
