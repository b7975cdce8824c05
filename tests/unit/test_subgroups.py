from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import recall_score, roc_auc_score

from nomoflow.by_model import Judged
from nomoflow.discrimination import wilson
from nomoflow.subgroups import FEWEST_OF_A_CLASS, describe_level
from nomoflow.weighted_metrics import two_class_weights


def judged(n=60, repeats=3, seed=1, sample="cross_validated"):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3 % 2
    score = random.normal(y, 1, (repeats, n))
    fold = np.tile(np.arange(n) % 5, (repeats, 1))
    cutoff = 0.4 + fold / 10
    return Judged("nomogram", sample, y, fold, score, score - fold / 7, expit(score), cutoff)


def by_hand(each, i):
    """The metrics of the patients i (repeated where drawn twice), by scikit-learn."""
    y = each.y[i]
    called = (each.score >= each.cutoff)[:, i]
    return {
        "auc": np.mean([roc_auc_score(y, rank[i]) for rank in each.rank]),
        "sensitivity": np.mean([recall_score(y, one) for one in called]),
        "specificity": np.mean([recall_score(1 - y, ~one) for one in called]),
        "oe": np.mean([y.sum() / p[i].sum() for p in each.probability]),
    }


def test_estimates_are_those_of_the_members_alone():
    each, members = judged(), np.arange(60) % 4 < 2
    table = describe_level(each, members, resamples=20).set_index("metric")
    expected = by_hand(each, np.flatnonzero(members))
    assert list(table.index) == list(expected)
    for metric, value in expected.items():
        row = table.loc[metric]
        assert row["estimate"] == pytest.approx(value, abs=1e-12)
        assert row["ci_low"] <= value <= row["ci_high"]
    assert set(table["n"]) == {30} and set(table["events"]) == {int(each.y[members].sum())}


def test_intervals_resample_the_members_alone():
    """Twenty resamples drawn patient by patient."""
    each, members = judged(), np.arange(60) % 4 < 2
    table = describe_level(each, members, 20, seed=3, confidence=0.8).set_index("metric")
    within = np.flatnonzero(members)
    weights, _ = two_class_weights(each.y[within], 20, 3)
    drawn = [by_hand(each, np.repeat(within, row)) for row in weights.astype(int)]
    for metric in ("auc", "oe"):
        expected = np.quantile([figures[metric] for figures in drawn], [0.1, 0.9])
        found = table.loc[metric, ["ci_low", "ci_high"]].to_numpy(dtype=float)
        assert found == pytest.approx(expected, abs=1e-12)
        assert table.loc[metric, "method"] == "patients resampled 20 times, percentile"


def test_shares_of_one_set_of_calls_have_wilsons_interval():
    each = judged(repeats=1, sample="apparent")
    members = np.arange(60) < 40
    table = describe_level(each, members, resamples=20).set_index("metric")
    y, called = each.y[members], (each.score >= each.cutoff)[0, members]
    limits = wilson(int((called & (y == 1)).sum()), int(y.sum()))
    assert table.loc["sensitivity", ["ci_low", "ci_high"]].tolist() == list(limits)
    assert table.loc["sensitivity", "method"] == "Wilson"
    limits = wilson(int((~called & (y == 0)).sum()), int((1 - y).sum()))
    assert table.loc["specificity", ["ci_low", "ci_high"]].tolist() == list(limits)


def test_all_right_still_leaves_an_interval():
    y = np.repeat([0, 1], 5)
    score = np.tile(np.where(y == 1, 2.0, -2.0), (2, 1))
    each = Judged("m", "cross_validated", y, score, score, score, expit(score), 0 * score)
    table = describe_level(each, np.ones(10, dtype=bool), resamples=50).set_index("metric")
    assert table.loc["sensitivity", "estimate"] == 1
    assert table.loc["sensitivity", "ci_low"] == pytest.approx(wilson(5, 5)[0]) and wilson(5, 5)[0]
    assert table.loc["sensitivity", "method"] == "Wilson, calls averaged over the repeats"
    # R: uniroot of |t - 1| = z SE(t), as in test_discrimination.py, for 5 and 5 patients
    assert table.loc["auc", ["ci_low", "ci_high"]].tolist() == pytest.approx([0.6427028239, 1])
    assert table.loc["auc", "method"].startswith("Newcombe")


@pytest.mark.parametrize("events", [0, FEWEST_OF_A_CLASS - 1, FEWEST_OF_A_CLASS])
@pytest.mark.parametrize("turned", [False, True])
def test_few_patients_of_a_class_are_counted_and_no_more(events, turned):
    each = judged()
    positive, negative = np.flatnonzero(each.y == 1), np.flatnonzero(each.y == 0)
    if turned:
        each = replace(each, y=1 - each.y)
    members = np.isin(np.arange(60), [*positive[:events], *negative[:12]])
    table = describe_level(each, members, resamples=20)
    assert len(table) == 4 and set(table["n"]) == {12 + events}
    assert set(table["events"]) == {12 if turned else events}
    few = events < FEWEST_OF_A_CLASS
    assert table["estimate"].isna().all() == few and table["estimate"].notna().all() != few
    assert table["method"].str.startswith("too few: below 5 patients of a class").all() == few


def test_no_member_at_all():
    table = describe_level(judged(), np.zeros(60, dtype=bool))
    assert set(table["n"]) == {0} and table["method"].str.startswith("too few").all()


@given(st.integers(0, 100))
def test_repeats_and_the_order_of_patients_are_nothing(seed):
    each, members = judged(repeats=1, seed=seed), np.arange(60) % 3 > 0
    table = describe_level(each, members, resamples=20)
    often = {k: np.repeat(getattr(each, k), 4, axis=0)
             for k in ("fold", "score", "rank", "probability", "cutoff")}  # fmt: skip
    columns = ["estimate", "ci_low", "ci_high"]
    again = describe_level(replace(each, **often), members, resamples=20)
    assert again[columns].to_numpy() == pytest.approx(table[columns].to_numpy(), abs=1e-9)
    order = np.random.default_rng(seed).permutation(60)
    turned = Judged(
        each.model, each.sample, each.y[order],
        *(getattr(each, k)[:, order] for k in ("fold", "score", "rank", "probability", "cutoff")),
    )  # fmt: skip
    moved = describe_level(turned, members[order], resamples=20)
    assert moved["estimate"].to_numpy() == pytest.approx(table["estimate"].to_numpy(), abs=1e-12)


def test_a_constant_score():
    """What an empty signature gives: an AUC of one half, everyone called positive."""
    each = judged()
    flat = np.zeros_like(each.score)
    each = replace(each, score=flat, rank=flat, probability=flat + 1 / 3, cutoff=flat)
    table = describe_level(each, np.ones(60, dtype=bool), resamples=20).set_index("metric")
    estimates = table["estimate"]
    assert (estimates["auc"], estimates["sensitivity"], estimates["specificity"]) == (0.5, 1, 0)
    assert table.loc["auc", ["ci_low", "ci_high"]].isna().all()
    assert table.loc["auc", "method"].startswith("interval not defined: there is no spread")
    assert estimates["oe"] == pytest.approx(3 * each.y.mean())
