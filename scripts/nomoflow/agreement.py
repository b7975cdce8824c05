"""The readers' agreement found anew on any patients, so that it can lie inside a validation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from nomoflow.dataset import Dataset
from nomoflow.icc import COMPARISONS, FEWEST_PATIENTS, icc_per_feature, judged_values


@dataclass(frozen=True)
class Agreement:
    """All readings of some patients, and what the ICC of a feature must exceed.

    phases : {phase: {reading: patients x features}}; judged : estimate | lower_limit
    """

    phases: Mapping[str, Mapping[str, pd.DataFrame]]
    form: str
    threshold: float
    judged: str

    def kept(self, patients: Iterable[str]) -> list[str]:
        """Features (``<phase>_<feature>``) that the readers agree on among these patients.

        As ``reliability.assess``: above the threshold in each comparison that has at least 3
        patients with both readings; copies of a patient count once. A phase without such a
        comparison keeps every feature.
        """
        among = set(patients)
        return [
            f"{phase}_{feature}"
            for phase, readings in self.phases.items()
            for feature in self._kept_of(readings, among)
        ]

    def _kept_of(self, readings: Mapping[str, pd.DataFrame], among: set[str]) -> list[str]:
        first = readings["a1"]
        kept = np.ones(first.shape[1], dtype=bool)
        for reading in COMPARISONS.values():
            again = readings.get(reading)
            both = [] if again is None else [p for p in again.index if p in among]
            if len(both) >= FEWEST_PATIENTS:
                table = icc_per_feature(first.loc[both], again.loc[both], self.form)
                kept &= judged_values(table, self.judged) > self.threshold
        return list(first.columns[kept])


def with_readings(
    data: Dataset, phases: Sequence[str], readings: Sequence[pd.DataFrame], rule: Mapping
) -> Dataset:
    """The dataset with every feature that has a value in all patients, and their readings.

    readings: a feature table of each phase (patient, reading, features). rule: the config's section
    ``reliability``. Fitting such a dataset begins with the features that its own patients' readers
    agree on. Without readings the dataset is as it was: its features were kept beforehand.
    """
    if not readings:
        return data
    tables, columns = {}, []
    for phase, table in zip(phases, readings, strict=True):
        by_reading = {
            reading: part.set_index("patient").drop(columns="reading")
            for reading, part in table[table["patient"].isin(data.patients)].groupby("reading")
        }
        values = by_reading["a1"].loc[data.patients]
        usable = values.columns[np.isfinite(values.to_numpy(dtype=float)).all(axis=0)]
        tables[phase] = {reading: part[usable] for reading, part in by_reading.items()}
        columns.append(values[usable].add_prefix(f"{phase}_").reset_index(drop=True))
    agreement = Agreement(tables, rule["icc"], rule["threshold"], rule["judged"])
    return replace(data, features=pd.concat(columns, axis=1), agreement=agreement)


def agreed(data: Dataset) -> Dataset:
    """The dataset with the features that the readers of its own patients agree on."""
    if data.agreement is None:
        return data
    return replace(data, features=data.features[data.agreement.kept(data.patients)])
