"""Rule draw_instability: each patient's probability by the models of resamples."""

from nomoflow.figure_stability import instability_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows


def main(job):
    figure = instability_figure(
        read_rows(job.input.instability),
        job.params.confidence,
        look=look_of(job.params.look, "instability"),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
