"""Stability index and Spearman's interval against published examples and R."""

import numpy as np
import pandas as pd
import pytest

from nomoflow.correlation import spearman
from nomoflow.stability import nogueira

# The demo of the index's authors: github.com/nogueirs/JMLR2018, python/stabilityDemo.ipynb
RANDOM_SETS = """
1111000000 0001011100 0100011100 1100101000 0110110000
0111001000 1001000011 0001011100 0011110000 0000100111
"""


def matrix(text):
    return np.array([[sign == "1" for sign in row] for row in text.split()])


@pytest.mark.parametrize(
    ("rows", "index"), [("110 110 110", 1.0), ("110 011 101", -0.5), (RANDOM_SETS, -0.037037037037)]
)
def test_the_authors_examples(rows, index):
    z = matrix(rows)
    assert nogueira(z, z.shape[1])["estimate"] == pytest.approx(index, abs=1e-12)


def test_the_authors_variance():
    found = nogueira(matrix(RANDOM_SETS), 10)
    # printed: Variance of the random procedure with M=10 is: 0.00516666666667
    half = 1.959963984540054 * np.sqrt(0.00516666666667)
    assert found["ci_low"] == pytest.approx(-0.037037037037 - half, abs=1e-11)
    assert found["ci_high"] == pytest.approx(-0.037037037037 + half, abs=1e-11)


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        # R: stabm::stabilityNogueira(list(1:3, 1:4, 1:5), p = 10), as its manual prints it
        ("1110000000 1111000000 1111100000", 0.7222222),
        # R: stabm::stabilityNogueira(list(1:3, 1:4, c(1:3, 5:7)), p = 10), in its vignette
        ("1110000000 1111000000 1110111000", 0.4570136),
    ],
)
def test_the_manual_of_stabm(rows, index):
    assert nogueira(matrix(rows), 10)["estimate"] == pytest.approx(index, abs=5e-8)


def test_the_manual_of_statpsych():
    y = [21, 4, 9, 12, 35, 18, 10, 22, 24, 1, 6, 8, 13, 16, 19]
    x = [67, 28, 30, 28, 52, 40, 25, 37, 44, 10, 14, 20, 28, 40, 51]
    found = spearman(x, y)
    # R: cor(y, x, method = "spearman"); statpsych::ci.spear(.05, y, x) prints its interval
    assert found["rho"] == pytest.approx(0.86996390404268753, rel=1e-14)
    assert found["ci_low"] == pytest.approx(0.5840951, abs=5e-8)
    assert found["ci_high"] == pytest.approx(0.9638297, abs=5e-8)


def test_ties_against_r():
    # R: cor(c(1, 2, 2, 3, 5, 5, 5, 8), c(2, 1, 4, 4, 3, 7, 7, 6), method = "spearman")
    found = spearman([1, 2, 2, 3, 5, 5, 5, 8], [2, 1, 4, 4, 3, 7, 7, 6])
    assert found["rho"] == pytest.approx(0.68956071496521654, rel=1e-14)


@pytest.mark.parametrize(
    ("feature", "rho"),
    [
        # R: cor(x[[feature]], x[["original_shape_MeshVolume"]], method = "spearman")
        ("original_shape_Sphericity", -0.27546343831090031),
        ("original_glcm_Idm", 0.68957567158885125),
        ("original_firstorder_Minimum", -0.4645304011798308),
        ("original_firstorder_Energy", 0.99561297067224208),
    ],
)
def test_real_features_with_volume(study_data, feature, rho):
    table = pd.read_csv(study_data / "radiomics_tables/Head-Neck-Radiomics-HN1.csv.gz")
    volume = table["GTV-1_original_shape_MeshVolume"]
    found = spearman(table[f"GTV-1_{feature}"], volume)
    assert found["n"] == 137
    assert found["rho"] == pytest.approx(rho, rel=1e-13)


def test_real_ties(reference):
    # R: cor(d$age, d$skew, method = "spearman"), 37 ages among 137 patients
    table = pd.read_csv(reference / "Head-Neck-Radiomics-HN1.clinical.csv")
    found = spearman(table["age"], table["skew"])
    assert found["rho"] == pytest.approx(0.025709847257771562, rel=1e-12)
