"""Rule report_sensitivity: the study with one decision changed at a time, as a page."""

from nomoflow.language import say, speaking
from nomoflow.report import render
from nomoflow.run import log_to, read_rows, replacing


def main(job):
    given = job.params
    with speaking(given.language):
        study = {
            "study": given.study,
            "outcome": given.outcome,
            "phases": given.phases,
            "ci": say("{level} % CI", level=f"{100 * given.confidence:g}"),
            "people": "",
            "sensitivity": read_rows(job.input.sensitivity),
        }
        text = render(study, ["sensitivity"])
    with replacing(job.output.page) as aside:
        aside.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
