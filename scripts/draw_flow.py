"""Rule draw_flow: patients and features at each step of the study."""

from nomoflow.figure_flow import flow_figure
from nomoflow.figure_style import look_of, save
from nomoflow.run import log_to, read_rows
from nomoflow.wording import tally


def main(job):
    _, events = tally(read_rows(job.input.predictions), "apparent")
    look = look_of(job.params.look, "flow")
    figure = flow_figure(read_rows(job.input.flow), events, look=look)
    save(figure, job.output.svg, job.output.pdf)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
