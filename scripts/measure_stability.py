"""Rule measure_stability: how often each feature is chosen again when patients are resampled."""

import pandas as pd

from nomoflow.run import log_to, read_json, read_table, write_table
from nomoflow.stability import (
    STABILITY,
    chosen_sets,
    extracted_features,
    gather_penalties,
    selection_frequency,
    stability_of,
)


def main(job):
    signatures, confidence = job.params.signatures, job.params.confidence
    selected = pd.concat(map(read_table, job.input.selected), ignore_index=True)
    batches = pd.concat(map(read_table, job.input.penalties), ignore_index=True)
    penalties = gather_penalties(batches, signatures)
    files = (job.input.finals, job.input.statuses, job.output.frequencies)
    tables = []
    for name, final, status, frequency in zip(signatures, *files, strict=True):
        chosen, features = chosen_sets(selected, penalties, name)
        kept = list(read_table(final)["feature"])
        write_table(selection_frequency(chosen, features, kept, confidence), frequency)
        if job.params.filter == "within_training":
            # Another resample may keep features that the readers disagree on in all patients.
            candidates = extracted_features(read_table(job.input.icc), name)
        else:
            candidates = read_json(status)["candidates"]
        own = penalties[penalties["signature"] == name]
        measures = stability_of(chosen, candidates, own, confidence)
        tables.append(measures.assign(signature=name)[STABILITY])
    write_table(pd.concat(tables, ignore_index=True), job.output.stability)
    write_table(penalties, job.output.penalties)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
