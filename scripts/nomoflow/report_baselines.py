"""Baselines and controls in the report: what simpler models do, and what size alone explains."""

from collections.abc import Mapping

from nomoflow.report_blocks import absent, decimal, interval, table, whole
from nomoflow.report_samples import figure_of, optimism, samples_of, samples_table
from nomoflow.wording import MAIN_MODELS, Rows, model_label, number, where

_HIGH_CORRELATION = 0.7


def baselines(study: Mapping) -> list[dict]:
    """Volume alone, clinical alone, each phase alone and combined; correlation with volume."""
    performance = study["performance"] or []
    if not performance:
        return [absent("No model was evaluated.")]
    there = {row["model"] for row in performance}
    phases = sorted(there - {*MAIN_MODELS, "volume"})
    order = {
        "volume": "Tumour volume alone",
        "image_features": "Image features alone",
        **{name: f"{model_label(name)} alone" for name in phases},
        "radiomics": "Radiomics, all phases combined",
        "nomogram": "Nomogram: combined radiomics and image features",
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
            f"AUC from the simplest model to the nomogram, {study['ci']} below each. A model earns "
            "its features by what it adds to the lines above it. Last column: apparent less "
            "cross-validated.",
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
        f"{high} of {len(features)} features lie beyond ±{_HIGH_CORRELATION:g}: such a feature may "
        "stand for size alone."
        if features
        else "It has no features."
    )
    return table(
        ["Feature", "Patients", "Spearman's ρ", study["ci"]],
        [
            (
                "Radscore" if row["feature"] == "radscore" else row["feature"],
                whole(row["n"]),
                decimal(row["rho"], 3, "not defined: one value in all patients"),
                interval(row),
            )
            for row in [*own, *sorted(features, key=_size, reverse=True)]
        ],
        f"Signature {name}: correlation with the tumour's volume. {said}",
        folded=name != "combined",
    )


def _size(row: Mapping[str, str]) -> float:
    return abs(number(row["rho"])) if row["rho"] else 0.0
