"""Sections of the report on the models: summary, coefficients, nomogram, evaluation."""

import math
from collections.abc import Mapping
from itertools import compress

from nomoflow.report_blocks import (
    MISSING,
    absent,
    cell,
    coefficient,
    decimal,
    flat,
    interval,
    note,
    p_value,
    table,
    text,
    whole,
)
from nomoflow.wording import (
    MAIN_MODELS,
    SAMPLES,
    Rows,
    metric,
    model_label,
    models_in,
    number,
    samples_in,
    where,
    with_interval,
)

_METRICS = {
    "auc": "AUC",
    "auc_within_fold": "AUC within folds, mean",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "cutoff": "Cut-off (linear predictor)",
    "brier": "Brier score",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
}
_LEADING = ("auc", "sensitivity", "specificity", "accuracy")
WHY_CROSS_VALIDATED = (
    "Read the cross-validated columns first. There each patient was judged by models made without "
    "that patient: scaling, LASSO and its penalty, choice of predictors, nomogram and cut-off were "
    "all repeated in every training part. The apparent columns judge the models on the very "
    "patients from whom features, coefficients and cut-off were chosen; such figures are "
    "optimistic, the more so the more candidate features there are. They are shown because "
    "published studies report them. Neither replaces patients from another centre."
)


def summary(study: Mapping) -> list[dict]:
    """The three models side by side, cross-validated first."""
    performance, outcome = study["performance"] or [], study["outcome"]
    models = models_in(performance)
    if not models:
        return [absent("No model was evaluated.")]
    lead = f"The models give the probability of {outcome['positive']} against {outcome['negative']}"
    honest = metric(performance, models[0], "cross_validated", "auc")
    apparent = metric(performance, models[0], "apparent", "auc")
    sentence = f"{lead}{_among(study)}."
    if honest:
        sentence += f" {model_label(models[0])}: cross-validated AUC {with_interval(honest)}"
        sentence += f"; apparent, and optimistic, {with_interval(apparent)}." if apparent else "."
    rows = [
        [
            model_label(model),
            *_leading(performance, model, "cross_validated"),
            *_leading(performance, model, "apparent"),
            _optimism(performance, model),
        ]
        for model in models
    ]
    names = [f"AUC ({study['ci']})", "Sens.", "Spec.", "Acc."]
    blocks = [
        text(sentence),
        table(
            ["Model", *names, *names, "AUC"],
            rows,
            f"The models side by side{_among(study)}. Sensitivity is the share of "
            f"{outcome['positive']} at or above the cut-off. Last column: apparent less "
            "cross-validated.",
            groups=[("", 1), ("Cross-validated", 4), ("Apparent (optimistic)", 4), ("Optimism", 1)],
        ),
        note(WHY_CROSS_VALIDATED),
    ]
    if study["warnings"]:
        many = len(study["warnings"])
        blocks.append(note(f"This run gave {many} warning{'s' * (many > 1)}: see Warnings."))
    return blocks


def _among(study: Mapping) -> str:
    return f" ({study['people']})" if study["people"] else ""


def _leading(performance: Rows, model: str, sample: str) -> list[dict]:
    rows = [metric(performance, model, sample, name) for name in _LEADING]
    missing = f"not computed: {SAMPLES[sample].partition(' (')[0].lower()}"
    first = cell(with_interval(rows[0]), numeric=True) if rows[0] else cell("", missing)
    return [first, *(decimal(row and row["estimate"], 2, missing) for row in rows[1:])]


def _optimism(performance: Rows, model: str) -> dict:
    pair = [metric(performance, model, sample, "auc") for sample in ("apparent", "cross_validated")]
    if not all(pair):
        return cell("", "needs both figures")
    return decimal(number(pair[0]["estimate"]) - number(pair[1]["estimate"]))


def models(study: Mapping) -> list[dict]:
    """Coefficients of each model with unit and coding, and the variance inflation."""
    blocks: list[dict] = []
    described = (study["model"] or {}).get("models", {})
    for name, rows in study["coefficients"].items():
        state = described.get(name, {})
        reason = state.get("reason") or ""
        if not rows:
            blocks.append(absent(f"{model_label(name)} has no coefficients. {reason}".strip()))
            continue
        blocks.append(_coefficients(name, rows, reason, study))
    blocks.append(_vif(study["vif"]))
    return blocks or [absent("No model was fitted.")]


_COLUMNS = ("Coefficient", "SE", "P", "Wald", "Profile", "Odds ratio", "OR's CI")


def _coefficients(name: str, rows: Rows, reason: str, study: Mapping) -> dict:
    body = [
        [
            coefficient(row["coefficient"]),
            coefficient(row["se"]),
            p_value(row["p"]),
            interval(row),
            interval(row, "profile_low", "profile_high"),
            coefficient(row["odds_ratio"]),
            interval(row, "or_low", "or_high", 2),
        ]
        for row in rows
    ]
    # What a penalised or separated model has for no term would be a table of dashes.
    there = [any(one["text"] != MISSING for one in column) for column in zip(*body, strict=True)]
    none = [column for column, present in zip(_COLUMNS, there, strict=True) if not present]
    notes = list(dict.fromkeys(row["note"] for row in rows if row["note"]))
    shared = len(notes) == 1 and all(row["note"] for row in rows)
    columns = ["Term", "Unit and coding", *compress(_COLUMNS, there)]
    table_rows = [
        [
            row["term"],
            cell(_coding(row), "the intercept has none"),
            *compress(values, there),
            *([cell(row["note"], "no remark")] if notes and not shared else []),
        ]
        for row, values in zip(rows, body, strict=True)
    ]
    sentences = [
        f"{model_label(name)}: coefficients of the log-odds of {study['outcome']['positive']}"
        f"{_among(study)}, fitted on all of them; {study['ci']}, Wald and profile likelihood",
        "" if shared and notes[0].startswith(reason) else reason,
        notes[0] if shared else "",
        f"not estimated for any term: {', '.join(none)}" if none else "",
    ]
    return table(
        columns + (["Remark"] if notes and not shared else []),
        table_rows,
        " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in sentences if part),
        folded=name not in MAIN_MODELS,
    )


def _coding(row: Mapping[str, str]) -> str:
    """A z-score's mean and SD stand in the signature's table."""
    return "per SD" if row["unit"] == "SD" else row["coding"] or row["unit"]


def _vif(rows: Rows | None) -> dict:
    if not rows:
        return absent("No model has two terms or more, so variance inflation is not defined.")
    return table(
        ["Model", "Term", "VIF"],
        [(model_label(row["model"]), row["term"], decimal(row["vif"], 2)) for row in rows],
        "Variance inflation factors: how much each coefficient's variance grows because the "
        "terms tell of each other.",
    )


def nomogram(study: Mapping) -> list[dict]:
    """The figure, and the formula behind it."""
    rows = study["coefficients"].get("nomogram", [])
    if not [row for row in rows if row["term"] != "(Intercept)"]:
        state = (study["model"] or {}).get("models", {}).get("nomogram", {})
        return [absent(f"No predictor was kept. {state.get('reason') or ''}".strip())]
    positive = study["outcome"]["positive"]
    return [
        study["figure"]("nomogram"),
        text(f"With P the probability of {positive}: {formula(rows)}"),
    ]


def formula(rows: Rows) -> str:
    """The linear predictor in words: "ln(P / (1 − P)) = 1.135 − 1.985 × Radscore ..."."""
    parts = []
    for row in rows:
        value = number(row["coefficient"])
        size = "not defined" if math.isnan(value) else coefficient(abs(value), digits=4)["text"]
        sign = "−" if value < 0 else "+"
        coding = f" ({row['coding']})" if row["coding"].startswith(("per ", "1 = ")) else ""
        times = "" if row["term"] == "(Intercept)" else f" × {row['term']}{coding}"
        parts.append(f"{sign} {size}{times}")
    parts[0] = parts[0].removeprefix("+ ").replace("− ", "−")
    return f"ln(P / (1 − P)) = {' '.join(parts)}"


def evaluation(study: Mapping) -> list[dict]:
    """Every metric with its interval and method, the tests, and the figures."""
    performance = study["performance"] or []
    if not performance:
        return [absent("No model was evaluated.")]
    blocks = [study["figure"](name) for name in ("roc", "calibration", "dca", "scores")]
    for sample in reversed(samples_in(performance)):
        rows = where(performance, sample=sample)
        body = [
            (
                model_label(row["model"]),
                _METRICS.get(row["metric"], row["metric"]),
                decimal(row["estimate"]),
                interval(row),
                cell(row["method"], "no interval is computed for it"),
            )
            for row in sorted(rows, key=_by_model)
        ]
        blocks.append(
            table(
                ["Model", "Metric", "Estimate", study["ci"], "Method"],
                body,
                f"Performance. {SAMPLES[sample]}{_among(study)}.",
                folded=sample == "apparent",
            )
        )
    blocks.extend(_delong(study))
    blocks.append(_hosmer_lemeshow(study["hosmer_lemeshow"]))
    return blocks


def _by_model(row: Mapping[str, str]) -> tuple:
    order = [*MAIN_MODELS, "volume"]
    place = order.index(row["model"]) if row["model"] in order else len(order)
    metrics = list(_METRICS)
    known = row["metric"] in metrics
    return place, row["model"], metrics.index(row["metric"]) if known else len(metrics)


def _delong(study: Mapping) -> list[dict]:
    rows = study["delong"]
    if not rows:
        return [absent("No two models could be compared by DeLong's test.")]
    main = [row for row in rows if {row["model_a"], row["model_b"]} <= set(MAIN_MODELS)]
    rest = [row for row in rows if row not in main]
    caption = (
        "DeLong's test between models on the same patients. Between nested models on the patients "
        "they were fitted to it is not valid (Demler 2012) and is printed as studies report it."
    )
    blocks = [_comparisons(main, caption, study)] if main else []
    if rest:
        blocks.append(_comparisons(rest, "DeLong's test, further pairs of models.", study, True))
    return blocks


def _comparisons(rows: Rows, caption: str, study: Mapping, folded: bool = False) -> dict:
    return table(
        ["Sample", "Models", "AUC", "AUC", "Difference", study["ci"], "z", "P", "Remark"],
        [
            (
                SAMPLES.get(row["sample"], row["sample"]).partition(" (")[0],
                f"{model_label(row['model_a'])} − {model_label(row['model_b'])}",
                decimal(row["auc_a"]),
                decimal(row["auc_b"]),
                decimal(row["difference"]),
                interval(row),
                decimal(row["z"], 2),
                p_value(row["p"], row["note"] or "not defined"),
                cell(row["note"], "no remark"),
            )
            for row in rows
        ],
        caption,
        folded=folded,
    )


def _hosmer_lemeshow(rows: Rows | None) -> dict:
    if not rows:
        return absent("The Hosmer-Lemeshow test could not be computed for any model.")
    return table(
        ["Model", "Sample", "Groups", "χ²", "df", "P", "Remark"],
        [
            (
                model_label(row["model"]),
                SAMPLES.get(row["sample"], row["sample"]).partition(" (")[0],
                whole(row["groups"]),
                decimal(row["chi2"], 2),
                whole(row["df"], "does not apply"),
                p_value(row["p"], row["note"] or "not defined"),
                cell(row["note"], "no remark"),
            )
            for row in rows
        ],
        "Hosmer-Lemeshow test. A large P is no proof of calibration, and depends on the number of "
        "groups: look at the calibration curves.",
    )


def warnings(study: Mapping) -> list[dict]:
    """Everything the run warned of, with the remedy."""
    rows = study["warnings"]
    if rows is None:
        return [absent("Warnings were not collected.")]
    if not rows:
        return [text("This run gave no warnings.")]
    columns = ("stage", "code", "subject", "message", "remedy")
    return [
        table(
            [name.capitalize() for name in columns],
            [[row[name] for name in columns] for row in rows],
            f"Warnings of this run ({len(rows)}).",
        )
    ]


def settings(study: Mapping) -> list[dict]:
    """The configuration in force, the feature engine's settings, and the model's digest."""
    blocks = [_keys(study["config"], "Configuration in force.")]
    if study["settings"]:
        blocks.append(_keys(study["settings"], "Feature engine and its settings."))
    else:
        blocks.append(absent("The feature engine's settings are not known."))
    document = study["model"] or {}
    if document.get("digest"):
        blocks.append(
            text(f"Model version {document.get('version')}, digest {document['digest']}.")
        )
    return blocks


def _keys(content: Mapping, caption: str) -> dict:
    return table(["Key", "Value"], flat(content), caption, folded=True)
