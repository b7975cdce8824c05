"""Rule gather_features: the features of all batches, one table a phase."""

import pandas as pd

from nomoflow.exclusions import COLUMNS, in_order
from nomoflow.extraction import (
    ENGINE,
    feature_names,
    phase_settings,
    quiet,
    settings_digest,
    versions,
)
from nomoflow.feature_table import of_phase
from nomoflow.run import log_to, read_rows, read_table, write_json, write_rows, write_table


def main(job):
    quiet()
    params = job.params
    batches = pd.concat(
        [read_table(path).astype({"settings": "str"}) for path in job.input.features],
        ignore_index=True,
    )
    described = {}
    for phase, path in zip(params.phases, job.output.tables, strict=True):
        chosen = (params.settings[phase], params.shape, params.subbands)
        described[phase] = phase_settings(*chosen)
        digest = settings_digest(described[phase])
        names = feature_names(*chosen) if params.selected is None else params.selected[phase]
        write_table(of_phase(batches, phase, names, digest), path)
        del described[phase]["versions"]
        described[phase]["digest"] = digest
    failures = [row for path in job.input.failures for row in read_rows(path)]
    write_rows(in_order(failures), job.output.failures, COLUMNS)
    content = {
        "engine": ENGINE,
        "versions": versions(),
        "spacing_mm": params.spacing_mm,
        "phases": described,
    }
    write_json(content, job.output.settings)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
