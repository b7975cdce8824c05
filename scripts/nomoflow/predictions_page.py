"""The page of predictions: one file that fetches nothing, runs nothing and names no one."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from nomoflow.calculator import trusted
from nomoflow.language import say, spoken
from nomoflow.model_file import VOLUME
from nomoflow.problem_kinds import KINDS
from nomoflow.report_heard import hear
from nomoflow.wording import model_label

SOURCES = Path(__file__).resolve().parents[2] / "report"  # template and style
PREFERRED = ("nomogram", "image_features", "radiomics")


def page(
    model: Mapping,
    predictions: Sequence[Mapping],
    points: Sequence[Mapping],
    warnings: Sequence[Mapping],
    centre: str,
    confidence: float = 0.95,
    pseudonyms: bool = False,
) -> dict:
    """All words of the page that are the study's own, in the language spoken now.

    predictions, points, warnings: rows as nomoflow.patient_predictions makes them (numbers may be
    NaN). One model is shown, the nomogram if there is one. With ``pseudonyms`` patients stand
    under their opaque number, in its order, and no key is on the page.
    """
    there = {row["model"] for row in predictions}
    names = [name for name in PREFERRED if name in there] or sorted(there)
    shown = names[0] if names else ""
    own = [row for row in predictions if row["model"] == shown]
    order = (lambda row: row["number"]) if pseudonyms else (lambda row: str(row["patient"]))
    positive = model["outcome"]["positive"]
    labels = {one["name"]: one["label"] for one in model["predictors"] if one.get("label")}
    labels[VOLUME] = model_label("volume")
    return {
        "study": model["study"],
        "centre": centre,
        "version": model["version"],
        "digest": model["digest"],
        "model": model_label(shown) if shown else "",
        "positive": positive,
        "negative": model["outcome"]["negative"],
        "confidence": f"{100 * confidence:g} %",
        "cutoff": percent(_logistic(own[0]["cutoff"])) if own else "",
        "pseudonyms": pseudonyms,
        "patients": [
            {
                "anchor": f"patient-{place}",
                "name": str(row["number"] if pseudonyms else row["patient"]),
                "probability": percent(row["probability"]),
                "interval": _interval(row),
                "call": row["call"],
                "positive": row["call"] == positive,
                "total": _points(row["total_points"]),
                "points": [
                    {**one, "value": hear(one["value"]), "points": _points(one["points"])}
                    for one in points
                    if shown == "nomogram" and one["patient"] == row["patient"]
                ],
                "warnings": [
                    _heard(_nameless(one) if pseudonyms else one, labels)
                    for one in warnings
                    if one["patient"] == row["patient"]
                ],
            }
            for place, row in enumerate(sorted(own, key=order), start=1)
        ],
    }


def _heard(warning: Mapping, labels: Mapping[str, str]) -> dict:
    """The warning in the language spoken now, a kind of problem said in words where not English."""
    kind = warning["kind"]
    told = {name: hear(str(warning[name])) for name in ("subject", "found", "expected")}
    told["subject"] = labels.get(warning["subject"], told["subject"])
    return {"kind": say(kind) if spoken() == "en" else say(KINDS.get(kind, kind)), **told}


def _nameless(warning: Mapping) -> dict:
    """The warning without the texts that hold the study key, such as the name of a file."""
    key = str(warning["patient"])
    return {
        name: "(see the table of warnings)" if key in str(warning[name]) else warning[name]
        for name in ("kind", "subject", "found", "expected")
    }


def percent(p: float) -> str:
    """ "12.3 %"; neither 0 nor 100, for no prediction is certain; "" where there is none."""
    if math.isnan(p):
        return ""
    if p < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if p > 0.999 else f"{100 * p:.1f} %"


def _interval(row: Mapping) -> str:
    ends = (percent(row["ci_low"]), percent(row["ci_high"]))
    return say("{low} to {high}", low=ends[0], high=ends[1]) if all(ends) else ""


def _points(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"


def _logistic(eta: float) -> float:
    return 1 / (1 + math.exp(-eta)) if eta >= 0 else math.exp(eta) / (1 + math.exp(eta))


def render(content: Mapping, sources: Path = SOURCES) -> str:
    """The page as one file. Every text is escaped; an undefined name is an error."""
    style = (sources / "predictions.css").read_text(encoding="utf-8").strip()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = (sources / "predictions.html.j2").read_text(encoding="utf-8").strip()
    policy = f"default-src 'none'; style-src {trusted(style)}; base-uri 'none'; form-action 'none'"
    text = environment.from_string(template).render(
        page=content, style=style, policy=policy, say=say, language=spoken()
    )
    return text + "\n"
