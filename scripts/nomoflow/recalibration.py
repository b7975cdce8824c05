"""A locked model brought to a cohort's level of risk: beside the raw model, never instead of it.

Three models of one linear predictor lp: raw (0 + 1 lp), in the large (a + 1 lp) and logistic
(a + b lp), as Steyerberg 2004 (Stat Med 23:2567) names them. The two updates are fitted and judged
on the same patients: what they reach there is not what they would reach on the next ones.
"""

import numpy as np
import pandas as pd
from scipy.special import chdtrc, expit

from nomoflow.calibration import brier, observed_expected, recalibrate
from nomoflow.smoothing import calibration_errors

RAW, IN_THE_LARGE, LOGISTIC = "raw", "in_the_large", "logistic"
UPDATES = (RAW, IN_THE_LARGE, LOGISTIC)
COLUMNS = [
    "update", "intercept", "intercept_se", "slope", "slope_se", "brier", "oe", "ici", "e50", "e90",
    "deviance", "df", "p", "note",
]  # fmt: skip
NAN = float("nan")
SAME_PATIENTS = "fitted and judged on the same patients"
AS_LOCKED = "the model as it was locked"


def recalibration(y, lp) -> pd.DataFrame:
    """The raw model and its two updates, a row each; columns ``COLUMNS``.

    y (n,) 0/1; lp (n,) linear predictor. intercept and slope replace lp by intercept + slope lp (R:
    glm(y ~ offset(lp), binomial), glm(y ~ lp, binomial)), with their standard errors; brier, oe,
    ici, e50, e90 are those of the updated probabilities; deviance = -2 log likelihood, and p tests
    the update against raw on df degrees of freedom (Vergouwe 2017, Stat Med 36:4529). An update
    that is not defined has no figures and a note that says why. Raises ValueError without patients
    or where a prediction is missing.
    """
    y, lp = np.asarray(y).astype(int), np.asarray(lp, dtype=float)
    if y.ndim != 1 or y.shape != lp.shape or not len(y):
        raise ValueError(f"one linear predictor a patient is needed: {y.shape} and {lp.shape}")
    if np.isnan(lp).any():
        raise ValueError(f"{int(np.isnan(lp).sum())} linear predictors are missing")
    found = recalibrate(y, lp)
    rows = [_judged(y, lp, RAW, 0.0, 1.0) | {"note": AS_LOCKED}]
    for update, intercept, slope, intercept_se, slope_se, df in (
        (IN_THE_LARGE, "intercept_in_the_large", None, "intercept_in_the_large_se", None, 1),
        (LOGISTIC, "intercept", "slope", "intercept_se", "slope_se", 2),
    ):
        a, b = found[intercept], 1.0 if slope is None else found[slope]
        if np.isnan(a) or np.isnan(b):
            rows.append({"update": update, "note": found["note"]})
            continue
        row = _judged(y, lp, update, a, b)
        row |= {
            "intercept_se": found[intercept_se],
            "slope_se": NAN if slope_se is None else found[slope_se],
            "df": df,
            "p": float(chdtrc(df, max(rows[0]["deviance"] - row["deviance"], 0.0))),
            "note": SAME_PATIENTS,
        }
        rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"df": "Int64"})


def updated(lp, intercept: float, slope: float) -> np.ndarray:
    """Probabilities (n,) of an updated model: 1 / (1 + exp(-(intercept + slope lp)))."""
    return expit(intercept + slope * np.asarray(lp, dtype=float))


def _judged(y: np.ndarray, lp: np.ndarray, update: str, intercept: float, slope: float) -> dict:
    p = updated(lp, intercept, slope)
    errors = calibration_errors(y, p)
    sign = 2 * y - 1
    deviance = 2 * np.logaddexp(0, -sign * (intercept + slope * lp)).sum()
    return {
        "update": update,
        "intercept": intercept,
        "slope": slope,
        "brier": brier(y, p),
        "oe": observed_expected(y, p),
        **{key: float(errors[key][0]) for key in ("ici", "e50", "e90")},
        "deviance": float(deviance),
    }
