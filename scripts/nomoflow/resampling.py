"""Folds over patients, seeded, with each class spread evenly."""

import numpy as np


def stratified_folds(y: np.ndarray, folds: int, seed: list[int]) -> np.ndarray:
    """The fold (1, 2, ...) of each patient.

    Each class is shuffled and dealt out in turn, the next class from where the last one ended, so
    that folds differ by at most one patient, in each class and in all.

    Parameters
    ----------
    y : (n,) 0 or 1
    folds : wanted number; never more than the smaller class has patients
    seed : the study's seed and what tells this task from others, such as repeat and fold
    """
    y = np.asarray(y)
    folds = min(folds, int(np.bincount(y, minlength=2).min()))
    if folds < 2:
        raise ValueError("folds need at least two patients of each class")
    random = np.random.default_rng(seed)
    order = np.concatenate([random.permutation(np.flatnonzero(y == level)) for level in (1, 0)])
    fold = np.empty(len(y), dtype=int)
    fold[order] = np.arange(len(y)) % folds + 1
    return fold
