"""Rule draw_dca: decision curves, cross-validated beside apparent and corrected for optimism."""

from nomoflow.figure_evaluation import dca_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows


def main(job):
    corrected = getattr(job.input, "corrected", None)
    figure = dca_figure(
        read_rows(job.input.dca),
        read_rows(job.input.predictions),
        corrected=read_rows(corrected) if corrected else [],
        confidence=job.params.confidence,
        look=look_of(job.params.look, "dca"),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
