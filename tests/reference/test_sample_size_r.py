"""Sample sizes against R's pmsampsize 1.1.3 and against the papers' own examples."""

import json
import math

import numpy as np
import pytest
from scipy.special import ndtri

from nomoflow.sample_size import max_r2, r2_of_c, required

# pmsampsize prints these to as many digits
DIGITS = {"shrinkage": 3, "cox_snell_r2": 4, "max_r2": 3, "nagelkerke_r2": 3, "epp": 2}


@pytest.fixture(scope="module")
def pmsampsize(reference):
    return json.loads((reference / "pmsampsize.json").read_bytes())


def rounded(table):
    """The table's columns in pmsampsize's order, as it prints them."""
    names = ["n", "shrinkage", "parameters", "cox_snell_r2", "max_r2", "nagelkerke_r2", "epp"]
    return [
        [round(row[name], DIGITS.get(name, 9)) for name in names] for _, row in table.iterrows()
    ]


def test_from_r2(pmsampsize):
    # R: pmsampsize(type = "b", csrsquared = 0.288, parameters = 24, prevalence = 0.174)
    table = required(24, 0.174, 0.288)
    expected = pmsampsize["ex1"]["table"]
    assert rounded(table) == expected
    assert table["n"].iloc[-1] == pmsampsize["ex1"]["n"] == 662


def test_from_c(pmsampsize):
    # R: pmsampsize(type = "b", cstatistic = 0.89, parameters = 7, prevalence = 102 / 149,
    #               seed = 123456)
    expected = pmsampsize["ex2"]["table"]
    simulated = expected[0][3]
    assert rounded(required(7, 102 / 149, simulated)) == expected
    table = required(7, 102 / 149, r2_of_c(0.89, 102 / 149))
    assert table["n"].tolist() == [row[0] for row in expected]
    assert table["n"].iloc[-1] == pmsampsize["ex2"]["n"] == 332


# R 4.2.2, with seeds 123456, 1 and 2; n <- 1e6; set.seed(seed)
# LP <- c(rnorm(prev * n), rnorm((1 - prev) * n, sqrt(2) * qnorm(c))); y <- rep(0:1, ...)
# m <- glm(y ~ LP, family = binomial); 1 - exp(-(m$null.deviance - m$deviance) / n)
SIMULATED = {
    (0.89, 102 / 149): (0.3863100, 0.3863303, 0.3858013),
    (0.7, 0.3): (0.1028649, 0.1035246, 0.1036721),
    (0.8, 0.1): (0.1108449, 0.1118182, 0.1109281),
    (0.95, 0.5): (0.5570336, 0.5573515, 0.5571625),
    (0.6, 0.2): (0.0196814, 0.0202042, 0.0198577),
    (0.81, 0.77): (0.2124412, 0.2129569, 0.2122173),
}


@pytest.mark.parametrize(("c", "prevalence"), SIMULATED)
def test_r2_lies_within_the_monte_carlo_error_of_the_simulation(c, prevalence):
    apart = math.sqrt(2) * float(ndtri(c))
    random = np.random.default_rng(1)
    y = random.random(200_000) < prevalence
    x = random.normal(apart * y, 1)
    link = math.log(prevalence / (1 - prevalence)) + apart * x - apart**2 / 2
    loss = np.logaddexp(0, np.where(y, -link, link))
    r2 = r2_of_c(c, prevalence)
    error = 2 * (1 - r2) * loss.std() / 1000  # of a mean over the million patients of R's call
    for found in SIMULATED[c, prevalence]:
        assert abs(found - r2) < 3 * error


@pytest.mark.parametrize(("parameters", "n"), [(30, 5249), (20, 3500)])
def test_pre_eclampsia(parameters, n):
    """Riley 2020 (BMJ 368:m441), example 1: prevalence 0.05, R2 0.05, driven by the shrinkage."""
    table = required(parameters, 0.05, 0.05)
    assert table["n"].iloc[-1] == table["n"].iloc[0] == n
    assert round(max_r2(0.05), 2) == 0.33  # the paper's maximum at this prevalence


def test_chagas():
    """Riley 2019 (Stat Med 38:1276), abstract: at least 4.8 events per predictor parameter."""
    assert round(required(24, 0.174, 0.288)["epp"].iloc[-1], 1) == 4.8
