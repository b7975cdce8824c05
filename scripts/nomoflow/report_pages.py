"""What all report pages share: the template, the figures linked beside it, and their captions."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from nomoflow.calculator import trusted
from nomoflow.language import say, spoken
from nomoflow.report_blocks import absent, figure, sentences
from nomoflow.report_origins import FORMAT, Traced, lineage

SOURCES = Path(__file__).resolve().parents[2] / "report"  # the template and the captions
_ALT = {
    "flow": "Flow diagram of patients and features at each step",
    "icc": "Share of features above each intraclass correlation coefficient, by phase",
    "lasso": "LASSO coefficient paths and cross-validated deviance of each signature",
    "nomogram": "Nomogram with an axis of points for each predictor",
    "roc": "ROC curves of the models, by sample",
    "calibration": "Calibration curves of the models, by sample",
    "dca": "Decision curves of the models, by sample",
    "scores": "Bar chart of each patient's nomogram score, by class",
    "stability": "Share of resamples in which each feature was chosen, by signature",
    "instability": "Probabilities of each patient over the resamples, by model",
    "validation": "ROC, calibration and decision curves of the locked model at this centre",
    "forest": "Forest plots of AUC, observed over expected and calibration slope, by centre",
    "centres_dca": "Decision curves of the locked model, by centre",
}


_WORDS = {
    "ascending": "Sorted by {column}, ascending",
    "descending": "Sorted by {column}, descending",
    "unsorted": "In the order of the report",
    "source": "Source",
    "keep": "CSV of this table",
    "rule": "Rule",
    "given": "none: a file that the study began with",
    "wildcards": "Of",
    "files": "Files",
    "size": "Size",
    "unknown": "not in the trace",
    "params": "Params",
    "inputs": "Made from ({many})",
    "place": "Line {line}, column {column}",
    "computed": "Computed for this page from",
    "pick": "Where a number comes from:",
    "row": "Row",
    "column": "Column",
    "made": "Made from",
    "config": "Made from the configuration in force, which every rule's params are taken from.",
}
_OTHERS = ("icc", "forest", "centres_dca")  # figures of other patients than the study's


def page(
    heading: str,
    kind: str,
    outcome: Mapping,
    people: str,
    phases: Sequence[str],
    sections: Sequence[Mapping],
    tables: Mapping[str, str] | None = None,
    trace: Mapping | None = None,
) -> str:
    """The page in the language spoken now; all is escaped, an undefined name is an error.

    heading: the page's first words; kind: what the page is, for the window's title ("study
    report"); outcome: positive, negative; sections: id, title and blocks (report_blocks) of each.
    tables: {file: text} of the tables that can be kept as files; None for a page without controls
    and script; trace: the document that provenance/trace.json holds.
    """
    style, script = read_source("study.css"), read_source("study.js")
    places: dict[str, int] = {}
    data = None if tables is None else _data(heading, sections, tables, trace, places)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["place"] = places.__getitem__
    environment.filters["breakable"] = breakable
    policy = f"default-src 'none'; img-src 'self' file:; style-src {trusted(style)}; "
    policy += f"script-src {trusted(script)}; " if data else ""
    text = environment.from_string(read_source("study.html.j2")).render(
        heading=heading, kind=kind, outcome=outcome, people=people, phases=phases,
        sections=sections, style=style, script=script, data=data, language=spoken(), say=say,
        policy=f"{policy}base-uri 'none'; form-action 'none'", traced=_traced(places),
    )  # fmt: skip
    return text + "\n"


def breakable(content: str) -> Markup:
    """A cell's text; the long names of features may break at their parts."""
    return Markup("<wbr>").join(re.split(r"(?<=\w_)(?=\w)|(?<=[a-z])(?=[A-Z][a-z])", content))


def read_source(name: str) -> str:
    """A file below report/, without the blanks around it."""
    return (SOURCES / name).read_text(encoding="utf-8").strip()


def _data(heading: str, sections, tables: Mapping, trace: Mapping | None, places: dict) -> str:
    """What the page's script knows: its words, the files and how they were made, the tables."""
    wanted = list(dict.fromkeys(s for part in sections for b in part["blocks"] for s in _from(b)))
    known = lineage(trace or {"format": FORMAT, "files": {}}, wanted)
    places |= {row[0]: at for at, row in enumerate(known["files"])}
    content = {
        "study": heading,
        "words": {name: say(text) for name, text in _WORDS.items()},
        **known,
        "tables": {file: tables[file] for file in wanted if file in tables},
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Within a script element nothing but "<" could end it, or begin a comment.
    return text.replace("<", "\\u003c")


def _from(block: Mapping) -> Sequence[str]:
    return block.get("sources", ())


def _traced(places: Mapping[str, int]):
    """A function cell -> attributes: its number in full, and where in a file it was read."""

    def attributes(cell: Mapping) -> Markup:
        value, origin = cell["value"], ""
        if not places or not cell["numeric"] or value in ("", None):
            return Markup("")
        if isinstance(value, Traced):
            origin = f"{places[value.file]}:{value.line}:{value.column}"
        full = float(value)
        shown = Markup(' data-v="{}"').format(value) if full == full else Markup("")
        return shown + (Markup(' data-o="{}"').format(origin) if origin else "")

    return attributes


def seen_from(page: str | Path, path: str | Path) -> str:
    """A file's place relative to the page."""
    return Path(os.path.relpath(path, Path(page).parent)).as_posix()


def linker(figures: Sequence[str], page: str, people: str):
    """A function name -> figure block, for the figures there are; links are relative to the page.

    Captions are those of Snakemake's own report, with patients and events added to each.
    """
    places = {Path(path).stem: path for path in figures}

    def block(name: str) -> dict:
        if name not in places:
            return absent("Figure {name} was not drawn in this run.", name=name)
        caption = say(" ".join(read_source(f"captions/{name}.rst").split()))
        # The patients that were read again are counted within that figure.
        counted = say("{people}.", people=people) if people and name not in _OTHERS else ""
        place = seen_from(page, places[name])
        return figure(place, _ALT[name], sentences(caption, counted), Path(places[name]).as_posix())

    return block
