"""A LASSO path and its signature as the tables of signature/<phase|combined>/."""

from dataclasses import fields

import numpy as np
import pandas as pd

from nomoflow.dataset import Dataset
from nomoflow.lasso import LassoPath
from nomoflow.signature import ROUNDING, Signature, means_and_sds


def path_table(path: LassoPath) -> pd.DataFrame:
    """A row a penalty: its cross-validated deviance, standard error and number of features."""
    chosen = np.full(len(path.lambdas), "", dtype=object)
    if len(chosen):
        chosen[path.index_min], chosen[path.index_1se] = "min", "1se"
        if path.index_min == path.index_1se:
            chosen[path.index_min] = "both"
    return pd.DataFrame(
        {
            "lambda": path.lambdas,
            "deviance": path.deviance,
            "se": path.se,
            "nonzero": path.nonzero,
            "chosen": chosen,
        }
    )


def trajectory_table(path: LassoPath, features: list[str]) -> pd.DataFrame:
    """A row a penalty and feature whose coefficient is not zero there."""
    rows, columns = np.nonzero(path.coefficients)
    return pd.DataFrame(
        {
            "lambda": path.lambdas[rows],
            "feature": np.array(features, dtype=object)[columns],
            "coefficient": path.coefficients[rows, columns],
        }
    )


def selected_table(signature: Signature) -> pd.DataFrame:
    """A row a kept feature: training mean and SD, the LASSO's coefficient and the Radscore's."""
    return pd.DataFrame(
        {
            "feature": pd.Series(signature.features, dtype=object),
            "mean": signature.means,
            "sd": signature.sds,
            "lasso_coefficient": signature.lasso_coefficients,
            "coefficient": signature.coefficients,
        }
    )


def radscore_table(data: Dataset, signature: Signature) -> pd.DataFrame:
    """A row a patient: outcome and Radscore."""
    return pd.DataFrame(
        {
            "patient": data.patients,
            "outcome": data.y,
            "radscore": signature.radscore(data.features),
        }
    )


def describe(
    signature: Signature, path: LassoPath, candidates: pd.DataFrame, folds: np.ndarray, penalty: str
) -> dict:
    """The signature and how it came about, for JSON.

    ``constant`` of the candidates have one value in all patients, so that the LASSO never saw them.
    """
    index = path.index(penalty)
    return {
        **signature.to_dict(),
        "penalty": penalty,
        "lambda": float(path.lambdas[index]) if len(path.lambdas) else None,
        "folds": len(np.unique(folds)),
        "patients": len(candidates),
        "candidates": candidates.shape[1],
        "constant": len(constant_features(candidates)),
        "selected": len(signature.features),
    }


def constant_features(candidates: pd.DataFrame) -> list[str]:
    """Candidates that have one value in all patients but for rounding, as fit_signature has it."""
    values = candidates.to_numpy(dtype=float)
    spread, size = np.ptp(values, axis=0), np.abs(values).max(axis=0, initial=0.0)
    varies = (spread > ROUNDING * size) & (means_and_sds(values)[1] > 0)
    return [str(name) for name in candidates.columns[~varies]]


def from_description(status: dict) -> Signature:
    """The signature that ``describe`` described."""
    return Signature.from_dict({field.name: status[field.name] for field in fields(Signature)})
