"""Rule count_flow: patients and features that remain after each step of the study."""

from nomoflow.run import log_to, read_json, read_rows, read_table, write_rows

COLUMNS = ("step", "unit", "subject", "removed", "remaining")


def main(job):
    patients = [
        {"step": row["step"], "unit": "patients", "subject": "", "removed": int(row["removed"]),
         "remaining": int(row["remaining"])}
        for row in read_rows(job.input.criteria)
    ]  # fmt: skip
    statuses = [read_json(path) for path in job.input.statuses]
    analysed = statuses[-1]["patients"]
    failed = patients[-1]["remaining"] - analysed
    if failed:
        patients.append(row("failed in computation", "patients", "", failed, analysed))
    icc = read_table(job.input.icc)
    step = "kept by the readers' agreement"
    if (icc["comparison"] == "none").all():
        step = "agreement not assessed, all kept"
    features = []
    verdicts = icc.groupby(["phase", "feature"])["kept"].all()
    for name in [*job.params.phases, "combined"]:
        kept = verdicts if name == "combined" else verdicts[name]
        agreed = int(kept.sum())
        features.append(row("candidate features", "features", name, 0, len(kept)))
        features.append(row(step, "features", name, len(kept) - agreed, agreed))
    for name, status in zip([*job.params.phases, "combined"], statuses, strict=True):
        left, selected = status["candidates"], status["selected"]
        features.append(row("selected by the LASSO", "features", name, left - selected, selected))
    write_rows(patients + features, job.output.flow, COLUMNS)


def row(step, unit, subject, removed, remaining):
    """One row of the flow."""
    return dict(zip(COLUMNS, (step, unit, subject, removed, remaining), strict=True))


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
