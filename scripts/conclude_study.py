"""Rule conclude_study: what came out and where to look; failed cases end the run with an error."""

from nomoflow.run import log_to, read_rows, replacing

FIRST = ("nomogram", "radiomics", "image_features")


def main(job):
    failures = [row for path in job.input.failures for row in read_rows(path)]
    if failures and job.params.on_problem == "stop":
        cases = "\n".join(
            "    {patient} {phase} {reading}: {reason}, {detail}".format(**row) for row in failures
        )
        count = "1 case" if len(failures) == 1 else f"{len(failures)} cases"
        raise ValueError(
            f"{count} failed in computation; all else is done:\n{cases}\n"
            "Mend their images or masks and run again, or accept their absence with "
            "images.on_problem: exclude."
        )
    with replacing(job.output.summary) as aside:
        aside.write_text(summary(job), encoding="utf-8")


def summary(job):
    """The run in a few lines of plain text."""
    performance = {
        (row["model"], row["sample"]): row
        for row in read_rows(job.input.performance)
        if row["metric"] == "auc"
    }
    lines = ["", f"Study {job.params.study} is complete.", "", f"  report    {job.input.report}"]
    lines.append("  AUC       cross-validated (95 % CI)   apparent".replace("95", percent(job)))
    for model in FIRST:
        if (model, "cross_validated") in performance:
            honest, apparent = (
                performance[model, sample] for sample in ("cross_validated", "apparent")
            )
            low, high = float(honest["ci_low"]), float(honest["ci_high"])
            estimate = f"{float(honest['estimate']):.3f} ({low:.3f}-{high:.3f})"
            name = model.replace("_", " ")
            lines.append(f"    {name:<16}{estimate:<22}{float(apparent['estimate']):.3f}")
    excluded = len({row["patient"] for row in read_rows(job.input.exclusions)})
    warnings = len(read_rows(job.input.warnings))
    lines += [f"  excluded  {excluded} patients ({job.input.exclusions})"]
    lines += [f"  warnings  {warnings} ({job.input.warnings})", ""]
    return "\n".join(lines)


def percent(job):
    """The confidence level as it is printed."""
    return f"{100 * job.params.confidence:g}"


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
