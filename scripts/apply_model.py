"""Rule apply_model: the locked models, unchanged, on this cohort."""

from pathlib import Path

import pandas as pd

from nomoflow.locked_cohort import (
    models_to_apply,
    outcomes,
    refuse_other_settings,
)
from nomoflow.locked_model import (
    NOMOGRAM,
    RAW_COLUMNS,
    design_of,
    feature_columns,
    outside_range,
    predict,
)
from nomoflow.model_file import features_needed, read_model
from nomoflow.run import log_to, read_json, read_rows, read_table, write_table

COLUMNS = [
    "patient", "outcome", "model", "radscore", "linear_predictor", "probability", "cutoff", "call",
    "total_points", "warning",
]  # fmt: skip
POINTS = ["patient", "predictor", "value", "points"]
NOT_PREDICTED = ["patient", "model", "reason"]


def main(job):
    model = read_model(job.input.model)
    names = models_to_apply(model, job.params.models)
    participants = read_rows(job.input.participants)
    clinical = pd.DataFrame(sorted(participants, key=lambda row: row["patient"]))
    tables = {Path(path).stem: read_table(path) for path in job.input.get("features") or ()}
    features = feature_columns(tables) if tables else None

    settings = job.input.get("settings")
    if settings:
        needed = [phase for phase, wanted in features_needed(model, names).items() if wanted]
        refuse_other_settings(model, read_json(settings), needed)

    made = predict(model, clinical, features, names)
    outcome = outcomes(clinical, job.params.outcome)
    made = made.assign(outcome=outcome.reindex(made["patient"]).array)
    raw = [name for name in RAW_COLUMNS if name in made]
    write_table(made[[*COLUMNS, *raw]], job.output.predictions)
    write_table(outside_range(model, clinical, features, names), job.output.outside_range)
    write_table(not_predicted(made), job.output.not_predicted)
    write_table(points_of(model, clinical, features, made), job.output.points)


def not_predicted(made):
    """Who has no prediction by which model, and what is missing."""
    rows = made[made["linear_predictor"].isna()]
    reasons = [
        "; ".join(
            part.removeprefix("no probability: ")
            for part in text.split("; ")
            if part.startswith("no probability: ")
        )
        for text in rows["warning"]
    ]
    return rows.assign(reason=reasons)[NOT_PREDICTED]


def points_of(model, clinical, features, made):
    """The nomogram's points by patient and term, values in the term's own unit (0 or 1: levels)."""
    terms = model["models"][NOMOGRAM]["terms"]
    rows = made[made["model"] == NOMOGRAM]
    if rows.empty or not terms:
        return pd.DataFrame(columns=POINTS)
    values = design_of(model, clinical, features, [NOMOGRAM]).columns
    parts = [
        pd.DataFrame(
            {
                "patient": rows["patient"].to_numpy(),
                "predictor": term["name"],
                "value": values[term["name"]].to_numpy() * term.get("per", 1.0),
                "points": rows[f"points_{term['name']}"].to_numpy(),
            }
        )
        for term in terms
    ]
    return pd.concat(parts).sort_values("patient", kind="stable").reset_index(drop=True)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
