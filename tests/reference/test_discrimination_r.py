"""ROC curves, DeLong and Youden against R's pROC 1.18.0 on three real cohorts and on aSAH."""

import json

import numpy as np
import pandas as pd
import pytest

from nomoflow.discrimination import (
    auc,
    auc_interval,
    classify,
    compare_paired,
    delong,
    roc_curve,
    sensitivities_at,
    youden,
)

COHORTS = ["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"]
MODELS = ["rad", "clin", "comb"]


@pytest.fixture(scope="module", params=COHORTS)
def cohort(request, reference):
    result = json.loads((reference / f"{request.param}.json").read_bytes())
    return pd.read_csv(reference / f"{request.param}.clinical.csv")["y"].to_numpy(), result


@pytest.mark.parametrize("model", MODELS)
def test_auc_and_its_interval(cohort, model):
    y, result = cohort
    expected = result["models"][model]
    # R: r <- roc(y, p, levels=c(0,1), direction="<"); auc(r); ci.auc(r, method="delong"); var(r)
    area, low, high = auc_interval(y, expected["prob"])
    assert area == pytest.approx(expected["auc"], abs=2e-14)
    assert [low, high] == pytest.approx(expected["auc_ci_delong"], abs=2e-14)
    assert delong(y, expected["prob"])[1][0, 0] == pytest.approx(expected["auc_var"], rel=1e-12)
    assert auc(y, expected["prob"]) == pytest.approx(area, abs=1e-15)


@pytest.mark.parametrize("model", MODELS)
def test_roc_curve(cohort, model):
    y, result = cohort
    expected = result["models"][model]
    curve = roc_curve(y, expected["prob"])
    # R: r$thresholds, r$sensitivities, r$specificities (-Inf and Inf have no JSON form: null)
    assert curve["threshold"].iloc[[0, -1]].tolist() == [-np.inf, np.inf]
    assert curve["threshold"].iloc[1:-1].tolist() == pytest.approx(
        expected["roc_thresholds"][1:-1], abs=1e-14
    )
    assert curve["sensitivity"].tolist() == pytest.approx(expected["roc_sens"], abs=1e-14)
    assert curve["specificity"].tolist() == pytest.approx(expected["roc_spec"], abs=1e-14)


@pytest.mark.parametrize("model", MODELS)
def test_sensitivity_at_each_specificity(cohort, model):
    y, result = cohort
    expected = result["models"][model]
    # R: r$specificities; the largest of r$sensitivities at each
    sensitivity, specificity = (np.array(expected[key]) for key in ("roc_sens", "roc_spec"))
    grid = np.unique(specificity)
    best = [sensitivity[specificity >= at - 1e-12].max() for at in grid]
    found = sensitivities_at(y, expected["prob"], grid, np.ones((1, len(y))))[0]
    assert found.tolist() == pytest.approx(best, abs=1e-14)


@pytest.mark.parametrize("model", MODELS)
def test_youden_cut_off(cohort, model):
    y, result = cohort
    # R: coords(r, "best", best.method="youden", ret=c("threshold","sensitivity",...))
    expected = result["models"][model]["youden"]
    best = np.atleast_1d(expected["threshold"])
    cut = youden(y, result["models"][model]["prob"])
    # pROC gives every tied cut-off, ascending: the first is the most sensitive
    assert cut == pytest.approx(best[0], abs=1e-14)
    calls = classify(y, result["models"][model]["prob"], cut)
    for key, value in calls.items():
        assert value == pytest.approx(np.atleast_1d(expected[key])[0], abs=5e-16)


def test_paired_comparison(cohort):
    y, result = cohort
    for expected in result["delong_paired"]:
        a, b = (result["models"][expected[side]]["prob"] for side in "ab")
        # R: roc.test(ra, rb, method="delong", paired=TRUE); cov(ra, rb)
        test = compare_paired(y, a, b)
        assert test["z"] == pytest.approx(expected["z"], rel=1e-12)
        assert test["p"] == pytest.approx(expected["p"], rel=1e-11)
        assert test["auc_a"] == pytest.approx(expected["auc_a"], abs=1e-14)
        assert test["auc_b"] == pytest.approx(expected["auc_b"], abs=1e-14)
        assert [test["ci_low"], test["ci_high"]] == pytest.approx(expected["ci"], abs=2e-14)
        assert test["note"] == ""
        covariance = delong(y, np.column_stack([a, b]))[1][0, 1]
        assert covariance == pytest.approx(expected["cov"], abs=1e-15)


@pytest.mark.parametrize("score", ["s100b", "ndka", "wfns"])
def test_scores_with_many_ties(reference, score):
    # R: data(aSAH); r <- roc(aSAH$outcome, aSAH[[score]]); ci.auc(r); coords(r, "best")
    data = json.loads((reference / "canonical.json").read_bytes())["aSAH"]
    expected = data["auc"][score]
    area, low, high = auc_interval(data["y"], data[score])
    assert [area, low, high] == pytest.approx([expected["auc"], *expected["ci"]], abs=2e-14)
    cut = youden(data["y"], data[score])
    assert cut == pytest.approx(expected["youden"]["threshold"], abs=1e-14)
    calls = classify(data["y"], data[score], cut)
    for key in ("sensitivity", "specificity", "accuracy"):
        assert calls[key] == pytest.approx(expected["youden"][key], abs=5e-16)


@pytest.mark.parametrize("pair", ["s100b_ndka", "s100b_wfns", "ndka_wfns"])
def test_paired_comparison_with_many_ties(reference, pair):
    # R: roc.test(roc(outcome, a), roc(outcome, b), method="delong", paired=TRUE)
    data = json.loads((reference / "canonical.json").read_bytes())["aSAH"]
    a, b = pair.split("_")
    test = compare_paired(data["y"], data[a], data[b])
    assert test["z"] == pytest.approx(data["delong"][pair]["z"], rel=1e-12)
    assert test["p"] == pytest.approx(data["delong"][pair]["p"], rel=1e-12)
