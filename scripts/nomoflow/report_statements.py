"""What a study owes its readers in words: the methods text, the checklists, other centres."""

from collections import Counter
from collections.abc import Mapping

from nomoflow import report_centres
from nomoflow.checklist_names import CHECKLISTS
from nomoflow.language import say
from nomoflow.report_blocks import absent, heading, link, table, text, whole
from nomoflow.wording import Rows

STATUSES = ("pass", "fail", "not evidenced", "for the authors")


def methods(study: Mapping) -> list[dict]:
    """The methods text, a paragraph each; its heads stay heads."""
    written = study["methods"]
    if not written:
        return [absent("The methods text was not written in this run.")]
    blocks = [
        text(
            "As it may stand in a manuscript; made from the settings in force and this study's own "
            "numbers. Keys in brackets are those of methods.bib. What it says is for the authors "
            "to check."
        )
    ]
    written = written[max(written.find("\n## "), 0) :]  # the file says of itself what it is
    for part in written.replace("\r\n", "\n").split("\n\n"):
        part = part.strip()
        if part.startswith("#"):
            head, _, rest = part.partition("\n")
            if head.startswith("##"):  # the title of the whole text is the section's own
                blocks.append(heading(head.strip("# ")))
            part = rest.strip()
        if part.startswith("- "):
            items = [" ".join(item.split()) for item in part[2:].split("\n- ")]
            blocks.append({"kind": "list", "items": items})
        elif part:
            blocks.append({"kind": "text", "content": " ".join(part.split())})
    return [*blocks, *_beside(study, "methods_file", "The methods text as a file")]


def _beside(study: Mapping, name: str, words: str) -> list[dict]:
    return [link(study[name], words)] if study[name] else []


def checklists(study: Mapping) -> list[dict]:
    """How many items of each checklist are answered with evidence; the whole lists beside."""
    found = {name: study["checklists"].get(name) for name in CHECKLISTS}
    found = {name: rows for name, rows in found.items() if rows}
    if not found:
        return [absent("The checklists were not filled in this run.")]
    statuses = list(dict.fromkeys([*STATUSES, *(r["status"] for v in found.values() for r in v)]))
    counts = {name: Counter(row["status"] for row in rows) for name, rows in found.items()}
    return [
        table(
            ["Checklist", "Items", *(status.capitalize() for status in statuses)],
            [
                [
                    say(CHECKLISTS[name]),
                    whole(len(rows)),
                    *(whole(counts[name][s]) for s in statuses),
                ]
                for name, rows in found.items()
            ],
            "Items of the reporting checklists by what a run can say of them. Pass and fail rest "
            "on a file and a value; what is for the authors no run can answer.",
            sources=found.values(),
        ),
        *_beside(study, "checklists_page", "Every item with its evidence"),
    ]


def centres(study: Mapping) -> list[dict]:
    """The centres that judged this study's locked model, pooled."""
    rows: Rows | None = study["pooled"]
    if rows is None:
        return [
            absent(
                "No other centre is in this study. Lock the model (target lock) and give it to "
                "other centres; each validates it on patients of its own (centres.model) and sends "
                "back a summary without a patient in it. Name the summaries in centres.summaries: "
                "they are then pooled and shown here."
            )
        ]
    own = {name: study[name] for name in ("pooled", "ci", "figure")}
    # The study's own people stand under its own figures; centres have patients of their own.
    own |= {"model": study["locked"], "centres": study["centre_rows"]}
    return [
        *report_centres.summary(own),
        *report_centres.forest(own),
        *report_centres.pooled(own),
        text("The target centres makes a page of its own with all of it: centres.html."),
    ]
