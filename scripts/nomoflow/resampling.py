"""Folds and resamples of patients, seeded; copies of one patient never part."""

import numpy as np

# Tells the draws from every other task that a study seeds (the second number of a seed).
DRAW = 1_000_001
# What the LASSO needs of each class in the training part of a fold.
PATIENTS_OF_A_CLASS = 2
# What ComBat needs of each batch to know its spread, and how often folds are dealt for that.
PATIENTS_OF_A_BATCH = 2
DEALS, DEAL = 1000, 1_000_003


def stratified_folds(
    y: np.ndarray,
    folds: int,
    seed: list[int],
    patients: np.ndarray | None = None,
    batch: np.ndarray | None = None,
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
    batch : (n,) scanner or site of each row's patient, where features are harmonised; folds are
        then dealt anew until each training part has two patients of each batch

    Raises ValueError where a class has fewer than two patients, a patient two outcomes, or a batch
    too few patients.
    """
    y = np.asarray(y)
    if batch is not None:
        rows = np.arange(len(y)) if patients is None else np.asarray(patients)
        for deal in range(DEALS):
            fold = stratified_folds(y, folds, [*seed, DEAL, deal] if deal else seed, patients)
            parts = (np.flatnonzero(fold != held) for held in np.unique(fold))
            if all(_has_batches(batch, rows, part) for part in parts):
                return fold
        raise ValueError(
            f"no {folds} folds leave {PATIENTS_OF_A_BATCH} patients of each batch in every "
            "training part; name a coarser batch in centres.harmonisation, or take more folds"
        )
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
    y: np.ndarray, seed: int, resample: int, folds: int = 10, batch: np.ndarray | None = None
) -> tuple[np.ndarray, int]:
    """Positions (n,) of the patients of a bootstrap resample, and how many draws were refused.

    n of n patients are drawn with replacement. A draw is refused, and repeated, if the LASSO could
    not be cross-validated on it: the training part of each of its ``folds`` needs two different
    patients of each class; or if, with a ``batch`` (n,) of each, it could not be harmonised
    for want of two different patients of one. Seed and number of the resample decide alone,
    whichever job draws it.

    Raises ValueError where even all patients are too few for that.
    """
    y = np.asarray(y)
    if not _can_be_folded(y, folds):
        positives = int(np.sum(y))
        raise ValueError(
            f"{positives} positive and {len(y) - positives} negative patients cannot be resampled: "
            f"the training part of each of {folds} folds needs {PATIENTS_OF_A_CLASS} of each class"
        )
    if batch is not None and not _has_batches(batch, np.arange(len(y)), np.arange(len(y))):
        raise ValueError(
            f"a batch has fewer than {PATIENTS_OF_A_BATCH} patients and cannot be resampled; name "
            "a coarser one in centres.harmonisation"
        )
    random = np.random.default_rng([seed, DRAW, resample])
    refused = 0
    while True:
        positions = random.integers(len(y), size=len(y))
        drawn = np.unique(positions)
        if _can_be_folded(y[drawn], folds) and (
            batch is None or _has_batches(batch, np.arange(len(y)), drawn)
        ):
            return positions, refused
        refused += 1


def _can_be_folded(y: np.ndarray, folds: int) -> bool:
    """Whether the training part of every stratified fold has patients enough of each class."""
    smaller = int(np.bincount(y, minlength=2).min())
    folds = min(folds, smaller)
    # the fullest fold holds this many of the class, and its training part the others
    return folds > 1 and smaller - -(-smaller // folds) >= PATIENTS_OF_A_CLASS


def _has_batches(batch: np.ndarray, patients: np.ndarray, rows: np.ndarray) -> bool:
    """Whether these rows hold different patients enough of every batch that there is."""
    batch = np.asarray(batch)
    return all(
        len(np.unique(patients[rows][batch[rows] == level])) >= PATIENTS_OF_A_BATCH
        for level in sorted(set(batch))
    )
