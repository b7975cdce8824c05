"""Inputs that do not fit a locked model, each with the cause that would explain all of them.

A value beyond the training range is a patient's matter; a whole column that lies beyond it, and
within it once a unit, an offset or a name is put right, is a mistake. Nothing is put right here:
a row says what is wrong, by what it shows, and what to do. Rows have the columns ``COLUMNS``.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nomoflow.discrimination import auc_interval
from nomoflow.files import read_rows

COLUMNS = ("kind", "subject", "cause", "found", "expected", "remedy")
Row = dict[str, str]
# By the unit of training: what else people write, and how many of it make one.
UNITS = {
    "years": {"months": 12, "days": 365.25, "weeks": 52.18},
    "months": {"years": 1 / 12, "days": 30.44},
    "days": {"years": 1 / 365.25, "weeks": 1 / 7},
    "mm": {"cm": 0.1, "metres": 0.001},
    "cm": {"mm": 10, "metres": 0.01},
    "mL": {"mm3": 1000, "litres": 0.001},
    "mm3": {"mL": 0.001},
    "cm3": {"mm3": 1000},
    "kg": {"g": 1000, "pounds": 2.2046},
    "g/dL": {"g/L": 10},
    "g/L": {"g/dL": 0.1},
    "%": {"shares of 1": 0.01},
}
OTHER = {factor: f"a unit {factor:g} times smaller" for factor in (10, 100, 1000)}
OTHER |= {1 / factor: f"a unit {factor:g} times larger" for factor in (10, 100, 1000)}
RAW_AT_MOST, PUT_RIGHT_AT_LEAST = 0.5, 0.8  # shares of patients within the range of training
WIDER = 1.5
FEWEST = 4  # patients that a cause is told from
RARE = 0.001  # probability, in the training's cohort, of what is found
CLEAR_CONFIDENCE = 0.99
MIRRORED_AT_LEAST = 0.6  # AUC, once the classes are exchanged


def stop_where_mislabelled(path: str | Path, policy: str) -> None:
    """Raise ValueError, which names each cause, where a table of ``COLUMNS`` has rows.

    policy : ``stop``, or ``warn`` to go on
    """
    rows = read_rows(path)
    if not rows or policy == "warn":
        return
    told = [
        f"{row['subject']}: {row['cause']}\n    found    {row['found']}\n"
        f"    allowed  {row['expected']}\n    remedy   {row['remedy']}"
        for row in rows
    ]
    count = "1 input does" if len(rows) == 1 else f"{len(rows)} inputs do"
    raise ValueError(
        "\n\n".join([f"{count} not fit the locked model ({path}).", *told])
        + "\n\nWhere they are right all the same: centres.on_mislabelled: warn."
    )


def explains(values, low: float, high: float, sd: float, put_right) -> tuple[float, float]:
    """Shares of values within a range widened by one SD: as they are, and put right.

    values (n,), NaN left out; put_right : a function of an array.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")

    def inside(x) -> float:
        return float(np.mean((x >= low - sd) & (x <= high + sd)))

    return inside(values), inside(put_right(values))


def rescaled(values, low: float, high: float, sd: float, factor: float) -> tuple[float, float]:
    """`explains` for values that are ``factor`` times too large.

    Where training's are all positive its range is widened by a factor, not by an SD, which for a
    skewed quantity would reach 0 and hold whatever is too small.
    """
    if low > 0:
        return explains(values, low / WIDER, high * WIDER, 0.0, lambda x: x / factor)
    return explains(values, low, high, sd, lambda x: x / factor)


def is_explained(shares: tuple[float, float], n: int) -> bool:
    """Whether what is put right fits and what is given does not, in enough of n patients."""
    raw, right = shares
    return n >= FEWEST and raw <= RAW_AT_MOST and right >= PUT_RIGHT_AT_LEAST


def units(
    name: str, label: str, unit: str, values, low: float, high: float, sd: float
) -> list[Row]:
    """A continuous predictor whose whole column is in another unit than training had it in.

    values (n,), low, high, sd of training: in the predictor's own unit.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    known = {factor: other for other, factor in UNITS.get(unit, {}).items()}
    best = None
    for factor, other in [*known.items(), *(OTHER.items() if not known else ())]:
        shares = rescaled(values, low, high, sd, factor)
        if is_explained(shares, len(values)) and (best is None or shares[1] > best[1]):
            best = (other, shares[1], factor)
    if best is None:
        return []
    other, _, factor = best
    return [
        finding(
            "unit",
            name,
            f"{label} is in {other}, the model has it in {unit or 'its own unit'}",
            f"{spanned(values)}; divided by {factor:g} it is {spanned(values / factor)}",
            f"{low:g} to {high:g} {unit}".strip(),
            f"give {name} in {unit or 'the unit of training'}: divide the column by {factor:g}",
        )
    ]


def predictor_levels(
    name: str, label: str, texts: Iterable[str], positive: str, share: float | None
) -> list[Row]:
    """A binary predictor of which nobody, or everybody, has the level that the model names.

    texts : of the patients' cells, "" for a missing one; share : of training's patients with
    ``positive``, None where it is suppressed. Told where that would happen in training's cohort
    less often than ``RARE``.
    """
    texts = [text for text in map(str, texts) if text]
    if share is None or len(texts) < FEWEST:
        return []
    have = sum(text == positive for text in texts)
    chance = {0: (1 - share) ** len(texts), len(texts): share ** len(texts)}.get(have, 1.0)
    if chance >= RARE:
        return []
    levels = ", ".join(f"{level} ({texts.count(level)})" for level in sorted(set(texts)))
    who = "no patient" if have == 0 else "every patient"
    return [
        finding(
            "predictor_coding",
            name,
            f"{label} is coded otherwise than in training: {who} is {positive!r}",
            levels,
            f"{positive!r} in {100 * share:.0f} % of training's patients",
            f"write {positive!r} for those who have it, as the model names it",
        )
    ]


def outcome_levels(texts: Iterable[str], column: str, positive: str, negative: str) -> list[Row]:
    """An outcome that is coded otherwise than the model names its classes."""
    texts = [str(text) for text in texts]
    others = sorted({text for text in texts if text not in (positive, negative)})
    if not others:
        return []
    shown = ", ".join(f"{text or '(empty)'} ({texts.count(text)})" for text in others[:8])
    return [
        finding(
            "outcome_coding",
            column,
            "the outcome is coded otherwise than in training",
            shown,
            f"{positive} (positive) or {negative} (negative)",
            f"write {positive} and {negative} in the table; use `predict` for patients without an "
            "outcome",
        )
    ]


def classes_swapped(
    y: Sequence[int], scores: Mapping[str, Sequence[float]], positive: str, negative: str
) -> list[Row]:
    """Outcomes that are the other way round: every model ranks the classes clearly in reverse.

    y (n,) 0/1; scores : (n,) linear predictors a model. Told where the 99 % interval of at least
    one model's AUC lies below 0.5, its mirror image is at least 0.6, and no other model is above
    0.5. The figures stay as they are: a model may also just be wrong here.
    """
    y = np.asarray(y).astype(int)
    if len(y) < FEWEST or y.min() == y.max():
        return []
    found = {}
    for name, score in scores.items():
        score = np.asarray(score, dtype=float)
        known = ~np.isnan(score)
        if known.sum() < FEWEST or y[known].min() == y[known].max():
            continue
        if np.ptp(score[known]) > 0:
            found[name] = auc_interval(y[known], score[known], CLEAR_CONFIDENCE)
    clear = [
        name
        for name, (area, _, high) in found.items()
        if high < 0.5 and 1 - area >= MIRRORED_AT_LEAST
    ]
    if not clear or any(area > 0.5 for area, _, _ in found.values()):
        return []
    said = ", ".join(f"{name} {found[name][0]:.3f}" for name in sorted(found))
    mirrored = ", ".join(f"{name} {1 - found[name][0]:.3f}" for name in sorted(clear))
    return [
        finding(
            "classes_swapped",
            "outcome",
            f"the positive class is exchanged with the negative one: {positive} and {negative}",
            f"AUC {said}; with the classes exchanged {mirrored}",
            "AUC above 0.5",
            "check the outcome column against the pathology and outcome.positive against the "
            "model; where both are right the model fails here, and the figures stand as they are",
        )
    ]


def of_predictors(model: Mapping, given: pd.DataFrame, clinical: pd.DataFrame) -> list[Row]:
    """`units` and `predictor_levels` of all terms of a locked model.

    given : n patients x coded terms, NaN where missing; clinical : the participants' own texts.
    """
    terms = {term["name"]: term for one in model["models"].values() for term in one["terms"]}
    spread = {row["name"]: row for row in model["cohort"]["variables"]}
    rows = []
    for name in sorted(set(terms) & set(given.columns)):
        term, known = terms[name], spread.get(name, {})
        if name.startswith("radscore"):  # its features are looked at themselves
            continue
        if term["kind"] == "binary":
            texts = clinical[name].fillna("").astype(str).str.strip() if name in clinical else ()
            rows += predictor_levels(
                name, term["label"], texts, str(term["positive"]), known.get("share")
            )
            continue
        values = given[name].to_numpy(dtype=float) * float(term.get("per") or 1)
        ends = term["low"], term["high"]
        rows += units(name, term["label"], term["unit"], values, *ends, known.get("sd") or 0.0)
    return rows


def finding(kind: str, subject: str, cause: str, found: str, expected: str, remedy: str) -> Row:
    """One row."""
    return dict(zip(COLUMNS, (kind, subject, cause, found, expected, remedy), strict=True))


def spanned(values: np.ndarray) -> str:
    """ "28 to 85 (median 54)"; values (n,) without missing ones."""
    low, median, high = np.quantile(values, [0, 0.5, 1])
    return f"{low:.4g} to {high:.4g} (median {median:.4g})"
