"""Rule draw_lasso: coefficient paths and cross-validated deviance of every signature."""

from nomoflow.figure_selection import lasso_figure
from nomoflow.figure_style import look_of, save
from nomoflow.language import speaking
from nomoflow.run import log_to, read_json, read_rows
from nomoflow.wording import people


def main(job):
    parts = zip(
        job.params.signatures,
        job.input.paths,
        job.input.trajectories,
        job.input.statuses,
        strict=True,
    )
    signatures = {
        name: (read_rows(path), read_rows(trajectories), read_json(status))
        for name, path, trajectories, status in parts
    }
    look = look_of(job.params.look, "lasso")
    with speaking(look.language):
        counted = people(read_rows(job.input.predictions), "apparent")
    figure = lasso_figure(signatures, counted, look=look)
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
