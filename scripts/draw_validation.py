"""Rule draw_validation: a locked model at this centre, its ROC, calibration and decision curves."""

from nomoflow.figure_style import look_of, save
from nomoflow.figure_validation import validation_figure
from nomoflow.run import log_to, read_rows

TABLES = (
    "roc", "band", "calibration", "recalibration", "dca", "performance", "predictions",
)  # fmt: skip


def main(job):
    tables = {name: read_rows(job.input.get(name)) for name in TABLES}
    look = look_of(job.params.look, "validation")
    figure = validation_figure(**tables, confidence=job.params.confidence, look=look)
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
