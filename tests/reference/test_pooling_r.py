"""Pooling against R: metafor 3.8-1 (Debian r-cran-metafor).

The BCG trials (Colditz 1994, in metafor as dat.bcg) are the worked example of Viechtbauer 2010
(J Stat Softw 36(3)), p. 8: REML estimate -0.7145, tau2 0.3132, I2 92.22 %, Q 152.2330.
    dat <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
"""

import math

import numpy as np
import pytest

from nomoflow.pooling import pool, tau2_interval, tau2_reml

# ai, bi, ci, di of dat.bcg
BCG = np.array(
    [
        [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619],
        [33, 5036, 47, 5761], [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892],
        [29, 7470, 45, 7232], [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def bcg():
    a, b, c, d = BCG.T
    effect = np.log(a / (a + b)) - np.log(c / (c + d))
    return effect, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def test_bcg_effects_are_escalcs(bcg):
    assert bcg[0][[0, 12]] == pytest.approx([-0.8893113339202, -0.0173139482169], abs=1e-12)
    assert bcg[1][[0, 12]] == pytest.approx([0.32558476500396, 0.07140465968399], abs=1e-13)


def test_reml_with_hartung_knapp(bcg):
    # rma(yi, vi, data = dat, method = "REML", test = "adhoc",
    #     control = list(threshold = 1e-12, maxiter = 1000)); test = "knha" gives the same here
    found = pool(*bcg)
    expected = {
        "estimate": -7.145323422e-01, "se": 1.807917441e-01, "ci_low": -1.108443714,
        "ci_high": -3.206209706e-01, "tau2": 3.132432581e-01, "i2": 9.222138452e01,
        "q": 1.522330081e02,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=2e-8)
    assert found["q_p"] == pytest.approx(1.996764591e-26, rel=1e-6)
    # weights(res)
    assert found["weights"][[0, 1, 12]] == pytest.approx(
        [5.059482734, 6.364679373, 8.402851552], rel=1e-8
    )


def test_prediction_interval_of_higgins(bcg):
    found = pool(*bcg)
    # with(res, b + c(-1, 1) * qt(0.975, k - 2) * sqrt(tau2 + se^2)); qt(0.975, 11) = 2.200985160
    reach = 2.200985160082949 * math.sqrt(0.3132432581 + 0.1807917441**2)
    assert [found["prediction_low"], found["prediction_high"]] == pytest.approx(
        [-0.7145323422 - reach, -0.7145323422 + reach], rel=1e-8
    )


def test_q_profile_interval(bcg):
    # confint(res, digits = 4): 0.1197 1.1115
    assert tau2_interval(*bcg) == pytest.approx((0.1197, 1.1115), abs=5e-5)


def test_centres_that_agree_are_not_made_too_sure():
    # rma(c(1.2, 1.25, 1.3), c(.1, .08, .2), test = "adhoc"); "knha" has se 0.0253 instead
    found = pool([1.2, 1.25, 1.3], [0.1, 0.08, 0.2])
    assert found["tau2"] == 0 and found["i2"] == 0
    assert found["se"] == pytest.approx(0.1906925178, rel=1e-9)
    assert [found["ci_low"], found["ci_high"]] == pytest.approx(
        [0.4204254084, 2.0613927734], rel=1e-9
    )
    # confint: "The upper and lower CI bounds for tau^2 both fall below 0."
    assert np.isnan([found["tau2_low"], found["tau2_high"]]).all()
    assert "usual standard error" in found["method"]


def test_two_centres():
    # rma(c(0.5, 1.6), c(.05, .08), test = "adhoc"); confint: 0.0554, > 100
    found = pool([0.5, 1.6], [0.05, 0.08])
    assert found["estimate"] == pytest.approx(1.036363636364, rel=1e-9)
    assert found["tau2"] == pytest.approx(0.54, rel=1e-9)
    assert found["i2"] == pytest.approx(89.256198347107, rel=1e-8)
    assert found["q"] == pytest.approx(9.307692307692, rel=1e-9)
    assert found["q_p"] == pytest.approx(0.002281937253, rel=1e-8)
    ends = [found["ci_low"], found["ci_high"]]
    assert ends == pytest.approx([-5.949900707413, 8.022627980140], rel=1e-9)
    assert found["tau2_low"] == pytest.approx(0.0554, abs=5e-5) and found["tau2_high"] > 100
    assert math.isnan(found["prediction_low"]) and "not defined" in found["method"]


def test_reml_is_where_the_likelihood_is_highest(bcg):
    effect, variance = bcg

    def loss(tau2):
        weight = 1 / (variance + tau2)
        rest = effect - weight @ effect / weight.sum()
        return -np.log(weight).sum() + np.log(weight.sum()) + weight @ rest**2

    best = tau2_reml(*bcg)
    assert all(loss(best) <= loss(other) for other in np.linspace(0, 2, 2001))
