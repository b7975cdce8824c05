"""Rule draw_calibration: observed share over predicted probability, with slope, O:E and ICI."""

from nomoflow.figure_calibration import calibration_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows


def main(job):
    figure = calibration_figure(
        read_rows(job.input.calibration),
        read_rows(job.input.performance),
        read_rows(job.input.predictions),
        confidence=job.params.confidence,
        look=look_of(job.params.look, "calibration"),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
