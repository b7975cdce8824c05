"""The refitted Radscore against R's glm on the features that cv.glmnet keeps."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from nomoflow.signature import fit_signature, means_and_sds

NAME = "Head-Neck-Radiomics-HN1"
KEPT = [
    "GTV-1_original_shape_LeastAxisLength",
    "GTV-1_original_shape_SurfaceVolumeRatio",
    "GTV-1_original_gldm_DependenceVariance",
]
# R 4.2.2, Z = the kept features of all 137 patients, z-scored with ddof = 0:
# g <- glm(y ~ Z, family=binomial, control=glm.control(epsilon=1e-14, maxit=100))
# coef(g); head(predict(g)); sum(predict(g)^2)
INTERCEPT = -0.3304250903438373
COEFFICIENTS = [0.6279084570142149, -0.5278728478313748, 0.2314043188971097]
FIRST = [1.5389150131871538, -0.9322300097494701, 0.5840439505864647]
SUM_OF_SQUARES = 239.1888278209672


@pytest.fixture(scope="module")
def cohort(study_data, reference):
    table = pd.read_csv(study_data / f"radiomics_tables/{NAME}.csv.gz")
    folds = pd.read_csv(reference / f"{NAME}.folds.csv")
    features = table.drop(columns=["ID", "Target"]).astype(float)
    return features, folds["y"].to_numpy(), folds["foldid"].to_numpy()


def test_refit_is_the_logistic_regression_on_the_kept_features(cohort):
    features, y, fold = cohort
    signature, _ = fit_signature(features, y, fold, penalty="1se", score="refit")
    assert list(signature.features) == KEPT
    assert (signature.status, signature.score) == ("selected", "refit")
    assert signature.intercept == pytest.approx(INTERCEPT, rel=1e-12)
    assert signature.coefficients == pytest.approx(COEFFICIENTS, rel=1e-12)
    score = signature.radscore(features)
    assert score[:3] == pytest.approx(FIRST, rel=1e-12)
    assert score @ score == pytest.approx(SUM_OF_SQUARES, rel=1e-12)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R (Debian: r-base-core) is not here")
def test_refit_of_many_features_against_r_itself(study_data, reference, tmp_path):
    """The ten features of WORC-GIST at lambda.min, by R in this run."""
    table = pd.read_csv(study_data / "radiomics_tables/WORC-GIST.csv.gz")
    folds = pd.read_csv(reference / "WORC-GIST.folds.csv")
    features = table.drop(columns=["ID", "Target"]).astype(float)
    y = folds["y"].to_numpy()
    signature, _ = fit_signature(features, y, folds["foldid"].to_numpy(), "min", "refit")
    kept = features[list(signature.features)].to_numpy()
    means, sds = means_and_sds(kept)
    np.savetxt(tmp_path / "z.csv", np.column_stack([y, (kept - means) / sds]), "%.17g", ",")
    call = (
        f"d <- read.csv('{tmp_path}/z.csv', header=FALSE);"
        "g <- glm(V1 ~ ., binomial, d, control=glm.control(epsilon=1e-14, maxit=100));"
        "cat(format(coef(g), digits=17))"
    )
    done = subprocess.run(
        ["Rscript", "-e", call], capture_output=True, encoding="utf-8", check=True
    )
    expected = np.array(done.stdout.split(), dtype=float)
    assert len(expected) == len(signature.features) + 1 > 5
    found = [signature.intercept, *signature.coefficients]
    assert found == pytest.approx(expected, rel=1e-11)
