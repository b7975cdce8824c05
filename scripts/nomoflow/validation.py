"""Nested cross-validation: all that is learned from data is learned in the training part."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from nomoflow.dataset import Dataset
from nomoflow.models import Choices, fit_study, linear_predictor
from nomoflow.resampling import stratified_folds

COLUMNS = (
    "patient", "outcome", "model", "sample", "repeat", "fold", "linear_predictor", "probability",
    "cutoff", "baseline",
)  # fmt: skip


def predictions(
    data: Dataset,
    columns: pd.DataFrame,
    models: dict,
    names: Sequence[str],
    training: np.ndarray,
    order: Sequence[str] = COLUMNS,
    **same,
) -> pd.DataFrame:
    """Rows model x patient of the models' predictions; ``same`` fills columns such as sample.

    ``training`` is the outcome of the patients that the models were made from. The log odds of its
    prevalence stand beside each prediction as ``baseline``: patients of different folds are ranked
    by their linear predictor above it. Without it a fold with one event more, whose training part
    has one event fewer, would be ranked lower even by a constant score. ``order`` is that of the
    columns. A model that is unavailable has no rows.
    """
    baseline = float(logit(np.mean(training)))
    parts = []
    for name in names:
        if not models[name].available:
            continue
        score = linear_predictor(models[name], columns)
        parts.append(
            pd.DataFrame(
                {
                    "patient": data.patients,
                    "outcome": data.y,
                    "model": name,
                    **same,
                    "linear_predictor": score,
                    "probability": expit(score),
                    "cutoff": models[name].cutoff,
                    "baseline": baseline,
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=list(order))
    return pd.concat(parts, ignore_index=True)[list(order)]


def cross_validate(
    data: Dataset, choices: Choices, names: Sequence[str], repeat: int, seed: int
) -> pd.DataFrame:
    """One repeat: each patient predicted by models that were made without that patient.

    Values for missing predictors, z-scores, LASSO with its own folds and penalty, refit, predictor
    choice, nomogram and cut-off are all repeated in each training part; the training part's
    cut-off judges the rest.
    """
    outer = stratified_folds(data.y, choices.folds, [seed, repeat], data.patients, data.batch)
    parts = []
    for fold in np.unique(outer):
        training = data.take(np.flatnonzero(outer != fold))
        held_back = data.take(np.flatnonzero(outer == fold))
        fitted = fit_study(training, choices, [seed, repeat, int(fold)], names)
        parts.append(
            predictions(
                held_back,
                fitted.design(held_back),
                fitted.models,
                names,
                training.y,
                sample="cross_validated",
                repeat=repeat,
                fold=int(fold),
            )
        )
    order = {name: index for index, name in enumerate(names)}
    joined = pd.concat(parts, ignore_index=True)
    return joined.sort_values(
        ["model", "patient"], key=lambda c: c.map(order) if c.name == "model" else c
    ).reset_index(drop=True)
