"""Rule check_centre: whether this cohort's inputs are what the locked model takes them for."""

from pathlib import Path

import pandas as pd

from nomoflow.locked_cohort import refuse_development_patients
from nomoflow.locked_model import design_of, feature_columns
from nomoflow.mislabelled import COLUMNS, of_predictors
from nomoflow.mislabelled_images import (
    bin_width,
    hu_offset,
    lengths,
    phases_exchanged,
    standardised,
    training_of,
    with_regions,
)
from nomoflow.model_file import read_model, signatures_of
from nomoflow.run import log_to, read_rows, read_table, write_rows


def main(job):
    model = read_model(job.input.model)
    clinical = pd.DataFrame(read_rows(job.input.participants))
    tables = {Path(path).stem: read_table(path) for path in job.input.get("features") or ()}
    applied = job.params.models
    features = feature_columns(tables) if tables else None
    refuse_development_patients(
        model, clinical["patient"].tolist(), read_all(job.input.get("quality")), features
    )
    design = design_of(model, clinical, features, applied)
    rows = of_predictors(model, design.given, clinical)
    phases = list(model["features"]["phases"])
    quality = job.input.get("quality")
    regions = pd.DataFrame(read_rows(quality)) if quality else None
    if regions is not None:
        regions = regions[regions["reading"] == "a1"]
        regions = regions[regions["patient"].isin(design.patients)]
    told = model["cohort"].get("intensities") or {}
    # too few patients of a phase: suppressed
    seen = {phase: one for phase, one in told.items() if one["sd"]}
    training = training_of(signatures_of(model, applied), model["feature_ranges"])
    rows += hu_offset(training, design.features, phases, regions, seen)
    rows += standardised(training, design.features) or lengths(training, design.features, phases)
    training, features = with_regions(
        training, design.features, design.patients, phases, regions, seen
    )
    rows += phases_exchanged(training, features, phases)
    if regions is None:  # images are held to the model's settings; a ready table carries none
        rows += bin_width(training, features, phases)
    write_rows(rows, job.output.mislabelled, COLUMNS)


def read_all(path):
    """The rows of a table that a study without images does not have."""
    return read_rows(path) if path else []


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
