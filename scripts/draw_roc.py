"""Rule draw_roc: ROC curves of the models, cross-validated beside apparent."""

from nomoflow.figure_evaluation import roc_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows


def main(job):
    figure = roc_figure(
        read_rows(job.input.roc),
        read_rows(job.input.band),
        read_rows(job.input.performance),
        read_rows(job.input.predictions),
        confidence=job.params.confidence,
        look=look_of(job.params.look, "roc"),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
