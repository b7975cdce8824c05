"""Predictions of two models, apparent and in two repeats of cross-validation."""

import numpy as np
import pandas as pd
from scipy.special import expit

MODELS = ["nomogram", "radiomics", "volume"]


def predictions(n=30, repeats=2, seed=1) -> pd.DataFrame:
    """Rows as evaluation/predictions.csv has them; ``volume`` is missing, as in some studies."""
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3 % 2
    parts = []
    for model, effect in (("nomogram", 2.0), ("radiomics", 1.5)):
        for repeat in range(repeats + 1):
            score = random.normal(effect * y, 1)
            parts.append(
                pd.DataFrame(
                    {
                        "patient": [f"P{i:03d}" for i in range(n)],
                        "outcome": y,
                        "model": model,
                        "sample": "cross_validated" if repeat else "apparent",
                        "repeat": repeat,
                        "fold": np.arange(n) % 5 + 1 if repeat else 0,
                        "linear_predictor": score,
                        "probability": expit(score),
                        "cutoff": 1.0,
                        "baseline": 0.0,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def with_levels(rows: pd.DataFrame, step: float = 3.0) -> pd.DataFrame:
    """The same, the training part of each fold at a level of its own: its log odds, in all scores.

    What compares patients of different folds must come out as before.
    """
    level = step * rows["fold"]  # 0 where nothing is held back
    moved = {name: rows[name] + level for name in ("linear_predictor", "cutoff", "baseline")}
    return rows.assign(**moved)
