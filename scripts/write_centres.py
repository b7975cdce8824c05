"""Rule write_centres: all centres that judged a locked model, on one page."""

from nomoflow.report_centres import centres, names_of
from nomoflow.report_pages import linker, page
from nomoflow.run import log_to, read_json, read_rows, replacing


def main(job):
    model, rows = read_json(job.input.model), read_rows(job.input.centres)
    figures = job.input.get("figures") or []
    figures = [figures] if isinstance(figures, str) else list(figures)
    study = {
        "model": model,
        "pooled": read_rows(job.input.pooled),
        "centres": rows,
        "ci": f"{100 * job.params.confidence:g} % CI",
        "figure": linker(figures, job.output.report, ""),
    }
    count = len(names_of(rows))
    text = page(
        f"{model['study']}: centres",
        "report of the centres",
        model["outcome"],
        f"{count} centre{'s' * (count != 1)}",
        list(model["features"]["phases"]),
        centres(study),
    )
    with replacing(job.output.report) as aside:
        aside.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
