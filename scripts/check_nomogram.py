"""Rule check_nomogram: the points of every patient add up to the model's linear predictor."""

from nomoflow.nomogram_check import check, examples
from nomoflow.run import log_to, read_table, write_table


def main(job):
    axes, scale = read_table(job.input.axes), read_table(job.input.scale)
    points, predictions = read_table(job.input.points), read_table(job.input.predictions)
    own = predictions[predictions["model"] == "nomogram"]
    checked = check(points, axes, scale, own)
    print(f"the points of {len(checked)} patients add up to the model's linear predictor")
    classes = (job.params.outcome["negative"], job.params.outcome["positive"])
    write_table(examples(checked, points, axes, classes), job.output.examples)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
