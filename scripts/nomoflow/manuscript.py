"""Tables as a journal prints them: Table 1, performance, coefficients; plain text, cell by cell.

What they say comes from the study's tables alone. Decimals are fixed: one for means, two for ratios
and coefficients, three for areas, shares and slopes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nomoflow.language import say
from nomoflow.report_heard import hear
from nomoflow.wording import (
    HEADS,
    MAIN_MODELS,
    Rows,
    heads_in,
    metric,
    model_label,
    models_in,
    number,
    signed,
    span,
    where,
    with_interval,
    with_labels,
)

DASH = "—"
MARKS = "*†‡§‖¶#"
SUMMARIES = {"count": ", n (%)", "mean": ", mean ± SD", "median": ", median (IQR)"}
METRICS = {
    "auc": ("AUC", 3), "sensitivity": ("Sensitivity", 3), "specificity": ("Specificity", 3),
    "accuracy": ("Accuracy", 3), "calibration_slope": ("Calibration slope", 2),
    "brier": ("Brier score", 3),
}  # fmt: skip
RADSCORE, INTERCEPT = "radscore", "(Intercept)"


@dataclass(frozen=True)
class Table:
    """A table to print: a line for each of ``rows``; one with a single cell heads those below."""

    title: str
    heads: list[str]
    rows: list[list[str]]
    notes: list[str]


class Footnotes:
    """Marks as journals set them (*, †, ‡, ... **) for texts; the same mark for the same text."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def mark(self, text: str) -> str:
        """The mark of a text; none of an empty one."""
        if not text:
            return ""
        place = len(self.texts)
        name = MARKS[place % len(MARKS)] * (place // len(MARKS) + 1)
        return self.texts.setdefault(text, name)

    def lines(self) -> list[str]:
        """A line for each mark."""
        return [f"{mark} {text}" for text, mark in self.texts.items()]


def p_value(cell: str) -> str:
    """As journals print it: two decimals, three below 0.01 and around 0.05; <0.001 and >0.99."""
    p = number(cell)
    if math.isnan(p):
        return DASH
    if p < 0.001:
        return "<0.001"
    if p > 0.99:
        return ">0.99"
    digits = 3 if p < 0.01 or 0.045 <= p < 0.055 else 2
    return f"{p:.{digits}f}"


def ratio(value: float) -> str:
    """A ratio with two decimals; what is beyond 0.01 and 1000 is named as such."""
    if math.isnan(value):
        return DASH
    if value < 0.01:
        return "<0.01"
    return ">1000" if value > 1000 else f"{value:.2f}"


def characteristics(table1: Rows, outcome: Mapping[str, str]) -> Table:
    """Table 1: patients by outcome, with P values and the tests in the footnote."""
    sizes = {row["group"]: row["n"] for row in where(table1, variable="patients")}
    groups = {"total": say("All"), "positive": outcome["positive"],
              "negative": outcome["negative"]}  # fmt: skip
    tests, gaps, rows = Footnotes(), [], []
    for name in dict.fromkeys(row["variable"] for row in table1 if row["variable"] != "patients"):
        own = where(table1, variable=name)
        level = say(": {level}", level=own[0]["level"]) if own[0]["level"] else ""
        label = own[0]["label"] + level + say(SUMMARIES[own[0]["summary"]])
        cells = {row["group"]: _summary(row) for row in own}
        p = p_value(own[0]["p"]) + tests.mark(hear(own[0]["test"]))
        rows.append([label, *(cells.get(group, DASH) for group in groups), p])
        missing = {row["group"]: row["missing"] for row in own}.get("total", "")
        if missing not in ("", "0"):
            gaps.append(f"{own[0]['label']} {missing}")
    notes = [
        say("SD, standard deviation; IQR, interquartile range. P values without correction for "
            "multiple tests.")
    ]  # fmt: skip
    if not rows:
        notes = [say("The study has no clinical predictors.")]
    if gaps:
        notes.append(say("Patients without a value: {gaps}.", gaps="; ".join(gaps)))
    return Table(
        say("Table 1. Characteristics of the patients by outcome"),
        [say("Characteristic"),
         *(say("{group} (n = {n})", group=word, n=sizes.get(group, "?"))
           for group, word in groups.items()), "P"],
        rows,
        [*notes, *tests.lines()],
    )  # fmt: skip


def _summary(row: Mapping[str, str]) -> str:
    """ "72 (70.6)", "56.2 ± 12.4" or "54.0 (47.0–63.0)"."""
    if row["summary"] == "count":
        return f"{number(row['n']):.0f} ({number(row['percent']):.1f})" if row["n"] else DASH
    if row["summary"] == "mean":
        mean, sd = (number(row[name]) for name in ("mean", "sd"))
        return DASH if math.isnan(mean) else f"{signed(mean, 1)} ± {signed(sd, 1)}"
    middle, ends = number(row["median"]), span(row["q1"], row["q3"], 1)
    return DASH if math.isnan(middle) else f"{signed(middle, 1)} ({ends})"


def performance(rows: Rows, table1: Rows, outcome: Mapping[str, str], confidence: float) -> Table:
    """Table 2: each model in each sample, the honest samples first."""
    sizes = {row["group"]: row["n"] for row in where(table1, variable="patients")}
    lines: list[list[str]] = []
    for sample in heads_in(rows):
        lines.append([say(HEADS[sample])])
        for model in models_in(where(rows, sample=sample)):
            found = (
                with_interval(metric(rows, model, sample, name), digits)
                for name, (_, digits) in METRICS.items()
            )
            lines.append([model_label(model), *found])
    level = f"{100 * confidence:g}"
    notes = [
        say("{n} patients, {events} with {positive}. Estimates with {level} % confidence "
            "intervals in parentheses.", n=sizes.get("total", "?"),
            events=sizes.get("positive", "?"), positive=outcome["positive"], level=level),
        say("Cross-validated figures were measured on patients held back, with every data-driven "
            "step repeated in each training part. .632+ and Harrell's are corrected for optimism "
            "by the bootstrap. Apparent figures were fitted and judged on the same patients; they "
            "and Harrell's are optimistic."),
    ]  # fmt: skip
    heads = [say("Model"), *(say(label) for label, _ in METRICS.values())]
    return Table(say("Table 2. Performance of the models"), heads, lines, notes)


def coefficients(
    tables: Mapping[str, Rows], table1: Rows, out_of_fold: Rows, confidence: float
) -> Table:
    """Table 3: the main models' terms; ``tables``: model -> coefficients, in-sample Radscore."""
    labels = {row["variable"]: row["label"] for row in table1} | {
        RADSCORE: "Radscore", INTERCEPT: say("Intercept")
    }  # fmt: skip
    parts = [(model_label(name), tables[name]) for name in MAIN_MODELS if tables.get(name)]
    if out_of_fold:
        name = say("{model}, out-of-fold Radscore", model=model_label("nomogram"))
        parts.insert(1, (name, out_of_fold))
    notes, lines = Footnotes(), []
    for name, rows in parts:
        common = {row["note"] for row in rows}
        shared = next(iter(common)) if len(common) == 1 else ""
        lines.append([name + notes.mark(hear(with_labels(shared, labels)))])
        for row in rows:
            mark = "" if shared else notes.mark(hear(with_labels(row["note"], labels)))
            lines.append(_term(row, labels, mark))
    ci = say("{level} % CI", level=f"{100 * confidence:g}")
    heads = [say("Term"), say("Coding"), say("Coefficient (SE)"),
             say("Odds ratio ({ci})", ci=ci), "P"]  # fmt: skip
    said = say("SE, standard error; CI, confidence interval (Wald). Coefficients are log odds.")
    title = say("Table 3. Coefficients of the models")
    return Table(title, heads, lines, [said, *notes.lines()])


def _term(row: Mapping[str, str], labels: Mapping[str, str], mark: str) -> list[str]:
    value, se = number(row["coefficient"]), number(row["se"])
    spread = "" if math.isnan(se) else f" ({se:.2f})"
    odds = [ratio(number(row[name])) for name in ("odds_ratio", "or_low", "or_high")]
    between = " to " if odds[2].startswith(">") else "–"  # "–>" reads as an arrow
    ends = "" if DASH in odds[1:] else f" ({odds[1]}{between}{odds[2]})"
    is_intercept = row["term"] == INTERCEPT
    # A feature's mean and SD stand in the signature's own table.
    coding = say("per SD") if row["coding"].startswith("(x - ") else hear(row["coding"])
    return [
        labels.get(row["term"], row["term"]) + mark,
        coding or hear(row["unit"]) or DASH,
        DASH if math.isnan(value) else signed(value, 2) + spread,
        DASH if is_intercept or odds[0] == DASH else odds[0] + ends,
        p_value(row["p"]),
    ]
