"""Clinical predictors and the outcome, from the text of a table to numbers."""

import math

import numpy as np
import pandas as pd


def outcome_codes(participants: pd.DataFrame, outcome: dict) -> np.ndarray:
    """Class of each patient: 1 = outcome["positive"], 0 = outcome["negative"]; int array (n,).

    Raises ValueError naming patient, column and value where it is neither: an outcome is never
    missing.
    """
    column, positive, negative = (outcome[key] for key in ("column", "positive", "negative"))
    return _two_levels(participants, column, str(positive), str(negative)).astype(int)


def code(
    participants: pd.DataFrame, predictors: list[dict], allow_missing: bool = False
) -> pd.DataFrame:
    """Predictors as numbers: n x k float, a column a predictor, the index as given.

    continuous: value / per (``per`` 1 by default, so the coefficient is per that many units);
    binary: 1 where the text equals ``positive``, else 0 (with ``negative`` given, nothing else is
    allowed). A missing value is NaN where ``allow_missing``. Raises ValueError naming patient,
    column, value and remedy where a value is missing otherwise, or is no number.
    """
    columns = {}
    for predictor in predictors:
        name = predictor["name"]
        if predictor["kind"] == "continuous":
            per = float(predictor.get("per") or 1)
            columns[name] = _numbers(participants, name, allow_missing) / per
        elif predictor["kind"] == "binary":
            negative = predictor.get("negative")
            columns[name] = _two_levels(
                participants,
                name,
                str(predictor["positive"]),
                None if negative is None else str(negative),
                allow_missing,
            )
        else:
            raise ValueError(
                f"predictor {name}: kind {predictor['kind']!r} is not known; "
                "use continuous or binary"
            )
    return pd.DataFrame(columns, index=participants.index, dtype=float)


def levels(participants: pd.DataFrame, predictor: dict) -> tuple[str, str]:
    """Text of the negative and the positive level of a binary predictor.

    The negative one is named by ``negative``, or by the only other value that occurs; where
    several occur it is "not <positive>".
    """
    positive = str(predictor["positive"])
    if predictor.get("negative") is not None:
        return str(predictor["negative"]), positive
    others = sorted({as_text(value) for value in participants[predictor["name"]]} - {positive, ""})
    return (others[0] if len(others) == 1 else f"not {positive}"), positive


def as_text(value) -> str:
    """A cell as the text of the table: whole numbers without ".0", missing as ""."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _where(participants: pd.DataFrame, position: int) -> str:
    """A patient by identifier, or by row where there is none."""
    if "patient" in participants.columns:
        return f"patient {participants['patient'].iloc[position]}"
    return f"row {position + 1}"


def _column(participants: pd.DataFrame, name: str, allow_missing: bool = False) -> list[str]:
    if name not in participants.columns:
        known = ", ".join(map(str, participants.columns))
        raise ValueError(f"no column {name} among the participants' columns: {known}")
    texts = [as_text(value) for value in participants[name]]
    for position, text in enumerate(texts):
        if not text and not allow_missing:
            raise ValueError(
                f"{_where(participants, position)}: {name} is missing; fill it in, or leave the "
                "patient or the predictor out"
            )
    return texts


def _numbers(participants: pd.DataFrame, name: str, allow_missing: bool) -> np.ndarray:
    values = []
    for position, text in enumerate(_column(participants, name, allow_missing)):
        if not text:
            values.append(math.nan)
            continue
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(
                f"{_where(participants, position)}: {name} is {text!r}, which is no number; write "
                "digits with a decimal point and no unit"
            )
        values.append(value)
    return np.array(values, dtype=float)


def _two_levels(
    participants, name, positive: str, negative: str | None, allow_missing: bool = False
) -> np.ndarray:
    texts = _column(participants, name, allow_missing)
    for position, text in enumerate(texts):
        if text in ("", positive, negative):
            continue
        # A mere difference of spelling would else turn positives into negatives in silence.
        if text.casefold() == positive.casefold() or negative is not None:
            allowed = repr(positive) if negative is None else f"{positive!r} or {negative!r}"
            raise ValueError(
                f"{_where(participants, position)}: {name} is {text!r}, the study says {allowed}; "
                "write both alike, or leave the patient out"
            )
    return np.array([text == positive if text else math.nan for text in texts], dtype=float)
