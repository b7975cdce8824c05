"""Rule compare_models: each two models side by side, by DeLong's test and by their differences."""

from itertools import combinations

import pandas as pd

from nomoflow.by_model import APPARENT, CROSS_VALIDATED, judged
from nomoflow.comparison import compare_averaged, differences
from nomoflow.discrimination import compare_paired
from nomoflow.run import log_to, read_table, write_table

COLUMNS = (
    "sample", "model_a", "model_b", "auc_a", "auc_b", "difference", "ci_low", "ci_high", "z", "p",
    "note",
)  # fmt: skip
PARTS_OF_NOMOGRAM = {"radiomics", "image_features"}
NESTED = {
    APPARENT: "nested models on the patients they were fitted to: the test is not valid "
    "(Demler 2012)",
    CROSS_VALIDATED: "nested models",
}
APPROXIMATE = (
    "scores cross-validated: each patient's score comes from another model, so the test's variance "
    "is approximate"
)


def main(job):
    given = job.params
    samples = list(judged(read_table(job.input.predictions), given.models))
    rows = [
        compare(a, b, given.confidence) for a, b in combinations(samples, 2) if a.sample == b.sample
    ]
    write_table(pd.DataFrame(rows, columns=list(COLUMNS)), job.output.delong)
    table = differences(samples, given.threshold, given.intervals, given.seed, given.confidence)
    write_table(table, job.output.differences)


def compare(a, b, confidence):
    """DeLong's paired test, with a note where it does not hold or holds only nearly."""
    pair = {a.model, b.model}
    nested = NESTED[a.sample] if "nomogram" in pair and pair & PARTS_OF_NOMOGRAM else ""
    if a.sample == APPARENT:
        test, caution = compare_paired(a.y, a.score[0], b.score[0], confidence), ""
    else:
        test, caution = compare_averaged(a.y, a.rank, b.rank, confidence), APPROXIMATE
    note = "; ".join(filter(None, (nested, caution, test.get("note"))))
    return {"sample": a.sample, "model_a": a.model, "model_b": b.model} | test | {"note": note}


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
