"""The calculator: one page that gives a patient's probability, offline, from model.json alone.

Plain text in, plain text out: the arithmetic is in report/nomogram.js, held against the models in
the tests. Of the patients only counts in bands of probability go into the page.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

from jinja2 import Environment, StrictUndefined

from nomoflow.language import spoken
from nomoflow.run import read_json
from nomoflow.wording import with_labels

SOURCES = Path(__file__).resolve().parents[2] / "report"  # template, scripts, words
NOMOGRAM, RADSCORE = "nomogram", "radscore"
BANDS = 20  # of probability, 5 % each
SLIDER_STEPS = 40  # at least
PROBABILITIES = (
    0.5, 0.1, 0.9, 0.01, 0.99, 0.3, 0.7, 0.2, 0.8, 0.05, 0.95, 0.4, 0.6, 0.001, 0.999, 0.02, 0.98,
    0.005, 0.995,
)  # fmt: skip


def calculator(
    document: Mapping,
    predictions: Sequence[Mapping[str, str]],
    positive: str,
    negative: str,
    confidence: float = 0.95,
) -> dict:
    """All numbers and words of the page, ready for JSON.

    ``document``: model.json. ``predictions``: rows of evaluation/predictions.csv. Points of a
    number are ``axis`` points + slope (value - axis value); the covariance is that of intercept
    and coefficients, None where there is none (``no_interval`` then says why).
    Raises KeyError where the document has no nomogram.
    """
    model = document["models"][NOMOGRAM]
    available = model["intercept"] is not None
    axes = document["nomogram"]["axes"] if available else []
    given = model.get("covariance")
    labels = {term["name"]: term["label"] for term in model["terms"]}
    return {
        "study": document["study"],
        "version": document["version"],
        "digest": document["digest"],
        "patients": document["cohort"]["patients"],
        "events": document["cohort"]["events"],
        "positive_name": positive,
        "negative_name": negative,
        "available": available,
        "status": model["status"],
        "reason": with_labels(model["reason"], labels),
        "intercept": model["intercept"],
        "coefficients": [term["coefficient"] for term in model["terms"]],
        "predictors": [
            _predictor(i, term, [tick for tick in axes if tick["predictor"] == term["name"]])
            for i, term in enumerate(model["terms"])
        ],
        "covariance": given["matrix"] if given else None,
        "method": given["method"] if given else None,
        "no_interval": "" if given else _no_interval(model["status"]),
        "confidence": confidence,
        "quantile": NormalDist().inv_cdf(0.5 + confidence / 2),
        "cutoff": model["cutoff"]["linear_predictor"],
        "cohort": cohort(predictions),
        "drawing": drawing(axes, document["nomogram"]["scale"]) if axes else None,
    }


def _no_interval(status: str) -> str:
    return "ci_separated" if status == "separated" else "ci_absent"


def _predictor(at: int, term: Mapping, ticks: Sequence[Mapping]) -> dict:
    """A field of the form: a number with its range and axis, or a choice with its levels."""
    shared = {"name": term["name"], "label": term["label"], "unit": term["unit"],
              "coding": term["coding"].strip()}  # fmt: skip
    imputed = term.get("imputed")
    first, last = ticks[0], ticks[-1]
    if term["kind"] == "binary":
        levels = [
            {"label": tick["level"], "codes": [tick["value"]], "points": tick["points"],
             "seen": term["low"] <= tick["value"] <= term["high"]}
            for tick in ticks
        ]  # fmt: skip
        chosen = None if imputed is None else int(imputed)
        return {**shared, "kind": "choice", "terms": [at], "levels": levels, "imputed": chosen}
    width = last["value"] - first["value"]
    return {
        **shared,
        "kind": "number",
        "term": at,
        "per": term["per"],
        "low": term["low"],
        "high": term["high"],
        "imputed": imputed,
        "axis": {
            "value": first["value"],
            "points": first["points"],
            "slope": (last["points"] - first["points"]) / width if width > 0 else 0.0,
        },
        "slider": slider(first["value"], last["value"]),
    }


def slider(low: float, high: float) -> dict | None:
    """Ends and step of a slider along an axis: a power of ten; None for an axis of one value."""
    if not high > low:
        return None
    step = 10.0 ** math.floor(math.log10((high - low) / SLIDER_STEPS))
    decimals = max(0, -math.floor(math.log10(step) + 0.5))
    return {
        "min": f"{low:.{decimals}f}",
        "max": f"{high:.{decimals}f}",
        "step": f"{step:.{decimals}f}",
    }


def cohort(predictions: Sequence[Mapping[str, str]]) -> dict | None:
    """Patients of each class in bands of the nomogram's probability, and which sample that is.

    Held out where the study was cross-validated (a patient's mean over the repeats), apparent
    where it was not; None without predictions.
    """
    of_model = [row for row in predictions if row["model"] == NOMOGRAM]
    for sample in ("cross_validated", "apparent"):
        probabilities: dict[str, list[float]] = {}
        outcomes: dict[str, int] = {}
        for row in of_model:
            if row["sample"] == sample:
                probabilities.setdefault(row["patient"], []).append(float(row["probability"]))
                outcomes[row["patient"]] = int(row["outcome"])
        if not probabilities:
            continue
        counts = {1: [0] * BANDS, 0: [0] * BANDS}
        for patient, values in probabilities.items():
            mean = math.fsum(values) / len(values)
            counts[outcomes[patient]][min(BANDS - 1, math.floor(mean * BANDS))] += 1
        return {"sample": sample, "positive": counts[1], "negative": counts[0]}
    return None


def drawing(axes: Sequence[Mapping], scale: Sequence[Mapping]) -> dict | None:
    """Axes to draw, on the scale of the points; None where no predictor has an effect.

    ``predictors``: by name, low, high and ticks [points, text]; ``total`` and ``probability``:
    the same on the scale of the total points, probabilities by importance.
    """
    rows: dict[str, list] = {}
    for tick in axes:
        rows.setdefault(tick["predictor"], []).append([tick["points"], tick["level"]])
    predictors = {
        name: {"low": min(p for p, _ in ticks), "high": max(p for p, _ in ticks), "ticks": ticks}
        for name, ticks in rows.items()
    }
    highest = sum(row["high"] for row in predictors.values())
    if len(scale) < 2 or highest <= 0:
        return None
    first, last = scale[0], scale[-1]
    slope = (last["linear_predictor"] - first["linear_predictor"]) / (
        last["total_points"] - first["total_points"]
    )
    start = first["linear_predictor"] - slope * first["total_points"]
    ends = (start, start + slope * highest)
    shares = [p for p in PROBABILITIES if ends[0] <= math.log(p / (1 - p)) <= ends[1]]
    texts = [f"{p:g}" for p in shares]
    if len(shares) < 2:  # a weak model: its whole range lies between two round probabilities
        shares = [1 / (1 + math.exp(-end)) for end in ends]
        texts = [f"{p:.2f}" for p in shares]
    placed = [(math.log(p / (1 - p)) - start) / slope for p in shares]
    return {
        "widest": max(100.0, *(row["high"] for row in predictors.values())),
        "predictors": predictors,
        "highest": highest,
        "probability": [[at, text] for at, text in zip(placed, texts, strict=True)],
    }


def embedded(content) -> str:
    """JSON that cannot end the script element around it, nor begin another, whatever it says."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def trusted(text: str) -> str:
    """The text's source in a Content-Security-Policy: it alone may run, or style the page."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def render(page: Mapping, sources: Path = SOURCES) -> str:
    """The page as one file. Every text is escaped; an undefined name is an error.

    It has both languages: it begins in Chinese where that is spoken now, or by the browser.
    """

    def read(name: str) -> str:
        return (sources / name).read_text(encoding="utf-8").strip()

    words = read_json(sources / "nomogram_texts.json")
    # The browser takes the digest of all that stands between the tags: no line is added there.
    script = "\n".join(read(f"nomogram{part}.js") for part in ("", "_drawing", "_page"))
    style = read("nomogram.css")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(read("nomogram.html.j2")).render(
        page=page,
        text={key: forms[spoken()] for key, forms in words["texts"].items()},
        language=spoken(),
        radscore=RADSCORE,
        data=embedded({**page, "words": words, "language": spoken()}),
        script=script,
        style=style,
        policy=f"default-src 'none'; script-src {trusted(script)}; style-src {trusted(style)}; "
        "base-uri 'none'; form-action 'none'",
    )
    return text + "\n"
