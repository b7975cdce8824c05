"""Rule draw_stability: how often features, and which penalties, are chosen in resamples."""

from nomoflow.figure_stability import stability_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_json, read_rows


def main(job):
    tables = zip(
        map(read_rows, job.input.frequencies), map(read_json, job.input.statuses), strict=True
    )
    figure = stability_figure(
        dict(zip(job.params.signatures, tables, strict=True)),
        read_rows(job.input.penalties),
        read_rows(job.input.stability),
        look=look_of(job.params.look, "stability"),
    )
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
