"""Rule draw_nomogram: the nomogram, from its axes and scale, with two example patients."""

from nomoflow.figure_nomogram import nomogram_figure
from nomoflow.figure_style import look_of, save
from nomoflow.language import speaking
from nomoflow.run import log_to, read_rows
from nomoflow.wording import people


def main(job):
    look = look_of(job.params.look, "nomogram")
    with speaking(look.language):
        counted = people(read_rows(job.input.predictions), "apparent")
    figure = nomogram_figure(
        read_rows(job.input.axes),
        read_rows(job.input.scale),
        title=job.params.title,
        people=counted,
        examples=read_rows(job.input.examples),
        look=look,
    )
    save(figure, job.output.svg, job.output.pdf, job.output.png)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
