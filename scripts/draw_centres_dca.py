"""Rule draw_centres_dca: decision curves of all centres together."""

from nomoflow.figure_forest import centres_dca_figure
from nomoflow.figure_style import save
from nomoflow.run import log_to, read_rows


def main(job):
    figure = centres_dca_figure(read_rows(job.input.dca), job.params.model)
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
