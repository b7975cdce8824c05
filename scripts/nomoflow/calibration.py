"""Whether predicted probabilities agree with what happened, without fitting anything new."""

import numpy as np
import pandas as pd
from scipy.special import chdtrc, expit, logit

# log-odds of the largest probability below 1 in double precision
LOGIT_LIMIT = float(logit(1 - 2.0**-53))
NAN = float("nan")


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


# --- Hosmer-Lemeshow --------------------------------------------------------------------------


def _quantile_groups(p: np.ndarray, groups: int) -> np.ndarray:
    """Group of each patient: quantiles (type 7) made unique, right-closed, lowest included."""
    position = np.arange(groups + 1) * (1 / groups)
    # R's own order of operations: a break that misses a patient by rounding misses it here too.
    index = (len(p) - 1) * np.minimum(position, 1)
    ordered = np.sort(p)
    low = np.floor(index).astype(int)
    high = np.ceil(index).astype(int)
    share = index - low
    between = (1 - share) * ordered[low] + share * ordered[high]
    breaks = np.unique(np.where(ordered[low] == ordered[high], ordered[low], between))
    group = np.searchsorted(breaks, p, side="left") - 1
    # One position may come out of rounding past the last break: it belongs to the last group.
    return np.clip(group, 0, max(len(breaks) - 2, 0))


def hosmer_lemeshow(y, p, groups: int = 10, lost_df: int = 2) -> tuple[dict, pd.DataFrame]:
    """Test and table of observed against expected by groups of risk.

    R: ResourceSelection::hoslem.test(y, p, g = groups). y (n,) 0/1, p (n,) probabilities.
    lost_df: 2 where the model was fitted on these patients, 0 on others. Ties may leave fewer
    groups; the degrees of freedom follow the groups that remain. Returns dict(groups, chi2, df,
    p, note) and a table group, n, predicted (mean p), observed (share), observed_count,
    expected_count. chi2 and p are NaN, with a note, where the groups are too few.
    """
    y = np.asarray(y).astype(int)
    p = np.asarray(p, dtype=float)
    if y.shape != p.shape or len(p) == 0:
        raise ValueError(f"one probability a patient is needed: {y.shape} and {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must lie between 0 and 1, none missing")
    if groups < 2:
        raise ValueError(f"at least 2 groups are needed, not {groups}")
    _, group = np.unique(_quantile_groups(p, groups), return_inverse=True)
    size = np.bincount(group)
    observed = np.bincount(group, weights=y)
    expected = np.bincount(group, weights=p)
    table = pd.DataFrame(
        {
            "group": np.arange(1, len(size) + 1),
            "n": size,
            "predicted": expected / size,
            "observed": observed / size,
            "observed_count": observed.astype(int),
            "expected_count": expected,
        }
    )
    df = len(size) - lost_df
    test = {"groups": len(size), "chi2": NAN, "df": df, "p": NAN, "note": ""}
    unexpected = np.bincount(group, weights=1 - p)
    if len(size) < 2 or df < 1:
        test["note"] = f"not defined: {len(size)} distinct group(s) of predicted risk"
        return test, table
    if min(expected.min(), unexpected.min()) < 1e-300:  # below, the quotient overflows
        test["note"] = "not defined: a group's predicted probabilities are all 0 or all 1"
        return test, table
    difference = (observed - expected) ** 2
    chi2 = float((difference / expected + difference / unexpected).sum())
    test |= {"chi2": chi2, "p": float(chdtrc(df, chi2))}
    if len(size) < groups:
        test["note"] = f"ties leave {len(size)} of {groups} groups"
    return test, table


# --- Intercept and slope ----------------------------------------------------------------------


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
    shift = _in_the_large(y, lp)
    information = _weight(expit(shift + lp)).sum()
    result |= {
        "intercept_in_the_large": shift,
        "intercept_in_the_large_se": float(information**-0.5),
    }
    intercept, slope = (
        float(value[0]) for value in recalibrate_weighted(y, lp, np.ones((1, len(y))))
    )
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


def _in_the_large(y: np.ndarray, lp: np.ndarray) -> float:
    """The shift that makes the expected count the observed one (both classes are present)."""
    wanted = y.sum()
    # All-below and all-above bounds of the root, then bisection to the last bit: this function is
    # monotone, and Newton's method overshoots where probabilities are near 0 and 1.
    centre = logit(wanted / len(y))
    low, high = centre - lp.max(), centre - lp.min()
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return float(middle)
        if expit(middle + lp).sum() < wanted:
            low = middle
        else:
            high = middle


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


# --- Smooth curve -----------------------------------------------------------------------------


def smooth(y, p, span: float = 2 / 3) -> pd.DataFrame:
    """Smooth calibration curve: predicted (ascending, n rows) and observed.

    Locally weighted linear regression without robustness steps (R: lowess(p, y, iter = 0), with
    its delta of 1 % of the range), Cleveland 1979. The curve is not bound to [0, 1].
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    return pd.DataFrame(
        {
            "predicted": p[order],
            "observed": _lowess(p[order], np.asarray(y, dtype=float)[order], span),
        }
    )


def _lowess(x: np.ndarray, y: np.ndarray, span: float) -> np.ndarray:
    """Cleveland's LOWESS for ascending x, one pass, interpolating over steps below delta."""
    n = len(x)
    if n < 2 or x[0] == x[-1]:
        return np.full(n, y.mean())
    neighbours = max(2, min(n, int(span * n + 1e-7)))
    delta = 0.01 * (x[-1] - x[0])
    fitted = np.empty(n)
    left = 0
    last = -1
    i = 0
    while True:
        # the window of nearest neighbours moves right while that brings it closer
        while left + neighbours < n and x[i] - x[left] > x[left + neighbours] - x[i]:
            left += 1
        fitted[i] = _local_line(x, y, x[i], left, neighbours, y[i])
        if last < i - 1:
            share = (x[last + 1 : i] - x[last]) / (x[i] - x[last])
            fitted[last + 1 : i] = share * fitted[i] + (1 - share) * fitted[last]
        last = i
        cut = x[last] + delta
        i = last + 1
        while i < n and x[i] <= cut:
            if x[i] == x[last]:
                fitted[i] = fitted[last]
                last = i
            i += 1
        i = max(last + 1, i - 1)
        if last >= n - 1:
            return fitted


def _local_line(x, y, at, left, neighbours, fallback) -> float:
    """Tricube-weighted straight line through the window, read off at ``at``."""
    right = left + neighbours - 1
    width = max(at - x[left], x[right] - at)
    # ties with the window's right edge take part too
    end = int(np.searchsorted(x, x[right], side="right"))
    distance = np.abs(x[left:end] - at)
    weight = np.where(
        distance <= 0.001 * width,
        1.0,
        (1 - np.minimum(distance / width, 1) ** 3) ** 3 if width > 0 else 1.0,
    )
    weight = np.where(distance <= 0.999 * width, weight, 0.0)
    total = weight.sum()
    if not total > 0:
        return float(fallback)
    weight /= total
    if width > 0:
        mean = (weight * x[left:end]).sum()
        offset = at - mean
        variance = (weight * (x[left:end] - mean) ** 2).sum()
        # points too close together hold no slope
        if np.sqrt(variance) > 0.001 * (x[-1] - x[0]):
            weight = weight * (1 + offset / variance * (x[left:end] - mean))
    return float((weight * y[left:end]).sum())
