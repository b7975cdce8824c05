"""The synthetic cohort as if two scanners had made it: each feature shifted and scaled by one."""

from dataclasses import replace

import numpy as np
import pandas as pd
from synthetic_cohort import CHOICES, PHASES, cohort

from nomoflow.dataset import BATCH, as_dataset

COMBAT = replace(CHOICES, harmonisation={"batch": "scanner", "reference": None})
REFERENCE = replace(CHOICES, harmonisation={"batch": "scanner", "reference": "A"})


def of_sites(n=60, shift=1.0, scale=1.0, seed=1, levels=("A", "B"), **more) -> pd.DataFrame:
    """An assembled dataset whose second level's features are moved by ``shift`` SD, to and fro."""
    table, random = cohort(n, seed=seed, **more), np.random.default_rng([seed, 5])
    batch = np.array(levels, dtype=object)[random.permutation(np.arange(n) // 2 % len(levels))]
    features = [c for c in table if c.startswith(tuple(f"{phase}_" for phase in PHASES))]
    for level in levels[1:]:
        here = batch == level
        signs = random.choice([-1, 1], len(features))
        moved = table.loc[here, features].to_numpy() * scale + shift * signs
        table.loc[here, features] = moved
    return table.assign(**{BATCH: batch})


def data_of_sites(**more):
    """The same as a dataset of arrays."""
    return as_dataset(of_sites(**more))
