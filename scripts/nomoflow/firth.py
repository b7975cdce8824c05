"""Logistic regression by Firth's penalised likelihood, for data without a finite estimate.

The log likelihood plus half the log determinant of the information (Jeffreys' prior) has a finite
maximum where predictors separate the classes (Firth, Biometrika 1993;80:27-38; Heinze and
Schemper, Stat Med 2002;21:2409-2419). Numbers as R's ``logistf``.

Newton steps in numpy rather than the library firthmodels: in one of ten nearly perfect small
cohorts the library stops before it has converged. The tests hold it beside this as a second way.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import erfc, expit, ndtri

from nomoflow.regression import (
    INTERCEPT,
    LogisticFit,
    design_matrix,
    is_separated,
    log_likelihood,
    require_full_rank,
    separating_terms,
)

MAX_ITERATIONS = 200
# Newton squares its error: after a step that moves no linear predictor by more, rounding is left.
LAST_MOVE = 1e-8
# Nor may a step move it by more, so far from the maximum.
LONGEST_MOVE = 5.0
STEEPEST = 30.0
# A change of the penalised likelihood below this share of it is rounding.
ROUNDING = 1e-13


def fit_firth(x: pd.DataFrame, y: np.ndarray) -> LogisticFit:
    """Firth's penalised logistic regression of y (n, 0/1) on the coded columns of x (n x k).

    The estimates of R's ``logistf(y ~ ., pl = TRUE)``; the covariance is the inverse of
    X'W(1 + h)X at the estimate, the log likelihood the penalised one. ``separated`` says whether
    maximum likelihood has no estimate; ``penalised`` is True.
    Raises ValueError: missing values, y not 0/1; AliasedPredictorsError (a ValueError).
    """
    design, y = design_matrix(x, y)
    names = (INTERCEPT, *map(str, x.columns))
    require_full_rank(design, names)
    size = _sizes(design)
    peak = _maximise(design / size, y)
    q, r = _weighted(design / size, peak.beta)
    # logistf's covariance: each patient counts for 1 + h, as data augmented by the prior have it
    inverse = np.linalg.inv(r)
    middle = np.linalg.inv(q.T @ ((1 + (q**2).sum(axis=1))[:, None] * q))
    return LogisticFit(
        names,
        peak.beta / size,
        inverse @ middle @ inverse.T / np.outer(size, size),
        peak.height + float(np.log(size).sum()),
        peak.converged,
        is_separated(x, y),
        penalised=True,
    )


def coefficient_table(
    fit: LogisticFit, x: pd.DataFrame, y: np.ndarray, confidence: float = 0.95
) -> pd.DataFrame:
    """One row a term of a model by ``fit_firth``; the columns of ``regression.coefficient_table``.

    p is that of the penalised likelihood ratio, profile_low and profile_high are the limits at
    which that ratio reaches the quantile of chi-square (both as logistf). se, z, ci_low, ci_high
    and the limits of the odds ratio are Wald's, which are poor where the likelihood is skewed.
    Of a term that separates the classes the far limit lies where the likelihood of the other
    coefficients has several peaks; should the highest be missed, the limit is a little too near.
    """
    design, y = design_matrix(x, y)
    size = _sizes(design)
    peak = _maximise(design / size, y, start=fit.coefficients * size)
    limit = float(ndtri(0.5 + confidence / 2))
    se = np.sqrt(np.diag(fit.covariance))
    terms = ", ".join(separating_terms(x, y))
    note = f"Firth's penalised likelihood: separated by {terms}" if terms else "Firth"
    p, profiles = np.full(len(se), np.nan), np.full((len(se), 2), np.nan)
    if fit.converged:
        for j in range(len(se)):
            profile = _Profile(design / size, y, peak, j, se[j] * size[j], limit)
            p[j] = erfc(profile.root(0.0) / np.sqrt(2))
            profiles[j] = np.array(profile.limits()) / size[j]
    else:
        note = f"{note}; did not converge"
        se = np.full(len(se), np.nan)
    low, high = fit.coefficients - limit * se, fit.coefficients + limit * se
    with np.errstate(over="ignore"):
        # The interval that belongs to this P value: a Wald interval means little here.
        odds = np.exp([fit.coefficients, profiles[:, 0], profiles[:, 1]])
    return pd.DataFrame(
        {
            "term": fit.names,
            "coefficient": fit.coefficients,
            "se": se,
            "z": fit.coefficients / se,
            "p": p,
            "ci_low": low,
            "ci_high": high,
            "profile_low": profiles[:, 0],
            "profile_high": profiles[:, 1],
            "odds_ratio": odds[0],
            "or_low": odds[1],
            "or_high": odds[2],
            "note": note,
        }
    )


@dataclass(frozen=True)
class _Peak:
    beta: np.ndarray
    height: float
    converged: bool


def _sizes(design: np.ndarray) -> np.ndarray:
    """Root mean square of each column: a unit of its own makes all columns comparable."""
    return np.sqrt((design**2).mean(axis=0))


def _weighted(design: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q and R of the design weighted by the square roots of mu (1 - mu)."""
    # cosh needs no bound until |eta| > 1400, where mu (1 - mu) itself is 0 long since
    half = np.minimum(np.abs(design @ beta) / 2, 300.0)
    return np.linalg.qr(design / (2 * np.cosh(half))[:, None])


def _height(design: np.ndarray, y: np.ndarray, beta: np.ndarray) -> float:
    """The penalised log likelihood; minus infinity where the information is singular."""
    pivots = np.abs(np.diag(_weighted(design, beta)[1]))
    if pivots.min() == 0:
        return -np.inf
    return log_likelihood(design @ beta, y) + float(np.log(pivots).sum())


def _maximise(design: np.ndarray, y: np.ndarray, held: int | None = None, start=None) -> _Peak:
    """The highest point, over all coefficients or over those beside ``held`` (as ``start`` has it).

    Newton's method on the penalised likelihood itself; Fisher scoring where that is not concave.
    """
    free = [j for j in range(design.shape[1]) if j != held]
    beta = np.zeros(design.shape[1]) if start is None else np.array(start, dtype=float)
    height = _height(design, y, beta)
    for _ in range(MAX_ITERATIONS if free else 0):
        score, curvature = _slopes(design, y, beta)
        step = np.zeros(len(beta))
        step[free] = _solve(
            score[free], curvature[np.ix_(free, free)], design[:, free], design @ beta
        )
        move = float(np.abs(design @ step).max())
        # as logistf, a bounded step: far from the maximum the likelihood is no parabola
        share = min(1.0, LONGEST_MOVE / max(move, LAST_MOVE))
        trial = _height(design, y, beta + share * step)
        while trial < height - ROUNDING * (abs(height) + 1) and share > 1e-8:
            share /= 2
            trial = _height(design, y, beta + share * step)
        beta, height = beta + share * step, trial
        if move < LAST_MOVE or score @ step < ROUNDING**2:
            return _Peak(beta, height, True)
    return _Peak(beta, height, not free)


def _slopes(design: np.ndarray, y: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score of the penalised likelihood, X'(y - mu + h (1/2 - mu)), and minus its derivative.

    h is the diagonal of the hat matrix H of the weighted design. With a = 1/2 - mu,
    d h_i / d eta_j = 2 h_i a_i [i = j] - 2 H_ij^2 a_j.
    """
    q, _ = _weighted(design, beta)
    mu = expit(design @ beta)
    off, hat = 0.5 - mu, q @ q.T
    h = np.diag(hat)
    along = mu * (1 - mu) * (1 + h) - 2 * h * off**2
    across = 2 * off[:, None] * hat**2 * off
    return design.T @ (y - mu + h * off), design.T @ (along[:, None] * design + across @ design)


def _solve(
    score: np.ndarray, curvature: np.ndarray, design: np.ndarray, eta: np.ndarray
) -> np.ndarray:
    """Newton's step, or that of Fisher scoring where the likelihood is not concave."""
    values, vectors = np.linalg.eigh(curvature)
    if values[0] <= 1e-10 * values[-1]:
        mu = expit(eta)
        values, vectors = np.linalg.eigh(design.T @ ((mu * (1 - mu))[:, None] * design))
        values = np.maximum(values, max(1e-12 * values[-1], 1e-30))
    return vectors @ ((vectors.T @ score) / values)


class _Profile:
    """The penalised likelihood of coefficient j, the others at their best for each value of it."""

    def __init__(self, design, y, peak: _Peak, j: int, se: float, limit: float):
        self.design, self.y, self.peak, self.j = design, y, peak, j
        self.se, self.limit = se, limit
        self.known = [(peak.beta, self._tangent(peak.beta))]

    def root(self, value: float) -> float:
        """Square root of the likelihood ratio at ``value``.

        Far from the estimate of a separating term the likelihood may have several peaks; the
        highest one found counts. They are sought from the nearest known point along the profile's
        tangent there, and from the estimate with the others as they are, scaled alike, or at 0.
        """
        beta, tangent = min(self.known, key=lambda point: abs(point[0][self.j] - value))
        centre = self.peak.beta
        others = [centre, np.zeros(len(centre))]
        if abs(centre[self.j]) > LAST_MOVE * np.abs(centre).max():
            others.append(centre * (value / centre[self.j]))
        held = np.arange(len(centre)) == self.j
        starts = [np.where(held, value, start) for start in others]
        # where a patient's probability is 0 or 1 to rounding there is no slope to follow
        starts = [start for start in starts if np.abs(self.design @ start).max() < STEEPEST]
        starts.append(np.where(held, value, beta + (value - beta[self.j]) * tangent))
        peaks = [_maximise(self.design, self.y, self.j, start) for start in starts]
        best = max(peaks, key=lambda peak: peak.height)
        if best.converged:
            self.known.append((best.beta, self._tangent(best.beta)))
        return float(np.sqrt(max(2 * (self.peak.height - best.height), 0.0)))

    def _tangent(self, beta: np.ndarray) -> np.ndarray:
        """How the other coefficients move with coefficient j along the profile."""
        others = [i for i in range(len(beta)) if i != self.j]
        _, curvature = _slopes(self.design, self.y, beta)
        tangent = np.zeros(len(beta))
        tangent[others] = -np.linalg.lstsq(
            curvature[np.ix_(others, others)], curvature[others, self.j], rcond=1e-10
        )[0]
        tangent[self.j] = 1.0
        return tangent

    def limits(self) -> tuple[float, float]:
        """The values below and above the estimate at which the root reaches the limit."""
        from scipy.optimize import brentq

        centre, ends = float(self.peak.beta[self.j]), []
        for sign in (-1, 1):
            far = self.limit * self.se
            # Both terms fall without bound along any line, so this ends.
            while self.root(centre + sign * far) < self.limit:
                far *= 1.5
            ends.append(
                brentq(
                    lambda value: self.root(value) - self.limit,
                    centre,
                    centre + sign * far,
                    xtol=1e-12 * self.se,
                    rtol=1e-13,
                )
            )
        return ends[0], ends[1]
