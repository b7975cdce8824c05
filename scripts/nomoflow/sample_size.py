"""How many patients a binary prediction model needs: Riley et al. 2020 (BMJ 368:m441).

The three criteria that R's ``pmsampsize(type = "b")`` computes: the predictors' effects shrink
little, the optimism in Nagelkerke's R2 is small, and the overall risk is known precisely.
"""

import math
from statistics import NormalDist

import numpy as np
import pandas as pd

SHRINKAGE = 0.9  # criterion 1: expected shrinkage of the predictors' effects, at least
OPTIMISM = 0.05  # criterion 2: apparent less adjusted Nagelkerke R2, at most
MARGIN = 0.05  # criterion 3: half the 95 % interval of the overall risk, at most
COLUMNS = (
    "criterion", "n", "shrinkage", "parameters", "cox_snell_r2", "max_r2", "nagelkerke_r2", "epp",
)  # fmt: skip
CRITERIA = ("shrinkage", "optimism", "overall risk")
Z = 1.96  # as pmsampsize has it


def max_r2(prevalence: float) -> float:
    """The largest Cox-Snell R2 that a model of an outcome of this prevalence can have."""
    _check_prevalence(prevalence)
    return -math.expm1(-2 * _uncertainty(prevalence))


def r2_of_c(c: float, prevalence: float) -> float:
    """Cox-Snell R2 of a model with this c statistic (AUC), 0.5 to 1.

    The model of Riley, Van Calster and Collins 2021 (Stat Med 40:859), which pmsampsize simulates:
    the linear predictor is normal with variance 1 in both classes, their means sqrt(2) qnorm(c)
    apart. There the logistic model holds exactly, so R2 is 1 - exp(-2 I), I being the linear
    predictor's information on the outcome (nats): here an integral, with an error below 1e-12.
    Raises ValueError where c or the prevalence lies outside its limits.
    """
    if not 0.5 <= c <= 1:
        raise ValueError(f"a c statistic of {c:g}: allowed is 0.5 to 1")
    _check_prevalence(prevalence)
    if c == 0.5:
        return 0.0
    if c == 1:
        return max_r2(prevalence)
    apart = math.sqrt(2) * NormalDist().inv_cdf(c)
    # the trapezoidal rule is exact to rounding here: smooth, and nothing is left beyond 9 SDs
    step = 0.01
    x = np.arange(-9, 9 + step, step)
    weights = step * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    odds = math.log(prevalence / (1 - prevalence))
    # log odds of the outcome at x above the mean of the patients with it, and of those without
    with_it, without = odds + apart * x + apart**2 / 2, odds + apart * x - apart**2 / 2
    surprise = prevalence * float(weights @ np.logaddexp(0, -with_it))
    surprise += (1 - prevalence) * float(weights @ np.logaddexp(0, without))
    return max(0.0, -math.expm1(-2 * (_uncertainty(prevalence) - surprise)))


def required(parameters: int, prevalence: float, r2: float) -> pd.DataFrame:
    """Patients that each criterion asks for, and the most of them: four rows of ``COLUMNS``.

    parameters: coefficients beside the intercept; prevalence: share of patients with the outcome,
    between 0 and 1; r2: the Cox-Snell R2 expected of the model in new patients, above 0.
    Columns: n patients; shrinkage to be expected at that n; epp events per parameter.
    Raises ValueError where a value lies outside these limits.
    """
    limit = max_r2(prevalence)
    if parameters < 1:
        raise ValueError(f"{parameters} parameters: allowed is 1 or more")
    if not 0 < r2 <= limit:
        raise ValueError(
            f"a Cox-Snell R2 of {r2:g}: allowed is above 0 and up to {limit:.4f}, its maximum at a "
            f"prevalence of {prevalence:g}"
        )
    second = _shrinkage_of_optimism(r2, limit)
    n = [
        math.ceil(parameters / _per_patient(r2, SHRINKAGE)),
        math.ceil(parameters / _per_patient(r2, second)),
        math.ceil((Z / MARGIN) ** 2 * prevalence * (1 - prevalence)),
    ]
    both = max(SHRINKAGE, second)
    rows = [
        (name, patients, shrinkage, parameters, r2, limit, r2 / limit,
         patients * prevalence / parameters)
        for name, patients, shrinkage in zip(
            (*CRITERIA, "all"), (*n, max(n)), (SHRINKAGE, second, both, both), strict=True
        )
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def most_parameters(n: int, prevalence: float, r2: float) -> int:
    """Parameters that n patients suffice for, by the criteria of shrinkage and of optimism."""
    second = _shrinkage_of_optimism(r2, max_r2(prevalence))
    return math.floor(n * min(_per_patient(r2, shrinkage) for shrinkage in (SHRINKAGE, second)))


def _shrinkage_of_optimism(r2: float, limit: float) -> float:
    """The shrinkage at which Nagelkerke's R2 is ``OPTIMISM`` too high."""
    return r2 / (r2 + OPTIMISM * limit)


def _per_patient(r2: float, shrinkage: float) -> float:
    """Parameters for each patient at which this shrinkage is to be expected."""
    return (shrinkage - 1) * math.log1p(-r2 / shrinkage)


def _uncertainty(prevalence: float) -> float:
    """Entropy of an outcome of this prevalence, in nats."""
    return -sum(share * math.log(share) for share in (prevalence, 1 - prevalence))


def _check_prevalence(prevalence: float) -> None:
    if not 0 < prevalence < 1:
        raise ValueError(f"a prevalence of {prevalence:g}: allowed is above 0 and below 1")
