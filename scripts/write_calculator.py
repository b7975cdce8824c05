"""Rule write_calculator: the nomogram as an offline page that computes a patient's probability."""

from nomoflow.calculator import calculator, render
from nomoflow.run import log_to, read_json, read_rows, replacing


def main(job):
    given = job.params
    page = calculator(
        read_json(job.input.model),
        read_rows(job.input.predictions),
        given.positive,
        given.negative,
        given.confidence,
    )
    with replacing(job.output.page) as aside:
        aside.write_text(render(page), encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
