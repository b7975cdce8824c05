"""Rule draw_forest: forest plots of AUC, O:E and calibration slope over the centres."""

from nomoflow.figure_forest import forest_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows


def main(job):
    performance = job.input.get("performance")
    figure = forest_figure(
        read_rows(job.input.pooled),
        job.params.model,
        read_rows(performance) if performance else [],
        job.params.confidence,
        look=look_of(job.params.look, "forest"),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
