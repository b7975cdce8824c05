"""Table 1 and kappa against R, and against the published Table 1 (Miao 2023)."""

import json

import numpy as np
import pandas as pd
import pytest

from nomoflow.cohort import (
    agreement,
    chi_square,
    fisher,
    group_p,
    is_normal,
    mann_whitney,
    student_t,
    t_from_summary,
    table_one,
)

COHORTS = ["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"]


@pytest.fixture(scope="module", params=COHORTS)
def cohort(request, reference):
    result = json.loads((reference / f"{request.param}.json").read_bytes())
    return (
        pd.read_csv(reference / f"{request.param}.clinical.csv"),
        result,
        pd.read_csv(reference / f"{request.param}.readers.csv"),
    )


@pytest.mark.parametrize("name", ["age", "skew"])
def test_continuous(cohort, name):
    data, result, _ = cohort
    expected = result["table1"]["continuous"][name]
    x1, x0 = (data.loc[data["y"] == k, name].to_numpy() for k in (1, 0))
    # R: t.test(g0, g1, var.equal = TRUE), so with the other sign
    t, p = student_t(x1, x0)
    assert t == pytest.approx(-expected["student_t"], rel=4e-14)
    assert p == pytest.approx(expected["student_p"], rel=1e-12)
    # R: wilcox.test(g0, g1): W counts the other way round
    u, p = mann_whitney(x1, x0)
    assert u == len(x1) * len(x0) - expected["wilcox_W"]
    assert p == pytest.approx(expected["wilcox_p_default"], rel=1e-12)
    # R: shapiro.test(g0)$p.value, shapiro.test(g1)$p.value; scipy's are within 2e-8 of them
    for x, shapiro in zip((x0, x1), expected["shapiro_p"], strict=True):
        assert is_normal(x, alpha=shapiro * (1 - 1e-7))
        assert not is_normal(x, alpha=shapiro * (1 + 1e-7))


@pytest.mark.parametrize("name", ["sign1", "sign2", "sex", "rare"])
def test_binary(cohort, name):
    data, result, _ = cohort
    expected = result["table1"]["categorical"][name]
    # R: tb <- table(x, y); chisq.test(tb, correct = FALSE); fisher.test(tb)
    table = pd.crosstab(data[name], data["y"]).to_numpy()
    assert table.T.ravel().tolist() == expected["table"]
    chi2, p = chi_square(table)
    assert chi2 == pytest.approx(expected["chi2"], rel=1e-13)
    assert p == pytest.approx(expected["p"], rel=1e-12)
    assert fisher(table) == pytest.approx(expected["fisher_p"], rel=1e-12)
    small = min(expected["expected"]) < 5
    chosen = expected["fisher_p"] if small else expected["p"]
    assert group_p(data[name], data["y"], "binary") == pytest.approx(chosen, rel=1e-12)


def test_whole_table(cohort):
    data, result, _ = cohort
    predictors = [{"name": name, "kind": "continuous"} for name in ("age", "skew")]
    predictors += [
        {"name": name, "kind": "binary", "positive": "1"}
        for name in ("sign1", "sign2", "sex", "rare")
    ]
    table = table_one(data, data["y"], predictors).set_index(["variable", "group"])
    for name, expected in result["table1"]["continuous"].items():
        for group, position in (("negative", 0), ("positive", 1)):
            row = table.loc[(name, group)]
            # R: mean, sd, median, quantile(g, c(.25, .75))
            for figure in ("mean", "sd", "median", "q1", "q3"):
                assert row[figure] == pytest.approx(expected[figure][position], rel=1e-13)
        normal = min(expected["shapiro_p"]) >= 0.05
        assert row["test"] == ("Student's t" if normal else "Mann-Whitney U")
        assert row["summary"] == ("mean" if normal else "median")
        key = "student_p" if normal else "wilcox_p_default"
        assert row["p"] == pytest.approx(expected[key], rel=1e-12)
    for name, expected in result["table1"]["categorical"].items():
        n00, n01, n10, n11 = expected["table"]  # columns of table(x, y): y = 0, then y = 1
        assert table.loc[(name, "negative"), "n"] == n01
        assert table.loc[(name, "positive"), "n"] == n11
        assert table.loc[(name, "total"), "n"] == n01 + n11
        assert table.loc[(name, "positive"), "percent"] == pytest.approx(100 * n11 / (n10 + n11))
        assert table.loc[(name, "negative"), "percent"] == pytest.approx(100 * n01 / (n00 + n01))


# Published: positives of 102 ccRCC and of 47 AML.wovf, and P (doi 10.12677/acm.2023.132310)
PUBLISHED = [
    ("sex_male", 72, 21, "0.002"),
    ("hyperdense", 37, 45, "<0.001"),
    ("pseudocapsule", 55, 6, "<0.001"),
    ("angular_interface", 47, 35, "0.001"),
    ("beer_sign", 20, 26, "<0.001"),
]


def printed(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


@pytest.mark.parametrize(("name", "malignant", "benign", "p"), PUBLISHED)
def test_published_counts(reference, name, malignant, benign, p):
    x = np.repeat([1, 0, 1, 0], [malignant, 102 - malignant, benign, 47 - benign])
    y = np.repeat([1, 0], [102, 47])
    found = group_p(x, y, "binary")
    assert printed(found) == p
    # R: chisq.test(table(x, y), correct = FALSE)
    expected = json.loads((reference / "paper_table1.json").read_bytes())[name]
    assert found == pytest.approx(expected["p"], rel=1e-12)


def test_published_age(reference):
    # R: t.test on 56.16 +- 12.45 (102) against 49.64 +- 9.89 (47), var.equal = TRUE
    expected = json.loads((reference / "paper_table1.json").read_bytes())["age"]
    t, p = t_from_summary(56.16, 12.45, 102, 49.64, 9.89, 47)
    assert t == pytest.approx(expected["student_t"], rel=1e-13)
    assert p == pytest.approx(expected["student_p"], rel=1e-12)
    assert printed(p) == "0.002"


def test_kappa(cohort):
    _, result, readers = cohort
    # R: psych::cohen.kappa(readers[, 1:2])$confid[1, ]
    expected = result["kappa"]["sign"]
    found = agreement(readers["sign_r1"], readers["sign_r2"])
    assert found["n"] == len(readers)
    assert found["kappa"] == pytest.approx(expected["kappa"], abs=6e-14)
    assert found["ci_low"] == pytest.approx(expected["psych_lo"], abs=6e-14)
    assert found["ci_high"] == pytest.approx(expected["psych_hi"], abs=6e-14)


def test_kappa_of_more_than_two_levels(cohort):
    _, result, readers = cohort
    # R: irr::kappa2(readers[, 3:4], weight = "unweighted")$value
    found = agreement(readers["grade_r1"], readers["grade_r2"])
    assert found["kappa"] == pytest.approx(result["kappa"]["grade_unweighted"]["kappa"], abs=6e-14)
