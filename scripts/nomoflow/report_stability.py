"""Stability in the report: would other patients have led to the same features and predictions?"""

from collections.abc import Mapping, Sequence
from statistics import mean, median

from nomoflow.language import say
from nomoflow.report_blocks import (
    absent,
    cell,
    decimal,
    estimate,
    heading,
    interval,
    sentences,
    table,
    whole,
)
from nomoflow.report_samples import signature_name
from nomoflow.wording import Rows, in_order, is_true, model_label, number, signed, where

_LISTED = 15  # features of a signature in its table, those of the final signature beside
# Measures with an interval, and measures whose quartiles take its place.
_ESTIMATED = {
    "nogueira": "Nogueira's index",
    "empty": "Empty, share",
    "fallback": "LASSO's own score, share",
    "at_end": "Smallest penalty, share",
}
_SPREAD = {"features": ("Features", 0), "lambda": ("λ", 4)}


def stability(study: Mapping) -> list[dict]:
    """Selection over resamples, the penalties chosen, and how far predictions move."""
    return [
        heading("Features over the resamples"),
        _measures(study),
        study["figure"]("stability"),
        *_frequencies(study),
        heading("Each patient's prediction over the resamples"),
        study["figure"]("instability"),
        _instability(study["instability"], study["phases"]),
    ]


def _measures(study: Mapping) -> dict:
    rows = study["stability"]
    if not rows:
        return absent(
            "How stable the selection is was not measured: it needs resamples "
            "(evaluation.resamples)."
        )
    body = []
    for name in dict.fromkeys(row["signature"] for row in rows):
        own = {row["measure"]: row for row in where(rows, signature=name)}
        body.append(
            [
                signature_name(name),
                *(estimate(own.get(measure), 2) for measure in _ESTIMATED),
                *(estimate(own.get(measure), digits) for measure, (_, digits) in _SPREAD.items()),
            ]
        )
    return table(
        ["Signature", *_ESTIMATED.values(), *(label for label, _ in _SPREAD.values())],
        body,
        "Stability of the selection. Nogueira's index is 1 where every resample keeps the same "
        "features and 0 is expected where each keeps as many at random; below 0.4 is called poor, "
        "above 0.75 excellent (Nogueira 2018). Empty, or with the LASSO's own score in place of a "
        "refit, or at the smallest penalty of its path: shares of the resamples; an empty "
        "signature is a result and is never left out.",
        groups=[
            ("", 1),
            (say("Estimate ({ci})", ci=study["ci"]), len(_ESTIMATED)),
            ("Median (quartiles)", len(_SPREAD)),
        ],
    )


def _frequencies(study: Mapping) -> list[dict]:
    found = study["frequencies"]
    if not found:
        return [absent("There are no resamples to count how often each feature is chosen.")]
    return [_frequency(name, rows, study) for name, rows in found.items()]


def _frequency(name: str, rows: Rows, study: Mapping) -> dict:
    if not rows:
        return absent("Signature {name}: no resample kept any feature.", name=signature_name(name))
    rows = sorted(rows, key=lambda row: (-number(row["share"]), row["feature"]))
    shown = [row for i, row in enumerate(rows) if i < _LISTED or is_true(row["selected"])]
    rest = len(rows) - len(shown)
    final = sum(is_true(row["selected"]) for row in rows)
    often = sum(is_true(row["selected"]) and number(row["share"]) >= 0.5 for row in rows)
    place = f"signature/{name}/frequency.csv"
    more = say("{rest} more stand in {place}.", rest=rest, place=place) if rest else ""
    said = "Of {final} in the final signature, {often} are in half of the resamples or more."
    of_final = (
        say(said, final=final, often=often) if final else say("The final signature is empty.")
    )
    return table(
        ["Feature", "Final signature", "Resamples", "%", study["ci"]],
        [
            (
                row["feature"],
                say("kept" if is_true(row["selected"]) else "not kept"),
                cell(
                    say("{count} of {many}", count=row["count"], many=row["resamples"]),
                    numeric=True,
                    value=row["count"],
                ),
                decimal(_percent(row, "share"), 0),
                interval({name: _percent(row, name) for name in ("ci_low", "ci_high")}, digits=0),
            )
            for row in shown
        ],
        sentences(
            say("Signature {name}: how often each feature was chosen.", name=signature_name(name)),
            of_final,
            more,
        ),
        folded=name != "combined",
    )


def _percent(row: Mapping[str, str], column: str) -> str:
    return str(100 * number(row[column])) if row[column] else ""


def _instability(rows: Rows | None, phases: Sequence[str]) -> dict:
    if not rows:
        return absent("How far predictions move over resamples was not measured.")
    body = []
    for model in in_order({row["model"] for row in rows}, phases):
        own = where(rows, model=model)
        moved = [number(row["mape"]) for row in own if row["mape"]]
        wide = [number(row["high"]) - number(row["low"]) for row in own if row["high"]]
        body.append(
            [
                model_label(model),
                whole(len(own)),
                decimal(mean(moved) if moved else None),
                decimal(max(moved) if moved else None),
                cell(signed(median(wide), 3) if wide else "", "not computed", numeric=True),
            ]
        )
    return table(
        ["Model", "Patients", "MAPE, mean", "MAPE, greatest", "Interval's width, median"],
        body,
        "Instability of the predicted probabilities (Riley and Collins 2023). MAPE: a patient's "
        "mean absolute difference between the model's probability and those of the models of the "
        "resamples; beside it, the width of the interval that holds most of them.",
        sources=[rows],
    )
