"""ComBat within a study: learned from the patients at hand, applied to these or others by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from nomoflow.dataset import Dataset
from nomoflow.harmonisation import Combat, fit_combat, labels_of


@dataclass(frozen=True)
class Harmonisation:
    """ComBat of named features (p), as learned from the patients that a study was fitted on."""

    features: tuple[str, ...]
    combat: Combat

    def apply(self, table: pd.DataFrame, batch: Sequence) -> pd.DataFrame:
        """The p features of these or other patients (n rows), harmonised; NaN stays NaN.

        A batch that was not in training is brought to the reference batch by its own patients of
        ``table`` who lack no feature, without any outcome; where no reference was declared, or
        they are fewer than two, it is refused (UnknownBatch, ValueError).
        """
        labels = labels_of(batch, len(table))
        values = table[list(self.features)].to_numpy(dtype=float)
        combat = self.combat
        unknown = sorted(set(labels) - set(combat.levels)) if combat.reference is not None else ()
        for level in unknown:
            here = (labels == level) & np.isfinite(values).all(axis=1)
            combat = combat.with_batch(values[here], level)
        made = combat.apply(values, labels)
        return pd.DataFrame(made, columns=list(self.features), index=table.index)

    def only(self, names: Sequence[str]) -> "Harmonisation":
        """The same for these of its features."""
        columns = [self.features.index(name) for name in names]
        return Harmonisation(tuple(names), self.combat.only(columns))


def fit_harmonisation(data: Dataset, asked: Mapping | None) -> Harmonisation | None:
    """ComBat learned from these patients' features, where a study asks for it; else None.

    asked : ``batch`` (a column of the participants table) and ``reference`` (a level of it, or
        None). Raises ValueError as ``fit_combat`` does, and where the patients have no batch.
    """
    if not asked:
        return None
    if data.batch is None:
        raise ValueError(
            f"the dataset has no batch of its patients to harmonise by ({asked['batch']}); make "
            "it anew with centres.harmonisation.method: combat"
        )
    combat = fit_combat(data.features.to_numpy(dtype=float), data.batch, asked["reference"])
    return Harmonisation(tuple(data.features), combat)


def harmonised(data: Dataset, harmonisation: Harmonisation | None) -> Dataset:
    """The patients with harmonised features; volume and clinical predictors are as they were."""
    if harmonisation is None:
        return data
    return replace(data, features=harmonisation.apply(data.features, data.batch))
