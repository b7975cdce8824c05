"""summary.json: what a centre tells of a locked model on its patients, with no patient in it.

Counts, estimates with their standard errors, and curves at thresholds fixed beforehand. What each
field could tell of a single patient, and what is done against it, stands in docs/centres.md.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import expit

from nomoflow.calibration import brier, recalibrate
from nomoflow.disclosure import released, released_cuts
from nomoflow.discrimination import delong
from nomoflow.sealed import sealed
from nomoflow.smoothing import smoothed

FORMAT, SCHEMA = "nomoflow-summary/1", "config/schemas/summary.schema.json"
DIGITS = 6  # significant; a sum of all patients says no more of one of them than it must
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
OTHER = "(other)"


def rounded(value: float, digits: int = DIGITS) -> float | None:
    """The value with ``digits`` significant digits; None where it is not a finite number."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def centre_summary(
    centre: str,
    model: Mapping,
    predictions: Sequence[Mapping],
    case_mix: Mapping,
    looks: int | None,
    ledger_head: str | None,
    software: Mapping[str, str],
    smallest_cell: int = 5,
) -> dict:
    """The sealed document.

    model: model.json. predictions: rows with patient, outcome (0 or 1), model, linear_predictor,
    probability, cutoff (locked, on the linear predictor), a row a patient and model. case_mix: as
    `describe_cohort` returns it. looks, ledger_head: how often this cohort's outcomes were read for
    a model, and the head of that chain; None without a ledger. Of a cohort with fewer than
    ``smallest_cell`` patients of a class nothing is told but that. Raises ValueError for no rows,
    two rows of a patient and model, or an outcome other than 0 and 1.
    """
    outcomes, scored = _by_model(predictions)
    n, events = len(outcomes), sum(outcomes.values())
    shared = min(events, n - events) >= max(smallest_cell, 1)
    reason = (
        ""
        if shared
        else f"fewer than {max(smallest_cell, 1)} patients with, or without, the outcome"
    )
    return sealed(
        {
            "format": FORMAT,
            "centre": centre,
            "model": {key: model[key] for key in ("study", "version", "digest")},
            "outcome": {key: model["outcome"][key] for key in ("positive", "negative")},
            "cohort": {
                "n": n if n >= smallest_cell else None,
                "events": events if shared else None,
                "smallest_cell": smallest_cell,
                "shared": shared,
                "reason": reason,
            },
            "models": {
                name: _model(rows, outcomes, smallest_cell) for name, rows in sorted(scored.items())
            }
            if shared
            else {},
            "case_mix": dict(case_mix) if shared else {"predictors": [], "acquisition": []},
            "ledger": {"looks": looks, "head": ledger_head},
            "software": dict(sorted(software.items())),
        }
    )


def predicted(predictions: Sequence[Mapping]) -> list[Mapping]:
    """The rows with a prediction; a patient whose values are missing has none."""
    return [row for row in predictions if str(row["linear_predictor"]) not in ("", "nan", "None")]


def _by_model(predictions: Sequence[Mapping]) -> tuple[dict[str, int], dict[str, dict]]:
    """Outcome by patient, and each model's rows by patient."""
    outcomes: dict[str, int] = {}
    scored: dict[str, dict] = {}
    for row in predicted(predictions):
        patient, outcome = str(row["patient"]), float(row["outcome"])
        rows = scored.setdefault(row["model"], {})
        if outcome not in (0, 1) or outcomes.setdefault(patient, int(outcome)) != outcome:
            raise ValueError(
                f"patient {patient}: outcome {row['outcome']!r}; allowed is 0 or 1, the same in "
                "all rows: run the validation again"
            )
        if patient in rows:
            raise ValueError(f"patient {patient}: two rows of the model {row['model']}; one is due")
        rows[patient] = row
    if not outcomes:
        raise ValueError("there are no predictions to summarise; validate the model first")
    return outcomes, scored


def _model(rows: Mapping[str, Mapping], outcomes: Mapping[str, int], limit: int) -> dict:
    patients = sorted(outcomes)
    if set(rows) != set(patients):
        # How many lack a prediction would be told by the difference of two counts.
        return {"shared": False, "reason": "not every patient of the cohort has a prediction"}
    y = np.array([outcomes[patient] for patient in patients])
    lp, p, cuts = (
        np.array([float(rows[patient][name]) for patient in patients])
        for name in ("linear_predictor", "probability", "cutoff")
    )
    if not (np.isfinite(lp).all() and np.isfinite(p).all()):
        return {"shared": False, "reason": "the model has no finite predictions here"}
    if not np.allclose(p, expit(lp), rtol=0, atol=1e-9):
        raise ValueError(
            "probabilities are not those of the linear predictor; allowed are the predictions of "
            "the locked model as they are, not recalibrated"
        )
    if len(set(cuts)) != 1:
        raise ValueError(f"a locked model has one cut-off; found {len(set(cuts))}")
    area, covariance = delong(y, lp)
    fit = recalibrate(y, lp)
    at_cutoff, told = _counts(y, lp, float(cuts[0]), limit)
    return {
        "shared": True,
        "reason": "",
        "auc": auc_summary(float(area[0]), float(covariance[0, 0])),
        "oe": oe_summary(int(y.sum()), len(y), float(p.sum())),
        "calibration": {
            "intercept": rounded(fit["intercept"]),
            "intercept_se": rounded(fit["intercept_se"]),
            "slope": rounded(fit["slope"]),
            "slope_se": rounded(fit["slope_se"]),
            "in_the_large": rounded(fit["intercept_in_the_large"]),
            "in_the_large_se": rounded(fit["intercept_in_the_large_se"]),
            "note": fit["note"],
        },
        "brier": rounded(brier(y, p)),
        "linear_predictor": {
            "mean": rounded(float(lp.mean())),
            "sd": rounded(float(lp.std(ddof=1))),
        },
        "at_cutoff": at_cutoff,
        "cuts": told,
        "calibration_curve": _curve(y, p, [row["threshold"] for row in told]),
    }


def auc_summary(area: float, variance: float) -> dict:
    """AUC and its logit with standard error, SE(AUC) / (AUC (1 - AUC)) (Debray 2017, BMJ i6460).

    variance: DeLong's. An AUC of 0 or 1 has no logit.
    """
    spread = area * (1 - area)
    inside = spread > 0 and variance > 0
    return {
        "estimate": rounded(area),
        "se": rounded(math.sqrt(variance)) if variance > 0 else None,
        "logit": rounded(math.log(area / (1 - area))) if inside else None,
        "logit_se": rounded(math.sqrt(variance) / spread) if inside else None,
    }


def oe_summary(events: int, n: int, expected: float) -> dict:
    """Observed over expected, and its logarithm with SE sqrt((1 - events / n) / events).

    Debray 2017 (BMJ i6460): the expected number is taken as known. Not defined without events.
    """
    defined = events > 0 and expected > 0
    return {
        "estimate": rounded(events / expected) if expected > 0 else None,
        "log": rounded(math.log(events / expected)) if defined else None,
        "log_se": rounded(math.sqrt((1 - events / n) / events)) if defined else None,
    }


def _counts(y, lp, cut: float, limit: int) -> tuple[dict, list[dict]]:
    """The calls at the locked cut-off, and those at the thresholds that may be told."""
    n, events = len(y), int(y.sum())
    logits = {math.log(t / (1 - t)): t for t in THRESHOLDS}
    *told, kept = released_cuts(y, lp, cut, logits, limit)

    def cells(at: float) -> tuple[int, int, int, int]:
        called = lp >= at
        tp, fp = int((called & (y == 1)).sum()), int((called & (y == 0)).sum())
        return tp, events - tp, n - events - fp, fp

    tp, fn, tn, fp = cells(cut)
    both = all(told)
    at_cutoff = {
        "linear_predictor": rounded(cut, 17),
        "tp": tp if told[0] else None,
        "fn": fn if told[0] else None,
        "tn": tn if told[1] else None,
        "fp": fp if told[1] else None,
        "sensitivity": rounded(tp / events) if told[0] else None,
        "specificity": rounded(tn / (n - events)) if told[1] else None,
        "accuracy": rounded((tp + tn) / n) if both else None,
    }
    rows = []
    for at in kept:
        tp, fn, tn, fp = cells(at)
        threshold = logits[at]
        rows.append(
            {
                "threshold": threshold,
                "tp": tp,
                "fp": fp,
                "sensitivity": rounded(tp / events),
                "specificity": rounded(tn / (n - events)),
                "net_benefit": rounded((tp - threshold / (1 - threshold) * fp) / n),
            }
        )
    return at_cutoff, rows


def _curve(y, p, told: Sequence[float]) -> list[dict]:
    """The smooth calibration curve at thresholds between the outermost that are told."""
    if len(told) < 2:
        return []
    at = np.array([t for t in THRESHOLDS if told[0] <= t <= told[-1]])
    heights = smoothed(y, p, np.ones((1, len(p))), at=at)[0]
    # Three digits: the curve is for the eye.
    return [
        {"predicted": float(x), "observed": rounded(float(h), 3)}
        for x, h in zip(at, np.clip(heights, 0, 1), strict=True)
        if math.isfinite(h)
    ]


def describe_cohort(
    participants: Sequence[Mapping[str, str]],
    terms: Sequence[Mapping],
    acquisition: Sequence[Mapping[str, str]] = (),
    smallest_cell: int = 5,
) -> dict:
    """Case mix: ``predictors`` and ``acquisition``, a list each.

    participants: rows of text, those who are analysed. terms: the clinical terms of model.json
    (name, kind, positive, negative). acquisition: rows a scan (images/acquisition.csv). Numbers
    have n, mean and SD, never an extreme; levels have counts, small ones hidden. Missing values are
    counted where none, or no small number, is missing.
    """
    described = []
    for term in terms:
        cells = [str(row.get(term["name"], "") or "").strip() for row in participants]
        if term["kind"] == "binary":
            own = [term["positive"], term["negative"]]
            described.append(_levels(term["name"], cells, smallest_cell, own))
        else:
            described.append(_numbers(term["name"], cells, smallest_cell))
    scanned = []
    for column, kind in (
        ("manufacturer", "levels"), ("modality", "levels"), ("slice_thickness_mm", "numbers"),
        ("pixel_spacing_mm", "numbers"), ("kv", "numbers"),
    ):  # fmt: skip
        by_patient: dict[str, str] = {}
        for row in acquisition:
            if row.get(column):
                by_patient.setdefault(row["patient"], row[column])
        cells = list(by_patient.values())
        if len(cells) >= smallest_cell and cells:
            describe = _levels if kind == "levels" else _numbers
            scanned.append(describe(column, cells, smallest_cell))
    return {"predictors": described, "acquisition": scanned}


def _present(cells: Sequence[str], limit: int) -> tuple[list[str], int | None, int | None]:
    """Values that are there, their number, and that of the missing, where these may be told."""
    there = [cell for cell in cells if cell]
    missing = len(cells) - len(there)
    told = missing == 0 or min(missing, len(there)) >= limit
    return there, (len(there) if told else None), (missing if told else None)


def _numbers(name: str, cells: Sequence[str], limit: int) -> dict:
    there, n, missing = _present(cells, limit)
    values = [float(cell.split()[0].split("x")[0]) for cell in there]
    mean = math.fsum(values) / len(values) if values else math.nan
    spread = math.fsum((value - mean) ** 2 for value in values)
    enough = len(values) >= max(limit, 2)
    return {
        "name": name,
        "kind": "numbers",
        "n": n,
        "missing": missing,
        "mean": rounded(mean) if enough else None,
        "sd": rounded(math.sqrt(spread / (len(values) - 1))) if enough else None,
    }


def _levels(name: str, cells: Sequence[str], limit: int, own: Sequence[str] = ()) -> dict:
    there, n, missing = _present(cells, limit)
    tally = Counter(there)
    rare = [level for level in tally if tally[level] < limit and level not in own]
    if rare:
        # The name of a level may itself tell who is meant: rare ones become one.
        tally[OTHER] = sum(tally.pop(level) for level in rare)
    names = sorted({*tally, *own})
    counts: Sequence[int | None] = [None] * len(names)
    if n is not None:
        counts = released([tally[level] for level in names], limit)
    return {
        "name": name,
        "kind": "levels",
        "n": n,
        "missing": missing,
        "levels": [
            {"level": level, "n": count} for level, count in zip(names, counts, strict=True)
        ],
    }


def refuse_near(new: Mapping, earlier: Mapping, file) -> None:
    """Raise ValueError where the two summaries' difference would tell of few patients.

    earlier: a summary that has left this centre. The cohorts may be the same, or differ by at least
    ``smallest_cell`` patients in each class; the sizes are compared, since no list of patients is
    kept. A hidden number cannot be compared: refused unless all is equal.
    """
    if new["centre"] != earlier["centre"]:
        return
    limit = max(new["cohort"]["smallest_cell"], earlier["cohort"]["smallest_cell"])
    sizes = [(c["n"], c["events"]) for c in (new["cohort"], earlier["cohort"])]
    if sizes[0] == sizes[1]:
        same_model = new["model"]["digest"] == earlier["model"]["digest"]
        told = ("models", "case_mix", "cohort") if same_model else ("case_mix", "cohort")
        if all(new[key] == earlier[key] for key in told):
            return
        found = "as many patients and events, but other numbers"
    elif None in (*sizes[0], *sizes[1]):
        found = "a hidden number of patients in one of them"
    else:
        events = abs(sizes[0][1] - sizes[1][1])
        rest = abs(sizes[0][0] - sizes[0][1] - sizes[1][0] + sizes[1][1])
        if min(events, rest) >= limit:
            return
        found = f"a difference of {events} patients with the outcome and {rest} without"
    raise ValueError(
        f"{file}: a summary of {earlier['centre']} has left the centre already; beside it this one "
        f"has {found}; allowed is the same cohort unchanged, or at least {limit} more patients of "
        "each class: subtracting the two would tell of single patients. Wait for more patients, "
        "or have the earlier one withdrawn by all who have it and take it out of centres.released"
    )
