"""The bootstrap: the whole study made again from patients drawn with replacement."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nomoflow.dataset import Dataset
from nomoflow.models import Choices, Fitted, fit_study
from nomoflow.resampling import draw_patients
from nomoflow.validation import predictions

PREDICTIONS = (
    "resample", "model", "patient", "outcome", "count", "linear_predictor", "probability",
    "cutoff", "baseline", "refused",
)  # fmt: skip
SELECTED = ("resample", "signature", "feature")
PENALTIES = ("resample", "signature", "status", "lambda", "nonzero", "at_end")
# Tells the inner folds of a resample from every other task that a study seeds.
FOLDS = 1_000_002


def resample_models(
    data: Dataset, choices: Choices, names: Sequence[str], resamples: Sequence[int], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Every data-driven step repeated in each of these resamples of the patients.

    Returns three tables. Predictions: each patient by each model of each resample, with how often
    the patient was drawn into it (count; 0 = out of bag) and how many draws were refused before it.
    Selected: the features of each signature. Penalties: each signature's status, lambda, number of
    features, and whether that lambda is the last of its path (at_end). An empty signature is a
    constant score, never left out; a model that is unavailable has no rows. A resample is the same
    in whatever company it is computed.
    """
    parts = []
    for resample in resamples:
        positions, refused = draw_patients(data.y, seed, resample, choices.folds, data.batch)
        fold_seed = [seed, FOLDS, resample]
        parts.append(refit(data, positions, choices, names, fold_seed, resample, refused))
    return tuple(
        pd.concat(tables, ignore_index=True)[list(columns)]
        for tables, columns in zip(
            zip(*parts, strict=True), (PREDICTIONS, SELECTED, PENALTIES), strict=True
        )
    )


def refit(
    data: Dataset,
    positions: np.ndarray,
    choices: Choices,
    names: Sequence[str],
    fold_seed: Sequence[int],
    resample: int,
    refused: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The three tables of one resample: the patients at ``positions`` (n, in any order)."""
    training = data.take(np.sort(positions))
    fitted = fit_study(training, choices, fold_seed, names)
    predicted = predictions(
        data,
        fitted.design(data),
        fitted.models,
        names,
        training.y,
        PREDICTIONS,
        resample=resample,
        count=np.bincount(positions, minlength=len(data.y)),
        refused=refused,
    )
    return predicted, _selected(fitted, resample), _penalties(fitted, resample)


def _selected(fitted: Fitted, resample: int) -> pd.DataFrame:
    rows = [
        (resample, name, feature)
        for name, signature in fitted.signatures.items()
        for feature in signature.features
    ]
    # An empty table must not change the kinds of the columns it is joined to.
    kinds = dict(zip(SELECTED, ("int64", "str", "str"), strict=True))
    return pd.DataFrame(rows, columns=list(SELECTED)).astype(kinds)


def _penalties(fitted: Fitted, resample: int) -> pd.DataFrame:
    rows = [
        (resample, name, signature.status, *fitted.penalties[name])
        for name, signature in fitted.signatures.items()
    ]
    return pd.DataFrame(rows, columns=list(PENALTIES))
