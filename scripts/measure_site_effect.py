"""Rule measure_site_effect: how well the features tell the sites apart, raw and harmonised."""

import pandas as pd

from nomoflow.dataset import as_dataset
from nomoflow.run import log_to, read_rows, read_table, write_table
from nomoflow.site_prediction import site_predictability


def main(job):
    given = job.params
    data = as_dataset(read_table(job.input.dataset))
    participants = pd.DataFrame(read_rows(job.input.participants)).set_index("patient")
    if given.batch not in participants:
        raise ValueError(
            f"no column {given.batch} in the participants table for centres.harmonisation.batch; "
            f"there are {', '.join(participants.columns)}"
        )
    batch = participants[given.batch].reindex(data.patients).fillna("").astype(str).str.strip()
    if (batch == "").any():
        unknown = ", ".join(batch.index[batch == ""][:5])
        raise ValueError(f"{given.batch} is missing for {unknown}; each patient needs a batch")
    table = site_predictability(
        data.features.to_numpy(dtype=float), batch.to_numpy(), given.seed, given.reference
    )
    write_table(table, job.output.site)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
