"""Rule check_settings: whether pyradiomics knows every setting of each phase."""

from nomoflow.extraction import SettingsError, extractor, quiet
from nomoflow.image_problems import PROBLEM, PROBLEM_COLUMNS
from nomoflow.run import log_to, write_rows


def main(job):
    quiet()
    rows = []
    for phase, settings in job.params.settings.items():
        try:
            extractor(settings, job.params.shape, job.params.subbands)
        except SettingsError as error:
            rows.append(
                {
                    "phase": phase,
                    "kind": "settings_unusable",
                    "severity": PROBLEM,
                    "file": job.params.file,
                    "problem": "setting that cannot be used",
                    "found": str(error),
                    "allowed": "what pyradiomics knows",
                    "remedy": "correct the parameter file, or features.per_phase in the config",
                }
            )
    write_rows(rows, job.output.problems, PROBLEM_COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
