"""External validation and recalibration against R 4.2.2, base functions alone.

i <- 1:60; lp <- 1.5 * sin(1.3 * i) + 0.4
y <- as.integer(1.2 * sin(1.3 * i + 0.5) + cos(2.9 * i) > 0.3); p <- plogis(lp)
"""

import numpy as np
import pytest
from scipy.special import expit

from nomoflow.external import external_metrics
from nomoflow.recalibration import recalibration

ONE_TO_60 = np.arange(1, 61)
LP = 1.5 * np.sin(1.3 * ONE_TO_60) + 0.4
Y = (1.2 * np.sin(1.3 * ONE_TO_60 + 0.5) + np.cos(2.9 * ONE_TO_60) > 0.3).astype(int)
Z = 1.959963984540054

# R: a <- glm(y ~ offset(lp), binomial, epsilon = 1e-14)
#    b <- glm(y ~ lp, binomial, epsilon = 1e-14)
#    coef(.); sqrt(diag(vcov(.))); deviance(.)
IN_THE_LARGE = {
    "intercept": -1.13614942876975,
    "intercept_se": 0.299461457681002,
    "deviance": 61.4652930748302,
    # pchisq(deviance(raw) - deviance(a), 1, lower = FALSE)
    "p": 0.000115753742696713,
}
LOGISTIC = {
    "intercept": -1.33336006572163,
    "slope": 1.25424325219399,
    "intercept_se": 0.422292320644092,
    "slope_se": 0.3472142255282,
    "deviance": 60.8880612737176,
    "p": 0.000444334937935092,
}
# R: -2 * sum(dbinom(y, 1, p, log = TRUE))
RAW = {"intercept": 0, "slope": 1, "deviance": 76.3259251041245}
# R, for p, fitted(a), fitted(b): mean((p - y)^2); sum(y) / sum(p); s <- lowess(p, y, iter = 0);
#    e <- abs(sort(p) - s$y); mean(e); median(e); quantile(e, 0.9)
FIGURES = {
    "raw": (0.21729866915319, 0.626200973976073, 0.219950195022916, 0.206270231050559,
            0.261841062186048),
    "in_the_large": (0.17230536559414, 1, 0.0428903161162516, 0.0434841225409318,
                     0.0883585602325423),
    "logistic": (0.172204380934604, 1, 0.0413329327356777, 0.0441792427783175, 0.0605651347449751),
}  # fmt: skip


@pytest.mark.parametrize(
    ("update", "expected"), [("raw", RAW), ("in_the_large", IN_THE_LARGE), ("logistic", LOGISTIC)]
)
def test_updates_are_glms(update, expected):
    row = recalibration(Y, LP).set_index("update").loc[update]
    for column, value in expected.items():
        assert row[column] == pytest.approx(value, rel=1e-7 if column.endswith("_se") else 1e-10)
    found = row[["brier", "oe", "ici", "e50", "e90"]].to_numpy(dtype=float)
    assert found == pytest.approx(np.array(FIGURES[update]), abs=1e-9)


def test_external_metrics_are_rs():
    table = external_metrics(Y, LP, expit(LP), 0.25, resamples=50).set_index("metric")
    found = {
        name: row[["estimate", "ci_low", "ci_high"]].tolist() for name, row in table.iterrows()
    }
    expected = {
        # R: log(O / E), + c(-1, 1) * qnorm(.975) * sqrt((1 - mean(y)) / O); exp of it
        "oe_log": [-0.468083914715646, -0.800630830050566, -0.135536999380726],
        "oe": [0.626200973976073, 0.449045603289726, 0.873246852737982],
        # R: prop.test(x, n, correct = FALSE)$conf.int, with call <- lp >= 0.25
        "ppv": [0.59375, 0.422600248753829, 0.744803651573346],
        "npv": [0.892857142857143, 0.728041484513279, 0.9628816331707],
        "sensitivity": [0.863636363636364, 0.666650128334283, 0.952509962859447],
    }
    for metric, values in expected.items():
        assert found[metric] == pytest.approx(values, abs=1e-12)
    # R: 1 - mean((p - y)^2) / (mean(y) * (1 - mean(y)))
    assert found["brier_scaled"][0] == pytest.approx(0.0642641041250174, abs=1e-13)
    assert found["brier"][0] == pytest.approx(FIGURES["raw"][0], abs=1e-13)
    for metric, values, key in (
        ("calibration_in_the_large", IN_THE_LARGE, "intercept"),
        ("calibration_intercept", LOGISTIC, "intercept"),
        ("calibration_slope", LOGISTIC, "slope"),
    ):
        half = Z * values[f"{key}_se"]
        limits = [values[key], values[key] - half, values[key] + half]
        assert found[metric] == pytest.approx(limits, rel=1e-7)
