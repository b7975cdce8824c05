"""A cohort of numbers: features, one of which tells the classes apart, and clinical predictors."""

import numpy as np
import pandas as pd

from nomoflow.dataset import CLINICAL, VOLUME
from nomoflow.models import Choices

PHASES = ["early", "late"]
PREDICTORS = [
    {"name": "age", "kind": "continuous", "unit": "years", "per": 10, "label": "Age"},
    {"name": "sex", "kind": "binary", "positive": "male", "negative": "female", "label": "Male"},
]
CHOICES = Choices(
    PHASES, PREDICTORS, 4, penalty="min", score="refit", select="all", p=0.05, separated="firth"
)


def cohort(n=40, features=6, effect=1.2, seed=1) -> pd.DataFrame:
    """An assembled dataset of n patients, half of each class."""
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    frame = pd.DataFrame({"patient": [f"P{i:03d}" for i in range(n)], "outcome": y})
    frame[f"{CLINICAL}age"] = random.normal(5.4, 1.2, n) + 0.5 * y
    frame[f"{CLINICAL}sex"] = (random.random(n) < 0.4 + 0.2 * y).astype(float)
    frame[VOLUME] = random.lognormal(1, 0.5, n)
    for phase in PHASES:
        for k in range(features):
            frame[f"{phase}_original_firstorder_F{k}"] = random.normal(effect * y * (k == 0), 1)
    return frame
