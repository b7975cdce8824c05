"""Rule trace_results: how each file that the report shows or rests on was made."""

from nomoflow.run import log_to, write_json
from nomoflow.study_history import StudyHistory
from nomoflow.trace import trace


def main(job):
    history = StudyHistory(job.params.study, job.params.config, job.input.digests)
    jobs, begun = history.behind([*job.input.results, *job.input.tables])
    made = trace(job.params.study, jobs, begun, history.digests)
    print(f"{len(made['files'])} files, made by {len(jobs)} jobs from {len(begun)} files")
    write_json(made, job.output.trace)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
