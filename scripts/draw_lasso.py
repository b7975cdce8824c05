"""Rule draw_lasso: coefficient paths and cross-validated deviance of every signature."""

from nomoflow.figure_selection import lasso_figure
from nomoflow.figure_style import save
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
    figure = lasso_figure(signatures, people(read_rows(job.input.predictions), "apparent"))
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
