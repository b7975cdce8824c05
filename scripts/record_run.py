"""Rule record_run: times, memory, software and machine: what may differ from run to run."""

from nomoflow import sources
from nomoflow.machine import code_state, environment, machine
from nomoflow.run import log_to, read_json, write_json
from nomoflow.run_record import run_record
from nomoflow.study_history import ROOT, StudyHistory


def main(job):
    history = StudyHistory(job.params.study, job.params.config)
    jobs, _ = history.behind([*job.input.results, job.input.manifest])
    made = run_record(
        job.params.study,
        read_json(job.input.manifest)["digest"],
        jobs,
        sources.stages(ROOT),
        environment,
        machine(),
        code_state(ROOT),
    )
    write_json(made, job.output.run)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
