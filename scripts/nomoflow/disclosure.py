"""What of a table of counts may leave a centre: no cell below a limit, nor one that follows.

Cells below the limit are hidden, zero among them: "none of those below the cut-off had the
outcome" tells the outcome of each of them.
"""

from collections.abc import Sequence

import numpy as np


def released(counts: Sequence[int], limit: int) -> list[int | None]:
    """The counts of one table whose total is known; hidden ones are None.

    Cells below the limit are hidden. So that none follows from the total, the smallest of the
    others are hidden too, until at least two are hidden that hold ``limit`` patients together
    (secondary suppression). A limit of 1 hides empty cells, and one of 0 nothing.
    """
    counts = [int(count) for count in counts]
    order = sorted(range(len(counts)), key=lambda at: (counts[at], at))
    hidden = {at for at in order if counts[at] < limit}
    for at in order:
        if not hidden or sum(counts[i] for i in hidden) >= limit:  # of two cells at least
            break
        hidden.add(at)
    return [None if at in hidden else count for at, count in enumerate(counts)]


def released_cuts(y, score, cut: float, grid, limit: int) -> tuple[bool, bool, list[float]]:
    """Whether each class may be counted at ``cut``, and which cuts of ``grid`` may be told.

    y (n,) 0/1, score (n,). Returns (positives, negatives, cuts ascending). A class is counted at a
    cut with at least ``limit`` of it on either side; a cut of the grid needs both classes so. The
    cuts that are told part the patients into bands, whose counts follow by subtraction: each band
    holds at least ``limit`` patients (k-anonymity) and patients of both classes (2-diversity,
    Machanavajjhala 2007), so that no one's outcome follows from the score. The cut comes first; of
    the grid each that fits is taken, from the lowest up.
    """
    y, score = np.asarray(y), np.asarray(score, dtype=float)
    classes = [np.sort(score[y == label]) for label in (1, 0)]

    def between(low: float, high: float) -> list[int]:
        ends = [np.searchsorted(members, [low, high], side="left") for members in classes]
        return [int(last - first) for first, last in ends]

    def banded(low: float, high: float) -> bool:
        cells = between(low, high)
        return limit <= 0 or (sum(cells) >= limit and min(cells) > 0)

    def sides(at: float) -> list[bool]:
        both = zip(between(-np.inf, at), between(at, np.inf), strict=True)
        return [min(cells) >= limit for cells in both]

    told = sides(cut)
    # Where both classes are counted at the cut, it ends a band.
    if all(told) and not (banded(-np.inf, cut) and banded(cut, np.inf)):
        told = [False, False]
    inner = [cut] if all(told) else []
    kept: list[float] = []
    start = -np.inf
    for value in sorted(float(one) for one in grid):
        if value == cut or not all(sides(value)):
            continue
        begin = max([start, *(end for end in inner if end <= value)])
        stop = min([np.inf, *(end for end in inner if end > value)])
        if banded(begin, value) and banded(value, stop):
            kept.append(value)
            start = value
    return told[0], told[1], kept
