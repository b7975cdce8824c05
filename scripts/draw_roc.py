"""Rule draw_roc: ROC curves of the models, apparent beside cross-validated."""

from nomoflow.figure_evaluation import roc_figure
from nomoflow.figure_style import save
from nomoflow.run import log_to, read_rows


def main(job):
    figure = roc_figure(
        read_rows(job.input.roc),
        read_rows(job.input.performance),
        read_rows(job.input.predictions),
        confidence=getattr(job.params, "confidence", None),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
