"""The filled checklists as one page: what each item's status is, what was read, and where."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined

from nomoflow.checklist_names import CHECKLISTS
from nomoflow.checklists import BETWEEN, WEIGHT, checklist, main_items
from nomoflow.evidence import STATUSES
from nomoflow.language import say, spoken
from nomoflow.statements import LISTS


def render_checklists(
    study: str, filled: Mapping[str, Sequence[Mapping]], told: Mapping[str, Mapping]
) -> str:
    """The page in the language spoken now; every text is escaped.

    filled: rows by checklist; told: their summary. Items, and the values read, stay English.
    """
    template = (LISTS.parent / "checklists.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    lists = [
        {
            "id": name,
            **{key: checklist(name)[key] for key in ("name", "title", "source", "doi")},
            "weighted": any(WEIGHT in row for row in filled[name]),
            "rows": [_shown(row, filled[name], place) for place, row in enumerate(filled[name])],
            "told": told[name],
        }
        for name in CHECKLISTS
    ]
    parts = main_items(filled["tripod_ai"])
    return environment.from_string(template).render(
        study=study, lists=lists, statuses=STATUSES, main_items=parts, say=say, language=spoken()
    )


def _shown(row: Mapping, rows: Sequence[Mapping], place: int) -> dict:
    """A row with its links, and its section where that begins."""
    before = rows[place - 1]["section"] if place else ""
    links = [
        {"href": quote(path), "text": path.removeprefix("../")}
        for path in row["evidence"].split(BETWEEN)
        if path
    ]
    begins = row["section"] if row["section"] != before else ""
    weight = f"{float(row[WEIGHT]):.4f}" if WEIGHT in row else ""
    return {**row, "links": links, "begins": begins, "shown_weight": weight}
