"""Whether the nomogram as drawn gives every patient what the model does, and two examples of it.

Read off the axes' ticks and the scale alone, as a reader with a ruler would: neither coefficients
nor the code that made the axes are used.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

TOLERANCE = 1e-9  # of the linear predictor, absolute up to 1 and relative beyond
EXAMPLES = [
    "example", "outcome", "predictor", "label", "value", "level", "points", "total_points",
    "linear_predictor", "probability",
]  # fmt: skip
QUARTILES = {"A": (1, 0.75), "B": (0, 0.25)}  # example: class, quantile of the linear predictor


class Disagreement(ValueError):
    """The nomogram's points do not add up to the model's linear predictor."""


def read_off(values: pd.DataFrame, axes: pd.DataFrame) -> pd.Series:
    """Points (n) of values, read off the straight line through the two ends of each axis.

    values : rows predictor, value, in the axis' own unit (0 and 1 of a binary one)
    axes : table models/nomogram/axes
    """
    found = pd.Series(np.nan, index=values.index, dtype=float)
    for name, own in values.groupby("predictor", sort=True):
        ticks = axes[axes["predictor"] == name].sort_values("value")
        if ticks.empty:
            raise Disagreement(f"models/nomogram/axes.csv has no axis of the predictor {name}")
        first, last = ticks.iloc[0], ticks.iloc[-1]
        width = float(last["value"]) - float(first["value"])
        slope = (float(last["points"]) - float(first["points"])) / width if width > 0 else 0.0
        found[own.index] = float(first["points"]) + slope * (own["value"] - float(first["value"]))
    return found


def read_total(total: np.ndarray, scale: pd.DataFrame) -> np.ndarray:
    """Linear predictor (n) of totals, on the straight line through the scale's ends."""
    ordered = scale.sort_values("total_points")
    first, last = ordered.iloc[0], ordered.iloc[-1]
    width = float(last["total_points"]) - float(first["total_points"])
    rise = float(last["linear_predictor"]) - float(first["linear_predictor"])
    slope = rise / width if width > 0 else 0.0
    return float(first["linear_predictor"]) + slope * (total - float(first["total_points"]))


def check(
    points: pd.DataFrame, axes: pd.DataFrame, scale: pd.DataFrame, predictions: pd.DataFrame
) -> pd.DataFrame:
    """Total, linear predictor and probability by patient, where all agree with the model.

    points : patient, predictor, value, points; predictions : patient, outcome, linear_predictor,
    probability of the nomogram on the same patients.
    Raises Disagreement, with the patient, for a value whose points are not those of its axis, for
    a sum that is not the model's linear predictor, and for a patient without points.
    """
    own = predictions.dropna(subset="linear_predictor").set_index("patient")
    if own.empty:
        return own.assign(total_points=[])[["outcome", "total_points", "linear_predictor"]]
    drawn = read_off(points, axes)
    _refuse(points["patient"], points["predictor"], drawn, points["points"], "points on the axis")
    total = points.assign(points=drawn).groupby("patient")["points"].sum().reindex(own.index)
    if len(axes) == 0:
        total[:] = 0.0
    if total.isna().any():
        missing = total.index[total.isna()][0]
        raise Disagreement(f"nomogram: patient {missing} has a prediction but no points")
    read = pd.Series(read_total(total.to_numpy(), scale), index=own.index)
    _refuse(own.index, None, read, own["linear_predictor"], "linear predictor of the total points")
    return own.assign(total_points=total)


def _refuse(patients, predictors, read, expected, what: str) -> None:
    """Disagreement for the first row that is off by more than the tolerance."""
    read, expected = np.asarray(read, dtype=float), np.asarray(expected, dtype=float)
    off = np.abs(read - expected)
    wrong = np.flatnonzero(~(off <= TOLERANCE * np.maximum(1, np.abs(expected))))
    if not len(wrong):
        return
    i = int(wrong[np.argmax(np.nan_to_num(off[wrong], nan=np.inf))])
    subject = f"patient {list(patients)[i]}"
    if predictors is not None:
        subject += f", predictor {list(predictors)[i]}"
    raise Disagreement(
        f"nomogram: the {what} of {subject} is {float(read[i])!r}, but the model gives "
        f"{float(expected[i])!r}: {len(wrong)} of {len(read)} differ; allowed is a difference of "
        f"{TOLERANCE:g}. The drawn nomogram is not the model: do not publish it, and report this"
    )


def examples(
    checked: pd.DataFrame,
    points: pd.DataFrame,
    axes: pd.DataFrame,
    classes: Sequence[str],
) -> pd.DataFrame:
    """Two patients to draw on the nomogram, one of each class, without their study keys.

    A is the positive patient nearest to the upper quartile of all linear predictors, B the negative
    one nearest to the lower quartile; ties go to the smaller key. checked : of ``check``; classes :
    names of the negative and the positive class. Columns ``EXAMPLES``, a row a predictor.
    """
    rows = []
    for name, (outcome, share) in QUARTILES.items():
        own = checked[checked["outcome"] == outcome].sort_index()
        if own.empty or points.empty:
            continue
        wanted = np.quantile(checked["linear_predictor"], share)
        patient = (own["linear_predictor"] - wanted).abs().idxmin()
        for part in points[points["patient"] == patient].to_dict("records"):
            ticks = axes[axes["predictor"] == part["predictor"]]
            named = ticks.loc[ticks["value"] == part["value"], "level"]
            rows.append(
                {
                    "example": name, "outcome": classes[outcome], "predictor": part["predictor"],
                    "label": ticks["label"].iloc[0], "value": part["value"],
                    "level": str(named.iloc[0]) if len(named) else f"{part['value']:.6g}",
                    "points": part["points"],
                    **own.loc[patient, ["total_points", "linear_predictor", "probability"]],
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=EXAMPLES)
