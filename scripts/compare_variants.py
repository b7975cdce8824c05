"""Rule compare_variants: what the study would have found with one decision changed."""

from nomoflow.run import log_to, read_json, read_rows, write_rows

COLUMNS = (
    "variant", "changed", "candidates", "features", "selected", "model", "sample", "auc", "ci_low",
    "ci_high",
)  # fmt: skip
STUDY = ("study", "nothing: the study as configured")
SAMPLES = ("cross_validated", "corrected_632", "corrected")


def main(job):
    made = [STUDY, *job.params.variants.items()]
    corrected = job.input.corrected or [None] * len(made)
    files = zip(made, job.input.statuses, job.input.measured, corrected, strict=True)
    rows = []
    for (variant, changed), status, measured, more in files:
        signature = read_json(status)
        performance = [*read_rows(measured), *(read_rows(more) if more else ())]
        described = {
            "variant": variant,
            "changed": changed,
            "candidates": signature["candidates"],
            "features": len(signature["features"]),
            "selected": "; ".join(signature["features"]),
        }
        rows += [described | row for row in areas(performance, job.params.models)]
    write_rows(rows, job.output.sensitivity, COLUMNS)


def areas(performance, models):
    """The AUC of each model, cross-validated first; none of the apparent ones."""
    for sample in SAMPLES:
        for model in models:
            for row in performance:
                if (row["model"], row["sample"], row["metric"]) == (model, sample, "auc"):
                    yield {
                        "model": model, "sample": sample, "auc": row["estimate"],
                        "ci_low": row["ci_low"], "ci_high": row["ci_high"],
                    }  # fmt: skip


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
