"""Baselines and controls in the report: what simpler models do, and what size alone explains."""

from collections.abc import Mapping

from nomoflow.language import say
from nomoflow.report_blocks import absent, decimal, interval, sentences, table, whole
from nomoflow.report_samples import figure_of, optimism, samples_of, samples_table, signature_name
from nomoflow.wording import MAIN_MODELS, Rows, in_order, model_label, number, where

_HIGH_CORRELATION = 0.7


def baselines(study: Mapping) -> list[dict]:
    """Volume alone, clinical alone, each phase alone and combined; correlation with volume."""
    performance = study["performance"] or []
    if not performance:
        return [absent("No model was evaluated.")]
    there = {row["model"] for row in performance}
    phases = in_order(there - {*MAIN_MODELS, "volume"}, study["phases"])
    order = {
        "volume": say("Tumour volume alone"),
        "image_features": say("Image features alone"),
        **{name: say("{model} alone", model=model_label(name)) for name in phases},
        "radiomics": say("Radiomics, all phases combined"),
        "nomogram": say("Nomogram: combined radiomics and image features"),
    }
    blocks = [
        samples_table(
            ["Model"],
            [
                ([label], figure_of(performance, name, "auc"))
                for name, label in order.items()
                if name in there
            ],
            samples_of(performance),
            say(
                "AUC from the simplest model to the nomogram, {ci} below each. A model earns "
                "its features by what it adds to the lines above it. Last column: apparent less "
                "cross-validated.",
                ci=study["ci"],
            ),
            last=[("Optimism", _optimism_of(performance, order))],
        )
    ]
    if "volume" not in there:
        blocks.append(
            absent(
                "There is no tumour-volume baseline: this study's features have no volume in mL."
            )
        )
    return [*blocks, *_volume_correlation(study)]


def _optimism_of(performance: Rows, order: Mapping[str, str]):
    names = {label: name for name, label in order.items()}
    return lambda leading: optimism(performance, names[leading[0]])


def _volume_correlation(study: Mapping) -> list[dict]:
    rows = [row for row in study["volume_correlation"] or [] if number(row["n"]) > 0]
    if not rows:
        return [
            absent(
                "The signatures were not compared with the tumour's volume: the study's features "
                "have none in mL."
            )
        ]
    return [
        _of_signature(name, where(rows, signature=name), study)
        for name in dict.fromkeys(row["signature"] for row in rows)
    ]


def _of_signature(name: str, rows: Rows, study: Mapping) -> dict:
    features = [row for row in rows if row["feature"] != "radscore"]
    high = sum(_size(row) > _HIGH_CORRELATION for row in features)
    own = [row for row in rows if row["feature"] == "radscore"]
    said = (
        say(
            "{high} of {many} features lie beyond ±{limit}: such a feature may stand for size "
            "alone.",
            high=high,
            many=len(features),
            limit=f"{_HIGH_CORRELATION:g}",
        )
        if features
        else say("It has no features.")
    )
    return table(
        ["Feature", "Patients", "Spearman's ρ", study["ci"]],
        [
            (
                say("Radscore") if row["feature"] == "radscore" else row["feature"],
                whole(row["n"]),
                decimal(row["rho"], 3, "not defined: one value in all patients"),
                interval(row),
            )
            for row in [*own, *sorted(features, key=_size, reverse=True)]
        ],
        sentences(
            say(
                "Signature {name}: correlation with the tumour's volume.", name=signature_name(name)
            ),
            said,
        ),
        folded=name != "combined",
    )


def _size(row: Mapping[str, str]) -> float:
    return abs(number(row["rho"])) if row["rho"] else 0.0
