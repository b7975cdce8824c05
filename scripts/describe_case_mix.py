"""Rule describe_case_mix: this cohort beside the one that the locked model was made of."""

from pathlib import Path

import pandas as pd

from nomoflow.case_mix import case_mix, describe_centre, feature_shifts
from nomoflow.locked_model import design_of, feature_columns
from nomoflow.membership import of_model
from nomoflow.model_file import read_model, signatures_of
from nomoflow.run import log_to, read_rows, read_table, write_table

PREFERRED = ("nomogram", "image_features", "radiomics")


def main(job):
    model = read_model(job.input.model)
    predictions = read_table(job.input.predictions)
    patients = sorted(set(predictions["patient"]))
    participants = pd.DataFrame(read_rows(job.input.participants))
    participants = participants[participants["patient"].isin(patients)].reset_index(drop=True)
    phases = {Path(path).stem: read_table(path) for path in job.input.get("features") or ()}
    features = feature_columns(phases) if phases else None
    design = design_of(model, participants, features, job.params.models)
    terms = {term["name"]: term for one in model["models"].values() for term in one["terms"]}
    scores, y = {}, None
    for name, rows in predictions.groupby("model", sort=True):
        rows = rows.set_index("patient").loc[design.patients]
        scores[name] = rows["linear_predictor"].to_numpy(dtype=float)
        if "outcome" in rows and rows["outcome"].notna().all():
            y = rows["outcome"].to_numpy(dtype=int)
    acquisition, quality = (job.input.get(name) for name in ("acquisition", "quality"))
    centre = describe_centre(
        design.given,
        terms,
        scores,
        y,
        read_rows(acquisition) if acquisition else (),
        design.patients,
        read_rows(quality) if quality else (),
    )
    shifts = feature_shifts(signatures_of(model, job.params.models), design.features)
    labels = {name: term["label"] for name, term in terms.items()}
    write_table(case_mix(model["cohort"], centre, shifts, labels), job.output.case_mix)
    told_by = next((name for name in PREFERRED if name in scores), None)
    chosen = [term["name"] for term in model["models"][told_by]["terms"]] if told_by else []
    table = of_model(model["cohort"], design.given, chosen)
    write_table(table.assign(model=told_by), job.output.membership)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
