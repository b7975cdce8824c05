"""Rule draw_dca: decision curves, cross-validated beside apparent and corrected for optimism."""

from nomoflow.figure_evaluation import dca_figure
from nomoflow.figure_style import save
from nomoflow.run import log_to, read_rows


def main(job):
    corrected = getattr(job.input, "corrected", None)
    figure = dca_figure(
        read_rows(job.input.dca),
        read_rows(job.input.predictions),
        corrected=read_rows(corrected) if corrected else [],
        confidence=job.params.confidence,
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
