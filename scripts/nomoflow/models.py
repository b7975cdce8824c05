"""The models of the study: fitted on any set of patients, applied to any other.

The same functions make the final models from all patients and, inside cross-validation, from each
training part, so that no step is left out of the validation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import logit

from nomoflow.agreement import agreed
from nomoflow.cohort import choose_univariate
from nomoflow.dataset import COMBINED, VOLUME, Dataset, signature_of
from nomoflow.discrimination import youden
from nomoflow.firth import fit_firth
from nomoflow.harmonised_study import Harmonisation, fit_harmonisation, harmonised
from nomoflow.imputation import fit_imputation, impute
from nomoflow.lasso import LassoPath
from nomoflow.regression import LogisticFit, backward_by_aic, fit_logistic, separating_terms
from nomoflow.resampling import stratified_folds
from nomoflow.signature import Signature, fit_signature

RADSCORE = "radscore"


@dataclass(frozen=True)
class Choices:
    """What a study's config decides about its models.

    harmonisation : ``batch`` and ``reference`` of ComBat; None where features stay as they are
    """

    phases: Sequence[str]
    predictors: Sequence[dict]
    folds: int
    penalty: str
    score: str
    select: str
    p: float
    separated: str
    missing: str = "refuse"
    harmonisation: Mapping | None = None


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


@dataclass(frozen=True)
class Fitted:
    """A whole study as fitted on some patients; what it learned there serves any others.

    signatures : by phase or ``combined``; models : by name
    penalties : by signature, the LASSO's lambda (NaN where nothing varies), its features, and
        whether that lambda is the last of its path
    filled_in : the value that stands for a missing one, by predictor; empty where none may be
    harmonisation : what brings the features of a batch to the others'; None where nothing does
    """

    signatures: dict[str, Signature]
    models: dict[str, Model]
    penalties: dict[str, tuple[float, int, bool]]
    filled_in: dict[str, float]
    harmonisation: Harmonisation | None = None

    def design(self, data: Dataset) -> pd.DataFrame:
        """Columns that the models may use, of these or other patients (n rows): see ``design``."""
        data = harmonised(data, self.harmonisation)
        return design(complete(data, self.filled_in), self.signatures)


def fit_study(
    data: Dataset,
    choices: Choices,
    seed: Sequence[int],
    names: Sequence[str],
    signatures: dict[str, Signature] | None = None,
) -> Fitted:
    """All that a study learns from patients, learned from these.

    Missing predictors are filled in (``choices.missing``: impute), features that the readers do not
    agree on left out (where ``data`` brings its readings), the others harmonised (where asked
    for), signatures chosen and weighed on folds of their own, predictors chosen, models fitted,
    cut-offs set. ``data`` may hold copies of a patient. Only the models in ``names``, and the
    signatures they stand on, are fitted. ``signatures``: those that were fitted already, on the
    same patients, harmonised; then ``seed`` is not used.
    """
    match choices.missing:
        case "impute":
            filled_in = fit_imputation(data.clinical)
        case "refuse" | "leave_out":
            filled_in = {}
        case _:
            raise ValueError(f"models.missing is {choices.missing!r}; allowed: refuse, impute")
    data, penalties = agreed(data), {}
    harmonisation = fit_harmonisation(data, choices.harmonisation)
    data = harmonised(data, harmonisation)
    if signatures is None:
        wanted = {signature_of(name) for name in names}
        ordered = [name for name in (*choices.phases, COMBINED) if name in wanted]
        paths = _fit_paths(data, choices, seed, ordered)
        signatures = {name: signature for name, (signature, _) in paths.items()}
        penalties = {name: _penalty(path, choices.penalty) for name, (_, path) in paths.items()}
    models = fit_models(complete(data, filled_in), signatures, choices, names)
    return Fitted(signatures, models, penalties, filled_in, harmonisation)


def complete(data: Dataset, filled_in: dict[str, float]) -> Dataset:
    """The patients with their missing predictors filled in; without a value for one, an error."""
    return replace(data, clinical=impute(data.clinical, filled_in))


def fit_signatures(
    data: Dataset, choices: Choices, seed: Sequence[int], names: Sequence[str]
) -> dict[str, Signature]:
    """The signature of each phase and of all phases combined, on folds of their own."""
    fitted = _fit_paths(data, choices, seed, names)
    return {name: signature for name, (signature, _) in fitted.items()}


def _fit_paths(
    data: Dataset, choices: Choices, seed: Sequence[int], names: Sequence[str]
) -> dict[str, tuple[Signature, LassoPath]]:
    if not names:
        return {}
    fold = stratified_folds(data.y, choices.folds, list(seed), data.patients)
    return {
        name: fit_signature(
            data.candidates(name, choices.phases), data.y, fold, choices.penalty, choices.score
        )
        for name in names
    }


def _penalty(path: LassoPath, rule: str) -> tuple[float, int, bool]:
    """The chosen lambda, the number of features kept at it, and whether the path ends there.

    At its end the path does not tell whether a smaller lambda would have been better still.
    """
    at = path.index(rule)
    if at < 0:
        return float("nan"), 0, False
    return float(path.lambdas[at]), int(path.nonzero[at]), at == len(path.lambdas) - 1


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
    data: Dataset,
    signatures: dict[str, Signature],
    choices: Choices,
    names: Sequence[str] | None = None,
) -> dict[str, Model]:
    """Each model of the study on these patients, by name, with its Youden cut-off.

    ``names``: the models that are wanted; all where None. Raises ValueError for an unknown one.
    """
    known = [_radiomics(name) for name in signatures] + ["image_features", "nomogram", "volume"]
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        raise ValueError(f"models {unknown} are unknown; allowed: {', '.join(known)}")
    columns = design(data, signatures)
    models = {}
    for name in known if names is None else [name for name in known if name in names]:
        model = _fit(name, columns, data, signatures, choices)
        if model.available:
            model = replace(model, cutoff=youden(data.y, linear_predictor(model, columns)))
        models[name] = model
    return models


def _fit(
    name: str,
    columns: pd.DataFrame,
    data: Dataset,
    signatures: dict[str, Signature],
    choices: Choices,
) -> Model:
    match name:
        case "volume" if data.volume is None:
            return _unavailable(name, "the tumour volume in mL is not known")
        case "volume":
            return _logistic(name, columns, [VOLUME], data.y, choices)
        case "image_features" if not choices.predictors:
            return _unavailable(name, "the study names no clinical predictors")
        case "image_features":
            clinical = _choose(columns, data.y, choices, with_score=False)
            reason = "" if clinical else f"no predictor was kept ({choices.select})"
            return _logistic(name, columns, clinical, data.y, choices, reason)
        case "nomogram":
            return _nomogram(columns, data.y, signatures[COMBINED], choices)
        case _:
            signature = signature_of(name)
            return _signature_model(signature, signatures[signature])


def linear_predictor(model: Model, columns: pd.DataFrame) -> np.ndarray:
    """The model's linear predictor of each row of a design."""
    x = columns[list(model.terms)].to_numpy(dtype=float)
    return model.intercept + x @ model.coefficients


def _radiomics(signature: str) -> str:
    return "radiomics" if signature == COMBINED else f"radiomics_{signature}"


def _signature_model(name: str, signature: Signature) -> Model:
    """A signature is a model by itself: its Radscore is a linear predictor."""
    term = RADSCORE if name == COMBINED else f"{RADSCORE}_{name}"
    status = "empty" if signature.status == "empty" else "fitted"
    return Model(_radiomics(name), (term,), 0.0, np.ones(1), status, signature.reason)


def _nomogram(columns: pd.DataFrame, y: np.ndarray, combined: Signature, choices: Choices) -> Model:
    if combined.status == "empty":
        clinical = _choose(columns, y, choices, with_score=False)
        left = "the image-feature model" if clinical else "a constant: no predictor was kept either"
        reason = f"the signature is empty, so the nomogram is {left}"
        return _logistic("nomogram", columns, clinical, y, choices, reason)
    clinical = _choose(columns, y, choices, with_score=choices.select == "backward")
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
