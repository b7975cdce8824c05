"""Added value and reclassification against R: glm's likelihood ratio, logistf's, Hmisc's NRI."""

import json

import numpy as np
import pandas as pd
import pytest

from nomoflow.added_value import likelihood_ratio
from nomoflow.comparison import compare_averaged, differences
from nomoflow.reclassification import reclassification

COHORTS = ["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"]
CLINICAL = ["age", "sign1", "sign2", "sex"]


@pytest.fixture(scope="module", params=COHORTS)
def cohort(request, reference):
    data = pd.read_csv(reference / f"{request.param}.model.csv")
    return data, json.loads((reference / f"{request.param}.json").read_bytes())


# R: rad <- glm(y ~ radscore, binomial); comb <- glm(y ~ radscore + age + sign1 + sign2 + sex,
#    binomial); anova(rad, comb, test = "LRT")
def test_likelihood_ratio(cohort):
    data, result = cohort
    expected = result["lr_test_rad_vs_comb"]
    test = likelihood_ratio(data[["radscore", *CLINICAL]], data["y"].to_numpy(), CLINICAL)
    assert test.chi2 == pytest.approx(expected["chi2"], abs=1e-12)
    assert test.p == pytest.approx(expected["p"], rel=1e-12)
    assert (test.df, test.note) == (expected["df"], "")


# R: logLik(clin); logLik(comb): the test of what the Radscore adds, by hand
def test_likelihood_ratio_of_the_radscore(cohort):
    data, result = cohort
    expected = 2 * (result["models"]["comb"]["loglik"] - result["models"]["clin"]["loglik"])
    test = likelihood_ratio(data[["radscore", *CLINICAL]], data["y"].to_numpy(), ["radscore"])
    assert test.chi2 == pytest.approx(expected, abs=1e-12)
    assert test.df == 1


# R: f <- logistf(y ~ radscore + age + sep); f$prob is the penalised likelihood ratio of each term
#    alone; 2 * diff(f$loglik) that of all, since logistf fits the null model with their penalty
def test_penalised_likelihood_ratio(cohort):
    data, result = cohort
    expected = result["firth"]
    terms = expected["terms"][1:]
    x, y = data[terms], data["y"].to_numpy()
    for term, p in zip(terms, expected["p"][1:], strict=True):
        test = likelihood_ratio(x, y, [term])
        assert test.p == pytest.approx(p, abs=1e-13, rel=0)
        assert test.df == 1 and "separated by sep" in test.note
    together = likelihood_ratio(x, y, terms)
    ratio = 2 * (expected["loglik_full"] - expected["loglik_null"])
    assert together.chi2 == pytest.approx(ratio, abs=1e-11)
    assert together.df == 3


# R: improveProb(P$rad, P$comb, y)
def test_reclassification(cohort):
    data, result = cohort
    expected = result["improveProb_rad_to_comb"]
    before, after = (result["models"][model]["prob"] for model in ("rad", "comb"))
    table = reclassification(data["y"], before, after).set_index("measure")
    names = {"nri": "nri", "nri_events": "nri.ev", "nri_nonevents": "nri.ne", "idi": "idi"}
    for ours, theirs in names.items():
        row = table.loc[ours]
        assert row["estimate"] == pytest.approx(expected[theirs], abs=1e-12)
        assert row["se"] == pytest.approx(expected[f"se.{theirs}"], abs=1e-12)
        assert row["z"] == pytest.approx(expected[f"z.{theirs}"], rel=1e-12)


# R: roc.test(ra, rb, method = "delong", paired = TRUE)
def test_delong_of_one_repeat(cohort):
    data, result = cohort
    for expected in result["delong_paired"]:
        a, b = (np.array([result["models"][expected[side]]["prob"]]) for side in "ab")
        test = compare_averaged(data["y"].to_numpy(), a, b)
        assert test["z"] == pytest.approx(expected["z"], rel=1e-11)
        assert test["p"] == pytest.approx(expected["p"], rel=1e-10)
        assert [test["auc_a"], test["auc_b"]] == pytest.approx(
            [expected["auc_a"], expected["auc_b"]], abs=1e-14
        )
        assert [test["ci_low"], test["ci_high"]] == pytest.approx(expected["ci"], abs=1e-13)


# R: dca(y ~ rad + clin + comb, thresholds = seq(.01, .99, .01))$dca$net_benefit; auc(roc(y, p))
@pytest.mark.parametrize("threshold", [0.13, 0.5, 0.72])
def test_differences(cohort, threshold, judged_from):
    data, result = cohort
    y, names = data["y"].to_numpy(), ["rad", "clin", "comb"]
    samples = [judged_from(name, y, result["models"][name]["prob"]) for name in names]
    table = differences(samples, threshold, resamples=10)
    assert len(table) == 6
    at = round(100 * threshold) - 1
    assert result["dca"]["threshold"][at] == threshold
    for row in table.itertuples():
        a, b = row.model_a, row.model_b
        if row.metric == "auc":
            expected = result["models"][a]["auc"] - result["models"][b]["auc"]
        else:
            expected = result["dca"][a][at] - result["dca"][b][at]
        assert row.difference == pytest.approx(expected, abs=1e-14)


@pytest.fixture
def judged_from():
    from nomoflow.by_model import judged

    def make(model, y, p):
        p = np.asarray(p)
        score = np.log(p / (1 - p))
        rows = pd.DataFrame(
            {
                "patient": [f"P{i:04d}" for i in range(len(y))],
                "outcome": y,
                "model": model,
                "sample": "apparent",
                "repeat": 0,
                "fold": 0,
                "linear_predictor": score,
                "probability": p,
                "cutoff": 0.0,
                "baseline": 0.0,
            }
        )
        return next(judged(rows, [model]))

    return make
