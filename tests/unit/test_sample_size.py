import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import log_expit, logit
from scipy.stats import norm

from nomoflow.sample_size import COLUMNS, max_r2, most_parameters, r2_of_c, required

PREVALENCE = st.floats(0.01, 0.99)


@pytest.mark.parametrize(
    ("c", "prevalence"), [(0.6, 0.02), (0.75, 0.3), (0.89, 102 / 149), (0.99, 0.1), (0.9999, 0.5)]
)
def test_r2_is_the_integral_of_the_model(c, prevalence):
    """By an adaptive rule of another library, over the classes' densities themselves."""
    apart = math.sqrt(2) * norm.ppf(c)

    def loss(x, mean, sign):
        link = logit(prevalence) + apart * x - apart**2 / 2
        return -norm.pdf(x - mean) * log_expit(sign * link)

    wide = {"limit": 400, "epsabs": 1e-13, "points": [0, apart / 2, apart]}
    deviance = 2 * prevalence * quad(loss, -12, 12 + apart, (apart, 1), **wide)[0]
    deviance += 2 * (1 - prevalence) * quad(loss, -12, 12 + apart, (0, -1), **wide)[0]
    null = -2 * sum(share * math.log(share) for share in (prevalence, 1 - prevalence))
    assert r2_of_c(c, prevalence) == pytest.approx(1 - math.exp(deviance - null), abs=1e-12)


@given(st.floats(0.5, 1), PREVALENCE)
def test_r2_lies_between_nothing_and_its_maximum(c, prevalence):
    r2 = r2_of_c(c, prevalence)
    assert 0 <= r2 <= max_r2(prevalence) + 1e-12
    assert r2 == pytest.approx(r2_of_c(c, 1 - prevalence), abs=1e-12)


@given(st.floats(0.5, 0.999), st.floats(0, 0.0009), PREVALENCE)
def test_r2_rises_with_c(c, more, prevalence):
    assert r2_of_c(c + more, prevalence) >= r2_of_c(c, prevalence) - 1e-12


def test_ends_of_r2():
    assert r2_of_c(0.5, 0.3) == 0
    assert r2_of_c(1, 0.3) == max_r2(0.3)
    assert r2_of_c(1 - 1e-15, 0.3) == pytest.approx(max_r2(0.3), abs=1e-7)
    assert max_r2(0.5) == pytest.approx(0.75)  # 1 - exp(2 ln 0.5)


@given(st.integers(1, 200), PREVALENCE, st.floats(0.01, 0.99))
def test_the_sizes_keep_what_the_criteria_promise(parameters, prevalence, share):
    r2 = share * max_r2(prevalence)
    table = required(parameters, prevalence, r2).set_index("criterion")
    n = table["n"]
    assert n["all"] == n[:3].max()
    # criterion 1, solved for the shrinkage (Riley 2019, equation 11): S = 1 + p / (n ln(1 - R2/S))
    for criterion, shrinkage in (("shrinkage", 0.9), ("optimism", table["shrinkage"]["optimism"])):
        found = 1 + parameters / (n[criterion] * math.log(1 - r2 / shrinkage))
        one_less = 1 + parameters / ((n[criterion] - 1) * math.log(1 - r2 / shrinkage))
        assert found >= shrinkage - 1e-9
        assert n[criterion] == 1 or one_less < shrinkage + 1e-9
    # criterion 2: the apparent R2 is that of S, the adjusted one r2
    optimism = r2 / table["shrinkage"]["optimism"] - r2
    assert optimism / max_r2(prevalence) == pytest.approx(0.05)
    # criterion 3: half the interval of a proportion
    half = 1.96 * math.sqrt(prevalence * (1 - prevalence) / n["overall risk"])
    assert half <= 0.05
    assert table["epp"]["all"] == pytest.approx(n["all"] * prevalence / parameters)


@given(st.integers(20, 2000), PREVALENCE, st.floats(0.05, 0.95))
def test_most_parameters_are_those_that_the_sizes_allow(n, prevalence, share):
    r2 = share * max_r2(prevalence)
    most = most_parameters(n, prevalence, r2)
    if most:
        assert required(most, prevalence, r2)["n"][:2].max() <= n + 1
    assert required(most + 1, prevalence, r2)["n"][:2].max() > n - 1


def test_columns():
    table = required(7, 0.4, 0.2)
    assert tuple(table) == COLUMNS
    assert table["criterion"].tolist() == ["shrinkage", "optimism", "overall risk", "all"]
    assert np.issubdtype(table["n"].dtype, np.integer)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: r2_of_c(0.49, 0.5), "a c statistic of 0.49: allowed is 0.5 to 1"),
        (lambda: r2_of_c(math.nan, 0.5), "a c statistic of nan"),
        (lambda: r2_of_c(0.8, 1.0), "a prevalence of 1: allowed is above 0 and below 1"),
        (lambda: required(0, 0.5, 0.1), "0 parameters: allowed is 1 or more"),
        (lambda: required(1, 0.0, 0.1), "a prevalence of 0"),
        (lambda: required(1, 0.05, 0.4), "up to 0.3277, its maximum at a prevalence of 0.05"),
        (lambda: required(1, 0.5, 0.0), "a Cox-Snell R2 of 0: allowed is above 0"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
