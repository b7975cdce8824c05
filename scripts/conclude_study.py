"""Rule conclude_study: what came out and where to look; failed cases end the run with an error."""

from nomoflow.identity import complaint
from nomoflow.policy import STOP, policy
from nomoflow.run import log_to, read_rows, replacing
from nomoflow.wording import (
    MAIN_MODELS,
    aligned,
    area,
    by_importance,
    metric,
    model_label,
    models_in,
)

CODES_SHOWN = 4
COMPUTATION = "computation"  # the kind of every failure that no check foresees


def main(job):
    # What the checks found before has met its own policy: it stands among the exclusions.
    known = {_scan(row) for row in read_rows(job.input.exclusions)}
    failures = [row for path in job.input.failures for row in read_rows(path)]
    failures = [row for row in failures if _scan(row) not in known]
    if failures and policy(job.params.on_problem, COMPUTATION) == STOP:
        cases = "\n".join(
            "    {patient} {phase} {reading}: {reason}, {detail}".format(**row) for row in failures
        )
        count = "1 case" if len(failures) == 1 else f"{len(failures)} cases"
        raise ValueError(
            f"{count} failed in computation; all else is done:\n{cases}\n"
            "Mend their images or masks and run again, or accept their absence with "
            f"images.on_problem: exclude, or {{{COMPUTATION}: exclude}}."
        )
    if said := complaint(read_rows(job.input.identity)):
        raise ValueError(said)
    with replacing(job.output.summary) as aside:
        aside.write_text(summary(job), encoding="utf-8")


def _scan(row):
    return row["patient"], row["phase"], row["reading"]


def summary(job):
    """The run in a few lines of plain text."""
    excluded = len({row["patient"] for row in read_rows(job.input.exclusions)})
    warnings = read_rows(job.input.warnings)
    patients = "1 patient" if excluded == 1 else f"{excluded} patients"
    lines = [
        "",
        f"Study {job.params.study} is complete.",
        "",
        *areas(read_rows(job.input.performance), job.params.confidence),
        "",
        f"  excluded  {patients} ({job.input.exclusions})",
        f"  warnings  {len(warnings)}{codes(warnings)} ({job.input.warnings})",
        f"  report    {job.input.report}",
        f"  nomogram  {job.input.calculator}",
        "",
    ]
    return "\n".join(lines)


def areas(performance, confidence):
    """The main models' AUC as aligned lines: what to trust first, the optimistic figure last."""
    rows = [
        (
            model_label(model),
            area(metric(performance, model, "cross_validated", "auc"), interval=True),
            area(metric(performance, model, "corrected_632", "auc")),
            area(metric(performance, model, "apparent", "auc")),
        )
        for model in models_in(performance, MAIN_MODELS)
    ]
    if not rows:
        return ["  AUC       no model was evaluated"]
    head = f"cross-validated ({100 * confidence:g} % CI)"
    table = [("AUC", head, ".632+", "apparent (optimistic)"), *rows]
    return aligned(table)


def codes(warnings):
    """ ": separation, few_events (3)", the gravest first; nothing where there is no warning."""
    counts = {}
    for row in by_importance(warnings):
        counts[row["code"]] = counts.get(row["code"], 0) + 1
    shown = [code + (f" ({many})" if many > 1 else "") for code, many in counts.items()]
    if len(shown) > CODES_SHOWN:
        more = len(shown) - CODES_SHOWN
        shown[CODES_SHOWN:] = [f"{more} more kind{'s' * (more > 1)}"]
    return f": {', '.join(shown)}" if shown else ""


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
