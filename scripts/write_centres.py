"""Rule write_centres: all centres that judged a locked model, on one page."""

from nomoflow.language import say, speaking
from nomoflow.report_centres import centres, names_of
from nomoflow.report_pages import linker, page
from nomoflow.run import log_to, read_json, read_rows, replacing


def main(job):
    with speaking(job.params.language):
        text = centres_page(job)
    with replacing(job.output.report) as aside:
        aside.write_text(text, encoding="utf-8")


def centres_page(job):
    """The page's text, in the language spoken now."""
    model, rows = read_json(job.input.model), read_rows(job.input.centres)
    figures = job.input.get("figures") or []
    figures = [figures] if isinstance(figures, str) else list(figures)
    study = {
        "model": model,
        "pooled": read_rows(job.input.pooled),
        "centres": rows,
        "ci": say("{level} % CI", level=f"{100 * job.params.confidence:g}"),
        "figure": linker(figures, job.output.report, ""),
    }
    count = len(names_of(rows))
    return page(
        say("{study}: centres", study=model["study"]),
        "report of the centres",
        model["outcome"],
        say("One centre") if count == 1 else say("{count} centres", count=count),
        list(model["features"]["phases"]),
        centres(study),
    )


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
