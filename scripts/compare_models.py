"""Rule compare_models: DeLong's test between each two models, as the study was published."""

from itertools import combinations

import pandas as pd

from nomoflow.by_model import APPARENT, judged
from nomoflow.discrimination import compare_paired
from nomoflow.run import log_to, read_table, write_table

COLUMNS = (
    "sample", "model_a", "model_b", "auc_a", "auc_b", "difference", "ci_low", "ci_high", "z", "p",
    "note",
)  # fmt: skip
PARTS_OF_NOMOGRAM = {"radiomics", "image_features"}
NESTED = "nested models on the patients they were fitted to: the test is not valid (Demler 2012)"


def main(job):
    predictions = read_table(job.input.predictions)
    apparent = [e for e in judged(predictions, job.params.models) if e.sample == APPARENT]
    rows = [compare(a, b, job.params.confidence) for a, b in combinations(apparent, 2)]
    write_table(pd.DataFrame(rows, columns=list(COLUMNS)), job.output.delong)


def compare(a, b, confidence):
    """DeLong's paired test, with a note where it does not hold."""
    pair = {a.model, b.model}
    test = compare_paired(a.y, a.score[0], b.score[0], confidence)
    nested = NESTED if "nomogram" in pair and pair & PARTS_OF_NOMOGRAM else ""
    note = "; ".join(filter(None, (nested, test.get("note"))))
    return {"sample": APPARENT, "model_a": a.model, "model_b": b.model} | test | {"note": note}


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
