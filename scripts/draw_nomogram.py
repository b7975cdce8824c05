"""Rule draw_nomogram: the nomogram, from its axes and scale."""

from nomoflow.figure_nomogram import nomogram_figure
from nomoflow.figure_style import save
from nomoflow.run import log_to, read_rows
from nomoflow.wording import people


def main(job):
    figure = nomogram_figure(
        read_rows(job.input.axes),
        read_rows(job.input.scale),
        title=job.params.title,
        people=people(read_rows(job.input.predictions), "apparent"),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
