"""The models in the report: coefficients, variance inflation, the nomogram and its formula."""

import math
from collections.abc import Mapping
from itertools import compress

from nomoflow.language import say
from nomoflow.manuscript import ratio
from nomoflow.report_blocks import (
    MISSING,
    absent,
    cell,
    coefficient,
    decimal,
    interval,
    link,
    p_value,
    sentences,
    table,
    text,
)
from nomoflow.report_heard import hear
from nomoflow.report_samples import among
from nomoflow.wording import MAIN_MODELS, Rows, model_label, number, with_labels


def models(study: Mapping) -> list[dict]:
    """Coefficients of each model with unit and coding, and the variance inflation."""
    blocks: list[dict] = []
    described = (study["model"] or {}).get("models", {})
    for name, rows in study["coefficients"].items():
        state = described.get(name, {})
        reason = hear(state.get("reason")) or ""
        if not rows:
            none = say("{model} has no coefficients.", model=model_label(name))
            blocks.append(absent(sentences(none, reason)))
            continue
        blocks.append(_coefficients(name, rows, state.get("reason") or "", study))
        if name == "nomogram":
            blocks.append(_out_of_fold(study))
    blocks.append(_vif(study["vif"], term_labels(study)))
    return blocks or [absent("No model was fitted.")]


def term_labels(study: Mapping) -> dict[str, str]:
    """The models' terms as the study labels them; the score of a phase is a model's own."""
    fitted = (study["model"] or {}).get("models", {}).values()
    terms = [term for one in fitted for term in one.get("terms", ())]
    return {term["name"]: say(term["label"]) for term in terms if term.get("label")}


_COLUMNS = ("Coefficient", "SE", "P", "Profile", "Odds ratio")


def _out_of_fold(study: Mapping) -> dict:
    rows = study["coefficients_out_of_fold"]
    if not rows:
        return absent(
            "The nomogram was not fitted on the out-of-fold Radscore, so its coefficients above "
            "are conditional on the selection of features."
        )
    why = (
        "Each patient's Radscore comes from signatures made without that patient. Read intervals "
        "and P values here; those above take the selected features as given, so the Radscore's "
        "look too good"
    )
    return _coefficients("nomogram", rows, say(why), study, out_of_fold=True)


def _coefficients(
    name: str, rows: Rows, reason: str, study: Mapping, out_of_fold: bool = False
) -> dict:
    labels = term_labels(study)
    body = [
        [
            {**coefficient(row["coefficient"]), "below": _ends(interval(row))},
            coefficient(row["se"]),
            p_value(row["p"]),
            interval(row, "profile_low", "profile_high"),
            _odds_ratio(row),
        ]
        for row in rows
    ]
    # What a penalised or separated model has for no term would be a table of dashes.
    there = [any(one["text"] != MISSING for one in column) for column in zip(*body, strict=True)]
    none = [say(column) for column, present in zip(_COLUMNS, there, strict=True) if not present]
    notes = list(dict.fromkeys(with_labels(row["note"], labels) for row in rows if row["note"]))
    told = "separated by" in "".join(notes) and "separate the classes" in reason
    reason, notes = "" if told else hear(with_labels(reason, labels)), list(map(hear, notes))
    shared = len(notes) == 1 and all(row["note"] for row in rows)
    columns = ["Term", "Unit and coding", *compress(_COLUMNS, there)]
    table_rows = [
        [
            say("(Intercept)")
            if row["term"] == "(Intercept)"
            else labels.get(row["term"], row["term"]),
            cell(_coding(row), "the intercept has none"),
            *compress(values, there),
            *(
                [cell(hear(with_labels(row["note"], labels)), "no remark")]
                if notes and not shared
                else []
            ),
        ]
        for row, values in zip(rows, body, strict=True)
    ]
    what = "{model}: coefficients of the log-odds of {positive}{among}, fitted on all of them; "
    if out_of_fold:
        what = what.replace(":", " with the out-of-fold Radscore:", 1)
    parts = [
        say(
            what + "{ci}: Wald's below each estimate, profile likelihood's beside.",
            model=model_label(name),
            positive=study["outcome"]["positive"],
            among=among(study),
            ci=study["ci"],
        ),
        "" if shared and notes[0].startswith(reason) else _ended(reason),
        _ended(notes[0]) if shared else "",
        say("Not estimated for any term: {columns}.", columns=say(", ").join(none)) if none else "",
    ]
    return table(
        columns + (["Remark"] if notes and not shared else []),
        table_rows,
        sentences(*parts),
        folded=name not in MAIN_MODELS,
    )


def _ends(shown: Mapping) -> str:
    return "" if shown["text"] == MISSING else f"({shown['text']})"


def _odds_ratio(row: Mapping[str, str]) -> dict:
    """The ratio over its interval; what is beyond 0.01 and 1000 is named as such."""
    if row["term"] == "(Intercept)" or math.isnan(number(row["odds_ratio"])):
        return cell("", "the intercept has none", numeric=True)
    low, high = (number(row[name]) for name in ("or_low", "or_high"))
    ends = say("{low} to {high}", low=ratio(low), high=ratio(high))
    below = "" if math.isnan(low + high) else f"({ends})"
    shown = ratio(number(row["odds_ratio"]))
    return cell(shown, numeric=True, below=below, value=row["odds_ratio"])


def _ended(part: str) -> str:
    """A remark as a sentence."""
    ended = part.rstrip(".。")
    return say("{sentence}.", sentence=ended[0].upper() + ended[1:]) if ended else ""


def _coding(row: Mapping[str, str]) -> str:
    """A z-score's mean and SD stand in the signature's table."""
    return say("per SD") if row["unit"] == "SD" else hear(row["coding"]) or row["unit"]


def _vif(rows: Rows | None, labels: Mapping[str, str]) -> dict:
    if not rows:
        return absent("No model has two terms or more, so variance inflation is not defined.")
    return table(
        ["Model", "Term", "VIF"],
        [
            (
                model_label(row["model"]),
                labels.get(row["term"], row["term"]),
                decimal(row["vif"], 2),
            )
            for row in rows
        ],
        "Variance inflation factors: how much each coefficient's variance grows because the "
        "terms tell of each other.",
    )


def nomogram(study: Mapping) -> list[dict]:
    """The figure, and the formula behind it."""
    rows = study["coefficients"].get("nomogram", [])
    if not [row for row in rows if row["term"] != "(Intercept)"]:
        state = (study["model"] or {}).get("models", {}).get("nomogram", {})
        return [absent(sentences(say("No predictor was kept."), hear(state.get("reason")) or ""))]
    positive = study["outcome"]["positive"]
    return [
        study["figure"]("nomogram"),
        text(
            "With P the probability of {positive}: {formula}",
            positive=positive,
            formula=formula(rows, term_labels(study)),
        ),
        *_calculator(study),
    ]


def _calculator(study: Mapping) -> list[dict]:
    """The way to the page that computes a patient's probability."""
    page = study["calculator"]
    return [link(page, "The nomogram as a calculator, beside this page")] if page else []


def formula(rows: Rows, labels: Mapping[str, str] | None = None) -> str:
    """The linear predictor in words: "ln(P / (1 − P)) = 1.135 − 1.985 × Radscore ..."."""
    parts, labels = [], labels or {}
    for row in rows:
        value = number(row["coefficient"])
        size = (
            say("not defined") if math.isnan(value) else coefficient(abs(value), digits=4)["text"]
        )
        sign = "−" if value < 0 else "+"
        coding = f" ({row['coding']})" if row["coding"].startswith(("per ", "1 = ")) else ""
        term = labels.get(row["term"], row["term"])
        times = "" if row["term"] == "(Intercept)" else f" × {term}{coding}"
        parts.append(f"{sign} {size}{times}")
    parts[0] = parts[0].removeprefix("+ ").replace("− ", "−")
    return f"ln(P / (1 − P)) = {' '.join(parts)}"
