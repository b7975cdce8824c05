"""Rule draw_dca: decision curves, apparent beside cross-validated."""

from nomoflow.figure_evaluation import dca_figure
from nomoflow.figure_style import save
from nomoflow.run import log_to, read_rows


def main(job):
    figure = dca_figure(read_rows(job.input.dca), read_rows(job.input.predictions))
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
