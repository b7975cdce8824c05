"""Whether predicted probabilities agree with what happened, without fitting anything new."""

import numpy as np
from scipy.special import expit, logit

# log-odds of the largest probability below 1 in double precision
LOGIT_LIMIT = float(logit(1 - 2.0**-53))
NAN = float("nan")
# Why a linear predictor has no calibration intercept and slope.
NO_LINE = "the linear predictor is constant or separates the classes"


def brier(y, p) -> float:
    """Mean squared difference of class (0/1) and probability."""
    return float(np.mean((np.asarray(p, dtype=float) - np.asarray(y)) ** 2))


def observed_expected(y, p) -> float:
    """Patients with the outcome over the number expected; NaN where none is expected."""
    expected = float(np.sum(np.asarray(p, dtype=float)))
    return float(np.sum(np.asarray(y)) / expected) if expected > 0 else NAN


def linear_predictor(p) -> np.ndarray:
    """Log-odds of probabilities, those of exactly 0 and 1 as the furthest finite value."""
    return _finite(logit(np.asarray(p, dtype=float)))


def _finite(lp) -> np.ndarray:
    return np.nan_to_num(
        np.asarray(lp, dtype=float), nan=NAN, posinf=LOGIT_LIMIT, neginf=-LOGIT_LIMIT
    )


def recalibrate(y, lp) -> dict:
    """Calibration intercept and slope, and calibration-in-the-large, of a linear predictor (n,).

    intercept, slope: logistic regression of y on lp (R: rms::val.prob's Intercept and Slope);
    intercept_in_the_large: the intercept with the slope held at 1 (R: glm(y ~ offset(lp))). Each
    with its standard error (``_se``), and a note. NaN where lp is constant, where it separates the
    classes, or where only one class is present.
    """
    y = np.asarray(y).astype(int)
    lp = _finite(lp)
    names = ("intercept", "slope", "intercept_in_the_large")
    result = {name + end: NAN for name in names for end in ("", "_se")}
    if y.min() == y.max():
        return result | {"note": "not defined: all patients are of one class"}
    once = np.ones((1, len(y)))
    shift = float(shift_weighted(y, lp, once)[0])
    information = _weight(expit(shift + lp)).sum()
    result |= {
        "intercept_in_the_large": shift,
        "intercept_in_the_large_se": float(information**-0.5),
    }
    intercept, slope = (float(value[0]) for value in recalibrate_weighted(y, lp, once))
    if np.isnan(slope):
        constant = lp.min() == lp.max()
        why = "is constant" if constant else "separates the classes"
        return result | {"note": f"intercept and slope not defined: the linear predictor {why}"}
    weight = _weight(expit(intercept + slope * lp))
    design = np.column_stack([np.ones_like(lp), lp])
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ (weight[:, None] * design))))
    result |= {"intercept": intercept, "slope": slope, "note": ""}
    return result | {"intercept_se": float(errors[0]), "slope_se": float(errors[1])}


def _weight(p: np.ndarray) -> np.ndarray:
    # p (1 - p) is zero for a p that rounds to 1; a tiny weight keeps sums positive.
    return np.maximum(p * (1 - p), np.finfo(float).tiny)


def shift_weighted(y, lp, weights) -> np.ndarray:
    """Calibration-in-the-large (B,) for B weightings of the patients (B, n).

    The shift of lp that makes the expected count the observed one; NaN where one class is drawn.
    """
    y = np.asarray(y).astype(int)
    lp = _finite(lp)
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    wanted, total = weights @ y, weights.sum(axis=1)
    shift = np.full(len(weights), NAN)
    active = np.flatnonzero((wanted > 0) & (wanted < total))
    # Bounds of the root: beyond them every patient is expected to have too little, or too much.
    centre = logit(wanted[active] / total[active])
    low, high = centre - lp.max(), centre - lp.min()
    shift[active] = np.clip(centre - weights[active] @ lp / total[active], low, high)
    turn = 0
    while len(active):
        at = shift[active]
        expected = weights[active] * expit(at[:, None] + lp)
        rest = wanted[active] - expected.sum(axis=1)
        slope = (expected * expit(-at[:, None] - lp)).sum(axis=1)
        low, high = np.where(rest > 0, at, low), np.where(rest < 0, at, high)
        newton = at + rest / np.maximum(slope, 1e-250)  # the quotient stays finite
        # Newton's step may leave the bracket or creep where probabilities are near 0 and 1: halving
        # now and then ends it in any case.
        turn += 1
        halve = ~((newton >= low) & (newton <= high)) | (turn % 5 == 0)
        following = np.where(halve, (low + high) / 2, newton)
        following = np.where(rest == 0, at, following)
        shift[active] = following
        nothing_left = (high - low) <= 1e-15 * (1 + np.abs(at))
        arrived = ~halve & (np.abs(following - at) <= 1e-14 * (1 + np.abs(at)))
        going = ~(arrived | nothing_left | (rest == 0))
        active, low, high = active[going], low[going], high[going]
    return shift


def recalibrate_weighted(y, lp, weights) -> tuple[np.ndarray, np.ndarray]:
    """Calibration intercept and slope, each (B,), for B weightings of the patients (B, n).

    Newton's method with step halving on all B weighted logistic regressions of y on lp at once.
    NaN where, among the patients of positive weight, lp is constant or separates the classes.
    """
    y = np.asarray(y).astype(int)
    lp = _finite(lp)
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    intercept = np.full(len(weights), NAN)
    slope = np.full(len(weights), NAN)
    rows = np.flatnonzero(_overlap(y, lp, weights))
    if not len(rows):
        return intercept, slope
    # A standardised predictor keeps the 2 x 2 system well conditioned.
    mean = lp.mean()
    spread = np.abs(lp - mean).max()  # the SD of tiny numbers would underflow
    x = (lp - mean) / spread
    w = weights[rows]
    a = logit(w @ y / w.sum(axis=1))
    b = np.zeros(len(rows))
    a, b = _newton(y, x, w, a, b)
    slope[rows] = b / spread
    intercept[rows] = a - b * mean / spread
    return intercept, slope


def _overlap(y, lp, weights) -> np.ndarray:
    """Whether each weighting has both classes and neither lies wholly above the other."""
    used = weights > 0
    edge = {}
    for label in (0, 1):
        members = used[:, y == label]
        values = lp[y == label][None, :]
        edge[label] = (
            np.where(members, values, np.inf).min(axis=1, initial=np.inf),
            np.where(members, values, -np.inf).max(axis=1, initial=-np.inf),
        )
    return (edge[0][1] > edge[1][0]) & (edge[1][1] > edge[0][0])


def _newton(y, x, w, a, b, limit: int = 60):
    """Maximise the B weighted log-likelihoods from (a, b); rows that have converged rest."""
    a, b = a.copy(), b.copy()
    active = np.arange(len(a))
    # log-likelihood of one patient: log(expit(s * eta)) with s = +1, -1
    sign = 2 * y - 1

    def likelihood(weight, eta):
        return -(weight * np.logaddexp(0, -sign * eta)).sum(axis=1)

    eta = a[:, None] + b[:, None] * x
    height = likelihood(w, eta)
    for _ in range(limit):
        weight = w[active]
        p = expit(eta)
        rest = weight * (y - p)
        v = weight * p * (1 - p)
        g0, g1 = rest.sum(axis=1), rest @ x
        h00, h01, h11 = v.sum(axis=1), v @ x, v @ (x * x)
        determinant = h00 * h11 - h01**2
        flat = ~(determinant > 0)
        determinant = np.where(flat, 1.0, determinant)
        da = np.where(flat, g0, (h11 * g0 - h01 * g1) / determinant)
        db = np.where(flat, g1, (h00 * g1 - h01 * g0) / determinant)
        step = np.ones(len(active))
        for _ in range(40):
            trial = (a[active] + step * da)[:, None] + (b[active] + step * db)[:, None] * x
            reached = likelihood(weight, trial)
            worse = reached < height - 1e-12 * (1 + np.abs(height))
            if not worse.any():
                break
            step = np.where(worse, step / 2, step)
        a[active] += step * da
        b[active] += step * db
        moved = np.maximum(np.abs(step * da), np.abs(step * db))
        going = moved > 1e-11 * (1 + np.abs(a[active]) + np.abs(b[active]))
        if not going.any():
            return a, b
        active, eta, height = active[going], trial[going], reached[going]
    # Nearly separated: the likelihood is flat to rounding and no finite answer can be trusted.
    a[active], b[active] = NAN, NAN
    return a, b
