"""Rule draw_calibration: observed share over predicted probability, with slope and intercept."""

from nomoflow.figure_evaluation import calibration_figure
from nomoflow.figure_style import save
from nomoflow.run import log_to, read_rows


def main(job):
    figure = calibration_figure(
        read_rows(job.input.calibration),
        read_rows(job.input.performance),
        read_rows(job.input.predictions),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
