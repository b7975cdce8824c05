"""Agreement of the readers on the volume of what they drew."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from nomoflow.icc import COMPARISONS, FEWEST_PATIENTS, icc_per_feature

VOLUME_ICC_COLUMNS = [
    "phase", "comparison", "form", "n", "icc", "ci_low", "ci_high", "reason",
]  # fmt: skip


def volume_icc(
    dice: pd.DataFrame, phases: Iterable[str], form: str, confidence: float = 0.95
) -> pd.DataFrame:
    """ICC of the masks' volumes (mm3): ``VOLUME_ICC_COLUMNS``, a row a phase and comparison.

    dice : a row a patient, phase and comparison, with volume_a_mm3 and volume_b_mm3; pairs without
    a volume are left out. ``n`` is the patients; with fewer than 3 there is no ICC. A phase and
    comparison that no patient has has no row. Raises ValueError for an unknown ``form``.
    """
    rows = []
    for phase in phases:
        for comparison in COMPARISONS:
            chosen = (dice["phase"] == phase) & (dice["comparison"] == comparison)
            volumes = dice.loc[chosen, ["volume_a_mm3", "volume_b_mm3"]].astype(float).dropna()
            if chosen.any():
                found = _icc(volumes, form, confidence)
                rows.append({"phase": phase, "comparison": comparison, "form": form, **found})
    return pd.DataFrame(rows, columns=VOLUME_ICC_COLUMNS)


def _icc(volumes: pd.DataFrame, form: str, confidence: float) -> dict:
    n = len(volumes)
    if n < FEWEST_PATIENTS:
        undefined = dict.fromkeys(("icc", "ci_low", "ci_high"), np.nan)
        return {"n": n, **undefined, "reason": f"{n} patients have both volumes"}
    first, second = (volumes[[name]].set_axis(["volume"], axis=1) for name in volumes.columns)
    table = icc_per_feature(first, second, form, confidence)
    return table.drop(columns="feature").iloc[0].to_dict()
