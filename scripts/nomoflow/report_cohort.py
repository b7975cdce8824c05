"""Sections of the report before the models: cohort, images, reliability, signature."""

from collections.abc import Mapping
from statistics import median

from nomoflow.report_blocks import (
    absent,
    cell,
    coefficient,
    decimal,
    interval,
    p_value,
    table,
    text,
    whole,
)
from nomoflow.wording import Rows, is_true, number, where


def cohort(study: Mapping) -> list[dict]:
    """Flow, exclusions, Table 1 and the readers' agreement on CT signs."""
    return [
        study["figure"]("flow"),
        *_exclusions(study["exclusions"]),
        _table_one(study["table1"], study["outcome"]),
        _agreement(study),
    ]


def _exclusions(rows: Rows | None) -> list[dict]:
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
            [(*reason, whole(n)) for reason, n in zip(reasons, patients, strict=True)],
            "Exclusions. Patients left out for each reason; a patient counts once for each.",
        ),
        table(
            [name.capitalize() for name in columns],
            [[cell(row.get(name), "does not apply") for name in columns] for row in rows],
            f"Exclusions, one by one ({len(rows)} rows).",
            folded=True,
        ),
    ]


def _table_one(rows: Rows | None, outcome: Mapping) -> dict:
    if not rows:
        return absent("There is no Table 1: the study has no clinical predictors.")
    sizes = {r["group"]: r["n"] for r in rows if r["variable"] == "patients"}
    heads = {"total": "All", "positive": outcome["positive"], "negative": outcome["negative"]}
    body = []
    for name in dict.fromkeys(row["variable"] for row in rows if row["variable"] != "patients"):
        own = {row["group"]: row for row in where(rows, variable=name)}
        first = next(iter(own.values()))
        level = f": {first['level']}" if first["level"] else ""
        body.append(
            [
                first["label"] + level + _HOW.get(first["summary"], ""),
                *(_summary(own.get(group)) for group in heads),
                cell(first["test"], "not tested"),
                p_value(first["p"]),
            ]
        )
    columns = [
        "Characteristic",
        *(f"{head} (n = {sizes.get(group, '?')})" for group, head in heads.items()),
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
        return cell(_words("{} ({})", whole(row["n"]), decimal(row["percent"], 1)), numeric=True)
    if row["summary"] == "mean":
        parts = (decimal(row[name], 2) for name in ("mean", "sd"))
        return cell(_words("{} ± {}", *parts), numeric=True)
    parts = (decimal(row[name], 2) for name in ("median", "q1", "q3"))
    return cell(_words("{} ({} to {})", *parts), numeric=True)


def _words(pattern: str, *cells: Mapping) -> str:
    return pattern.format(*(one["text"] for one in cells))


def _agreement(study: Mapping) -> dict:
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


def images(study: Mapping) -> list[dict]:
    """What was measured on the scans, summarised by phase and reading."""
    rows = study["quality"]
    if rows is None:
        return [absent("The study starts from a ready feature table, so no images were read.")]
    if not rows:
        return [absent("No scan was read: the table of image quality is empty.")]
    body = []
    found = {(row["phase"], row["reading"]) for row in rows}
    for phase, reading in sorted(found, key=lambda pair: _place(pair, study["phases"])):
        own = where(rows, phase=phase, reading=reading)
        body.append(
            [
                phase,
                reading,
                whole(len(own)),
                _range(own, "volume_mm3", 1000),
                _range(own, "volume_after_mm3", 1000),
                _range(own, "voxels_after", 1),
                whole(sum(number(row.get("components", "")) > 1 for row in own)),
                whole(sum(is_true(row.get("touches_edge", "")) for row in own)),
                decimal(max(number(row.get("shift_mm", "")) for row in own), 4, "not measured"),
            ]
        )
    return [
        table(
            ["Phase", "Reading", "Scans", "Volume, mL", "Resampled, mL", "Voxels resampled",
             "In pieces", "At the edge", "Shift, mm"],
            body,
            "Scans and masks: median (least to greatest) over the scans of each phase and reading "
            "(a1, analysed; b1, second reader; a2, first reader again). In pieces: masks of more "
            "than one component. Shift: largest disagreement of image and mask, repaired.",
        )
    ]  # fmt: skip


def _place(pair: tuple[str, str], phases: list[str]) -> tuple:
    """Phases as the study lists them, the reading that was analysed first."""
    phase, reading = pair
    return (
        phases.index(phase) if phase in phases else len(phases),
        phase,
        reading != "a1",
        reading,
    )


def _range(rows: Rows, column: str, unit: float) -> dict:
    values = [number(row.get(column, "")) / unit for row in rows]
    values = [value for value in values if value == value]
    if not values:
        return cell("", "not measured")
    digits = 1 if unit != 1 else 0
    parts = (decimal(value, digits) for value in (median(values), min(values), max(values)))
    return cell(_words("{} ({} to {})", *parts), numeric=True)


def reliability(study: Mapping) -> list[dict]:
    """How many features of each phase the readers agree on."""
    rows = study["icc"] or []
    if not rows or all(row["comparison"] == "none" for row in rows):
        return [
            absent(
                "Agreement on the features was not assessed: no patient was read a second time. "
                "Every feature went on, reliable or not."
            )
        ]
    body = []
    for phase in dict.fromkeys(row["phase"] for row in rows):
        own = where(rows, phase=phase)
        features = {row["feature"]: True for row in own}
        for row in own:
            features[row["feature"]] &= is_true(row["kept"])
        kept = sum(features.values())
        body.append(
            [phase, *_comparison(own, "inter"), *_comparison(own, "intra"), whole(len(features)),
             whole(kept), decimal(100 * kept / len(features), 1)]
        )  # fmt: skip
    form = next((row["form"] for row in rows if row["form"]), "")
    return [
        study["figure"]("icc"),
        table(
            ["Phase", "Patients", "Median ICC", "Patients", "Median ICC", "Features", "Kept", "%"],
            body,
            f"Features kept, by phase; {form or 'the coefficient'} as named in the table of all "
            "coefficients, with its interval. The filter was fitted once, never sees the outcome, "
            "and is held fixed in cross-validation.",
            groups=[("", 1), ("Between readers", 2), ("Same reader again", 2), ("", 3)],
        ),
    ]


def _comparison(rows: Rows, name: str) -> list[dict]:
    own = [row for row in where(rows, comparison=name) if row["icc"]]
    if not own:
        return [cell("", "not assessed"), cell("", "not assessed")]
    return [
        whole(max(number(row["n"]) for row in own)),
        decimal(median(number(row["icc"]) for row in own)),
    ]


def signature(study: Mapping) -> list[dict]:
    """Status of each signature and the features that it keeps."""
    statuses, selected = study["statuses"], study["selected"]
    if not statuses:
        return [absent("No signature was fitted.")]
    body = [
        (
            name,
            status.get("status"),
            whole(status.get("candidates")),
            whole(len(selected.get(name, []))),
            cell(status.get("score"), "there is no score"),
            cell(status.get("penalty"), "not recorded"),
            coefficient(status.get("lambda"), "there was nothing to penalise"),
            whole(status.get("folds")),
            cell(status.get("reason"), "nothing to explain"),
        )
        for name, status in statuses.items()
    ]
    blocks = [
        study["figure"]("lasso"),
        table(
            [
                "Signature",
                "Status",
                "Candidates",
                "Kept",
                "Score",
                "Penalty",
                "λ",
                "Folds",
                "Reason",
            ],
            body,
            "Signatures. Score: refit is an unpenalised logistic regression on the features kept, "
            "lasso the LASSO's own linear predictor.",
        ),
    ]
    for name in statuses:
        rows = selected.get(name, [])
        if not rows:
            reason = statuses[name].get("reason") or "no feature was kept"
            blocks.append(absent(f"Signature {name} is empty ({reason}): its score is constant."))
            continue
        blocks.append(
            table(
                ["Feature", "Mean", "SD", "LASSO", "Radscore"],
                [
                    (
                        row["feature"],
                        *(
                            coefficient(row[column])
                            for column in ("mean", "sd", "lasso_coefficient", "coefficient")
                        ),
                    )
                    for row in rows
                ],
                f"Signature {name}: {len(rows)} features. Mean and SD of the patients analysed; "
                "coefficients per SD, of the LASSO and of the Radscore.",
                folded=name != "combined",
            )
        )
    blocks.append(
        text(
            "Other features may do as well: LASSO chooses one of several that say the same, so the "
            "names above should not be read as biology."
        )
    )
    return blocks
