"""Rule fit_lasso: the LASSO chooses features, and the Radscore weighs them."""

from nomoflow.dataset import as_dataset
from nomoflow.harmonised_study import fit_harmonisation, harmonised
from nomoflow.run import log_to, read_table, write_json, write_table
from nomoflow.signature import fit_signature
from nomoflow.signature_tables import (
    describe,
    path_table,
    radscore_table,
    selected_table,
    trajectory_table,
)


def main(job):
    data = as_dataset(read_table(job.input.dataset))
    data = harmonised(data, fit_harmonisation(data, job.params.harmonisation))
    folds = read_table(job.input.folds).set_index("patient")["fold"].loc[data.patients].to_numpy()
    candidates = data.candidates(job.wildcards.signature, job.params.phases)
    signature, path = fit_signature(candidates, data.y, folds, job.params.penalty, job.params.score)
    write_table(path_table(path), job.output.path)
    write_table(trajectory_table(path, list(candidates)), job.output.trajectories)
    write_table(selected_table(signature), job.output.selected)
    write_table(radscore_table(data, signature), job.output.radscore)
    write_json(describe(signature, path, candidates, folds, job.params.penalty), job.output.status)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
