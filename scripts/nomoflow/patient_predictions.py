"""A locked model's predictions of single patients, with interval, points and what to be wary of."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from nomoflow.locked_model import design_of, inverse_logit, outside_range, predict

COLUMNS = (
    "patient", "number", "model", "probability", "ci_low", "ci_high", "linear_predictor",
    "cutoff", "call", "total_points", "warnings", "model_version", "model_digest",
)  # fmt: skip
POINT_COLUMNS = ("patient", "predictor", "value", "points")
WARNING_COLUMNS = ("patient", "kind", "subject", "found", "expected")


def numbers_for(patients: Sequence[str], digest: str) -> dict[str, int]:
    """An opaque number for each patient, 1 to n, whatever their order.

    They are numbered in the order of a digest of the model's digest and key: the number tells
    neither the key nor its place in a list. The table, which stays at the centre, has both.
    """
    keys = sorted(
        set(patients), key=lambda key: hashlib.sha256(f"{digest}\n{key}".encode()).hexdigest()
    )
    return {key: place for place, key in enumerate(keys, start=1)}


def intervals(one: Mapping, columns: pd.DataFrame, confidence: float = 0.95) -> np.ndarray:
    """Wald interval of the probability, (n, 2): x' V x on the linear predictor.

    one: a model of model.json; columns: n x terms, coded (locked_model.design_of). NaN where the
    model has no covariance, or a value is missing. It tells of the coefficients' uncertainty
    alone, not of their selection.
    """
    terms = [term["name"] for term in one["terms"]]
    x = np.column_stack([np.ones(len(columns)), columns[terms].to_numpy(dtype=float)])
    given = one.get("covariance")
    if not given:
        return np.full((len(columns), 2), np.nan)
    order = [given["terms"].index(name) for name in ("(Intercept)", *terms)]
    matrix = np.asarray(given["matrix"], dtype=float)[np.ix_(order, order)]
    beta = np.array([one["intercept"], *(term["coefficient"] for term in one["terms"])])
    # a variance that is zero may come out a little below it
    spread = np.sqrt(np.clip(np.einsum("ij,jk,ik->i", x, matrix, x), 0, None))
    half = ndtri(0.5 + confidence / 2) * spread
    return np.column_stack([inverse_logit(x @ beta - half), inverse_logit(x @ beta + half)])


def predictions(
    model: Mapping,
    clinical: pd.DataFrame,
    features: pd.DataFrame | None = None,
    image_warnings: Sequence[Mapping] = (),
    confidence: float = 0.95,
    models: Sequence[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Tables of predictions (COLUMNS), points (POINT_COLUMNS) and warnings (WARNING_COLUMNS).

    model, clinical, features, models: as locked_model.predict takes them, whose errors are raised.
    image_warnings: rows of WARNING_COLUMNS from the reading of the images. Points are those of the
    nomogram; ``warnings`` counts a patient's. Rows go by patient, then model.
    """
    made = predict(model, clinical, features, models)
    numbers = numbers_for(made["patient"], model["digest"])
    parts = []
    for name, own in made.groupby("model", sort=True):
        design = design_of(model, clinical, features, [name])
        ends = intervals(model["models"][name], design.columns, confidence)
        parts.append(own.set_index("patient").loc[design.patients].reset_index())
        parts[-1] = parts[-1].assign(ci_low=ends[:, 0], ci_high=ends[:, 1])
    table = pd.concat(parts, ignore_index=True) if parts else made
    warned = _warnings(made, outside_range(model, clinical, features, models), image_warnings)
    count = warned["patient"].value_counts()
    table = table.assign(
        number=table["patient"].map(numbers),
        warnings=table["patient"].map(count).fillna(0).astype(int),
        model_version=model["version"],
        model_digest=model["digest"],
    )
    extra = sorted(name for name in table.columns if name.startswith("points_"))
    table = table.sort_values(["patient", "model"], kind="stable").reset_index(drop=True)
    return table[[*COLUMNS, *extra]], _points(model, made, clinical, features), warned


def _points(model: Mapping, made: pd.DataFrame, clinical, features) -> pd.DataFrame:
    rows = []
    own = made[made["model"] == "nomogram"]
    if len(own) and model["models"]["nomogram"]["terms"]:
        design = design_of(model, clinical, features, ["nomogram"])
        points = own.set_index("patient")
        for place, patient in enumerate(design.patients):
            for term in model["models"]["nomogram"]["terms"]:
                value = float(design.given[term["name"]].iloc[place])
                rows.append(
                    {
                        "patient": patient,
                        "predictor": term["label"],
                        "value": _shown(term, value),
                        "points": points.at[patient, f"points_{term['name']}"],
                    }
                )
    return pd.DataFrame(rows, columns=list(POINT_COLUMNS))


def _shown(term: Mapping, value: float) -> str:
    """A coded value as people read it: the level's name, or the number with its unit."""
    if np.isnan(value):
        return "missing"
    if term["kind"] == "binary":
        return term["positive"] if value == 1 else term["negative"]
    return f"{value * term.get('per', 1.0):.4g} {term['unit']}".strip()


def _warnings(made: pd.DataFrame, outside: pd.DataFrame, images: Sequence[Mapping]) -> pd.DataFrame:
    rows = []
    for row in outside.itertuples():
        unit = f" {row.unit}" if row.unit else ""
        rows.append(
            {
                "patient": row.patient,
                "kind": "outside the training range",
                "subject": row.name,
                "found": f"{row.value:.4g}{unit}",
                "expected": f"{row.low:.4g} to {row.high:.4g}{unit}",
            }
        )
    for patient, own in made.groupby("patient", sort=True):
        # a value that two models miss is said once
        said = {part for text in own["warning"] if text for part in text.split("; ")}
        rows += [
            {"patient": patient, "kind": "missing", "subject": text, "found": "", "expected": ""}
            for text in sorted(said)
        ]
    rows += [{name: row.get(name, "") for name in WARNING_COLUMNS} for row in images]
    table = pd.DataFrame(rows, columns=list(WARNING_COLUMNS))
    return table.sort_values("patient", kind="stable").reset_index(drop=True)
