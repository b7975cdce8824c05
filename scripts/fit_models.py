"""Rule fit_models: the models on all patients, with coefficients, nomogram axes and cut-offs."""

from pathlib import Path

import pandas as pd

from nomoflow import coefficients, nomogram
from nomoflow.dataset import as_dataset, signature_of
from nomoflow.fingerprints import row_fingerprint
from nomoflow.harmonised_study import harmonised
from nomoflow.model_document import (
    describe_harmonisation,
    describe_term,
    model_document,
)
from nomoflow.model_file import check_model
from nomoflow.models import RADSCORE, Choices, fit_study
from nomoflow.regression import variance_inflation
from nomoflow.run import log_to, read_json, read_rows, read_table, write_json, write_table
from nomoflow.signature_tables import from_description
from nomoflow.validation import predictions


def main(job):
    given = job.params
    choices = Choices(**given.choices)
    raw = as_dataset(read_table(job.input.dataset))
    statuses = map(read_json, job.input.signatures)
    signatures = dict(zip(given.signatures, map(from_description, statuses), strict=True))
    fitted = fit_study(raw, choices, [], given.models, signatures)
    data = harmonised(raw, fitted.harmonisation)
    models, columns = fitted.models, fitted.design(raw)

    for path in job.output.coefficients:
        name = Path(path).parent.name
        if name not in given.models:  # a variant of the study has fewer
            table = pd.DataFrame(columns=coefficients.COLUMNS)
        elif name.startswith("radiomics"):
            signature = signatures[signature_of(name)]
            table = coefficients.of_signature(signature, data, given.confidence)
        else:
            table = coefficients.of_model(
                models[name], columns, data.y, choices.predictors, given.confidence
            )
        write_table(table, path)
    write_table(collinearity(models, columns), job.output.vif)

    final = models["nomogram"]
    terms = [axis(term, value, columns, choices.predictors) for term, value in slopes(final)]
    axes, scale = nomogram.axes(terms), nomogram.scale(terms, final.intercept)
    write_table(axes, job.output.axes)
    write_table(scale, job.output.scale)
    write_table(points_by_patient(terms, columns, data.patients), job.output.points)
    write_table(
        predictions(
            data, columns, models, given.models, data.y, sample="apparent", repeat=0, fold=0
        ),
        job.output.predictions,
    )
    study = {"study": given.study, "version": given.version, "outcome": given.outcome}
    drawn = {"axes": axes.to_dict("records"), "scale": scale.to_dict("records")}
    document = model_document(
        {**study, "images": given.images, "nomogram": drawn},
        data,
        columns,
        signatures,
        models,
        choices.predictors,
        read_json(job.input.settings),
        fitted.filled_in if choices.missing == "impute" else None,
        harmonisation=describe_harmonisation(fitted.harmonisation, choices, signatures),
        **of_images(job, raw, signatures),
    )
    check_model(document, job.output.model)
    write_json(document, job.output.model)


def of_images(job, data, signatures):
    """What the document tells of the images, and by what a patient of another cohort is found."""
    if not job.input.get("quality"):
        used = sorted({name for signature in signatures.values() for name in signature.features})
        rows = data.features[used].to_dict("records")
        return {"fingerprints": map(row_fingerprint, rows), "fingerprints_of": "features"}
    quality, patients = read_rows(job.input.quality), set(data.patients)
    first = [row for row in quality if row["reading"] == "a1" and row["patient"] in patients]
    return {
        "acquisition": read_rows(job.input.acquisition),
        "quality": quality,
        "fingerprints": [row["fingerprint"] for row in first],
    }


def slopes(model):
    """Term and coefficient of a model."""
    return zip(model.terms, model.coefficients, strict=True)


def axis(term, coefficient, columns, predictors):
    """A term as an axis of the nomogram, in the predictor's own unit."""
    described = describe_term(term, predictors, columns[term].to_numpy())
    if term != RADSCORE and described["unit"]:
        described["label"] += f", {described['unit']}"
    if described["kind"] == "binary":
        levels = [described["negative"], described["positive"]]
        return {**described, "coefficient": coefficient, "levels": levels}
    return {**described, "coefficient": coefficient / described["per"]}


def points_by_patient(terms, columns, patients):
    """The nomogram's points by patient and term, values in the term's own unit (0 or 1: levels)."""
    values = pd.DataFrame(
        {one["name"]: columns[one["name"]].to_numpy() * one.get("per", 1.0) for one in terms},
        index=pd.Index(patients, name="patient"),
        dtype=float,
    )
    parts = [
        pd.DataFrame({"patient": patients, "predictor": name, "value": values[name].to_numpy(),
                      "points": earned.to_numpy()})
        for name, earned in nomogram.points(terms, values).items()
    ]  # fmt: skip
    empty = pd.DataFrame(columns=["patient", "predictor", "value", "points"])
    whole = pd.concat(parts) if parts else empty
    return whole.sort_values("patient", kind="stable").reset_index(drop=True)


def collinearity(models, columns):
    """Variance inflation of each term in the models with two terms or more."""
    tables = [
        variance_inflation(columns[list(model.terms)]).assign(model=name)
        for name, model in models.items()
        if model.fit is not None and len(model.terms) > 1
    ]
    empty = pd.DataFrame(columns=["model", "term", "vif"])
    return pd.concat([empty, *tables])[["model", "term", "vif"]] if tables else empty


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
