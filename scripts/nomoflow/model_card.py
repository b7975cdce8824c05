"""The model card (Mitchell et al. 2019, doi 10.1145/3287560.3287596) from the run's own files.

What only the authors can say is their text, or the words that they have not said it.
"""

from collections.abc import Sequence

from nomoflow.evidence import (
    CLINICAL,
    HONEST,
    NOMOGRAM,
    RADIOMICS,
    VOLUME,
    Results,
    count,
    listed,
    spread,
)
from nomoflow.methods_of_data import criteria, patients
from nomoflow.methods_of_models import bootstrap, centres_of, software
from nomoflow.methods_text import limits, without_keys
from nomoflow.wording import HEADS, metric, model_label, number, where, with_interval

NOT_STATED = "Not stated by the authors"
METRICS = (
    ("auc", "AUC"), ("sensitivity", "Sensitivity"), ("specificity", "Specificity"),
    ("accuracy", "Accuracy"), ("brier", "Brier score"), ("calibration_slope", "Calibration slope"),
    ("oe", "Observed over expected"), ("net_benefit", "Net benefit"),
)  # fmt: skip


def model_card(r: Results, study: str) -> str:
    """The card as Markdown, with the sections of Mitchell et al. in their order."""
    sections = (
        ("Model details", details(r, study)),
        ("Intended use", intended_use(r)),
        ("Factors", factors(r)),
        ("Metrics", metrics(r)),
        ("Evaluation data", evaluation_data(r)),
        ("Training data", training_data(r)),
        ("Quantitative analyses", analyses(r)),
        ("Ethical considerations", stated(r, "ethical_considerations", "ethics", "consent")),
        ("Caveats and recommendations", caveats(r)),
    )
    parts = [f"# Model card: nomogram of study {study}"]
    for title, text in sections:
        parts += [f"## {title}", text]
    return "\n\n".join(parts) + "\n"


def stated(r: Results, *names: str) -> str:
    """The authors' texts of these names; where there is none, that there is none."""
    told = [r.statements[name].rstrip(".") + "." for name in names if name in r.statements]
    return " ".join(told) if told else f"{NOT_STATED} ({', '.join(names)})."


def details(r: Results, study: str) -> str:
    """What the model is, to the digest, and how each term enters it."""
    document = r.document("model")
    model, found = document["models"][NOMOGRAM], document["outcome"]
    lines = [
        f"- Study {study}, version {document['version']}, format {document['format']}",
        f"- Digest (SHA-256): `{document['digest']}`",
        f"- Output: probability of {found['positive']} against {found['negative']}",
        f"- Kind: logistic regression ({model['status']}"
        + (f": {model['reason']})" if model["reason"] else ")"),
        f"- Developers and contact: {stated(r, 'contact')}",
        f"- Availability: {stated(r, 'model_availability')}",
        f"- {without_keys(software(r))}",
    ]
    score = document["signatures"]["combined"]
    lines.append(
        f"- Radscore: {count(len(score['features']), 'feature')}"
        f"{': ' if score['features'] else ''}{', '.join(score['features'])} "
        f"({score['status']}{': ' + score['reason'] if score['reason'] else ''})"
    )
    terms = model.get("terms") or []
    if terms:
        rows = [["(Intercept)", "", _number(model["intercept"]), ""]]
        rows += [
            [t["label"], t["coding"], _number(t["coefficient"]), _range(t["low"], t["high"])]
            for t in terms
        ]
        lines += ["", _table(["Term", "Coding", "Coefficient", "Range in training"], rows)]
    return "\n".join(lines)


def intended_use(r: Results) -> str:
    """The authors' text, and what holds of every such model."""
    return (
        f"{stated(r, 'intended_use')} For research use only: it is no medical device, and it has "
        f"been judged by {count(centres_of(r), 'other centre')}."
    )


def factors(r: Results) -> str:
    """Groups that were looked at, and how images were acquired."""
    groups = list(dict.fromkeys(row["subgroup"] for row in r.rows("subgroups")))
    told = "; ".join(groups) if groups else "none"
    makers = (
        sorted({row["manufacturer"] for row in r.rows("acquisition")} - {""})
        if r.has("acquisition")
        else []
    )
    spacing = ""
    if r.has("quality"):
        apart = [number(row["spacing_mm"].split()[2]) for row in r.rows("quality")]
        spacing = f" Slices were {spread(apart)} mm apart."
    return (
        f"Subgroups with figures of their own: {told} (evaluation/subgroups.csv). Scanners of: "
        f"{listed(makers) or 'not known'}.{spacing} {stated(r, 'health_inequalities')}"
    )


def metrics(r: Results) -> str:
    """Which figures, by which cut-off, with which intervals."""
    cut = r.document("model")["models"][NOMOGRAM].get("cutoff") or {}
    evaluation = r.config["evaluation"]
    text = f"{', '.join(label for _, label in METRICS)}. "
    if cut:
        text += f"Cut-off at a probability of {cut['probability']:.3f} ({cut['rule']}). "
    return (
        f"{text}Intervals are {100 * evaluation['confidence']:g} %; net benefit is at a threshold "
        f"of {evaluation['decision_threshold']:g}."
    )


def evaluation_data(r: Results) -> str:
    rows = where(r.rows("predictions"), sample=HONEST)
    held = {row["patient"] for row in rows}
    repeats = len({row["repeat"] for row in rows})
    text = (
        f"The {count(len(held), 'patient')} of the training data, each held back once in each of "
        f"{count(repeats, 'repeat')} of nested cross-validation"
    )
    text += "; bootstrap resamples beside it. " if bootstrap(r) else ". "
    many = centres_of(r)
    return text + (
        f"{count(many, 'other centre')} applied the model unchanged."
        if many
        else "No patients of another centre."
    )


def training_data(r: Results) -> str:
    cohort, found = (r.document("model")[key] for key in ("cohort", "outcome"))
    rest = cohort["patients"] - cohort["events"]
    return (
        f"{patients(r)} {criteria(r)} {cohort['events']} were {found['positive']}, {rest} "
        f"{found['negative']}. {stated(r, 'data_source', 'setting', 'study_dates')}"
    )


def analyses(r: Results) -> str:
    """Honest figures first; the optimistic ones are named so."""
    rows = r.rows("performance")
    there = {row["sample"] for row in rows}
    samples = [name for name in HEADS if name in there]
    heads = [
        f"{HEADS[name]} (optimistic)" if name in ("apparent", "corrected") else HEADS[name]
        for name in samples
    ]
    figures = [
        [label, *(with_interval(metric(rows, NOMOGRAM, sample, name)) for sample in samples)]
        for name, label in METRICS
    ]
    models = [name for name in (NOMOGRAM, RADIOMICS, CLINICAL, VOLUME)
              if metric(rows, name, HONEST, "auc")]  # fmt: skip
    aucs = [
        [model_label(name), *(with_interval(metric(rows, name, s, "auc")) for s in samples)]
        for name in models
    ]
    return "\n\n".join(
        [
            "The nomogram:",
            _table(["Figure", *heads], figures),
            "AUC of the models side by side:",
            _table(["Model", *heads], aucs),
        ]
    )


def caveats(r: Results) -> str:
    """What follows from warnings and settings."""
    return "\n".join(f"- {row['text']}" for row in limits(r))


def _number(value: float) -> str:
    return f"{value:.4g}"


def _range(low, high) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; a bar in a text would end its cell."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
