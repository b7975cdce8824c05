"""Rule write_predictions: a locked model's predictions of patients without an outcome."""

from pathlib import Path

import pandas as pd

from nomoflow.language import speaking
from nomoflow.locked_model import feature_columns
from nomoflow.mislabelled import stop_where_mislabelled
from nomoflow.model_file import read_model
from nomoflow.patient_predictions import predictions
from nomoflow.predictions_page import page, render
from nomoflow.run import log_to, read_rows, read_table, replacing, write_table


def main(job):
    given = job.params
    stop_where_mislabelled(job.input.mislabelled, given.on_mislabelled)
    model = read_model(job.input.model)
    phases = {Path(path).stem: read_table(path) for path in job.input.get("features") or ()}
    images = job.input.get("image_warnings")
    table, points, warned = predictions(
        model,
        pd.DataFrame(read_rows(job.input.participants)),
        feature_columns(phases) if phases else None,
        [of_image(row) for row in read_rows(images)] if images else (),
        given.confidence,
        given.models,
    )
    write_table(table, job.output.predictions)
    write_table(warned, job.output.warnings)
    with speaking(given.language):
        content = page(
            model,
            table.to_dict("records"),
            points.to_dict("records"),
            warned.to_dict("records"),
            given.centre,
            given.confidence,
            given.pseudonyms,
        )
        text = render(content)
    with replacing(job.output.page) as aside:
        aside.write_text(text, encoding="utf-8")


def of_image(row):
    """A warning of the preflight as one of the page's."""
    key = {name: row[name] for name in ("patient", "kind", "found")}
    return key | {"subject": row["phase"], "expected": row["allowed"]}


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
