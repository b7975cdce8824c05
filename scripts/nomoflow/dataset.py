"""The table that models are made from: one row a patient, with outcome, predictors and features."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from nomoflow.agreement import Agreement

CLINICAL = "clinical."
VOLUME = "volume_ml"
VOLUME_FEATURE = "original_shape_MeshVolume"
MM3_PER_ML = 1000.0
COMBINED = "combined"
BATCH = "batch"  # of harmonisation: scanner or site


@dataclass(frozen=True)
class Dataset:
    """Patients as arrays of one length.

    patients : study keys; y : 1 for the positive outcome, else 0
    clinical : coded predictors, one column each, NaN where a value is missing
    features : ``<phase>_<feature>``, the kept ones
    volume : tumour volume in the first phase in mL, or None where it is not known
    agreement : the readings, where the readers' agreement is found on the patients at hand; then
        ``features`` are all that could be kept
    batch : scanner or site of each patient, where features are to be harmonised
    """

    patients: np.ndarray
    y: np.ndarray
    clinical: pd.DataFrame
    features: pd.DataFrame
    volume: pd.DataFrame | None
    agreement: "Agreement | None" = None
    batch: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> "Dataset":
        """The patients at these positions."""
        volume = self.volume
        return replace(
            self,
            patients=self.patients[rows],
            y=self.y[rows],
            clinical=self.clinical.iloc[rows].reset_index(drop=True),
            features=self.features.iloc[rows].reset_index(drop=True),
            volume=None if volume is None else volume.iloc[rows].reset_index(drop=True),
            batch=None if self.batch is None else self.batch[rows],
        )

    def candidates(self, signature: str, phases: Sequence[str]) -> pd.DataFrame:
        """The features that a signature may choose from: one phase's, or all for ``combined``."""
        if signature == COMBINED:
            return self.features
        others = [phase for phase in phases if phase != signature]
        return self.features[[c for c in self.features if phase_of(c, phases) not in others]]


def phase_of(column: str, phases: Sequence[str]) -> str:
    """The phase that a combined column name begins with; the longest, where names nest."""
    return _phase_of(column, tuple(phases))


@cache  # asked for thousands of columns in each fold
def _phase_of(column: str, phases: tuple[str, ...]) -> str:
    fitting = [phase for phase in phases if column.startswith(f"{phase}_")]
    if not fitting:
        raise ValueError(f"column {column} belongs to no phase of {', '.join(phases)}")
    return max(fitting, key=len)


def assemble(
    patients: Sequence[str],
    y: np.ndarray,
    clinical: pd.DataFrame,
    phases: dict[str, pd.DataFrame],
    kept: pd.DataFrame,
    with_volume: bool,
    batch: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One table of the patients who have reading a1 in every phase.

    Parameters
    ----------
    patients, y, clinical : of one length and order
    phases : feature tables by phase (patient, reading, features)
    kept : columns phase, feature of the features that the readers agree on
    with_volume : False where the table's volumes have lost their unit
    batch : scanner or site of each patient, where features are to be harmonised
    """
    frame = pd.DataFrame({"patient": np.asarray(patients, dtype=object), "outcome": y})
    for name in clinical:
        frame[CLINICAL + name] = clinical[name].to_numpy()
    if batch is not None:
        frame[BATCH] = np.asarray(batch, dtype=object)
    frame = frame.set_index("patient")
    first = next(iter(phases))
    blocks = []
    for phase, table in phases.items():
        analysed = table[table["reading"] == "a1"].set_index("patient")
        if with_volume and phase == first and VOLUME_FEATURE in analysed:
            blocks.append((analysed[[VOLUME_FEATURE]] / MM3_PER_ML).set_axis([VOLUME], axis=1))
        names = kept.loc[kept["phase"] == phase, "feature"]
        blocks.append(analysed[list(names)].add_prefix(f"{phase}_"))
    joined = frame.join(blocks, how="inner") if blocks else frame
    return joined.sort_index().reset_index()


def complete_cases(frame: pd.DataFrame) -> pd.DataFrame:
    """The patients of an assembled table who have a value of every predictor, in their order."""
    clinical = [column for column in frame if column.startswith(CLINICAL)]
    return frame[frame[clinical].notna().all(axis=1)].reset_index(drop=True)


def as_dataset(frame: pd.DataFrame) -> Dataset:
    """The parts of an assembled table."""
    clinical = [column for column in frame if column.startswith(CLINICAL)]
    others = {"patient", "outcome", VOLUME, BATCH, *clinical}
    return Dataset(
        patients=frame["patient"].to_numpy(dtype=object),
        y=frame["outcome"].to_numpy(dtype=int),
        clinical=frame[clinical].rename(columns=lambda name: name.removeprefix(CLINICAL)),
        features=frame[[column for column in frame if column not in others]],
        volume=frame[[VOLUME]] if VOLUME in frame else None,
        batch=frame[BATCH].to_numpy(dtype=object) if BATCH in frame else None,
    )


def signature_of(model: str) -> str | None:
    """The signature that a model stands on: a phase, ``combined``, or None for the others."""
    if model in ("nomogram", "radiomics"):
        return COMBINED
    return model.removeprefix("radiomics_") if model.startswith("radiomics_") else None
