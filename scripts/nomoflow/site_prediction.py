"""How well the features tell the sites apart: before harmonisation, and after it.

Principal components of the z-scored features, then linear discriminant analysis (Fisher 1936),
cross-validated; ComBat, where asked for, is learned in each training part alone, as it would be in
a study. An AUC of 0.5 says that the site does not show, 1 that it always does. After ComBat it lies
a little below 0.5 where nothing is left: what ComBat took off the training part by chance is
missing from the patients held back, so that they seem to come from the other site.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from nomoflow.discrimination import auc
from nomoflow.harmonisation import fit_combat

COLUMNS = ["batch_a", "batch_b", "n_a", "n_b", "features", "harmonised", "auc", "note"]
FOLDS, COMPONENTS = 5, 10
PATIENTS_A_COMPONENT = 5
NAN = float("nan")


def site_predictability(values, batch, seed: int, reference: str | None = None) -> pd.DataFrame:
    """AUC of telling each two batches apart, from raw and from harmonised features.

    values (n, p) without missing ones, batch (n,) labels. Rows: each pair of batches, then ``all``
    (mean over the pairs: Hand and Till 2001), for harmonised False and True. Columns ``COLUMNS``;
    a pair with fewer than two patients of a batch a fold has no figure and a note.
    """
    values = np.asarray(values, dtype=float)
    batch = np.array([str(label) for label in batch], dtype=object)
    levels = sorted(set(batch))
    rows = []
    for harmonised in (False, True):
        found = []
        for a, b in combinations(levels, 2):
            pair = np.isin(batch, (a, b))
            used = reference if harmonised and reference in (a, b) else None
            row = _pair(values[pair], batch[pair], a, b, seed, harmonised, used)
            rows.append(row | {"features": values.shape[1], "harmonised": harmonised})
            found.append(row["auc"])
        defined = [value for value in found if np.isfinite(value)]
        rows.append(
            {
                "batch_a": "all",
                "batch_b": "all",
                "n_a": len(batch),
                "n_b": len(batch),
                "features": values.shape[1],
                "harmonised": harmonised,
                "auc": float(np.mean(defined)) if defined else NAN,
                "note": f"mean of {len(defined)} of {len(found)} pairs of batches",
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _pair(values, batch, a, b, seed, harmonised, reference) -> dict:
    site = (batch == b).astype(int)
    sizes = np.bincount(site, minlength=2)
    row = {"batch_a": a, "batch_b": b, "n_a": int(sizes[0]), "n_b": int(sizes[1]), "note": ""}
    folds = min(FOLDS, int(sizes.min()) // 2)
    if folds < 2:
        return row | {"auc": NAN, "note": "not defined: four patients of each batch are needed"}
    random = np.random.default_rng([seed, 77])
    fold = np.empty(len(site), dtype=int)
    for level in (0, 1):
        members = random.permutation(np.flatnonzero(site == level))
        fold[members] = np.arange(len(members)) % folds
    score = np.empty(len(site))
    for held in range(folds):
        training, rest = fold != held, fold == held
        first, second = values[training], values[rest]
        if harmonised:
            combat = fit_combat(first, batch[training], reference)
            first, second = (
                combat.apply(part, batch[where])
                for part, where in ((first, training), (second, rest))
            )
        score[rest] = _discriminant(first, site[training], second)
    # Scores of different folds are comparable within a fold alone: AUCs are averaged over folds.
    return row | {
        "auc": float(np.mean([auc(site[fold == f], score[fold == f]) for f in range(folds)]))
    }


def _discriminant(training: np.ndarray, site: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Fisher's linear discriminant on the leading principal components, of the others (m,)."""
    mean, sd = training.mean(axis=0), training.std(axis=0)
    varies = sd > 1e-12 * np.maximum(np.abs(training).max(axis=0), 1e-300)
    if not varies.any():
        return np.zeros(len(others))
    z, new = ((part[:, varies] - mean[varies]) / sd[varies] for part in (training, others))
    _, lengths, axes = np.linalg.svd(z, full_matrices=False)
    kept = max(1, min(COMPONENTS, len(z) // PATIENTS_A_COMPONENT, int((lengths > 1e-9).sum())))
    parts, new = z @ axes[:kept].T, new @ axes[:kept].T
    low, high = parts[site == 0], parts[site == 1]
    within = (low - low.mean(axis=0)).T @ (low - low.mean(axis=0))
    within += (high - high.mean(axis=0)).T @ (high - high.mean(axis=0))
    # a component without spread within the sites would divide by zero
    within += np.eye(kept) * (1e-9 * np.trace(within) / kept + 1e-300)
    return new @ np.linalg.solve(within, high.mean(axis=0) - low.mean(axis=0))
