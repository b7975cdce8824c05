"""Rule correlate_with_volume: whether a signature's features stand for the tumour's size."""

import pandas as pd

from nomoflow.correlation import with_volume
from nomoflow.dataset import VOLUME, as_dataset
from nomoflow.run import log_to, read_table, write_table


def main(job):
    data = as_dataset(read_table(job.input.dataset))
    volume = None if data.volume is None else data.volume[VOLUME].to_numpy()
    files = (job.input.selected, job.input.radscores)
    tables = []
    for name, selected, radscore in zip(job.params.signatures, *files, strict=True):
        features = data.features[list(read_table(selected)["feature"])]
        scores = read_table(radscore).set_index("patient")["radscore"].loc[data.patients]
        tables.append(with_volume(name, features, scores, volume, job.params.confidence))
    write_table(pd.concat(tables, ignore_index=True), job.output.correlation)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
