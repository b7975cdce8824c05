"""Rule write_calculator: the nomogram as an offline page that computes a patient's probability."""

from nomoflow.calculator import calculator, render
from nomoflow.language import speaking
from nomoflow.run import log_to, read_json, read_rows, replacing
from nomoflow.wording import class_names


def main(job):
    given = job.params
    model = read_json(job.input.model)
    names = {"positive": given.positive, "negative": given.negative}
    names = class_names(model["outcome"] | names)
    page = calculator(
        model,
        read_rows(job.input.predictions),
        names["positive"],
        names["negative"],
        given.confidence,
    )
    with speaking(given.language):
        text = render(page)
    with replacing(job.output.page) as aside:
        aside.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
