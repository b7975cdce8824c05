"""Rule fill_checklists: CLEAR, METRICS, TRIPOD+AI and IBSI, filled from the run's files."""

from pathlib import Path

from nomoflow.checklists import COLUMNS, WEIGHT, fill, summary
from nomoflow.checklists_page import render_checklists
from nomoflow.evidence import INPUTS, Results, several
from nomoflow.language import speaking
from nomoflow.run import log_to, replacing, write_json, write_rows
from nomoflow.statements import known_statements

# What each reads of the others, in the order in which they are filled.
FILLED_BEFORE = {
    "ibsi": (),
    "tripod_ai": (),
    "clear": ("tripod_ai", "ibsi"),
    "metrics": ("clear", "tripod_ai"),
}


def main(job):
    given, page = job.params, Path(job.output.page)
    paths = {name: several(job.input, name) for name in INPUTS}
    write_statements(given.statements, job.output.statements)
    paths["statements"] = [job.output.statements]
    filled = {}
    for name, others in FILLED_BEFORE.items():
        before = [getattr(job.output, f"checklist_{other}") for other in others]
        results = Results(
            {**paths, "filled": before}, given.config, given.statements, given.signatures
        )
        filled[name] = fill(name, results, given.phases, page.parent)
        columns = [*COLUMNS[:3], WEIGHT, *COLUMNS[3:]] if name == "metrics" else COLUMNS
        write_rows(filled[name], getattr(job.output, f"checklist_{name}"), columns)
    told = summary(filled)
    write_json(told, job.output.summary)
    with speaking(given.config["report"]["language"]):
        text = render_checklists(given.study, filled, told)
    with replacing(page) as aside:
        aside.write_text(text, encoding="utf-8")
    for name, counts in told.items():
        print(name, counts)


def write_statements(texts, path):
    """Each statement there can be: the authors' text, and what to write where there is none."""
    rows = [
        {"name": name, "topic": about["topic"], "text": texts.get(name, ""), "ask": about["ask"]}
        for name, about in known_statements().items()
    ]
    write_rows(rows, path, ("name", "topic", "text", "ask"))


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
