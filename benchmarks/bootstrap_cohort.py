"""A cohort made up for the bootstrap's benchmark: as wide and as correlated as radiomics."""

import numpy as np
import pandas as pd

from nomoflow.dataset import VOLUME, Dataset
from nomoflow.models import Choices

PHASES = ("unenhanced", "arterial", "venous")
SIGNS = ("calcification", "cystic_change", "margin", "enhancement")
PREDICTORS = [
    {"name": "age", "kind": "continuous", "unit": "years", "per": 10, "label": "Age"},
    {"name": "diameter", "kind": "continuous", "unit": "cm", "label": "Diameter"},
    *({"name": name, "kind": "binary", "positive": "yes", "label": name} for name in SIGNS),
]
POSITIVES = 102 / 149
# Features of one family rise and fall together: about 19 of them at r above 0.9 with each other.
FEATURES_OF_A_FAMILY = 19
NOISE = 0.3
INFORMATIVE = 4
EFFECT = 0.6  # SDs between the classes, of an informative family

CHOICES = Choices(
    PHASES, PREDICTORS, 10, penalty="min", score="refit", select="univariate", p=0.05,
    separated="firth",
)  # fmt: skip


def cohort(patients: int, features: int, seed: int) -> Dataset:
    """Patients with ``features`` features in each of three phases, predictors and a volume."""
    random = np.random.default_rng(seed)
    y = np.zeros(patients, dtype=int)
    y[: round(patients * POSITIVES)] = 1
    random.shuffle(y)
    families = max(features // FEATURES_OF_A_FAMILY, 1)
    # What a phase shows is in part what the others show.
    shared = random.normal(size=(patients, families))
    columns = {}
    for phase in PHASES:
        family = np.sqrt(0.5) * (shared + random.normal(size=(patients, families)))
        family[:, :INFORMATIVE] += EFFECT * y[:, None]
        values = family[:, np.arange(features) % families]
        values = values + random.normal(0, NOISE, (patients, features))
        # units differ by orders of magnitude, as those of texture features do
        values = values * 10 ** random.uniform(-3, 5, features) + random.normal(0, 10, features)
        columns |= {f"{phase}_feature_{i:04d}": values[:, i] for i in range(features)}
    clinical = {"age": random.normal(5.5 + 0.3 * y, 1.3), "diameter": random.normal(4, 2, patients)}
    clinical |= {name: (random.random(patients) < 0.3 + 0.15 * y).astype(float) for name in SIGNS}
    return Dataset(
        patients=np.array([f"P{i:04d}" for i in range(patients)], dtype=object),
        y=y,
        clinical=pd.DataFrame(clinical),
        features=pd.DataFrame(columns),
        volume=pd.DataFrame({VOLUME: random.lognormal(3, 1, patients)}),
    )
