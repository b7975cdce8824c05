"""Decision curves against R's dcurves 0.5.1 and rmda 1.6."""

import json

import pandas as pd
import pytest

from nomoflow.bands import decision_band
from nomoflow.decision import default_thresholds, net_benefit, treat_all, treat_none


@pytest.fixture(scope="module", params=["C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST"])
def cohort(request, reference):
    result = json.loads((reference / f"{request.param}.json").read_bytes())
    return pd.read_csv(reference / f"{request.param}.clinical.csv")["y"], result


# R: dca(y ~ rad + clin + comb, data, thresholds = seq(.01, .99, .01))$dca$net_benefit
@pytest.mark.parametrize("model", ["rad", "clin", "comb"])
def test_net_benefit(cohort, model):
    y, result = cohort
    curve = net_benefit(y, result["models"][model]["prob"], default_thresholds())
    assert curve["threshold"].tolist() == pytest.approx(result["dca"]["threshold"], abs=1e-15)
    # fifteen digits are stored: values near 50 (at 99 %) carry 5e-15
    assert curve["net_benefit"].tolist() == pytest.approx(
        result["dca"][model], abs=1e-15, rel=2e-15
    )


def test_the_curve_with_a_band_is_the_same_curve(cohort):
    y, result = cohort
    band = decision_band(y, result["models"]["comb"]["prob"], default_thresholds(), resamples=200)
    assert band["net_benefit"].tolist() == pytest.approx(
        result["dca"]["comb"], abs=1e-15, rel=2e-15
    )
    # treating no one gains nothing in any resample: the band closes on R's curve where no patient
    # reaches the threshold
    nobody = band[band["threshold"] > max(result["models"]["comb"]["prob"])]
    assert (nobody[["net_benefit", "ci_low", "ci_high"]] == 0).all(axis=None)
    inside = (band["ci_low"] <= result["dca"]["comb"]) & (result["dca"]["comb"] <= band["ci_high"])
    assert inside.mean() > 0.98


def test_treating_all_and_none(cohort):
    y, result = cohort
    everyone = treat_all(y, default_thresholds())["net_benefit"].tolist()
    assert everyone == pytest.approx(result["dca"]["all"], abs=1e-15, rel=2e-14)
    assert treat_none(default_thresholds())["net_benefit"].tolist() == result["dca"]["none"]


def test_second_program(cohort):
    y, result = cohort
    # R: rmda::decision_curve(y ~ comb, fitted.risk = TRUE, thresholds = seq(.01, .99, .01))
    # rmda calls p > threshold positive: the two agree where no probability equals a threshold
    curve = net_benefit(y, result["models"]["comb"]["prob"], default_thresholds())
    assert curve["net_benefit"].tolist() == pytest.approx(
        result["dca"]["rmda_comb_NB"], abs=1e-14, rel=2e-14
    )
