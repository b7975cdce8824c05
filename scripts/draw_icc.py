"""Rule draw_icc: how many features reach each ICC, between and within readers."""

from nomoflow.figure_selection import icc_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows


def main(job):
    look = look_of(job.params.look, "icc")
    figure = icc_figure(read_rows(job.input.icc), threshold=job.params.threshold, look=look)
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
