"""The models of the study: fitted on any set of patients, applied to any other.

The same functions make the final models from all patients and, inside cross-validation, from each
training part, so that no step is left out of the validation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import logit

from nomoflow.cohort import choose_univariate
from nomoflow.dataset import COMBINED, VOLUME, Dataset
from nomoflow.discrimination import youden
from nomoflow.firth import fit_firth
from nomoflow.regression import LogisticFit, backward_by_aic, fit_logistic, separating_terms
from nomoflow.resampling import stratified_folds
from nomoflow.signature import Signature, fit_signature

RADSCORE = "radscore"


@dataclass(frozen=True)
class Choices:
    """What a study's config decides about its models."""

    phases: Sequence[str]
    predictors: Sequence[dict]
    folds: int
    penalty: str
    score: str
    select: str
    p: float
    separated: str


@dataclass(frozen=True)
class Model:
    """A fitted model: P(positive) = 1 / (1 + exp(-linear predictor)).

    terms : columns of its design, beside the intercept
    cutoff : Youden's cut on the linear predictor of the patients it was fitted on
    status : fitted | empty | separated | unavailable; reason says why, in words
    fit : the logistic regression behind it; None where there is none
    """

    name: str
    terms: tuple[str, ...]
    intercept: float
    coefficients: np.ndarray
    status: str
    reason: str = ""
    cutoff: float = float("nan")
    fit: LogisticFit | None = None

    @property
    def available(self) -> bool:
        return self.status != "unavailable"


def fit_signatures(
    data: Dataset, choices: Choices, seed: Sequence[int], names: Sequence[str]
) -> dict[str, Signature]:
    """The signature of each phase and of all phases combined, on folds of their own."""
    fold = stratified_folds(data.y, choices.folds, list(seed))
    return {
        name: fit_signature(
            data.candidates(name, choices.phases), data.y, fold, choices.penalty, choices.score
        )[0]
        for name in names
    }


def design(data: Dataset, signatures: dict[str, Signature]) -> pd.DataFrame:
    """Columns that a model may use: Radscores, coded predictors and volume, n rows.

    The Radscore of a phase is ``radscore_<phase>``, the combined one ``radscore``.
    """
    columns = {
        RADSCORE if name == COMBINED else f"{RADSCORE}_{name}": signature.radscore(data.features)
        for name, signature in signatures.items()
    }
    columns |= {name: data.clinical[name].to_numpy() for name in data.clinical}
    if data.volume is not None:
        columns[VOLUME] = data.volume[VOLUME].to_numpy()
    return pd.DataFrame(columns, index=range(len(data.y)))


def fit_models(
    data: Dataset, signatures: dict[str, Signature], choices: Choices
) -> dict[str, Model]:
    """Each model of the study on these patients, by name, with its Youden cut-off."""
    columns = design(data, signatures)
    models = [_signature_model(name, signature) for name, signature in signatures.items()]
    clinical = _choose(columns, data.y, choices, with_score=False)
    if not choices.predictors:
        models.append(_unavailable("image_features", "the study names no clinical predictors"))
    else:
        reason = "" if clinical else f"no predictor was kept ({choices.select})"
        models.append(_logistic("image_features", columns, clinical, data.y, choices, reason))
    models.append(_nomogram(columns, data.y, signatures[COMBINED], choices, clinical))
    if data.volume is None:
        models.append(_unavailable("volume", "the tumour volume in mL is not known"))
    else:
        models.append(_logistic("volume", columns, [VOLUME], data.y, choices))
    return {
        model.name: replace(model, cutoff=youden(data.y, linear_predictor(model, columns)))
        if model.available
        else model
        for model in models
    }


def linear_predictor(model: Model, columns: pd.DataFrame) -> np.ndarray:
    """The model's linear predictor of each row of a design."""
    x = columns[list(model.terms)].to_numpy(dtype=float)
    return model.intercept + x @ model.coefficients


def _signature_model(name: str, signature: Signature) -> Model:
    """A signature is a model by itself: its Radscore is a linear predictor."""
    suffix = "" if name == COMBINED else f"_{name}"
    status = "empty" if signature.status == "empty" else "fitted"
    return Model(
        f"radiomics{suffix}", (f"{RADSCORE}{suffix}",), 0.0, np.ones(1), status, signature.reason
    )


def _nomogram(
    columns: pd.DataFrame, y: np.ndarray, combined: Signature, choices: Choices, clinical: list
) -> Model:
    if combined.status == "empty":
        left = "the image-feature model" if clinical else "a constant: no predictor was kept either"
        reason = f"the signature is empty, so the nomogram is {left}"
        return _logistic("nomogram", columns, clinical, y, choices, reason)
    if choices.select == "backward":
        clinical = _choose(columns, y, choices, with_score=True)
    return _logistic("nomogram", columns, [RADSCORE, *clinical], y, choices)


def _choose(columns: pd.DataFrame, y: np.ndarray, choices: Choices, with_score: bool) -> list[str]:
    """The clinical predictors that the config's rule keeps."""
    names = [predictor["name"] for predictor in choices.predictors]
    match choices.select:
        case "all":
            return names
        case "univariate":
            return choose_univariate(columns[names], y, choices.predictors, choices.p)
        case "backward":
            candidates = _estimable(columns[[RADSCORE, *names] if with_score else names])
            kept = backward_by_aic(columns[candidates], y) if candidates else []
            return [name for name in names if name in kept]
        case _:
            raise ValueError(
                f"models.select is {choices.select!r}; allowed: univariate, all, backward"
            )


def _logistic(
    name: str,
    columns: pd.DataFrame,
    terms: list[str],
    y: np.ndarray,
    choices: Choices,
    reason: str = "",
) -> Model:
    if not terms:
        constant = float(logit(np.mean(y)))
        return Model(name, (), constant, np.zeros(0), "empty", reason or "no term was kept")
    usable = _estimable(columns[terms])
    fit = fit_logistic(columns[usable], y)
    status = "separated" if fit.separated else "fitted"
    if fit.separated:
        by = ", ".join(separating_terms(columns[usable], y))
        fit, ending = _of_separated(columns[usable], y, fit, choices.separated)
        reason = f"the predictors {by} separate the classes: {ending}"
    slopes = dict(zip(usable, fit.coefficients[1:], strict=True))
    return Model(
        name,
        tuple(terms),
        float(fit.coefficients[0]),
        np.array([slopes.get(term, 0.0) for term in terms]),
        status,
        reason,
        fit=fit,
    )


def _of_separated(
    x: pd.DataFrame, y: np.ndarray, fit: LogisticFit, rule: str
) -> tuple[LogisticFit, str]:
    """The fit that the config's rule asks for where the classes are separated, and what it is."""
    match rule:
        case "firth":
            return fit_firth(x, y), "Firth's penalised estimates"
        case "ml":
            return fit, "coefficients have no finite estimate"
        case _:
            raise ValueError(f"models.separated is {rule!r}; allowed: firth, ml")


def _estimable(columns: pd.DataFrame) -> list[str]:
    """Columns that can have a coefficient.

    In a small training part a rare sign may have one level only, and two signs may coincide: the
    first of such a pair stands for both.
    """
    kept: list[str] = []
    for name in columns:
        candidate = [np.ones(len(columns)), *(columns[k] for k in kept), columns[name]]
        if np.linalg.matrix_rank(np.column_stack(candidate)) == len(candidate):
            kept.append(name)
    return kept


def _unavailable(name: str, reason: str) -> Model:
    return Model(name, (), float("nan"), np.zeros(0), "unavailable", reason)
