"""A locked model applied to patients it has never seen, from model.json's numbers alone.

Nothing is learned here: no mean, no cut-off, no imputed value comes from the patients at hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nomoflow.harmonisation import Combat, UnknownBatch
from nomoflow.harmonised_study import Harmonisation
from nomoflow.model_file import (
    VOLUME,
    VOLUME_FEATURE,
    available_models,
    predictors_needed,
    radscore_name,
    signatures_needed,
)
from nomoflow.predictors import code

NOMOGRAM = "nomogram"
MM3_PER_ML = 1000.0
COLUMNS = (
    "patient", "model", "radscore", "linear_predictor", "probability", "cutoff", "call",
    "total_points", "warning",
)  # fmt: skip
RAW_COLUMNS = ("linear_predictor_raw", "probability_raw")  # where a model harmonises
RANGE_COLUMNS = ("patient", "kind", "name", "value", "unit", "low", "high", "sds_beyond")
SLACK = 1e-9  # of an end's size: what rounding adds when a unit is divided and multiplied again


@dataclass(frozen=True)
class Design:
    """n patients as the models' terms see them.

    patients : n study keys; columns : n x terms, coded, NaN where a value is missing
    given : the same before missing values were filled in
    features : n x selected features, harmonised where the model does so; missing : per patient the
        features that are missing, by term
    raw : as columns, from features as they came; None where the model harmonises none
    """

    patients: list[str]
    columns: pd.DataFrame
    given: pd.DataFrame
    features: pd.DataFrame
    missing: list[dict[str, list[str]]]
    raw: pd.DataFrame | None = None


def predict(
    model: Mapping,
    clinical: pd.DataFrame,
    features: pd.DataFrame | None = None,
    models: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Each model's prediction of each patient, rows model x patient.

    model : a document of ``model_file.read_model``
    clinical : ``patient`` and the predictors as text or numbers of the participants table (n rows)
    features : ``patient`` and ``<phase>_<feature>`` (``feature_columns``), any order; a patient
        without a row has no features. None where no model needs any
    models : None for all that can be applied

    Columns ``COLUMNS``, then ``points_<predictor>`` of the nomogram, whose sum is
    ``total_points``. ``call`` is the outcome's positive value at or above the locked cut-off
    (``cutoff``, on the linear predictor), else its negative. Where the model harmonises features,
    ``RAW_COLUMNS`` stand beside: the same model on the features as they came.

    A missing predictor takes the value that the model was made with (``missing``: impute), said in
    ``warning``; where it has none, or a feature is missing, the patient has no probability and
    ``warning`` says why. Raises ValueError by ``predictors.code``, for a column
    that is not there and for a patient twice; UnknownBatch for a scanner or site that the model
    cannot harmonise.
    """
    names = available_models(model) if models is None else list(models)
    design = design_of(model, clinical, features, names)
    outcome, parts = model["outcome"], []
    for name in names:
        one = model["models"][name]
        terms = [term["name"] for term in one["terms"]]
        score = _score(one, design.columns)
        cutoff = one["cutoff"]["linear_predictor"]
        radscores = [term for term in terms if term.startswith("radscore")]
        table = pd.DataFrame(
            {
                "patient": design.patients,
                "model": name,
                "radscore": design.columns[radscores[0]].to_numpy() if radscores else np.nan,
                "linear_predictor": score,
                "probability": inverse_logit(score),
                "cutoff": cutoff,
                "call": np.where(score >= cutoff, outcome["positive"], outcome["negative"]),
                "total_points": np.nan,
                "warning": [
                    _warning(model, design, row, one["terms"]) for row in range(len(score))
                ],
            }
        )
        table.loc[np.isnan(score), "call"] = ""
        if design.raw is not None:
            raw = _score(one, design.raw)
            made = (raw, inverse_logit(raw))
            table = table.assign(**dict(zip(RAW_COLUMNS, made, strict=True)))
        if name == NOMOGRAM and terms:
            points = nomogram_points(model, design.columns)
            table["total_points"] = points.sum(axis=1, skipna=False).to_numpy()
            table = table.join(points.add_prefix("points_"))
        parts.append(table)
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True)


def design_of(
    model: Mapping,
    clinical: pd.DataFrame,
    features: pd.DataFrame | None,
    models: Sequence[str] | None = None,
) -> Design:
    """The patients as these models' terms; arguments and errors as ``predict``."""
    patients = [str(patient) for patient in clinical["patient"]]
    _require_once(patients)
    # A level that never occurred in training has no name: any other text stands for it.
    predictors = [
        {key: value for key, value in predictor.items() if key != "negative" or value != ""}
        for predictor in predictors_needed(model, models)
    ]
    given = code(clinical, predictors, allow_missing=True).reset_index(drop=True)
    as_they_came = table = _of_patients(features, patients)
    harmonises = "harmonisation" in model and bool(signatures_needed(model, models))
    if harmonises:
        table = _harmonised(model["harmonisation"], clinical, table)
    columns, raw, missing = {}, {}, [{} for _ in patients]
    used: dict[str, None] = {}
    for signature in signatures_needed(model, models):
        made, term = model["signatures"][signature], radscore_name(signature)
        values = _values(table, made["features"], f"signature {signature}")
        columns[term] = _radscore(made, values)
        raw[term] = _radscore(made, _values(as_they_came, made["features"], signature))
        for row in np.flatnonzero(np.isnan(columns[term])):
            absent = np.isnan(values[row])
            missing[row][term] = [
                name for name, is_absent in zip(made["features"], absent, strict=True) if is_absent
            ]
        used |= dict.fromkeys(made["features"])
    columns |= {name: given[name].to_numpy() for name in given}
    if any(term["name"] == VOLUME for term in _all_terms(model, models)):
        columns[VOLUME] = _volume(model, as_they_came)
    before = pd.DataFrame(columns, index=range(len(patients)), dtype=float)
    filled = before.copy()
    if model["missing"] == "impute":
        for predictor in predictors:
            value = predictor["imputed"] / float(predictor.get("per", 1))
            filled[predictor["name"]] = before[predictor["name"]].fillna(value)
    table = table.reindex(columns=list(used))
    raw = filled.assign(**raw) if harmonises else None
    return Design(patients, filled, before, table, missing, raw)


def feature_columns(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One table ``patient``, ``<phase>_<feature>`` of the phases' own (reading a1 alone)."""
    parts = [
        table[table["reading"] == "a1"]
        .drop(columns="reading")
        .set_index("patient")
        .add_prefix(f"{phase}_")
        for phase, table in tables.items()
    ]
    return pd.concat(parts, axis=1).sort_index().rename_axis("patient").reset_index()


def nomogram_points(model: Mapping, columns: pd.DataFrame) -> pd.DataFrame:
    """Points by term of the nomogram (n x terms) of coded columns, on the axes' straight lines.

    Beyond an axis its line goes on: points may be below 0 or above 100.
    """
    axes, points = model["nomogram"]["axes"], {}
    for term in model["models"][NOMOGRAM]["terms"]:
        ticks = [tick for tick in axes if tick["predictor"] == term["name"]]
        first, last = ticks[0], ticks[-1]
        width = last["value"] - first["value"]
        slope = (last["points"] - first["points"]) / width if width > 0 else 0.0
        values = columns[term["name"]].to_numpy(dtype=float) * term.get("per", 1.0)
        points[term["name"]] = first["points"] + slope * (values - first["value"])
    return pd.DataFrame(points, index=columns.index)


def outside_range(
    model: Mapping,
    clinical: pd.DataFrame,
    features: pd.DataFrame | None = None,
    models: Sequence[str] | None = None,
) -> pd.DataFrame:
    """What a patient has beyond the range of training, a row each; columns ``RANGE_COLUMNS``.

    kind : predictor, feature or score; ``value``, ``low`` and ``high`` in the unit of training
    sds_beyond : distance from the nearer end, in the training's SDs; NaN where the SD is 0 or
        suppressed. Arguments and errors as ``predict``; missing values are in no row.
    """
    names = available_models(model) if models is None else list(models)
    design = design_of(model, clinical, features, names)
    spread = {row["name"]: row.get("sd") for row in model["cohort"]["variables"]}
    rows = []
    for term in {term["name"]: term for term in _all_terms(model, names)}.values():
        name = term["name"]
        kind = "score" if name.startswith("radscore") else "predictor"
        values = design.given[name].to_numpy(dtype=float) * term.get("per", 1.0)
        ends, sd = (term["low"], term["high"]), spread.get(name)
        rows += _beyond(design.patients, kind, name, values, term["unit"], ends, sd)
    sds = {
        feature: sd
        for signature in model["signatures"].values()
        for feature, sd in zip(signature["features"], signature["sds"], strict=True)
    }
    for feature in design.features:
        seen = model["feature_ranges"][feature]
        values = design.features[feature].to_numpy(dtype=float)
        ends, sd = (seen["low"], seen["high"]), sds[feature]
        rows += _beyond(design.patients, "feature", feature, values, "", ends, sd)
    table = pd.DataFrame(rows, columns=list(RANGE_COLUMNS))
    return table.sort_values("patient", kind="stable").reset_index(drop=True)


def inverse_logit(score: np.ndarray) -> np.ndarray:
    """Probability of a linear predictor; no overflow at either end."""
    score = np.asarray(score, dtype=float)
    small = np.exp(-np.abs(score))
    return np.where(score >= 0, 1 / (1 + small), small / (1 + small))


def _beyond(patients, kind, name, values, unit, ends, sd) -> list[tuple]:
    low, high = ends
    slack = SLACK * max(abs(low), abs(high))
    below, above = low - values, values - high
    rows = []
    for row in np.flatnonzero((below > slack) | (above > slack)):
        distance = float(max(below[row], above[row]))
        far = distance / sd if sd else float("nan")
        rows.append((patients[row], kind, name, float(values[row]), unit, low, high, far))
    return rows


def _all_terms(model: Mapping, models: Sequence[str] | None) -> list[dict]:
    names = available_models(model) if models is None else models
    return [term for name in names for term in model["models"][name]["terms"]]


def _require_once(patients: list[str]) -> None:
    twice = sorted({patient for patient in patients if patients.count(patient) > 1})
    if twice:
        raise ValueError(
            f"patients in more than one row: {', '.join(twice[:10])}; allowed is one row a patient"
        )


def _of_patients(features: pd.DataFrame | None, patients: list[str]) -> pd.DataFrame:
    """The features in the order of the patients; NaN for one without a row."""
    if features is None:
        return pd.DataFrame(index=range(len(patients)))
    keys = [str(patient) for patient in features["patient"]]
    _require_once(keys)
    table = features.drop(columns="patient").set_axis(keys, axis=0)
    return table.reindex(patients).reset_index(drop=True)


def _values(table: pd.DataFrame, names: Sequence[str], of: str) -> np.ndarray:
    absent = [name for name in names if name not in table.columns]
    if absent:
        raise ValueError(
            f"the features lack {len(absent)} columns of the {of}: {', '.join(absent[:10])}; they "
            "are <phase>_<feature>, by the model's own phases and settings"
        )
    values = table[list(names)].to_numpy(dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _radscore(signature: Mapping, values: np.ndarray) -> np.ndarray:
    z = (values - np.array(signature["means"])) / np.array(signature["sds"])
    return signature["intercept"] + z @ np.array(signature["coefficients"])


def _score(one: Mapping, columns: pd.DataFrame) -> np.ndarray:
    """A model's linear predictor of each row of coded columns."""
    x = columns[[term["name"] for term in one["terms"]]].to_numpy(dtype=float)
    return one["intercept"] + x @ np.array([term["coefficient"] for term in one["terms"]])


def _harmonised(made: Mapping, clinical: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The features that the model harmonises and the table has, on the model's scale.

    A batch that was not in training is learned from all features at hand, so that it is the same
    whichever models are asked for.
    """
    column, levels = made["batch"], ", ".join(made["levels"])
    if column not in clinical:
        raise UnknownBatch(
            f"no column {column} among {', '.join(map(str, clinical.columns))}; the model "
            f"harmonises features by it, allowed are {levels}; add it to the participants table"
        )
    batch = clinical[column].astype(object).fillna("").astype(str).str.strip()
    if (batch == "").any():
        without = ", ".join(clinical.loc[(batch == "").to_numpy(), "patient"].astype(str)[:5])
        raise UnknownBatch(
            f"column {column} is empty for {without}; the model harmonises features by it, allowed "
            f"are {levels}; fill it in, or exclude such patients"
        )
    unknown = sorted(set(batch) - set(made["levels"]))
    if unknown and made["reference"] is None:
        raise UnknownBatch(
            f"column {column} has {', '.join(unknown)}; allowed are those that the model was made "
            f"with: {levels}. What another scanner adds to a feature is not known: make and lock "
            "the model anew with centres.harmonisation.reference, or without harmonisation"
        )
    whole = Harmonisation(tuple(made["features"]), Combat.from_dict(made))
    at_hand = whole.only([name for name in whole.features if name in table.columns])
    made_alike = at_hand.apply(table, batch)
    return table.assign(**{name: made_alike[name] for name in made_alike})


def _volume(model: Mapping, table: pd.DataFrame) -> np.ndarray:
    """Tumour volume in mL: a column of its own, or the first phase's feature in mm3."""
    if VOLUME in table.columns:
        return table[VOLUME].to_numpy(dtype=float)
    first = next(iter(model["features"]["phases"]))
    return _values(table, [f"{first}_{VOLUME_FEATURE}"], "volume")[:, 0] / MM3_PER_ML


def _warning(model: Mapping, design: Design, row: int, terms: Sequence[Mapping]) -> str:
    """What is missing of a patient, and what became of it."""
    said = []
    for term in terms:
        name = term["name"]
        if not np.isnan(design.given.at[row, name]):
            continue
        if name in design.missing[row]:
            features = ", ".join(design.missing[row][name])
            said.append(f"no probability: features are missing: {features}")
        elif model["missing"] == "impute" and "imputed" in term:
            value = f"{term['imputed']:.6g} {term['unit']}".strip()
            if term["kind"] == "binary":
                value = term["positive"] if term["imputed"] == 1 else term["negative"]
            said.append(f"{name} is missing: {value} stands for it")
        else:
            said.append(f"no probability: {name} is missing")
    return "; ".join(said)
