"""Whether a cohort may be judged by a locked model at all: outcome, other patients, same features.

Each refusal is a ValueError that says what was found, what is allowed and what to do.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from nomoflow.fingerprints import patients_in_both, row_fingerprint
from nomoflow.model_file import available_models

OF_ENGINE = "pyradiomics"
ALLOWED = "allowed are the settings and versions that the model was made with"
REMEDY = (
    "extract the features anew by the model's own settings, with the versions of its environment "
    "(envs/features.yaml of the version of nomoflow that made it)"
)
MOST = 10  # differences, or patients, that a message names


def models_to_apply(model: Mapping, names: Sequence[str]) -> list[str]:
    """The names, each of a model that can be applied; none twice."""
    available = available_models(model)
    wrong = [name for name in names if name not in available]
    if wrong or not names:
        raise ValueError(
            f"the locked model cannot apply {', '.join(wrong) or 'no model at all'}; allowed are "
            f"{', '.join(available) or 'none: no model of it could be fitted'}"
        )
    return list(dict.fromkeys(names))


def outcomes(clinical: pd.DataFrame, outcome: Mapping | None) -> pd.Series:
    """1 for the positive level and 0 for the negative, by patient (Int64); empty without one.

    outcome : ``column``, ``positive``, ``negative`` of this cohort; None where it has none. Raises
    ValueError for another level: an outcome is never guessed.
    """
    keys = clinical["patient"].astype("str")
    if outcome is None:
        return pd.Series(pd.NA, index=keys, dtype="Int64")
    column = outcome["column"]
    if column not in clinical:
        raise ValueError(
            f"participants: no column {column}; allowed is the outcome's column, or none at all "
            "for patients without an outcome (target `predict`)"
        )
    coded = {str(outcome["positive"]): 1, str(outcome["negative"]): 0}
    found = clinical[column].astype("str").str.strip()
    wrong = clinical.loc[~found.isin(coded), "patient"].tolist()
    if wrong:
        level = found[~found.isin(coded)].iloc[0]
        raise ValueError(
            f"participants, column {column}: {level!r} of patient {wrong[0]}"
            f"{f' and {len(wrong) - 1} more' if len(wrong) > 1 else ''}; allowed are "
            f"{' and '.join(coded)}: correct the cells, exclude such patients, or correct "
            "cohort.outcome"
        )
    return pd.Series(found.map(coded).to_numpy(dtype=int), index=keys, dtype="Int64")


def refuse_development_patients(
    model: Mapping,
    patients: Sequence[str],
    quality: Sequence[Mapping[str, str]] = (),
    features: pd.DataFrame | None = None,
) -> int:
    """How many of these patients were compared with the model's own; ValueError if one is both.

    quality : rows of images/quality.csv with ``patient`` and ``fingerprint``. features : columns
    ``patient`` and ``<phase>_<feature>``, where the model was made from a ready table.
    """
    wanted = set(patients)
    if model["fingerprints"]["of"] == "images":
        own: dict[str, list[str]] = {}
        for row in quality:
            if row["patient"] in wanted and row.get("fingerprint"):
                own.setdefault(row["patient"], []).append(row["fingerprint"])
        what = "an image with the same voxels"
    else:
        own = _of_rows(model, wanted, features)
        what = "a row with the same features"
    both = patients_in_both(model["fingerprints"], own)
    if both:
        more = f" and {len(both) - MOST} more" if len(both) > MOST else ""
        raise ValueError(
            f"{len(both)} of {len(wanted)} patients were among those that the model was made from "
            f"({what}): {', '.join(both[:MOST])}{more}; allowed are other patients alone: a model "
            "is never judged on its own. Take them out of the participants table, or exclude them "
            "by a criterion"
        )
    return len(own)


def _of_rows(model: Mapping, wanted: set[str], features: pd.DataFrame | None) -> dict:
    """Fingerprints of feature rows by patient; of none where a value, or the table, is missing."""
    used = sorted({name for one in model["signatures"].values() for name in one["features"]})
    if features is None or not set(used) <= set(features.columns):
        return {}
    rows = features[features["patient"].isin(wanted)]
    rows = rows[np.isfinite(rows[used].to_numpy(dtype=float)).all(axis=1)]
    values = rows[used].to_dict("records")
    return {key: [row_fingerprint(one)] for key, one in zip(rows["patient"], values, strict=True)}


def refuse_other_settings(model: Mapping, settings: Mapping, phases: Sequence[str]) -> None:
    """ValueError where features of these phases were extracted otherwise than the model's.

    settings : features/settings.json of this cohort. Where either side is a ready table there is
    nothing to compare: a table carries no settings.
    """
    locked = model["features"]
    if OF_ENGINE not in (locked["engine"], settings["engine"]) or not phases:
        return
    if locked["engine"] != settings["engine"]:
        return
    told = _different("spacing_mm", model["images"].get("spacing_mm"), settings.get("spacing_mm"))
    unlike = [
        phase
        for phase in phases
        if settings["phases"].get(phase, {}).get("digest") != locked["phases"][phase]["digest"]
    ]
    if unlike:
        told += _different("version", locked.get("versions"), settings.get("versions"))
    for phase in unlike:
        ours, theirs = locked["phases"][phase], settings["phases"].get(phase)
        if theirs is None:
            told.append(f"{phase}: not extracted here")
            continue
        without = [{k: v for k, v in one.items() if k != "digest"} for one in (ours, theirs)]
        told += [f"{phase}: {line}" for line in _different("", *without)]
    if unlike and not told:
        told = [f"{', '.join(unlike)}: the digest of settings and versions, for a reason not told"]
    if told:
        more = f"; and {len(told) - MOST} more" if len(told) > MOST else ""
        raise ValueError(
            "the features of this cohort were not extracted as the model's were: "
            f"{'; '.join(told[:MOST])}{more}. {ALLOWED}: {REMEDY}"
        )


def _different(name: str, ours, theirs) -> list[str]:
    """What differs, a line each; mappings key by key."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        lines = []
        for key in sorted({*ours, *theirs}):
            place = f"{name} {key}".strip() if name in ("", "version") else f"{name}.{key}"
            lines += _different(place, ours.get(key), theirs.get(key))
        return lines
    if ours == theirs:
        return []
    return [f"{name} is {_shown(theirs)} here, {_shown(ours)} in the model"]


def _shown(value) -> str:
    return "not set" if value is None else str(value)
