"""How often the nominal 95 % intervals hold what they are said to hold, where the truth is known.

    uv run python benchmarks/interval_coverage.py
    uv run python benchmarks/interval_coverage.py --repeats 0.1  # a tenth of it, to try

Patients are drawn from a known distribution, the project's own functions make the intervals, and
the truth comes from the distribution itself, by quadrature, not from a sample. Three parts: figures
of a fixed score on new patients; readers' agreement; and models that are fitted, where each repeat
is a whole study with its cross-validation and bootstrap. A fitted model has two truths. Its own AUC
in all patients (conditional), and the mean of that over all studies of this size (mean).
"""

# ruff: noqa: E402
# One thread is set before numpy is there, and the folder of the modules before they are.
import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri
from shuffled_labels import facts

from nomoflow.bootstrap import resample_models
from nomoflow.by_model import judged
from nomoflow.cohort import agreement
from nomoflow.corrected_intervals import SHIFTED
from nomoflow.dataset import COMBINED, Dataset
from nomoflow.icc import intraclass_correlation
from nomoflow.intervals import apparent_metrics, repeated_metrics
from nomoflow.models import Choices, Fitted, fit_study
from nomoflow.optimism import correct
from nomoflow.regression import fit_logistic
from nomoflow.resample_metrics import Scores, as_scores, auc_of_each_resample
from nomoflow.validation import cross_validate, predictions

CONFIDENCE = 0.95
LIMITS = (0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2)
SEED = 30_000
CHEAP = 2000  # repeats of what takes milliseconds; half of them where patients are resampled
FOLDS, CV_REPEATS, PATIENTS_RESAMPLED = 5, 3, 300
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
GRID = 4000


def main(arguments: list[str] | None = None) -> None:
    options = read_options(arguments)
    cheap = max(round(CHEAP * options.repeats), 2)
    tables = []
    for part in (
        lambda: fixed_score(-(-cheap // 2)),
        lambda: kappas(cheap),
        lambda: iccs(cheap),
        *(lambda setting=setting: models(setting, options.repeats) for setting in SETTINGS),
    ):
        start = time.process_time()
        table = summary(pd.DataFrame(part()))
        table["cpu_seconds"] = time.process_time() - start
        print_table(table)
        tables.append(table)
    options.results.mkdir(parents=True, exist_ok=True)
    table = pd.concat(tables, ignore_index=True).assign(**facts())
    table.to_csv(options.results / "coverage.csv", index=False)
    print("written: coverage.csv")


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--repeats", type=float, default=1.0,
        help=f"share of {CHEAP:,} repeats, and of the fewer where each is a whole study",
    )  # fmt: skip
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results")
    options = parser.parse_args(arguments)
    if not options.repeats > 0:
        parser.error("--repeats is above 0")
    return options


def row(setting, figure, method, estimate, low, high, truth, of="fixed") -> dict:
    return {
        "setting": setting, "figure": figure, "method": method, "estimate": estimate, "low": low,
        "high": high, "truth": truth, "of": of,
    }  # fmt: skip


# --- A fixed score on new patients ------------------------------------------------------------

NEW_PATIENTS, SCORE_SD, TRUE_INTERCEPT, TRUE_SLOPE, CUT = 120, 1.6, 0.2, 0.7, 0.3


def fixed_score(repeats: int) -> Iterator[dict]:
    """A locked model that is too extreme (slope 0.7), judged on 120 patients it has not seen."""
    truths, setting = truths_of_the_score(), f"fixed score, n = {NEW_PATIENTS}"
    for repeat in range(repeats):
        random = np.random.default_rng([SEED, 1, repeat])
        lp = random.normal(0, SCORE_SD, NEW_PATIENTS)
        y = (random.random(NEW_PATIENTS) < expit(TRUE_INTERCEPT + TRUE_SLOPE * lp)).astype(int)
        table = apparent_metrics(
            y, lp, expit(lp), CUT, CONFIDENCE, PATIENTS_RESAMPLED, SEED + repeat
        )
        for each in table[table["metric"] != "cutoff"].itertuples():
            method = each.method.partition(" resampled")[0]
            method = f"{method} resampled" if method == "patients" else method
            limits = (each.estimate, each.ci_low, each.ci_high)
            yield row(setting, each.metric, method, *limits, truths[each.metric])
        fit = fit_logistic(pd.DataFrame({"lp": lp}), y)
        half = float(ndtri(0.5 + CONFIDENCE / 2)) * float(np.sqrt(fit.covariance[1, 1]))
        slope = float(fit.coefficients[1])
        limits = (slope, slope - half, slope + half)
        yield row(setting, "calibration_slope", "Wald", *limits, TRUE_SLOPE)


def truths_of_the_score() -> dict[str, float]:
    """Every metric of the fixed score in all patients, on a fine grid of its distribution."""
    lp = SCORE_SD * ndtri((np.arange(100 * GRID) + 0.5) / (100 * GRID))
    p, risk = expit(lp), expit(TRUE_INTERCEPT + TRUE_SLOPE * lp)
    prevalence, away, called = risk.mean(), np.abs(p - risk), lp >= CUT
    large = 0.0
    for _ in range(50):  # Newton: the intercept at which expected and observed events agree
        shifted = expit(lp + large)
        large -= (shifted.mean() - prevalence) / (shifted * (1 - shifted)).mean()
    return {
        "auc": true_auc(1.0, TRUE_INTERCEPT, TRUE_SLOPE * SCORE_SD),
        "sensitivity": (risk * called).mean() / prevalence,
        "specificity": ((1 - risk) * ~called).mean() / (1 - prevalence),
        "accuracy": np.where(called, risk, 1 - risk).mean(),
        "brier": (risk * (1 - p) ** 2 + (1 - risk) * p**2).mean(),
        "calibration_intercept": TRUE_INTERCEPT,
        "calibration_slope": TRUE_SLOPE,
        "calibration_in_the_large": large,
        "oe": prevalence / p.mean(),
        "ici": away.mean(),
        "e50": np.median(away),
        "e90": np.quantile(away, 0.9),
        "net_benefit": ((p >= 0.5) * (2 * risk - 1)).mean(),
    }


def true_auc(correlation: float, intercept: float, spread: float) -> float:
    """AUC in all patients of a score that has this correlation with the true log odds.

    Both are normal, the log odds with mean ``intercept`` and SD ``spread``. The risk at each score
    is an integral over what the score does not tell (Gauss-Hermite); the AUC is one over ranks.
    """
    score = ndtri((np.arange(GRID) + 0.5) / GRID)
    untold = np.sqrt(max(1 - correlation**2, 0.0)) * NODES
    log_odds = intercept + spread * (correlation * score[:, None] + untold)
    risk = expit(log_odds) @ WEIGHTS
    below = np.cumsum(1 - risk) - (1 - risk) / 2
    return float((risk * below).sum() / (risk.sum() * (1 - risk).sum()))


# --- Readers ----------------------------------------------------------------------------------


def kappas(repeats: int) -> Iterator[dict]:
    """Two readers who each see the sign that is there with the same errors."""
    for n, kappa, share in ((30, 0.7, 0.4), (149, 0.8, 0.55)):
        # Both readers call a share positive; they differ as often as kappa says (Cohen 1960).
        differ = (1 - kappa) * 2 * share * (1 - share)
        chances = [share - differ / 2, differ / 2, differ / 2, 1 - share - differ / 2]
        for repeat in range(repeats):
            cell = np.random.default_rng([SEED, 2, n, repeat]).choice(4, size=n, p=chances)
            found = agreement(cell < 2, np.isin(cell, (0, 2)), CONFIDENCE)
            limits = (found["kappa"], found["ci_low"], found["ci_high"])
            yield row(f"two readers, n = {n}", f"kappa {kappa}", "large sample", *limits, kappa)


def iccs(repeats: int) -> Iterator[dict]:
    """Readings that differ by a reader's own shift and by noise; each repeat has its readers."""
    for n, icc, shift in ((30, 0.75, 0.05), (30, 0.9, 0.0), (30, 0.9, 0.05)):
        random = np.random.default_rng([SEED, 3, n, round(1000 * icc), round(1000 * shift)])
        patient = random.normal(0, np.sqrt(icc), (n, 1, repeats))
        reader = random.normal(0, np.sqrt(shift), (1, 2, repeats))
        noise = random.normal(0, np.sqrt(1 - icc - shift), (n, 2, repeats))
        ratings = patient + reader + noise
        setting = f"2 readings, n = {n}, readers' shift {shift:.2f} of variance"
        for limits in zip(*intraclass_correlation(ratings, "ICC(A,1)", CONFIDENCE), strict=True):
            yield row(setting, f"ICC(A,1) {icc}", "McGraw and Wong", *map(float, limits), icc)


# --- Fitted models ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """Normal predictors, the first ``informative`` of which have the same effect on the log odds.

    ``model``: image_features takes all predictors, radiomics chooses by the LASSO. Predictors are
    in families of five, with this correlation. ``repeats`` at the default, ``resamples`` of each
    repeat's bootstrap.
    """

    name: str
    model: str
    patients: int
    predictors: int
    informative: int
    effect: float
    correlation: float
    repeats: int
    resamples: int

    def covariance(self) -> np.ndarray:
        family = np.arange(self.predictors) // 5
        same = family[:, None] == family[None, :]
        return np.where(same, self.correlation, 0.0) + (1 - self.correlation) * np.eye(len(family))

    def effects(self) -> np.ndarray:
        return self.effect * (np.arange(self.predictors) < self.informative)

    def choices(self) -> Choices:
        clinical = [{"name": f"x{i}"} for i in range(self.predictors)]
        named = clinical if self.model == "image_features" else []
        return Choices(("ct",), named, FOLDS, "min", "refit", "all", 0.05, "firth")


FEW = Setting("5 predictors, none chosen, n = 120", "image_features", 120, 5, 5, 0.35, 0.2, 150, 50)
SETTINGS = (
    FEW,
    # the same patients: what more resamples change
    replace(FEW, name=f"{FEW.name}, 200 resamples", repeats=100, resamples=200),
    Setting("LASSO, 200 features, n = 100", "radiomics", 100, 200, 5, 0.45, 0.4, 70, 50),
    Setting("LASSO, 200 features of noise, n = 100", "radiomics", 100, 200, 0, 0.0, 0.4, 30, 50),
)


def models(setting: Setting, share: float) -> Iterator[dict]:
    """A study a repeat: the AUC's interval by each sample, against the AUC of its own model."""
    root = np.linalg.cholesky(setting.covariance())
    for repeat in range(max(round(share * setting.repeats), 2)):
        data = draw(setting, root, np.random.default_rng([SEED, 4, repeat]))
        fitted = fit_study(data, setting.choices(), [SEED + repeat], (setting.model,))
        truth = conditional_auc(setting, fitted)
        for sample, method, limits in intervals(setting, data, fitted, SEED + repeat):
            yield row(setting.name, f"auc, {sample}", method, *limits, truth, "conditional")


def draw(setting: Setting, root: np.ndarray, random: np.random.Generator) -> Dataset:
    x = random.normal(size=(setting.patients, setting.predictors)) @ root.T
    y = (random.random(setting.patients) < expit(x @ setting.effects())).astype(int)
    patients = np.array([f"P{i:04d}" for i in range(setting.patients)], dtype=object)
    if setting.model == "image_features":
        clinical = pd.DataFrame(x, columns=[f"x{i}" for i in range(setting.predictors)])
        return Dataset(patients, y, clinical, pd.DataFrame(index=range(len(y))), None)
    features = pd.DataFrame(x, columns=[f"ct_x{i}" for i in range(setting.predictors)])
    return Dataset(patients, y, pd.DataFrame(index=range(len(y))), features, None)


def conditional_auc(setting: Setting, fitted: Fitted) -> float:
    """AUC of this fitted model in all patients: its score and the true log odds are both normal."""
    weight = np.zeros(setting.predictors)
    if setting.model == "radiomics":
        signature = fitted.signatures[COMBINED]
        slopes = np.array(signature.coefficients) / np.array(signature.sds)
        names = [name.removeprefix("ct_x") for name in signature.features]
    else:
        slopes = fitted.models[setting.model].coefficients
        names = [name.removeprefix("x") for name in fitted.models[setting.model].terms]
    weight[[int(name) for name in names]] = slopes
    covariance, effects = setting.covariance(), setting.effects()
    spread = float(np.sqrt(effects @ covariance @ effects))
    own = float(np.sqrt(weight @ covariance @ weight))
    if own == 0 or spread == 0:
        return 0.5
    return true_auc(float(weight @ covariance @ effects) / (own * spread), 0.0, spread)


def intervals(setting: Setting, data: Dataset, fitted: Fitted, seed: int) -> Iterator[tuple]:
    """The AUC with its interval by each sample, as the rules of the workflow compute them."""
    choices, names = setting.choices(), (setting.model,)
    same = {"sample": "apparent", "repeat": 0, "fold": 0}
    own = predictions(data, fitted.design(data), fitted.models, names, data.y, **same)
    repeats = range(1, CV_REPEATS + 1)
    tables = [own, *(cross_validate(data, choices, names, repeat, seed) for repeat in repeats)]
    final, held_back = judged(pd.concat(tables, ignore_index=True), names)
    drawn = (CONFIDENCE, PATIENTS_RESAMPLED, seed)
    first = apparent_metrics(
        final.y, final.score[0], final.probability[0], final.cutoff[0, 0], CONFIDENCE, 2, seed
    )
    parts = (held_back.score, held_back.probability, held_back.cutoff, held_back.fold)
    second = repeated_metrics(held_back.y, *parts, *drawn, rank=held_back.rank)
    rows, _, _ = resample_models(data, choices, names, range(1, setting.resamples + 1), seed)
    scores, counts = as_scores(rows, sorted(data.patients))
    at_hand = Scores(final.score, final.probability, final.cutoff[:, 0])
    third = correct(
        final.y, at_hand, scores, counts, 0.5, CONFIDENCE,
        intervals=PATIENTS_RESAMPLED, seed=seed,
    )  # fmt: skip
    for table, sample, method in (
        (first, "apparent", "DeLong"),
        (second, "cross_validated", "patients resampled"),
    ):
        yield sample, method, auc_of(table)
    apparent = auc_of(first)[0]
    trained = np.quantile(auc_of_each_resample(final.y, scores.lp, counts), LIMITS)
    for sample, table in third.groupby("sample", sort=False):
        estimate, low, high = auc_of(table)
        said = table.loc[table["metric"] == "auc", "method"].item()
        yield sample, "as printed", (estimate, low, high)
        shifted = f"; {SHIFTED}" in said and f"; {SHIFTED} do not hold" not in said
        kind = "shifted held" if shifted else "out of bag drawn"
        yield sample, f"as printed, {kind}", (estimate, low, high)
        always = np.clip(trained - (apparent - estimate), 0, 1)
        yield sample, "shifted, held or not", (estimate, *map(float, always))


def auc_of(table: pd.DataFrame) -> tuple[float, float, float]:
    (each,) = table[table["metric"] == "auc"].itertuples()
    return each.estimate, each.ci_low, each.ci_high


# --- What was covered -------------------------------------------------------------------------


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each setting, figure and method; fitted models have one for either truth."""
    parts: list[dict] = []
    for key, group in rows.groupby(["setting", "figure", "method"], sort=False):
        parts.append(covered(key, group, group["truth"].to_numpy(), group["of"].iloc[0]))
        if group["of"].iloc[0] == "conditional":
            mean = np.full(len(group), group["truth"].mean())
            parts.append(covered(key, group, mean, "mean"))
    return pd.DataFrame(parts)


def covered(key: tuple, group: pd.DataFrame, truth: np.ndarray, of: str) -> dict:
    """The share of the intervals that hold the truth; studies without an interval are counted."""
    low, high, estimate = (group[name].to_numpy(float) for name in ("low", "high", "estimate"))
    given = np.isfinite(low) & np.isfinite(high)
    below, above = (high < truth)[given], (low > truth)[given]
    share = float(1 - below.mean() - above.mean()) if given.any() else np.nan
    found = np.isfinite(estimate)
    bias = (estimate - truth)[found]
    return {
        **dict(zip(("setting", "figure", "method"), key, strict=True)),
        "truth": of,
        "repeats": len(group),
        "without_interval": int((~given).sum()),
        "covered": share,
        "covered_se": float(np.sqrt(share * (1 - share) / given.sum())) if given.any() else np.nan,
        "interval_below": float(below.mean()) if given.any() else np.nan,
        "interval_above": float(above.mean()) if given.any() else np.nan,
        "mean_width": float((high - low)[given].mean()) if given.any() else np.nan,
        "mean_truth": float(truth.mean()),
        "mean_estimate": float(estimate[found].mean()),
        "bias": float(bias.mean()),
        "bias_se": float(bias.std(ddof=1) / np.sqrt(len(bias))) if len(bias) > 1 else np.nan,
    }


def print_table(table: pd.DataFrame) -> None:
    for setting, part in table.groupby("setting", sort=False):
        print(f"\n{setting}: {part['repeats'].iloc[0]} repeats")
        for each in part.itertuples():
            print(
                f"  {each.figure:26}{each.method:30}{each.truth:12}"
                f"{100 * each.covered:5.1f} % (SE {100 * each.covered_se:.1f}), "
                f"width {each.mean_width:.3f}, truth {each.mean_truth:.3f}, "
                f"bias {each.bias:+.4f} (SE {each.bias_se:.4f}), "
                f"without {each.without_interval}"
            )


if __name__ == "__main__":
    main()
