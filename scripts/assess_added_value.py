"""Rule assess_added_value: whether the Radscore and the clinical terms add to each other."""

import pandas as pd

from nomoflow import coefficients
from nomoflow.added_value import likelihood_ratio, not_defined, out_of_fold_radscore
from nomoflow.coefficients import join
from nomoflow.dataset import COMBINED, as_dataset
from nomoflow.harmonised_study import fit_harmonisation, harmonised
from nomoflow.imputation import fit_imputation
from nomoflow.models import RADSCORE, Choices, complete, design
from nomoflow.run import log_to, read_json, read_table, write_table
from nomoflow.signature import Signature

COLUMNS = ["radscore", "model_a", "model_b", "chi2", "df", "p", "note"]
IN_SAMPLE, OUT_OF_FOLD = "in_sample", "out_of_fold"
OF_SCORE = {
    IN_SAMPLE: coefficients.IN_SAMPLE,
    # Tibshirani and Efron 2002 call such a score pre-validated.
    OUT_OF_FOLD: "Radscore of held-out patients, mean over the repeats: its P value is approximate"
    " (Höfling and Tibshirani 2008)",
}
CHOSEN = "clinical terms chosen on the same patients"
AGAINST = "the Radscore's coefficient is negative: it adds nothing in its own direction"


def main(job):
    choices = Choices(**job.params.choices)
    data = as_dataset(read_table(job.input.dataset))
    data = harmonised(data, fit_harmonisation(data, choices.harmonisation))
    document = read_json(job.input.model)
    signature = Signature.from_dict(document["signatures"][COMBINED])
    filled_in = fit_imputation(data.clinical) if choices.missing == "impute" else {}
    columns = design(complete(data, filled_in), {COMBINED: signature})
    held_out = out_of_fold_radscore(read_table(job.input.predictions), data.patients)
    scores = {IN_SAMPLE: columns, OUT_OF_FOLD: columns.assign(**{RADSCORE: held_out})}
    rows = [
        {"radscore": score, **row}
        for score, table in scores.items()
        for row in added_values(table, data.y, document, choices, OF_SCORE[score])
    ]
    tests = pd.DataFrame(rows, columns=COLUMNS).astype({"df": "Int64"})
    write_table(tests, job.output.likelihood_ratio)
    write_table(
        coefficients.out_of_fold(
            terms_of(document, "nomogram"),
            scores[OUT_OF_FOLD],
            data.y,
            choices.predictors,
            job.params.confidence,
            choices.separated,
        ),
        job.output.coefficients,
    )


def added_values(columns, y, document, choices, of_score):
    """Both tests, the Radscore's and the clinical terms', with one kind of Radscore."""
    image = terms_of(document, "image_features")
    own = [term for term in terms_of(document, "nomogram") if term != RADSCORE]
    # Backward elimination may keep other clinical terms beside the Radscore than without it.
    larger = "nomogram" if set(image) == set(own) else f"image_features + {RADSCORE}"
    chosen = "" if choices.select == "all" else CHOSEN
    pairs = [("image_features", larger, image, [RADSCORE]), ("radiomics", "nomogram", own, own)]
    for model_a, model_b, clinical, added in pairs:
        test = why_none(document, clinical) or likelihood_ratio(
            columns[[RADSCORE, *clinical]], y, added, choices.separated
        )
        note = test.note
        if test.fit:
            slopes = dict(zip(test.fit.names, test.fit.coefficients, strict=True))
            against = AGAINST if slopes.get(RADSCORE, 0) < 0 else ""
            note = join(against, note, of_score, chosen)
        yield {
            "model_a": model_a, "model_b": model_b, "chi2": test.chi2, "df": test.df, "p": test.p,
            "note": note,
        }  # fmt: skip


def why_none(document, clinical):
    """The reason why a study has no such test, or nothing."""
    combined = document["signatures"][COMBINED]
    if combined["status"] == "empty":
        return not_defined(f"the signature is empty ({combined['reason']})")
    if not clinical:
        reason = document["models"]["image_features"]["reason"]
        return not_defined(reason or "the nomogram has no clinical terms")
    return None


def terms_of(document, model):
    """Names of a model's terms."""
    return [term["name"] for term in document["models"][model]["terms"]]


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
