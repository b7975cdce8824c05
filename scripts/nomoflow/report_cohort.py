"""The cohort in the report: Table 1, missing values, exclusions, agreement on signs."""

from collections.abc import Mapping

from nomoflow.language import say
from nomoflow.report_blocks import (
    absent,
    cell,
    decimal,
    filled,
    interval,
    p_value,
    table,
    text,
    whole,
)
from nomoflow.report_heard import hear
from nomoflow.wording import Rows, number, where


def flow(study: Mapping) -> list[dict]:
    """How many patients and features remain after each step."""
    return [study["figure"]("flow")]


def characteristics(study: Mapping) -> list[dict]:
    """Table 1 and the missing values."""
    return [
        _table_one(study["table1"], study["outcome"]),
        _missing(study["missing"], study["outcome"]),
    ]


def left_out(study: Mapping) -> list[dict]:
    """Who is not in the study, and why."""
    return exclusions(study["exclusions"])


def exclusions(rows: Rows | None) -> list[dict]:
    """How many were left out for each reason, and who."""
    if not rows:
        return [absent("No patient was excluded.")]
    reasons = list(dict.fromkeys((row["stage"], row["reason"]) for row in rows))
    patients = [
        len({row["patient"] for row in rows if (row["stage"], row["reason"]) == reason})
        for reason in reasons
    ]
    columns = ("patient", "phase", "reading", "stage", "reason", "detail")
    return [
        table(
            ["Stage", "Reason", "Patients"],
            [(*map(hear, reason), whole(n)) for reason, n in zip(reasons, patients, strict=True)],
            "Exclusions. Patients left out for each reason; a patient counts once for each.",
            sources=[rows],
        ),
        table(
            [name.capitalize() for name in columns],
            [
                [cell(_own(name, row.get(name)), "does not apply") for name in columns]
                for row in rows
            ],
            say("Exclusions, one by one ({many} rows).", many=len(rows)),
            folded=True,
        ),
    ]


def _own(column: str, content: str | None) -> str | None:
    """A cell in the language spoken, where the words may be the workflow's and not the study's."""
    return hear(content) if column in ("stage", "reason", "detail") else content


def _table_one(rows: Rows | None, outcome: Mapping) -> dict:
    if not rows:
        return absent("There is no Table 1: the study has no clinical predictors.")
    sizes = {r["group"]: r["n"] for r in rows if r["variable"] == "patients"}
    heads = {"total": say("All"), "positive": outcome["positive"], "negative": outcome["negative"]}
    body = []
    for name in dict.fromkeys(row["variable"] for row in rows if row["variable"] != "patients"):
        own = {row["group"]: row for row in where(rows, variable=name)}
        first = next(iter(own.values()))
        level = say(": {level}", level=first["level"]) if first["level"] else ""
        body.append(
            [
                first["label"] + level + say(_HOW.get(first["summary"], "")),
                *(_summary(own.get(group)) for group in heads),
                cell(hear(first["test"]), "not tested"),
                p_value(first["p"]),
            ]
        )
    if not body:
        return absent("There is no Table 1: the study has no clinical predictors.")
    columns = [
        "Characteristic",
        *(
            say("{group} (n = {n})", group=head, n=sizes.get(group, "?"))
            for group, head in heads.items()
        ),
        "Test",
        "P",
    ]
    return table(
        columns,
        body,
        "Table 1. Patients by outcome: number (%) for counts, otherwise mean ± SD or median "
        "(quartiles) as each row says. P values are of the named test, without correction for "
        "multiple tests.",
    )


_HOW = {"count": ", n (%)", "mean": ", mean ± SD", "median": ", median (quartiles)"}


def _summary(row: Mapping[str, str] | None) -> dict:
    if row is None:
        return cell("", "no patient in this group")
    if row["summary"] == "count":
        return filled(say("{} ({})"), whole(row["n"]), decimal(row["percent"], 1))
    if row["summary"] == "mean":
        parts = (decimal(row[name], 1) for name in ("mean", "sd"))
        return filled("{} ± {}", *parts)
    parts = (decimal(row[name], 1) for name in ("median", "q1", "q3"))
    return filled(say("{} ({} to {})"), *parts)


def _missing(rows: Rows | None, outcome: Mapping) -> dict:
    if rows is None:
        return absent("Missing values were not counted.")
    gaps = [row for row in rows if number(row["missing"]) > 0]
    if not gaps:
        return text("No value of any predictor is missing.")
    return table(
        ["Predictor", "Kind", "Patients", "Missing", "%", outcome["positive"],
         outcome["negative"], "Imputed value"],
        [
            (
                row["variable"].replace("_", " "),
                say(row["kind"]),
                whole(row["n"]),
                whole(row["missing"]),
                decimal(row["percent"], 1),
                whole(row["positive_missing"]),
                whole(row["negative_missing"]),
                cell(row["values"], "nothing was imputed"),
            )
            for row in gaps
        ],
        "Missing values of the predictors, in all and by outcome. The imputed value is that of all "
        "patients, for the final model; in every fold and resample it is found anew from the "
        "training part. Values that are missing more often in one class can mislead any model.",
    )  # fmt: skip


def agreement(study: Mapping) -> dict:
    """Kappa of the two readers on each CT sign."""
    rows = study["agreement"]
    if not rows:
        return absent(
            "Agreement on the CT signs was not assessed: the participants table has no columns of "
            "two readers (sign_a, sign_b)."
        )
    return table(
        ["Sign", "Patients", "Agreed", "%", "Cohen's kappa", study["ci"]],
        [
            (
                row["sign"].replace("_", " "),
                whole(row["n"]),
                whole(row["agreed"]),
                decimal(row["percent"], 1),
                decimal(row["kappa"], 3, "not defined: a reader gave all patients one value"),
                interval(row),
            )
            for row in rows
        ],
        "Agreement of the two readers on the CT signs, before their consensus.",
    )
