"""Outcomes shuffled: an honest validation must then find nothing, an AUC of 0.5 on average.

    uv run python benchmarks/shuffled_labels.py
    uv run python benchmarks/shuffled_labels.py --shuffles 20 --gist WORC-GIST.csv.gz

Each shuffle deals the outcomes out anew among the patients and repeats the whole study: nested
cross-validation and bootstrap, with all that is learned from data inside. The mean AUC out of bag
and the mean AUC within the folds of cross-validation are then exactly 0.5, since any order of the
outcomes among the patients who are held back is as likely as any other, whatever was learned from
the rest; both must lie within three Monte Carlo standard errors of it. The AUC of the predictions
pooled over folds must not lie above; somewhat below it may (docs/simulations.md says why). The
program ends with an error where a mean AUC does not do so. Harrell's and the .632+ figure stand
beside them untested: both lean on the apparent AUC. So does "selected before the split", the
mistake that this is there to find: ten features chosen on all patients, then cross-validated.
"""

# ruff: noqa: E402
# One thread is set before numpy is there, and the folder of the modules before they are.
import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np
import pandas as pd
from bootstrap_against_glmnet import machine

from nomoflow.bootstrap import resample_models
from nomoflow.by_model import judged
from nomoflow.dataset import Dataset
from nomoflow.discrimination import auc
from nomoflow.models import Choices, fit_study
from nomoflow.optimism import correct
from nomoflow.resample_metrics import Scores, as_scores, auc_of_each_resample
from nomoflow.signature import means_and_sds
from nomoflow.validation import cross_validate, predictions

GIST = ROOT.parent / "shared/data/radiomics_tables/WORC-GIST.csv.gz"
PREDICTORS = [
    {"name": "age", "kind": "continuous", "unit": "years", "per": 10, "label": "Age"},
    {"name": "sex", "kind": "binary", "positive": "male", "negative": "female", "label": "Male"},
]
CHOICES = Choices(
    ("ct",), PREDICTORS, 5, penalty="min", score="refit", select="all", p=0.05, separated="firth"
)
SEED = 20_000
ALLOWED = 3.0  # Monte Carlo standard errors
CHOSEN_BEFORE = 10  # features, by the deliberate mistake
# A predictor whose apparent AUC is this close to 0.5 tells nothing of the patients at hand.
TELLS_NOTHING = 0.55
# The made-up cohort costs a tenth of the real table, its one predictor a hundredth.
OFTENER, OFTENEST = 5, 50
# The sides of 0.5 on which a mean AUC would be wrong.
TESTED = {"within_folds": "both", "out_of_bag": "both", "cross_validated": "above"}


@dataclass(frozen=True)
class Cohort:
    """Patients whose outcomes will be shuffled, and how often; fold repeats, resamples each."""

    name: str
    data: Dataset
    choices: Choices
    models: tuple[str, ...]
    shuffles: int
    repeats: int
    resamples: int


def main(arguments: list[str] | None = None) -> None:
    options = read_options(arguments)
    tables = []
    for cohort in cohorts(options):
        table = summary(pd.DataFrame(figures(cohort)))
        n, p = cohort.data.features.shape
        table.insert(0, "cohort", cohort.name)
        table = table.assign(
            patients=n, features=p, repeats=cohort.repeats, resamples=cohort.resamples
        )
        print(f"\n{cohort.name}: {n} patients, {p} features, {cohort.shuffles} shuffles, each with")
        print(f"{cohort.repeats} repeats of 5 folds and {cohort.resamples} bootstrap resamples")
        print_table(table)
        tables.append(table)
    joined = pd.concat(tables, ignore_index=True)
    options.results.mkdir(parents=True, exist_ok=True)
    joined.assign(**facts()).to_csv(options.results / "shuffled_labels.csv", index=False)
    print("written: shuffled_labels.csv")
    off = joined[[is_off(row) for row in joined.itertuples()]]
    if len(off):
        print_table(off)
        sys.exit(f"{len(off)} mean AUCs lie more than {ALLOWED:g} standard errors from 0.5")


def is_off(row) -> bool:
    """Whether a mean AUC lies too far from 0.5, on a side where it may not."""
    too_low = row.tested == "both" and row.z < -ALLOWED
    return too_low or (row.tested != "" and row.z > ALLOWED)


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--shuffles", type=int, default=20, help="of the real table; more of the small ones"
    )
    parser.add_argument("--repeats", type=int, default=2, help="of cross-validation, a shuffle")
    parser.add_argument("--resamples", type=int, default=10, help="of the bootstrap, a shuffle")
    parser.add_argument("--patients", type=int, default=80, help="of the made-up cohort")
    parser.add_argument("--features", type=int, default=300, help="of the made-up cohort")
    parser.add_argument("--gist", type=Path, default=GIST, help="the table WORC-GIST, if at hand")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results")
    options = parser.parse_args(arguments)
    if options.shuffles < 2 or min(options.repeats, options.resamples) < 1:
        parser.error("shuffles are 2 at least, repeats and resamples 1 at least")
    return options


def cohorts(options: argparse.Namespace) -> Iterator[Cohort]:
    """The made-up cohort, one with a single predictor, and the real table where it is at hand."""
    size = (options.shuffles, options.repeats, options.resamples)
    made_up = noise(options.patients, options.features, SEED)
    models = ("radiomics", "nomogram")
    yield Cohort("made up", made_up, CHOICES, models, OFTENER * options.shuffles, *size[1:])
    single = replace(CHOICES, predictors=PREDICTORS[:1])
    without = {"clinical": made_up.clinical[["age"]], "features": made_up.features.iloc[:, :0]}
    alone = replace(made_up, **without)
    often = (OFTENEST * options.shuffles, *size[1:])
    yield Cohort("made up, one predictor", alone, single, ("image_features",), *often)
    if options.gist.exists():
        yield Cohort("WORC-GIST", gist(options.gist), CHOICES, models, *size)
    else:
        print("WORC-GIST is not at hand and left out")


def noise(patients: int, features: int, seed: int) -> Dataset:
    """Half of the patients positive; features in families of ten with correlations of 0.5."""
    random = np.random.default_rng(seed)
    family = random.normal(size=(patients, -(-features // 10)))
    own = random.normal(size=(patients, features))
    values = np.sqrt(0.5) * (family[:, np.arange(features) // 10] + own)
    table = pd.DataFrame(values, columns=[f"ct_feature_{i:04d}" for i in range(features)])
    return with_predictors(table, np.arange(patients) % 2, random)


def gist(path: Path) -> Dataset:
    """The features and outcomes of WORC-GIST; it has no clinical predictors, so two are drawn."""
    frame = pd.read_csv(path)
    table = frame.drop(columns=["ID", "Target"]).add_prefix("ct_")
    return with_predictors(table, frame["Target"].to_numpy(int), np.random.default_rng(SEED))


def with_predictors(table: pd.DataFrame, y: np.ndarray, random: np.random.Generator) -> Dataset:
    clinical = {"age": random.normal(5.5, 1.2, len(y)), "sex": (random.random(len(y)) < 0.5) * 1.0}
    patients = np.array([f"P{i:04d}" for i in range(len(y))], dtype=object)
    return Dataset(patients, y, pd.DataFrame(clinical), table, None)


def figures(cohort: Cohort) -> Iterator[dict]:
    """One row for each shuffle, model and sample: shuffle, model, sample, auc."""
    for shuffle in range(1, cohort.shuffles + 1):
        y = np.random.default_rng([SEED, shuffle]).permutation(cohort.data.y)
        data = replace(cohort.data, y=y)
        apparent = apparent_predictions(data, cohort, shuffle)
        found = dict(validated(data, apparent, cohort, shuffle))
        found |= dict(resampled(data, apparent, cohort, shuffle))
        if "radiomics" in cohort.models:
            early = replace(data, features=data.features[best_features(data)])
            for (model, sample), area in validated(early, None, cohort, shuffle):
                if sample == "cross_validated":
                    found[model, "selected before the split"] = area
        for (model, sample), area in found.items():
            yield {"shuffle": shuffle, "model": model, "sample": sample, "auc": area}


def apparent_predictions(data: Dataset, cohort: Cohort, shuffle: int) -> pd.DataFrame:
    """Each model made from and applied to all patients."""
    fitted = fit_study(data, cohort.choices, [SEED + shuffle], cohort.models)
    same = {"sample": "apparent", "repeat": 0, "fold": 0}
    design = fitted.design(data)
    return predictions(data, design, fitted.models, cohort.models, data.y, **same)


def validated(data, apparent, cohort: Cohort, shuffle: int) -> Iterator[tuple[tuple, float]]:
    """AUC of the apparent and the cross-validated predictions, pooled and within folds."""
    rows = [
        cross_validate(data, cohort.choices, cohort.models, repeat, SEED + shuffle)
        for repeat in range(1, cohort.repeats + 1)
    ]
    rows = pd.concat(rows if apparent is None else [apparent, *rows], ignore_index=True)
    for each in judged(rows, cohort.models):
        pooled = [auc(each.y, rank) for rank in each.rank]
        yield (each.model, each.sample), float(np.mean(pooled))
        if each.sample == "cross_validated":
            within = [
                auc(each.y[fold == k], score[fold == k])
                for fold, score in zip(each.fold, each.score, strict=True)
                for k in np.unique(fold)
            ]
            yield (each.model, "within_folds"), float(np.mean(within))


def resampled(data, apparent, cohort: Cohort, shuffle: int) -> Iterator[tuple[tuple, float]]:
    """AUC of the out-of-bag predictions, averaged over resamples, and both corrected AUCs."""
    numbers = range(1, cohort.resamples + 1)
    rows, _, _ = resample_models(data, cohort.choices, cohort.models, numbers, SEED + shuffle)
    for final in judged(apparent, cohort.models):
        scores, counts = as_scores(rows[rows["model"] == final.model], sorted(data.patients))
        out = auc_of_each_resample(final.y, scores.lp, (counts == 0).astype(float))
        yield (final.model, "out_of_bag"), float(np.nanmean(out))
        own = Scores(final.score, final.probability, final.cutoff[:, 0])
        table = correct(final.y, own, scores, counts, 0.5)
        for row in table[table["metric"] == "auc"].itertuples():
            yield (final.model, row.sample), float(row.estimate)


def best_features(data: Dataset) -> list[str]:
    """The features whose means differ most between the classes, on all patients: the mistake."""
    values = data.features.to_numpy(dtype=float)
    _, sds = means_and_sds(values)
    gap = values[data.y == 1].mean(axis=0) - values[data.y == 0].mean(axis=0)
    order = np.argsort(-np.abs(gap) / np.where(sds > 0, sds, np.inf), kind="stable")
    return list(data.features.columns[order[:CHOSEN_BEFORE]])


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean AUC over shuffles by model and sample, its standard error, and how far from 0.5."""
    wide = rows.pivot(index="shuffle", columns=["model", "sample"], values="auc")
    table = [
        described(model, sample, wide[model, sample].to_numpy(), TESTED.get(sample, ""))
        for model, sample in dict.fromkeys(zip(rows["model"], rows["sample"], strict=True))
    ]
    if ("image_features", "apparent") in wide:
        # One predictor's apparent AUC is at least 0.5: its sign is learned from the same patients.
        dull = wide["image_features", "apparent"] < TELLS_NOTHING
        for kept, words in ((dull, "below"), (~dull, "at least")):
            values = wide.loc[kept, ("image_features", "cross_validated")].to_numpy()
            sample = f"cross_validated, apparent {words} {TELLS_NOTHING}"
            table.append(described("image_features", sample, values))
    return pd.DataFrame(table)


def described(model: str, sample: str, values: np.ndarray, tested: str = "") -> dict:
    mean, spread = float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else np.nan
    error = spread / np.sqrt(len(values))
    return {
        "model": model, "sample": sample, "shuffles": len(values), "mean_auc": mean,
        "standard_error": error, "median": float(np.median(values)), "sd": spread,
        "z": (mean - 0.5) / error if error > 0 else 0.0, "tested": tested,
    }  # fmt: skip


def facts() -> dict[str, str]:
    """What the figures may depend on; without the machine's name."""
    return {name: value for name, value in machine().items() if name not in ("r", "glmnet")}


def print_table(table: pd.DataFrame) -> None:
    for row in table.itertuples():
        verdict = "" if row.tested == "" else "OFF" if is_off(row) else "as it must be"
        print(
            f"  {row.model:15}{row.sample:38}{row.shuffles:5} {row.mean_auc:7.4f} "
            f"(SE {row.standard_error:.4f}, median {row.median:.3f}, {row.z:+6.1f} SE) {verdict}"
        )


if __name__ == "__main__":
    main()
