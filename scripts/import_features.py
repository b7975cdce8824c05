"""Rule import_features: the features of a ready table, one table a phase."""

from pathlib import Path

from nomoflow.feature_table import digest_of, read_ready_table
from nomoflow.run import log_to, write_json, write_table


def main(job):
    params, source = job.params, job.params.table
    frames, problems = read_ready_table(source, params.phases, params.patients)
    problems.stop_if_any()
    digest = digest_of(source["path"])
    for phase, path in zip(params.phases, job.output.tables, strict=True):
        frames[phase].attrs["settings"] = digest[:16]
        write_table(frames[phase], path)
    content = {
        "engine": "table",
        "file": Path(source["path"]).name,
        "sha256": digest,
        "columns": source["columns"],
        "prescaled": params.prescaled,
        "phases": {phase: {"features": frame.shape[1] - 2} for phase, frame in frames.items()},
    }
    write_json(content, job.output.settings)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
