"""Rule draw_scores: every patient's nomogram score around the cut-off, by class."""

from nomoflow.figure_evaluation import scores_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows
from nomoflow.wording import class_names


def main(job):
    figure = scores_figure(
        read_rows(job.input.predictions),
        outcome=class_names(job.params.outcome),
        look=look_of(job.params.look, "scores"),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
