"""Missing values of clinical predictors: filled in by what the training patients show.

Single imputation by the median or the most frequent level. It never sees the outcome, so the same
values serve a patient whose outcome is not known yet; inside resampling each training part has
values of its own.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

POLICIES = ("refuse", "impute")


def fit_imputation(clinical: pd.DataFrame) -> dict[str, float]:
    """The value that stands for a missing one, of each column of coded predictors (n x k).

    A column of 0 and 1 alone: the more frequent level, 0 if both are equally frequent; any other:
    the median (of two middle values their mean, as R's ``median``), which ``per`` scales alike. A
    column without any value: 0, so that it is constant here and no model can rest on it.
    """
    values = {}
    for name in clinical:
        column = clinical[name].to_numpy(dtype=float)
        present = column[~np.isnan(column)]
        median = float(np.median(present)) if len(present) else 0.0
        # of 0s and 1s the median is the more frequent level, but for a tie
        tied = median == 0.5 and bool(np.isin(present, (0.0, 1.0)).all())
        values[str(name)] = 0.0 if tied else median
    return values


def impute(clinical: pd.DataFrame, values: Mapping[str, float]) -> pd.DataFrame:
    """A copy of ``clinical`` (n x k) whose missing cells hold ``values``; all else is unchanged.

    Raises ValueError naming the columns that lack values and have none to be given.
    """
    filled = clinical.copy()
    for name in clinical:
        column = clinical[name].to_numpy(dtype=float)
        missing = np.isnan(column)
        if not missing.any():
            continue
        value = values.get(name, math.nan)
        if not math.isfinite(value):
            raise ValueError(
                f"predictor {name} is missing in {int(missing.sum())} of {len(column)} patients "
                "and the model holds no value to fill in; fill in the cells, or make the model "
                "with models.missing: impute"
            )
        filled[name] = np.where(missing, value, column)
    return filled
