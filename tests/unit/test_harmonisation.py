import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nomoflow.harmonisation import Combat, UnknownBatch, fit_combat

BATCH = np.repeat(["a", "b", "c"], [14, 10, 9])


def features(seed=1, p=12, batch=BATCH):
    random = np.random.default_rng(seed)
    code = np.unique(batch, return_inverse=True)[1]
    shift, scale = random.normal(0, 1, (3, p)), random.uniform(0.5, 2, (3, p))
    return random.normal(5, 1, p) + shift[code] + scale[code] * random.normal(size=(len(batch), p))


def test_batches_come_closer_in_mean_and_spread():
    x = features()
    combat = fit_combat(x, BATCH)
    got = combat.apply(x, BATCH)

    def apart(values):
        means = np.array([values[level == BATCH].mean(axis=0) for level in "abc"])
        sds = np.array([values[level == BATCH].std(axis=0) for level in "abc"])
        return np.ptp(means, axis=0).mean(), np.ptp(np.log(sds), axis=0).mean()

    before, after = np.array(apart(x)), np.array(apart(got))
    assert (before > 0.7).all()
    assert (after < 0.6 * before).all()  # not 0: what is learned is shrunk towards all features


def test_the_way_out_of_json_and_back():
    x = features()
    combat = fit_combat(x, BATCH, "b")
    again = Combat.from_dict(json.loads(json.dumps(combat.to_dict())))
    assert (again.apply(x, BATCH) == combat.apply(x, BATCH)).all()
    assert again.sizes == (14, 10, 9)


def test_the_rest_never_moves_what_training_learned():
    x = features()
    training = np.arange(len(BATCH)) % 3 > 0
    combat = fit_combat(x[training], BATCH[training])
    scrambled = x.copy()
    scrambled[~training] = np.random.default_rng(5).normal(1e3, 50, scrambled[~training].shape)
    assert fit_combat(scrambled[training], BATCH[training]).to_dict() == combat.to_dict()
    both = combat.apply(x, BATCH)
    alone = combat.apply(x[~training][:1], BATCH[~training][:1])
    assert (alone == both[~training][:1]).all()  # a patient's values depend on no other's


def test_an_unknown_centre_is_refused_without_a_reference():
    x = features()
    combat = fit_combat(x, BATCH)
    with pytest.raises(UnknownBatch, match=r"batch d was not in training \(it had a, b, c\)"):
        combat.apply(x[:2], ["d", "a"])
    with pytest.raises(UnknownBatch, match="no reference batch is declared"):
        combat.with_batch(x[:5], "d")


def test_with_a_reference_a_later_centre_counts_as_one_from_the_start():
    x = features()
    early = BATCH != "c"
    later = fit_combat(x[early], BATCH[early], "a").with_batch(x[~early], "c")
    at_once = fit_combat(x, BATCH, "a")
    new = ~early
    got = later.apply(x[new], BATCH[new])
    assert got == pytest.approx(at_once.apply(x[new], BATCH[new]), abs=1e-9)
    assert (at_once.apply(x[BATCH == "a"], BATCH[BATCH == "a"]) == x[BATCH == "a"]).all()


def test_an_effect_of_a_covariate_is_kept():
    random = np.random.default_rng(2)
    batch = np.repeat(["a", "b"], 300)
    age = random.normal(size=600) + (batch == "b")  # the centres differ in age
    x = age[:, None] + random.normal(0, 0.3, (600, 20)) + 2 * (batch == "b")[:, None]
    x = x + random.normal(0, 0.2, 20) * (batch == "b")[:, None]
    gap = [
        (got := fit_combat(x, batch, covariates=c).apply(x, batch, c))[batch == "b"].mean()
        - got[batch == "a"].mean()
        for c in (None, age)
    ]
    assert gap[0] == pytest.approx(0, abs=0.05)
    assert gap[1] == pytest.approx(1, abs=0.1)


def test_a_feature_of_one_value_is_left_as_it_is():
    x = features()
    x[BATCH == "b", 3] = 7.0
    combat = fit_combat(x, BATCH)
    got = combat.apply(x, BATCH)
    assert np.flatnonzero(combat.constant).tolist() == [3]
    assert (got[:, 3] == x[:, 3]).all()
    assert np.isfinite(got).all()


@given(arrays(float, (33, 4), elements=st.floats(-1e3, 1e3, width=32)), st.floats(0.1, 50))
def test_a_change_of_unit_changes_nothing_else(values, factor):
    """Each feature is standardised first, so that cm or mm harmonise alike."""
    values = values + features(p=4)
    once = fit_combat(values, BATCH).apply(values, BATCH)
    scaled = fit_combat(values * factor, BATCH).apply(values * factor, BATCH)
    size = np.abs(values).max()
    assert scaled / factor == pytest.approx(once, rel=1e-6, abs=1e-6 * size)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, b: (x, np.full(len(b), "a")), "one batch alone, a"),
        (lambda x, b: (x, np.where(np.arange(len(b)) == 0, "z", b)), r"batch z has 1 patient"),
        (lambda x, b: (np.where(np.arange(len(b))[:, None] == 3, np.nan, x), b), "missing"),
        (lambda x, b: (x, b[:5]), "one batch a patient is needed: 5 for 33"),
        (lambda x, b: (x[:, :1], b), "two that vary"),
    ],
)
def test_what_is_refused(change, message):
    values, batch = change(features(), BATCH)
    with pytest.raises(ValueError, match=message):
        fit_combat(values, batch)


def test_more_that_is_refused():
    x = features()
    with pytest.raises(ValueError, match="reference batch q has no patient"):
        fit_combat(x, BATCH, "q")
    with pytest.raises(ValueError, match="the batches determine a covariate"):
        fit_combat(x, BATCH, covariates=(BATCH == "b").astype(float))
    combat = fit_combat(x, BATCH, "a", covariates=x[:, 0])
    with pytest.raises(ValueError, match="1 covariates were learned, 0 are given"):
        combat.apply(x, BATCH)
    with pytest.raises(ValueError, match="batch b was in training"):
        combat.with_batch(x[:4], "b", x[:4, 0])
    flat = np.tile(x[:1], (6, 1))
    with pytest.raises(ValueError, match="12 features have one value in all of batch d"):
        combat.with_batch(flat, "d", np.arange(6.0))
