"""Reclassification of patients by a second model: continuous NRI and IDI.

Given on request only. Both rise with a useless but miscalibrated model, also on patients whom the
models have not seen (Hilden and Gerds, Stat Med 2014;33:3405-3414; Pepe et al., Stat Biosci
2015;7:282-295); the likelihood-ratio test, the difference in AUC and the net benefit say more.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtr

COLUMNS = ("measure", "estimate", "se", "z", "p")
MEASURES = ("nri", "nri_events", "nri_nonevents", "idi")


def reclassification(y, before, after) -> pd.DataFrame:
    """Continuous net reclassification and integrated discrimination improvement (R: Hmisc).

    y (n,) 0/1; before, after (n,), or (repeats, n): the probability of each patient by the first
    and by the second model. ``nri_events`` is the share of events whose probability rises less the
    share whose falls, ``nri_nonevents`` the reverse for non-events, ``nri`` their sum; ``idi`` is
    the mean change in events less that in non-events. Numbers as ``Hmisc::improveProb`` for one
    repeat. For several, a patient's change and its direction are averaged over the repeats first,
    so that the standard errors know n patients, not n times the repeats.
    A measure without a variance has no z and p. Raises ValueError: shapes, an absent class.
    """
    y = np.asarray(y).astype(int)
    before, after = (np.atleast_2d(np.asarray(p, dtype=float)) for p in (before, after))
    if before.shape != after.shape or before.shape[1:] != y.shape:
        raise ValueError(
            f"two probabilities a patient are needed: {before.shape} and {after.shape} for {len(y)}"
        )
    if not (y == 1).any() or not (y == 0).any():
        raise ValueError("both classes are needed: there are no patients of one class")
    change = after - before
    # Equal but for the last bit is no change of direction.
    direction = np.sign(change.round(12)).mean(axis=0)
    change = change.mean(axis=0)
    n1, n0 = int((y == 1).sum()), int((y == 0).sum())
    events, nonevents = float(direction[y == 1].mean()), -float(direction[y == 0].mean())
    # The variance of a sum of +1, 0 and -1, with n below it; that of the IDI has n - 1.
    var_events = float(direction[y == 1].var()) / n1
    var_nonevents = float(direction[y == 0].var()) / n0
    idi = float(change[y == 1].mean() - change[y == 0].mean())
    var_idi = _variance(change[y == 1]) / n1 + _variance(change[y == 0]) / n0
    estimates = np.array([events + nonevents, events, nonevents, idi])
    variances = np.array([var_events + var_nonevents, var_events, var_nonevents, var_idi])
    # Rounding leaves something of a variance that is 0.
    se = np.sqrt(np.where(variances > 1e-20, variances, np.nan))
    z = estimates / se
    p = 2 * ndtr(-np.abs(z))
    table = zip(MEASURES, estimates, se, z, p, strict=True)
    return pd.DataFrame(table, columns=list(COLUMNS))


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else float("nan")
