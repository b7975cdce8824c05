"""The cross-validated LASSO against R's glmnet 4.1-6 on three real feature tables."""

import json

import numpy as np
import pandas as pd
import pytest

from nomoflow.lasso import cross_validated_path
from nomoflow.signature import fit_signature, means_and_sds

TABLES = {
    "C4KC-KiTS": "c4kc_kits",
    "Head-Neck-Radiomics-HN1": "radiomics_tables",
    "WORC-GIST": "radiomics_tables",
}


@pytest.fixture(scope="module", params=TABLES)
def case(request, study_data, reference):
    name = request.param
    table = pd.read_csv(study_data / TABLES[name] / f"{name}.csv.gz")
    features = table.drop(columns=["ID", "Target"]).astype(float)
    folds = pd.read_csv(reference / f"{name}.folds.csv")
    y, fold = folds["y"].to_numpy(), folds["foldid"].to_numpy()
    means, sds = means_and_sds(features.to_numpy())
    z = (features.to_numpy() - means) / sds
    result = json.loads((reference / f"{name}.json").read_bytes())["lasso"]
    return features, z, y, fold, cross_validated_path(z, y, fold), result


# R: cv <- cv.glmnet(Z, y, family="binomial", foldid=foldid); cv$lambda; cv$cvm; cv$cvsd; cv$nzero
def test_path(case):
    *_, path, result = case
    expected = result["default"]
    assert path.lambdas == pytest.approx(expected["lambda"], rel=5e-15, abs=0)
    # beyond the minimum, where probabilities are 0 or 1, glmnet itself is the noisier one
    assert path.deviance == pytest.approx(expected["cvm"], rel=1e-13, abs=0)
    assert path.se == pytest.approx(expected["cvsd"], rel=1e-13, abs=0)
    best = path.index_min
    assert path.deviance[best] == pytest.approx(expected["cvm"][best], rel=5e-15, abs=0)
    assert path.nonzero.tolist() == expected["nzero"]


# R: match(cv$lambda.min, cv$lambda); match(cv$lambda.1se, cv$lambda); coef(cv, s="lambda.min")
@pytest.mark.parametrize("penalty", ["min", "1se"])
def test_choice_and_coefficients(case, penalty):
    features, _, _, _, path, result = case
    expected = result["default"]
    at = path.index(penalty)
    assert at + 1 == expected[f"index_{penalty}"]
    assert path.lambdas[at] == pytest.approx(expected[f"lambda_{penalty}"], rel=5e-15, abs=0)
    r = expected[f"coef_{penalty}"]
    assert path.intercepts[at] == pytest.approx(r["intercept"], abs=8e-16)
    kept = np.flatnonzero(path.coefficients[at])
    twins = {name: {name} for name in features.columns}
    for a, b in result["collinear_pairs"]:
        twins[a].add(b)
        twins[b].add(a)
    assert len(kept) == len(r["features"])
    for name, theirs in zip(features.columns[kept], r["features"], strict=True):
        assert theirs in twins[name]
    assert np.abs(path.coefficients[at, kept]) == pytest.approx(np.abs(r["coef"]), abs=8e-16)


def test_signature_is_the_lassos_linear_predictor(case):
    features, z, y, fold, _, result = case
    signature, _ = fit_signature(features, y, fold, penalty="min", score="lasso")
    r = result["default"]["coef_min"]
    expected = np.full(len(y), r["intercept"])
    for name, coefficient in zip(r["features"], r["coef"], strict=True):
        expected += coefficient * z[:, features.columns.get_loc(name)]
    assert signature.radscore(features) == pytest.approx(expected, abs=1e-14)
    assert signature.status == ("selected" if r["features"] else "empty")


# One table: this second opinion takes several times as long as what it judges.
# glmstar's prediction goes through statsmodels' logit link, which overflows to the right answer
@pytest.mark.parametrize("case", ["C4KC-KiTS"], indirect=True)
@pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")
def test_glmstars_own_cross_validation(case):
    from glmnet import LogNet
    from sklearn.model_selection import PredefinedSplit

    _, z, y, fold, path, _ = case
    model = LogNet()
    model.fit(z, y)
    # alignment="lambda" is what cv.glmnet does: folds interpolated onto the common path
    _, result = model.cross_validation_path(z, y, cv=PredefinedSplit(fold), alignment="lambda")
    scores = result.scores
    assert path.deviance == pytest.approx(scores["Binomial Deviance"].to_numpy(), rel=1e-12)
    assert path.se == pytest.approx(scores["SD(Binomial Deviance)"].to_numpy(), rel=1e-12)
