"""Rule draw_nomogram: the nomogram, from its axes and scale, with two example patients."""

from nomoflow.figure_nomogram import nomogram_figure
from nomoflow.figure_style import look_of, save
from nomoflow.language import speaking
from nomoflow.run import log_to, read_rows
from nomoflow.wording import class_names, people


def main(job):
    look = look_of(job.params.look, "nomogram")
    with speaking(look.language):
        counted = people(read_rows(job.input.predictions), "apparent")
    outcome, names = job.params.outcome, class_names(job.params.outcome)
    shown = {outcome[side]: name for side, name in names.items()}
    examples = [row | {"outcome": shown[row["outcome"]]} for row in read_rows(job.input.examples)]
    figure = nomogram_figure(
        read_rows(job.input.axes),
        read_rows(job.input.scale),
        title=f"P({names['positive']})",
        people=counted,
        examples=examples,
        look=look,
    )
    save(figure, job.output.svg, job.output.pdf, job.output.png)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
