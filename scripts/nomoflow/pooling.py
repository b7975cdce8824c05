"""Random-effects pooling of one figure over centres, as Debray 2017 (BMJ 356:i6460) advises.

statsmodels combines the centres; what it lacks is here: the REML estimate of the variance between
centres, its interval, and the prediction interval.
"""

import math

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtrc, chdtri, expit, stdtrit

NAN = float("nan")
# Where each figure is pooled, and how it is read off there.
SCALES = {
    "auc": ("logit", expit),
    "oe": ("log", np.exp),
    "calibration_slope": ("identity", np.asarray),
    "calibration_in_the_large": ("identity", np.asarray),
}
COLUMNS = (
    "metric", "model", "centre", "n", "events", "estimate", "ci_low", "ci_high", "weight",
    "prediction_low", "prediction_high", "tau2", "tau2_low", "tau2_high", "i2", "q", "p", "method",
)  # fmt: skip
POOLED = "(pooled)"


def _checked(effect, variance) -> tuple[np.ndarray, np.ndarray]:
    effect, variance = np.asarray(effect, dtype=float), np.asarray(variance, dtype=float)
    if effect.ndim != 1 or effect.shape != variance.shape or not len(effect):
        raise ValueError(f"an effect and a variance a centre: {effect.shape}, {variance.shape}")
    if not (np.isfinite(effect).all() and np.isfinite(variance).all() and (variance > 0).all()):
        raise ValueError("effects must be finite, variances finite and above 0")
    return effect, variance


def tau2_reml(effect, variance) -> float:
    """Variance between centres by restricted maximum likelihood, 0 at least (R: metafor::rma).

    effect, variance (k,), k >= 2. The likelihood is scanned, since it may have two summits, and
    the highest is refined.
    """
    effect, variance = _checked(effect, variance)
    if len(effect) < 2:
        return NAN

    def loss(tau2: float) -> float:
        weight = 1 / (variance + tau2)
        rest = effect - weight @ effect / weight.sum()
        return float(-np.log(weight).sum() + np.log(weight.sum()) + weight @ rest**2)

    # No summit lies beyond the range of the effects, squared.
    top = float(np.ptp(effect) ** 2)
    if top == 0:
        return 0.0
    grid = np.concatenate([[0.0], top * np.geomspace(1e-9, 1, 200)])
    losses = [loss(tau2) for tau2 in grid]
    best = int(np.argmin(losses))
    if best == 0:
        return 0.0
    ends = (grid[best - 1], grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-12 * top})
    near = float(found.x)
    # The bounded search stops at about 1e-8 of the height; the slope's root is exact.
    width = 1e-4 * (ends[1] - ends[0])
    low, high = max(near - width, ends[0]), min(near + width, ends[1])
    if _slope(effect, variance, low) < 0 < _slope(effect, variance, high):
        near = brentq(lambda t: _slope(effect, variance, t), low, high, xtol=1e-15, rtol=1e-14)
    return near


def _slope(effect: np.ndarray, variance: np.ndarray, tau2: float) -> float:
    """Derivative by tau2 of twice the negative restricted log-likelihood."""
    weight = 1 / (variance + tau2)
    total = weight.sum()
    rest = effect - weight @ effect / total
    return float(total - (weight @ weight) / total - (weight**2) @ rest**2)


def tau2_interval(effect, variance, confidence: float = 0.95) -> tuple[float, float]:
    """Q-profile interval of tau2 (Viechtbauer 2007; R: metafor::confint), its ends 0 at least.

    NaN where no tau2 at all explains that centres differ as little as they do, and for k < 2.
    """
    effect, variance = _checked(effect, variance)
    k = len(effect)
    if k < 2:
        return NAN, NAN
    tail = (1 - confidence) / 2

    def q(tau2: float) -> float:
        weight = 1 / (variance + tau2)
        return float(weight @ (effect - weight @ effect / weight.sum()) ** 2)

    def root(wanted: float) -> float:
        if q(0.0) <= wanted:
            return 0.0
        high = 1.0
        while q(high) > wanted:
            high *= 10
        return float(brentq(lambda tau2: q(tau2) - wanted, 0.0, high, xtol=1e-14, rtol=1e-12))

    least, most = float(chdtri(k - 1, 1 - tail)), float(chdtri(k - 1, tail))
    if q(0.0) < least:
        return NAN, NAN
    return root(most), root(least)


def pool(effect, variance, confidence: float = 0.95) -> dict:
    """Random-effects summary of k >= 1 centres, on the scale of ``effect`` (k,), ``variance`` (k,).

    Keys: estimate, se, ci_low, ci_high, prediction_low, prediction_high, tau2, tau2_low, tau2_high,
    i2 (percent), q, q_p, weights (k,) in percent, method.
    Interval: Hartung-Knapp-Sidik-Jonkman, t with k - 1; its standard error is never below the usual
    one (Knapp and Hartung 2003; R: metafor::rma(test = "adhoc")), or a few centres that happen to
    agree would be far too sure. Prediction interval: t with k - 2 (Higgins 2009, Riley 2011). With
    one centre nothing is pooled: its own normal interval; with two there is no prediction interval.
    i2: the share of tau2 (Higgins and Thompson 2002, as metafor has it).
    """
    effect, variance = _checked(effect, variance)
    k, tail = len(effect), (1 - confidence) / 2
    nothing = dict.fromkeys(
        ("prediction_low", "prediction_high", "tau2", "tau2_low", "tau2_high", "i2", "q", "q_p"),
        NAN,
    )
    if k == 1:
        se = float(np.sqrt(variance[0]))
        # t with endless freedom is the normal distribution
        half = -float(stdtrit(1e12, tail)) * se
        return nothing | {
            "estimate": float(effect[0]),
            "se": se,
            "ci_low": float(effect[0] - half),
            "ci_high": float(effect[0] + half),
            "weights": np.array([100.0]),
            "method": "one centre: its own interval; nothing to pool, heterogeneity and "
            "prediction interval not defined",
        }
    from statsmodels.stats.meta_analysis import combine_effects  # 4 s

    tau2 = tau2_reml(effect, variance)
    # Its own tau2, which it lets fall below zero, is not used: hence the warning.
    with np.errstate(invalid="ignore", divide="ignore"):
        fixed = combine_effects(effect, variance, method_re="dl")
        random = combine_effects(effect, variance + tau2, method_re="dl")
    mean = float(random.mean_effect_fe)
    usual, hksj = float(random.sd_eff_w_fe), math.sqrt(float(random.var_hksj_fe))
    se = max(usual, hksj)
    half = -float(stdtrit(k - 1, tail)) * se
    low, high = tau2_interval(effect, variance, confidence)
    weight = 1 / variance
    typical = (k - 1) * weight.sum() / (weight.sum() ** 2 - weight @ weight)
    method = "REML; Hartung-Knapp-Sidik-Jonkman, t" if hksj >= usual else (
        "REML; Hartung-Knapp-Sidik-Jonkman, t, at the usual standard error, which is larger"
    )  # fmt: skip
    result = nothing | {
        "estimate": mean,
        "se": se,
        "ci_low": mean - half,
        "ci_high": mean + half,
        "tau2": tau2,
        "tau2_low": low,
        "tau2_high": high,
        "i2": 100 * tau2 / (tau2 + typical),
        "q": float(fixed.q),
        "q_p": float(chdtrc(k - 1, max(float(fixed.q), 0.0))),
        "weights": 100 * np.asarray(random.weights_rel_fe),
        "method": method,
    }
    if k < 3:
        return result | {"method": f"{method}; two centres: prediction interval not defined"}
    reach = -float(stdtrit(k - 2, tail)) * math.sqrt(tau2 + se**2)
    return result | {"prediction_low": mean - reach, "prediction_high": mean + reach}


def pooled_table(figures: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Each centre's figures and their pooled ones, on the figures' own scales.

    figures: metric, model, centre, n, events, effect, se, reason; effect and se lie on the scale
    of SCALES, NaN where not defined or withheld, and ``reason`` says why. Columns: COLUMNS;
    ``centre`` is "(pooled)" in the pooled row, ``tau2`` on the scale of pooling, ``p`` that of Q.
    A centre's own interval is normal on that scale. Centres without a figure are listed, not
    pooled; the pooled row counts the patients of the others.
    """
    rows = []
    for (metric, model), own in figures.groupby(["metric", "model"], sort=False):
        scale, back = SCALES[metric]
        own = own.sort_values("centre", kind="stable").reset_index(drop=True)
        usable = np.isfinite(own["effect"]) & np.isfinite(own["se"]) & (own["se"] > 0)
        there = own[usable]
        summary = pool(there["effect"], there["se"] ** 2, confidence) if len(there) else None
        weights = iter(summary["weights"] if summary else [])
        reach = -float(stdtrit(1e12, (1 - confidence) / 2))
        for row, use in zip(own.itertuples(), usable, strict=True):
            half = reach * row.se if use else NAN
            rows.append(
                {
                    "metric": metric,
                    "model": model,
                    "centre": row.centre,
                    "n": row.n,
                    "events": row.events,
                    "estimate": float(back(row.effect)) if use else row.estimate,
                    "ci_low": float(back(row.effect - half)),
                    "ci_high": float(back(row.effect + half)),
                    "weight": next(weights) if use else NAN,
                    "method": f"normal on the {scale} scale"
                    if use
                    else f"not pooled: {row.reason}",
                }
            )
        rows.append(
            {
                "metric": metric,
                "model": model,
                "centre": POOLED,
                **_pooled(there, summary, back, scale),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _pooled(there: pd.DataFrame, summary: dict | None, back, scale: str) -> dict:
    if summary is None:
        return {"method": "not defined: no centre has this figure with a standard error"}
    shown = {
        name: float(back(summary[name]))
        for name in ("estimate", "ci_low", "ci_high", "prediction_low", "prediction_high")
    }
    return {
        "n": there["n"].sum(),
        "events": there["events"].sum(),
        "weight": 100.0,
        **shown,
        **{name: summary[name] for name in ("tau2", "tau2_low", "tau2_high", "i2", "q")},
        "p": summary["q_p"],
        "method": f"{summary['method']}; on the {scale} scale; {len(there)} centre(s)",
    }
