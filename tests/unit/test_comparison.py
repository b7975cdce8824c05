from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from nomoflow.by_model import Judged
from nomoflow.comparison import compare_averaged, differences
from nomoflow.decision import net_benefit
from nomoflow.discrimination import compare_paired
from nomoflow.weighted_metrics import two_class_weights


def judged(model="a", n=40, repeats=3, seed=1, sample="cross_validated", tied=False):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3 % 2
    score = random.normal(y, 1, (repeats, n))
    if tied:
        score = score.round()
    fold = np.tile(np.arange(n) % 5, (repeats, 1))
    rank = score - fold / 10
    return Judged(model, sample, y, fold, score, rank, expit(score), np.zeros((repeats, n)))


SEEDS = st.integers(0, 200)


@pytest.mark.parametrize("tied", [False, True])
def test_one_repeat_is_delongs_test(tied):
    a, b = (judged(repeats=1, seed=seed, tied=tied) for seed in (1, 2))
    test = compare_averaged(a.y, a.rank, b.rank, confidence=0.9)
    plain = compare_paired(a.y, a.rank[0], b.rank[0], confidence=0.9)
    assert test.keys() == plain.keys()
    assert test.pop("note") == plain.pop("note") == ""
    assert test == pytest.approx(plain, rel=1e-9)


def test_equal_repeats_are_one_repeat():
    """More repeats of the same scores are no more patients."""
    a, b = (judged(repeats=1, seed=seed) for seed in (1, 2))
    once = compare_averaged(a.y, a.rank, b.rank)
    often = compare_averaged(a.y, *(np.repeat(each.rank, 7, axis=0) for each in (a, b)))
    assert often.pop("note") == once.pop("note") == ""
    assert often == pytest.approx(once, rel=1e-9)


def test_aucs_are_averages_over_the_repeats():
    a, b = judged(seed=1), judged(seed=2)
    test = compare_averaged(a.y, a.rank, b.rank)
    for key, each in (("auc_a", a), ("auc_b", b)):
        assert test[key] == pytest.approx(np.mean([roc_auc_score(a.y, r) for r in each.rank]))


def test_variance_is_that_of_the_structural_components():
    """The components by loops over patients, as DeLong et al. define them, repeats averaged."""
    a, b = judged(seed=3, n=25), judged(seed=4, n=25)
    test = compare_averaged(a.y, a.rank, b.rank)

    def above(x, z):
        return 1.0 if x > z else 0.5 if x == z else 0.0

    positive, negative = np.flatnonzero(a.y == 1), np.flatnonzero(a.y == 0)

    def component(patient, others, sign):
        return np.mean(
            [
                above(sign * ra[patient], sign * ra[o]) - above(sign * rb[patient], sign * rb[o])
                for ra, rb in zip(a.rank, b.rank, strict=True)
                for o in others
            ]
        )

    v10 = [component(i, negative, 1) for i in positive]
    v01 = [component(j, positive, -1) for j in negative]
    variance = np.var(v10, ddof=1) / len(v10) + np.var(v01, ddof=1) / len(v01)
    assert test["difference"] / test["z"] == pytest.approx(np.sqrt(variance), rel=1e-9)


@given(SEEDS, SEEDS, st.booleans())
def test_delong_is_antisymmetric(one, two, tied):
    a, b = (judged(seed=seed, n=20, tied=tied) for seed in (one, two))
    ab, ba = compare_averaged(a.y, a.rank, b.rank), compare_averaged(a.y, b.rank, a.rank)
    assert ab["difference"] == pytest.approx(-ba["difference"], abs=1e-12)
    for key, other, sign in (("z", "z", -1), ("p", "p", 1), ("ci_low", "ci_high", -1)):
        assert ab[key] == pytest.approx(sign * ba[other], abs=1e-9, nan_ok=True)
    assert ab["note"] == ba["note"]
    assert (one == two) == (ab["note"] == "not defined: the two scores rank the patients alike")


def test_constant_scores_and_a_single_patient_of_a_class():
    a = judged(repeats=2)
    nothing = np.zeros((2, len(a.y)))
    test = compare_averaged(a.y, nothing, nothing)
    assert (test["auc_a"], test["difference"]) == (0.5, 0)
    assert np.isnan(test["p"]) and "alike" in test["note"]
    alone = np.array([1, 0, 0, 0])
    test = compare_averaged(alone, [[4, 1, 2, 3]], [[1, 4, 2, 3]])
    assert test["difference"] == 1 and np.isnan(test["z"])
    assert test["note"] == "not defined: the difference has no variance"


@pytest.mark.parametrize("sample", ["apparent", "cross_validated"])
def test_differences_by_explicit_loops(sample):
    """Twenty resamples, each made patient by patient for both models, by other libraries."""
    repeats = 1 if sample == "apparent" else 3
    a, b = (judged(m, 30, repeats, s, sample) for m, s in (("a", 1), ("b", 2)))
    table = differences([a, b], 0.3, resamples=20, seed=5, confidence=0.8).set_index("metric")
    weights, _ = two_class_weights(a.y, 20, 5)

    def figures(i, each):
        y = each.y[i]
        areas = [roc_auc_score(y, rank[i]) for rank in each.rank]
        benefits = [net_benefit(y, p[i], [0.3])["net_benefit"].item() for p in each.probability]
        return np.array([np.mean(areas), np.mean(benefits)])

    everyone = np.arange(30)
    resampled = []
    for row in weights.astype(int):
        drawn = np.repeat(everyone, row)
        resampled.append(figures(drawn, a) - figures(drawn, b))
    estimates = figures(everyone, a) - figures(everyone, b)
    low, high = np.quantile(resampled, [0.1, 0.9], axis=0)
    for k, metric in enumerate(("auc", "net_benefit")):
        row = table.loc[metric]
        assert row["difference"] == pytest.approx(estimates[k], abs=1e-12)
        assert row["ci_low"] == pytest.approx(low[k], abs=1e-12)
        assert row["ci_high"] == pytest.approx(high[k], abs=1e-12)
        assert (row["sample"], row["model_a"], row["model_b"]) == (sample, "a", "b")
        assert row["method"] == (
            "patients resampled 20 times, the same for both models, percentile"
        )


@given(SEEDS, SEEDS, st.floats(0.05, 0.95))
def test_differences_are_antisymmetric_and_zero_with_itself(one, two, threshold):
    a, b = judged("a", 20, seed=one), judged("b", 20, seed=two)
    ab = differences([a, b], threshold, resamples=30)
    ba = differences([b, a], threshold, resamples=30)
    assert ab["difference"].to_numpy() == pytest.approx(-ba["difference"].to_numpy(), abs=1e-12)
    assert ab["ci_low"].to_numpy() == pytest.approx(-ba["ci_high"].to_numpy(), abs=1e-12)
    same = differences([a, replace(a, model="copy")], threshold, resamples=30)
    assert (same[["difference", "ci_low", "ci_high"]] == 0).all(axis=None)


def test_a_paired_interval_is_narrower_than_that_of_independent_models():
    """What pairing is for: a model that is nearly the other differs from it by little."""
    a = judged("a", 90, repeats=1)
    near = replace(a, model="b", rank=a.rank + np.random.default_rng(0).normal(0, 0.1, (1, 90)))
    far = judged("c", 90, repeats=1, seed=8)
    table = differences([a, near, far], 0.5).query("metric == 'auc'").set_index("model_b")
    width = table["ci_high"] - table["ci_low"]
    assert width.loc["b"].item() < width.loc["c"].iloc[0] / 5


def test_seed_and_order_of_samples():
    samples = [judged(m, 20, 2, s) for s, m in enumerate("abc")]
    one = differences(samples, 0.5, resamples=30, seed=1)
    assert one.equals(differences(samples, 0.5, resamples=30, seed=1))
    assert not one.equals(differences(samples, 0.5, resamples=30, seed=2))
    pairs = list(one[["model_a", "model_b"]].drop_duplicates().itertuples(index=False, name=None))
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]


def test_what_cannot_be_compared():
    a = judged(n=20)
    with pytest.raises(ValueError, match="not judged on the same patients"):
        differences([a, replace(a, model="b", y=1 - a.y)], 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        differences([a, replace(a, model="b")], 1.0)
    assert differences([], 0.5).empty and differences([a], 0.5).empty
