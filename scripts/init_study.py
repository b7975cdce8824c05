"""Rule init_study: tables and config of a new study, proposed from its files; nothing replaced."""

from nomoflow.new_study import propose, write_study
from nomoflow.run import log_to


def main(job):
    study = propose({key: str(value) for key, value in job.params.asked.items()})
    write_study(study)
    print(study.words)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
