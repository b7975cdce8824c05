"""Predictions by model and sample, as the statistics want them: one row a patient."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

APPARENT, CROSS_VALIDATED = "apparent", "cross_validated"


@dataclass(frozen=True)
class Judged:
    """One model on one sample: n patients, R repeats (1 where nothing is repeated).

    y : (n,); the others : (R, n), patients in one order
    score : linear predictor
    rank : the same above the training patients' log odds; it alone may be compared between folds
    """

    model: str
    sample: str
    y: np.ndarray
    fold: np.ndarray
    score: np.ndarray
    rank: np.ndarray
    probability: np.ndarray
    cutoff: np.ndarray


def judged(predictions: pd.DataFrame, models: Sequence[str]) -> Iterator[Judged]:
    """Each model's predictions, apparent first, models in the order given.

    Raises ValueError where a patient lacks a prediction or has two: n rows a repeat, never more.
    """
    # Rounded, so that scores which are equal but for the last bit stay ties.
    rank = (predictions["linear_predictor"] - predictions["baseline"]).round(12)
    predictions = predictions.assign(rank=rank)
    for sample in (APPARENT, CROSS_VALIDATED):
        for model in models:
            rows = predictions[(predictions["model"] == model) & (predictions["sample"] == sample)]
            if rows.empty:
                continue
            wide = rows.pivot(
                index="repeat",
                columns="patient",
                values=["fold", "linear_predictor", "rank", "probability", "cutoff"],
            )
            if wide.isna().to_numpy().any():
                raise ValueError(f"{model}, {sample}: not every patient is predicted once a repeat")
            outcome = rows.drop_duplicates("patient").set_index("patient")["outcome"]
            yield Judged(
                model,
                sample,
                outcome.loc[wide["fold"].columns].to_numpy(dtype=int),
                *(wide[part].to_numpy(dtype=float) for part in wide.columns.unique(0)),
            )
