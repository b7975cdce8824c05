"""Rule draw_centres_dca: decision curves of all centres together."""

from nomoflow.figure_forest import centres_dca_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows


def main(job):
    look = look_of(job.params.look, "centres_dca")
    figure = centres_dca_figure(read_rows(job.input.dca), job.params.model, look=look)
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
