"""Attacks by exhaustion: every table that fits what was told is tried."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nomoflow.disclosure import released, released_cuts

LIMIT = 5


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 14), min_size=2, max_size=4), st.integers(1, 6))
def test_hidden_cells_do_not_follow_from_the_total(counts, limit):
    told = released(counts, limit)
    assert all(cell is None or cell >= limit for cell in told)
    assert all(cell in (None, count) for cell, count in zip(told, counts, strict=True))
    hidden = [at for at, cell in enumerate(told) if cell is None]
    rest = sum(counts) - sum(cell or 0 for cell in told)
    if not hidden or sum(counts) < limit:
        return
    assert len(hidden) > 1
    fitting = [
        cells
        for cells in itertools.product(range(rest + 1), repeat=len(hidden))
        if sum(cells) == rest
    ]
    for place in range(len(hidden)):
        assert len({cells[place] for cells in fitting}) >= min(limit, rest + 1)
    # what the hidden ones hold together is no small cell either
    assert rest >= limit


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(5, 30), min_size=1, max_size=6))
def test_what_is_not_small_is_told(counts):
    assert released(counts, LIMIT) == counts


def cohort(random, n, effect):
    y = (random.random(n) < 0.45).astype(int)
    return y, random.normal(effect * (y - 0.5), 1)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("n, effect", [(30, 1.0), (80, 1.5), (200, 2.5), (60, 0.0)])
def test_bands_between_told_cuts_hold_enough_patients_of_both_classes(seed, n, effect):
    y, score = cohort(np.random.default_rng(seed), n, effect)
    grid = np.linspace(-3, 3, 19)
    positives, negatives, kept = released_cuts(y, score, 0.1, grid, LIMIT)
    ends = sorted([*kept, *([0.1] if positives and negatives else [])])
    for low, high in itertools.pairwise([-np.inf, *ends, np.inf]):
        inside = (score >= low) & (score < high)
        assert not ends or (inside.sum() >= LIMIT and set(y[inside]) == {0, 1})
    for at in ends:
        for label in (0, 1):
            above = int(((score >= at) & (y == label)).sum())
            below = int(((score < at) & (y == label)).sum())
            assert min(above, below) >= LIMIT
    for told, label in ((positives, 1), (negatives, 0)):
        own = score[y == label]
        if told:
            assert min((own >= 0.1).sum(), (own < 0.1).sum()) >= LIMIT


def test_a_cohort_of_some_size_tells_some_cuts():
    y, score = cohort(np.random.default_rng(4), 120, 1.5)
    positives, negatives, kept = released_cuts(y, score, 0.1, np.linspace(-3, 3, 19), LIMIT)
    assert positives and negatives and len(kept) >= 4


def test_without_a_limit_all_is_told():
    y, score = cohort(np.random.default_rng(4), 40, 1.5)
    grid = np.linspace(-3, 3, 19)
    assert released_cuts(y, score, 0.1, grid, 0) == (True, True, list(grid))


def test_a_class_with_a_small_cell_is_hidden_and_the_other_told():
    y = np.repeat([1, 0], [20, 20])
    score = np.concatenate([np.full(18, 1.0), np.full(2, -1.0), np.repeat([1.0, -1.0], 10)])
    assert released_cuts(y, score, 0.0, [], LIMIT)[:2] == (False, True)
