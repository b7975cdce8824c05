"""What the size of the study and the models' performance make a reader doubt, with remedies.

Rows as in caveats; each function looks at tables of text, as the run wrote them.
"""

import math
from collections.abc import Iterable, Mapping

from nomoflow.caveats import Row, caveat
from nomoflow.sample_size import (
    CRITERIA,
    MARGIN,
    OPTIMISM,
    SHRINKAGE,
    most_parameters,
    r2_of_c,
    required,
)

FEWEST_EVENTS = 10.0  # of the smaller class, a candidate
EMPTY_SHARE = 0.2  # of the resamples
LARGE_OPTIMISM = 0.1  # apparent less cross-validated AUC
CHANCE = 0.5
VOLUME_RHO = 0.7
RADSCORE = "radscore"
NOMOGRAM, CLINICAL, VOLUME = "nomogram", "image_features", "volume"
ROUNDING = 1e-9  # a difference of decimals is not above its limit by this
NOTHING = 1e-3  # a Cox-Snell R2 below it tells nothing that patients enough could be found for


def aucs(performance: Iterable[Row]) -> dict[tuple[str, str], float]:
    """AUC by model and sample, where it is defined."""
    return {
        (row["model"], row["sample"]): float(row["estimate"])
        for row in performance
        if row["metric"] == "auc" and row["estimate"] not in ("", "nan")
    }


def of_size(
    document: Mapping, predictors: int, statuses: Mapping[str, Mapping], performance: Iterable[Row]
) -> list[Row]:
    """Too few events for the candidates, and too few patients for the parameters.

    document : model.json; predictors : candidates of the clinical models; statuses : of the
    signatures, ``combined`` among them. Candidates are counted before anything is chosen.
    """
    cohort, combined = document["cohort"], statuses["combined"]
    events = min(cohort["events"], cohort["patients"] - cohort["events"])
    offered = combined["candidates"] - combined["constant"]
    honest = {
        model: auc for (model, sample), auc in aucs(performance).items()
        if sample == "cross_validated"
    }  # fmt: skip
    rows = [_events(NOMOGRAM, events, predictors, offered)]
    if predictors:
        rows.append(_events(CLINICAL, events, predictors, 0))
    terms = len(document["models"][NOMOGRAM]["terms"])
    rows.append(_patients(NOMOGRAM, terms, "parameters", cohort, honest))
    rows.append(_patients(CLINICAL, predictors, "candidate predictors", cohort, honest))
    return [row for row in rows if row]


def _events(model: str, events: int, predictors: int, features: int) -> Row | None:
    candidates = predictors + features
    if not candidates or events / candidates >= FEWEST_EVENTS:
        return None
    parts = [_count(predictors, "clinical predictor")] if predictors else []
    parts += [f"{_count(features, 'feature')} offered to the LASSO"] if features else []
    return caveat(
        "models",
        "events_per_candidate",
        model,
        f"{_count(events, 'patient')} of the smaller class for {_count(candidates, 'candidate')} "
        f"({' and '.join(parts)}): {events / candidates:.2g} each, fewer than {FEWEST_EVENTS:g}",
        "judge the model by its cross-validated and .632+ figures alone; name fewer candidates "
        "(cohort.predictors, images.phases, a higher reliability.threshold) or add patients",
    )


def _patients(
    model: str, parameters: int, called: str, cohort: Mapping, honest: Mapping[str, float]
) -> Row | None:
    """Whether the study is large enough for what the model attains in patients held back."""
    n, auc = cohort["patients"], honest.get(model, math.nan)
    if not parameters or math.isnan(auc):
        return None
    what = f"{n} patients for {_count(parameters, called.removesuffix('s'))}"
    prevalence = cohort["events"] / n
    r2 = r2_of_c(min(auc, 1.0), prevalence) if auc > 0.5 else 0.0
    if r2 < NOTHING:
        return caveat(
            "models",
            "sample_size",
            model,
            f"{what}: the cross-validated AUC of {auc:.3f} is hardly above chance, so no number of "
            "patients can be named that suffices",
            "take it that the predictors do not tell the classes apart; use others",
        )
    needed = required(parameters, prevalence, r2).set_index("criterion")["n"]
    if n >= needed["all"]:
        return None
    shrinkage, optimism, risk = (int(needed[name]) for name in CRITERIA)
    most = most_parameters(n, prevalence, r2)
    fewer = "" if most >= parameters else f", or fewer predictors: {n} patients suit {most}"
    return caveat(
        "models",
        "sample_size",
        model,
        f"{what}; at the cross-validated AUC of {auc:.3f} (Cox-Snell R2 {r2:.3f}) a new model "
        f"needs {int(needed['all'])}: {shrinkage} for a shrinkage of at least {SHRINKAGE:g}, "
        f"{optimism} for an optimism in R2 of at most {OPTIMISM:g}, {risk} for the overall risk "
        f"within {MARGIN:g} (Riley 2020, BMJ 368:m441)"
        + ("; the choice of features is not counted" if model == NOMOGRAM else ""),
        f"add {int(needed['all']) - n} patients{fewer}; until then validate on another centre "
        "before any use",
    )


def of_evaluation(
    performance: Iterable[Row], penalties: Iterable[Row], volume_correlation: Iterable[Row]
) -> list[Row]:
    """Optimism, signatures that are often empty, and scores that stand for the tumour's volume.

    penalties : signature, resample, status; volume_correlation : signature, feature, rho; the
    Radscore is the feature ``radscore``.
    """
    performance = aucs(performance)
    return [
        *_optimism(performance),
        *_below_chance(performance),
        *_empty_resamples(penalties),
        *_volume_proxy(volume_correlation),
        *_not_above_volume(performance),
    ]


def _optimism(performance: Mapping[tuple[str, str], float]) -> list[Row]:
    """An AUC below 0.5 tells nothing, as one of 0.5 does (.632+ counts it so, too)."""
    rows = []
    for (model, sample), honest in performance.items():
        apparent = performance.get((model, "apparent"), math.nan)
        gap = apparent - max(honest, CHANCE)
        counted = f" (counted as {CHANCE:g})" if honest < CHANCE else ""
        if sample == "cross_validated" and gap > LARGE_OPTIMISM + ROUNDING:
            rows.append(
                caveat(
                    "evaluation",
                    "optimism",
                    model,
                    f"AUC {apparent:.3f} on the patients it was made from, {honest:.3f}{counted} "
                    f"on patients held back: {gap:.3f} too good, more than {LARGE_OPTIMISM:g}",
                    "quote the cross-validated figure; fewer features (signature.penalty: 1se) or "
                    "more patients",
                )
            )
    return rows


def _below_chance(performance: Mapping[tuple[str, str], float]) -> list[Row]:
    return [
        caveat(
            "evaluation",
            "below_chance",
            model,
            f"cross-validated AUC of {auc:.3f}, below {CHANCE:g}: where a model has nothing to "
            "tell, the training part leans to the side opposite to the patients held back, so this "
            "is what no information looks like, not an effect the other way round",
            f"take it as {CHANCE:g}, whatever its interval; do not turn the score round",
        )
        for (model, sample), auc in performance.items()
        if sample == "cross_validated" and auc < CHANCE - ROUNDING
    ]


def _empty_resamples(penalties: Iterable[Row]) -> list[Row]:
    found: dict[str, list[str]] = {}
    for row in penalties:
        found.setdefault(row["signature"], []).append(row["status"])
    return [
        caveat(
            "evaluation",
            "empty_resamples",
            signature,
            f"the LASSO kept no feature in {statuses.count('empty')} of {len(statuses)} resamples, "
            f"more than {100 * EMPTY_SHARE:g} %: whether there is a signature depends on the "
            "patients",
            "do not read the features kept as findings; more patients, or fewer candidates (a "
            "higher reliability.threshold)",
        )
        for signature, statuses in found.items()
        if statuses.count("empty") > EMPTY_SHARE * len(statuses)
    ]


def _volume_proxy(correlations: Iterable[Row]) -> list[Row]:
    return [
        caveat(
            "evaluation",
            "volume_proxy",
            row["signature"],
            f"Spearman's rho of the Radscore with the tumour's volume is {float(row['rho']):.2f}, "
            f"beyond {VOLUME_RHO:g}: the score may tell little but size (Welch 2019)",
            "compare with the volume model; take the features that follow volume in "
            "models/volume_correlation.csv as size; set features.shape: false",
        )
        for row in correlations
        if row["feature"] == RADSCORE
        and row["rho"] not in ("", "nan")
        and abs(float(row["rho"])) > VOLUME_RHO
    ]


def _not_above_volume(performance: Mapping[tuple[str, str], float]) -> list[Row]:
    nomogram, volume = (
        performance.get((model, "cross_validated"), math.nan) for model in (NOMOGRAM, VOLUME)
    )
    if not nomogram <= volume:
        return []
    return [
        caveat(
            "evaluation",
            "not_above_volume",
            NOMOGRAM,
            f"its cross-validated AUC of {nomogram:.3f} is not above that of the tumour's volume "
            f"alone, {volume:.3f}",
            "use the volume: it needs no features; a nomogram has to add to it",
        )
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
