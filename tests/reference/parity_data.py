"""The reference data and R's results on them, and nomoflow's fits of them, each made once."""

import json
from functools import cached_property, lru_cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from scipy.special import expit

from nomoflow import firth, regression
from nomoflow.lasso import LassoPath, cross_validated_path
from nomoflow.optimism import CORRECTED, correct
from nomoflow.regression import LogisticFit, coefficient_table, fit_logistic
from nomoflow.resample_metrics import Scores, auc_of_each_resample
from nomoflow.signature import means_and_sds

COHORTS = ("C4KC-KiTS", "Head-Neck-Radiomics-HN1", "WORC-GIST")
FOLDERS = dict(zip(COHORTS, ("c4kc_kits", "radiomics_tables", "radiomics_tables"), strict=True))
MODELS = {
    "rad": ["radscore"],
    "clin": ["age", "sign1", "sign2", "sex"],
    "comb": ["radscore", "age", "sign1", "sign2", "sex"],
}
THRESHOLD = 0.5  # of the net benefit, which no row holds
FORMULAS = {model: f"y~{'+'.join(terms)}" for model, terms in MODELS.items()}


class Cohort:
    """One reference data set: ``r`` holds R's results, the rest the data and our fits."""

    def __init__(self, name: str, data: Path, reference: Path):
        self.name, self._data, self._reference = name, data, reference
        self.r = json.loads((reference / f"{name}.json").read_bytes())
        self.table = self.csv("model.csv")
        self.y = self.table["y"].to_numpy()

    def csv(self, ending: str, **options) -> pd.DataFrame:
        return pd.read_csv(self._reference / f"{self.name}.{ending}", **options)

    @cached_property
    def features(self) -> pd.DataFrame:
        table = pd.read_csv(self._data / FOLDERS[self.name] / f"{self.name}.csv.gz")
        return table.drop(columns=["ID", "Target"]).astype(float)

    @cached_property
    def z(self) -> np.ndarray:
        means, sds = means_and_sds(self.features.to_numpy())
        return (self.features.to_numpy() - means) / sds

    @cached_property
    def path(self) -> LassoPath:
        return cross_validated_path(self.z, self.y, self.csv("folds.csv")["foldid"].to_numpy())

    @cached_property
    def fits(self) -> dict[str, LogisticFit]:
        return {m: fit_logistic(self.table[terms], self.y) for m, terms in MODELS.items()}

    @cached_property
    def coefficients(self) -> dict[str, pd.DataFrame]:
        return {
            m: coefficient_table(fit, self.table[MODELS[m]], self.y) for m, fit in self.fits.items()
        }

    @cached_property
    def firth(self) -> tuple[LogisticFit, pd.DataFrame]:
        return fit_firth(self.table, self.r["firth"]["terms"], self.y)

    @cached_property
    def raters(self) -> list[pd.DataFrame]:
        long = self.csv("raters.csv")
        return [
            long[long["rater"] == rater].drop(columns="rater").set_index("subject")
            for rater in (1, 2)
        ]

    @cached_property
    def readers(self) -> pd.DataFrame:
        return self.csv("readers.csv")

    @cached_property
    def optimism(self) -> dict:
        """Of model comb: each metric corrected by Harrell's optimism ("corrected"), and the AUC of
        the refits in R's 200 resamples on these ("train") and on all patients ("test")."""
        drawn = self.csv("boot_idx.csv.gz", header=None).to_numpy() - 1
        x = self.table[MODELS["comb"]]
        # Some resamples of C4KC-KiTS are separated: figures depend on where R stops, so stop there.
        with patch.multiple(regression, EPSILON=1e-12, MAX_ITERATIONS=100):
            fits = [fit_logistic(x.iloc[rows], self.y[rows]) for rows in drawn]
        counts = np.array([np.bincount(rows, minlength=len(x)) for rows in drawn], dtype=float)
        own = _scores(self.fits["comb"].linear_predictor(x)[None])
        refits = _scores(np.array([fit.linear_predictor(x) for fit in fits]))
        table = correct(self.y, own, refits, counts, THRESHOLD)
        table = table[table["sample"] == CORRECTED]
        return {
            "train": auc_of_each_resample(self.y, refits.lp, counts),
            "test": auc_of_each_resample(self.y, refits.lp, np.ones_like(counts)),
            "corrected": dict(zip(table["metric"], table["estimate"], strict=True)),
        }

    def p(self, model: str) -> np.ndarray:
        """R's fitted probabilities: what is judged is then the same to the last bit."""
        return np.array(self.r["models"][model]["prob"])


def _scores(lp: np.ndarray) -> Scores:
    return Scores(lp, expit(lp), np.zeros(len(lp)))


def fit_firth(table: pd.DataFrame, terms: list[str], y) -> tuple[LogisticFit, pd.DataFrame]:
    fit = firth.fit_firth(table[terms[1:]], y)
    return fit, firth.coefficient_table(fit, table[terms[1:]], y)


class References:
    """The data sets in ``data`` and R's results on them in ``reference``."""

    def __init__(self, data: Path, reference: Path):
        self.cohort = lru_cache(None)(lambda name: Cohort(name, data, reference))
        self.json = lru_cache(None)(
            lambda name: json.loads((reference / f"{name}.json").read_bytes())
        )

    @cached_property
    def sex2(self) -> tuple[LogisticFit, pd.DataFrame]:
        """Firth's regression on the example data of R's logistf."""
        r = self.json("canonical")["sex2"]
        data = pd.DataFrame(r["data"])
        return fit_firth(data, r["terms"], data["case"].to_numpy())


@lru_cache(maxsize=1)
def references(data: Path, reference: Path) -> References:
    """The same for all who ask, so that the fits are made once."""
    return References(data, reference)
