"""What a reader sees first: the models side by side, and the warnings with their remedies."""

from collections.abc import Container, Mapping

from nomoflow.language import say
from nomoflow.report_blocks import absent, estimate, note, sentences, table, text, whole
from nomoflow.report_heard import hear
from nomoflow.report_models import term_labels
from nomoflow.report_samples import among, figure_of, optimism, samples_of
from nomoflow.wording import (
    HEADS,
    OPTIMISTIC,
    Rows,
    by_importance,
    metric,
    model_label,
    models_in,
    with_interval,
    with_labels,
)

_JUDGED = {
    "sensitivity": ("Sens.", 2),
    "specificity": ("Spec.", 2),
    "accuracy": ("Acc.", 2),
    "brier": ("Brier", 3),
    "calibration_slope": ("Slope", 2),
}
WHY = (
    "Cross-validated and .632+ figures lead because they rest on patients that the models were "
    "not made from, with every data-driven step repeated; Harrell's correction of the apparent "
    "figure stays too high where features are selected: with shuffled outcomes its AUC is "
    "0.56 on average where patients left out of a resample give 0.50 (docs/simulations.md)."
)
NEITHER = (
    "The optimistic figures are shown because published studies report them. None of these "
    "replaces patients from another centre."
)


def summary(study: Mapping) -> list[dict]:
    """The main models side by side: honest figures first, what is optimistic marked."""
    performance, outcome = study["performance"] or [], study["outcome"]
    models = models_in(performance)
    if not models:
        return [absent("No model was evaluated.")]
    blocks = [
        text(_sentence(study, performance, models[0])),
        _side_by_side(study, performance, models, outcome),
        note(sentences(say(WHY), say(NEITHER))),
    ]
    if not any(row["sample"].startswith("corrected") for row in performance):
        blocks.append(
            absent(
                ".632+ and Harrell's correction are not available: this run drew no resamples "
                "(evaluation.resamples)."
            )
        )
    if study["warnings"]:
        blocks.append(note(_warned(study["warnings"])))
    return blocks


def _warned(rows: Rows) -> str:
    """How many warnings there are, and the gravest kinds."""
    kinds = list(dict.fromkeys(_kind(row["stage"], row["code"]) for row in by_importance(rows)))
    more = len(kinds) - _SHOWN
    return say(
        "This run gave {many} warnings, each with its remedy under Warnings: {kinds}{more}.",
        many=len(rows),
        kinds=say(", ").join(kinds[:_SHOWN]),
        more=say(" and {more} more", more=more) if more > 0 else "",
    )


def _kind(stage: str, code: str) -> str:
    return say("{stage}: {kind}", stage=hear(stage), kind=say(code.replace("_", " ")))


def _sentence(study: Mapping, performance: Rows, model: str) -> str:
    outcome = study["outcome"]
    lead = "The models give the probability of {positive} against {negative}{among}."
    sides = {name: outcome[name] for name in ("positive", "negative")}
    parts = [say(lead, **sides, among=among(study))]
    found = [(name, metric(performance, model, name, "auc")) for name in samples_of(performance)]
    honest = [
        f"{say(_LEADS[name])} {with_interval(row)}" for name, row in found if row and name in _LEADS
    ]
    if honest:
        apparent = metric(performance, model, "apparent", "auc")
        own = say("; apparent, and optimistic, {auc}", auc=with_interval(apparent))
        parts.append(
            say(
                "{model}: {honest}{apparent}.",
                model=model_label(model),
                honest=say(", ").join(honest),
                apparent=own if apparent else "",
            )
        )
    return sentences(*parts)


_LEADS = {"cross_validated": "cross-validated AUC", "corrected_632": ".632+ AUC"}


def _side_by_side(study: Mapping, performance: Rows, models: list[str], outcome: Mapping) -> dict:
    samples = samples_of(performance)
    honest = [name for name in samples if name not in OPTIMISTIC]
    optimistic = [name for name in samples if name in OPTIMISTIC]
    groups = [
        ("", 1),
        (say("AUC ({ci}), honest", ci=study["ci"]), len(honest)),
        ("AUC, optimistic", len(optimistic)),
        ("Cross-validated", len(_JUDGED)),
        ("Optimism", 1),
    ]
    rows = [
        [
            model_label(model),
            *map(figure_of(performance, model, "auc"), [*honest, *optimistic]),
            *(
                estimate(_bare(metric(performance, model, "cross_validated", name)), digits)
                for name, (_, digits) in _JUDGED.items()
            ),
            optimism(performance, model),
        ]
        for model in models
    ]
    start = 1 + len(honest)
    return table(
        ["Model", *(HEADS[name] for name in [*honest, *optimistic]),
         *(label for label, _ in _JUDGED.values()), "of AUC"],
        rows,
        say(
            "The models side by side{among}; optimistic figures stand in italics on hatched "
            "ground. Sensitivity is the share of {positive} at or above the cut-off; a calibration "
            "slope below 1 means predictions that are too extreme. Last column: apparent less "
            "cross-validated AUC.",
            among=among(study),
            positive=outcome["positive"],
        ),
        groups=[(name, wide) for name, wide in groups if wide],
        marked=range(start, start + len(optimistic)),
    )  # fmt: skip


def _bare(row: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Without its interval, which Evaluation gives."""
    return row and {**row, "ci_low": "", "ci_high": ""}


_SHOWN = 3  # subjects named in a line
_SAID = ("stage", "subject", "message", "remedy")
_COLUMNS = ("stage", "code", "subject", "message", "remedy")


def warnings(study: Mapping) -> list[dict]:
    """Everything the run warned of, a line for each kind, with the remedy."""
    rows = study["warnings"]
    if rows is None:
        return [absent("Warnings were not collected.")]
    if not rows:
        return [text("This run gave no warnings.")]
    rows, labels = by_importance(rows), term_labels(study)
    kinds: dict[tuple, list] = {}
    for row in rows:
        kinds.setdefault((row["stage"], row["code"]), []).append(row)
    blocks = [
        table(
            ["Warning", "What it means", "Remedy", "Concerns", "Cases"],
            [
                [
                    _kind(stage, code),
                    with_labels(_first(own, "message"), labels),
                    _first(own, "remedy"),
                    _subjects(own, study["coefficients"]),
                    whole(len(own)),
                ]
                for (stage, code), own in kinds.items()
            ],
            "What a reader must know before trusting a number, the gravest first.",
            sources=[rows],
        )
    ]
    if len(kinds) < len(rows):
        blocks.append(
            table(
                [name.capitalize() for name in _COLUMNS],
                [
                    [hear(row[name]) if name in _SAID else row[name] for name in _COLUMNS]
                    for row in rows
                ],
                say("Warnings, one by one ({many}).", many=len(rows)),
                folded=True,
            )
        )
    return blocks


def _subjects(rows: Rows, models: Container[str]) -> str:
    names = list(dict.fromkeys(row["subject"] for row in rows))
    names = [model_label(name) if name in models else hear(name) for name in names]
    more = len(names) - _SHOWN
    said = say(" and {more} more", more=more) if more > 0 else ""
    return "; ".join(names[:_SHOWN]) + said


def _first(rows: Rows, column: str) -> str:
    """The first text, and that there are others."""
    others = len({row[column] for row in rows}) > 1
    return hear(rows[0][column]) + (say(" (the first)") if others else "")
