"""Folds and resamples of patients, seeded; copies of one patient never part."""

import numpy as np

# Tells the draws from every other task that a study seeds (the second number of a seed).
DRAW = 1_000_001
# What the LASSO needs of each class in the training part of a fold.
PATIENTS_OF_A_CLASS = 2


def stratified_folds(
    y: np.ndarray, folds: int, seed: list[int], patients: np.ndarray | None = None
) -> np.ndarray:
    """The fold (1, 2, ...) of each row.

    Each class is shuffled and dealt out in turn, the next class from where the last one ended, so
    that folds differ by at most one patient, in each class and in all. Rows of one patient (copies,
    in a resample) lie in one fold: with copies on both sides a cross-validation would know the
    outcomes that it has to predict, and choose far too small a penalty.

    Parameters
    ----------
    y : (n,) 0 or 1
    folds : wanted number; never more than the smaller class has patients
    seed : the study's seed and what tells this task from others, such as repeat and fold
    patients : (n,) who each row is; None where each row is a patient of its own

    Raises ValueError where a class has fewer than two patients, or a patient two outcomes.
    """
    y = np.asarray(y)
    if patients is not None:
        _, first, row = np.unique(np.asarray(patients), return_index=True, return_inverse=True)
        if (y[first][row] != y).any():
            raise ValueError("folds need one outcome a patient; found copies that differ")
        return stratified_folds(y[first], folds, seed)[row]
    folds = min(folds, int(np.bincount(y, minlength=2).min()))
    if folds < 2:
        raise ValueError("folds need at least two patients of each class")
    random = np.random.default_rng(seed)
    order = np.concatenate([random.permutation(np.flatnonzero(y == level)) for level in (1, 0)])
    fold = np.empty(len(y), dtype=int)
    fold[order] = np.arange(len(y)) % folds + 1
    return fold


def draw_patients(
    y: np.ndarray, seed: int, resample: int, folds: int = 10
) -> tuple[np.ndarray, int]:
    """Positions (n,) of the patients of a bootstrap resample, and how many draws were refused.

    n of n patients are drawn with replacement. A draw is refused, and repeated, if the LASSO could
    not be cross-validated on it: the training part of each of its ``folds`` needs two different
    patients of each class. Seed and number of the resample decide alone, whichever job draws it.

    Raises ValueError where even all patients are too few for that.
    """
    y = np.asarray(y)
    if not _can_be_folded(y, folds):
        positives = int(np.sum(y))
        raise ValueError(
            f"{positives} positive and {len(y) - positives} negative patients cannot be resampled: "
            f"the training part of each of {folds} folds needs {PATIENTS_OF_A_CLASS} of each class"
        )
    random = np.random.default_rng([seed, DRAW, resample])
    refused = 0
    while True:
        positions = random.integers(len(y), size=len(y))
        if _can_be_folded(y[np.unique(positions)], folds):
            return positions, refused
        refused += 1


def _can_be_folded(y: np.ndarray, folds: int) -> bool:
    """Whether the training part of every stratified fold has patients enough of each class."""
    smaller = int(np.bincount(y, minlength=2).min())
    folds = min(folds, smaller)
    # the fullest fold holds this many of the class, and its training part the others
    return folds > 1 and smaller - -(-smaller // folds) >= PATIENTS_OF_A_CLASS
