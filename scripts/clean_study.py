"""Rule clean_study: one study's results and logs, shown; removed once its name was given."""

from pathlib import Path

from nomoflow.run import log_to
from nomoflow.study_removal import listing, made_by, remove


def main(job):
    study, given = job.params.study, job.params.confirm
    if given is not None and str(given) != study:
        raise ValueError(
            f"confirm={given} is not the name of this study, so nothing was removed; allowed is"
            f" confirm={study}, or the --configfile of study {given} beside it"
        )
    made = made_by(study)
    if not made:
        words = f"Study {study} has no results and no logs: there is nothing to remove.\n"
    elif given is None:
        words = (
            f"This would remove of study {study}:\n\n{listing(study, made)}\n\nNothing was removed."
            f" To remove it, give the same command with\n    --config confirm={study}\n"
        )
    else:
        remove(made)
        words = f"Removed of study {study}:\n\n{listing(study, made)}\n"
    print(words)
    told = Path(job.params.told)
    told.parent.mkdir(parents=True, exist_ok=True)
    told.write_text(words, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
