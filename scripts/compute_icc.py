"""Rule compute_icc: how far the readers agree on each feature, and which features are kept."""

from nomoflow.reliability import assess
from nomoflow.run import log_to, read_table, write_table


def main(job):
    phases = dict(zip(job.params.phases, map(read_table, job.input.features), strict=True))
    table = assess(
        phases, job.params.form, job.params.threshold, job.params.seed, job.params.judged
    )
    for phase, part in table.drop_duplicates(["phase", "feature"]).groupby("phase", sort=False):
        print(f"{phase}: {int(part['kept'].sum())} of {len(part)} features kept")
    write_table(table, job.output.icc)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
