"""Sections of the page of a validation: a locked model at a centre that had no part in it."""

from collections.abc import Mapping

from nomoflow.language import say
from nomoflow.report_blocks import (
    absent,
    cell,
    coefficient,
    decimal,
    estimate,
    filled,
    interval,
    note,
    p_value,
    sentences,
    table,
    text,
    whole,
)
from nomoflow.report_case_mix import case_mix
from nomoflow.report_evaluation import hosmer_lemeshow
from nomoflow.report_heard import hear
from nomoflow.report_inputs import inputs
from nomoflow.report_settings import keys
from nomoflow.report_summary import warnings
from nomoflow.wording import (
    MAIN_MODELS,
    Rows,
    metric,
    model_label,
    models_in,
    number,
    predicted,
    signed,
    told_of,
    where,
)

EXTERNAL = "external"
UNHARMONISED = "external_unharmonised"
TABLES = (
    "predictions", "performance", "recalibration", "hosmer_lemeshow", "mislabelled", "exclusions",
    "not_predicted", "outside_range", "case_mix", "membership", "development",
)  # fmt: skip
JUDGED = {
    "auc": "AUC", "auc_case_mix": "AUC of this case mix", "sensitivity": "Sensitivity",
    "specificity": "Specificity", "accuracy": "Accuracy", "ppv": "PPV", "npv": "NPV",
    "brier": "Brier score",
}  # fmt: skip
CALIBRATED = {
    "oe": "Observed : expected", "calibration_intercept": "Intercept",
    "calibration_slope": "Slope", "calibration_in_the_large": "In the large", "ici": "ICI",
    "brier_scaled": "Scaled Brier",
}  # fmt: skip
OTHERS = {
    "auc_logit": "Logit of the AUC", "oe_log": "Logarithm of observed : expected",
    "cutoff": "Cut-off (linear predictor)", "net_benefit": "Net benefit", "e50": "E50",
    "e90": "E90",
}  # fmt: skip
UPDATES = {
    "raw": "As locked",
    "in_the_large": "Recalibrated in the large",
    "logistic": "Recalibrated, slope and intercept",
}
FEWEST = 100  # of each class (Collins 2016)


def validation(study: Mapping) -> list[dict]:
    """The sections in order: id, title and blocks.

    ``study``: model (model.json), look (look.json, or None), people (patients and events in words),
    patients and events (numbers), ci ("95 % CI"), threshold (of the net benefit), figure (name ->
    block), warnings and each of ``TABLES`` as rows, or None where this validation has none.
    """
    return [
        {"id": name, "title": say(title), "blocks": make(study)} for name, title, make in SECTIONS
    ]


def summary(study: Mapping) -> list[dict]:
    """What was judged, how often it was looked at, and the AUC beside the development's."""
    model, performance = study["model"], study["performance"] or []
    cohort = model["cohort"]
    blocks = [
        text(
            "The locked model {study}, version {version}, digest {digest}, gives the probability "
            "of {positive} against {negative}. It was made of {patients} patients, {events} "
            "events, and is judged here on {people}.",
            **told_of(model),
            patients=cohort["patients"],
            events=cohort["events"],
            people=study["people"],
        ),
        _look(study["look"]),
    ]
    if study["mislabelled"]:
        many = len(study["mislabelled"])
        blocks.append(
            note(
                "One of the inputs does not fit the model: see Inputs, below, before any of these "
                "figures is used."
                if many == 1
                else "{many} of the inputs do not fit the model: see Inputs, below, before any of "
                "these figures is used.",
                many=many,
            )
        )
    if not models_in(performance):
        return [*blocks, absent("No main model was judged here.")]
    blocks += [_beside_development(study, performance), note(_honest(study))]
    if not study["development"]:
        blocks.append(
            absent(
                "The development study's own figures are not at hand: model.json does not hold "
                "them, and its table evaluation/performance.csv was not given."
            )
        )
    if study["warnings"]:
        many = len(study["warnings"])
        blocks.append(
            note(
                "This validation gave one warning: see Warnings, below."
                if many == 1
                else "This validation gave {many} warnings: see Warnings, below.",
                many=many,
            )
        )
    return blocks


def _look(look: Mapping | None) -> dict:
    if look is None:
        return absent(
            "How often this model was looked at with external data is not known: no look was "
            "recorded (look.json)."
        )
    return note(
        "Look no. {count} at this model with external data. A model that is judged on external "
        "patients, changed and judged on them again is no longer judged on external patients. "
        "Ledger entry {entry}, cohort {cohort}.",
        count=look["count"],
        entry=look["digest"][:12],
        cohort=look["cohort"][:12],
    )


def _honest(study: Mapping) -> str:
    events, others = study["events"], study["patients"] - study["events"]
    said = say(
        "Nothing was fitted to these patients: features, coefficients and cut-off are those of the "
        "locked file. The figures tell of this centre's patients, scanners and readers alone; how "
        "far they carry depends on the case mix, below."
    )
    if min(events, others) >= FEWEST:
        return said
    few = say(
        "With {events} patients with the outcome and {others} without (fewer than {fewest} of a "
        "class) the intervals say more than the estimates.",
        events=events,
        others=others,
        fewest=FEWEST,
    )
    return sentences(said, few)


def _beside_development(study: Mapping, performance: Rows) -> dict:
    made = study["development"] or []
    here = {"auc": "AUC", "auc_case_mix": "Of this case mix", "oe": "O : E",
            "calibration_slope": "Slope"}  # fmt: skip
    there = {"cross_validated": "Cross-validated", "corrected_632": ".632+"} if made else {}
    rows = [
        [
            model_label(name),
            *(estimate(metric(performance, name, EXTERNAL, one)) for one in here),
            *(
                estimate(metric(made, name, sample, "auc"), missing="not in the table given")
                for sample in there
            ),
        ]
        for name in models_in(performance)
    ]
    return table(
        ["Model", *here.values(), *there.values()],
        rows,
        sentences(
            say(
                "The locked models at this centre ({people}), {ci} below each, and the AUC of the "
                "development study's own honest samples."
                if there
                else "The locked models at this centre ({people}), {ci} below each.",
                people=study["people"],
                ci=study["ci"],
            ),
            say(
                "Of this case mix: the AUC that the model's own probabilities promise among these "
                "patients (van Klaveren 2016); an AUC below the development's but near this one "
                "is a matter of the patients, one below this one a matter of the model."
            ),
        ),
        groups=[("", 1), ("This centre", len(here)), *([("Development, AUC", 2)] if there else [])],
    )


def performance(study: Mapping) -> list[dict]:
    """All models at their locked cut-offs, and the figure."""
    rows = study["performance"] or []
    if not rows:
        return [absent("No model was judged here."), study["figure"]("validation")]
    return [
        _metrics(study, rows, JUDGED, "Discrimination, and calls at the locked cut-off"),
        _metrics(study, rows, CALIBRATED, "Calibration as locked"),
        text(
            "Perfect are an intercept and a calibration in the large of 0, a slope of 1 and as "
            "many events observed as expected. Below 1, observed : expected says that the model's "
            "risks are too high here, the slope that they are too extreme."
        ),
        *_unharmonised(study, rows),
        _all_measures(study, rows),
        study["figure"]("validation"),
    ]


def _models(rows: Rows) -> list[str]:
    """The main models first, then the others by name."""
    others = {row["model"] for row in rows} - set(MAIN_MODELS)
    return [*models_in(rows), *sorted(others)]


def _metrics(study: Mapping, rows: Rows, names: Mapping[str, str], what: str) -> dict:
    return table(
        ["Model", "Patients (events)", *names.values()],
        [
            [
                model_label(model),
                filled(say("{} ({})"), *map(whole, predicted(study["predictions"], model)[:2])),
                *(estimate(metric(rows, model, EXTERNAL, name)) for name in names),
            ]
            for model in _models(rows)
        ],
        say("{what}: all models, {ci} below each.", what=say(what), ci=study["ci"]),
    )


def _unharmonised(study: Mapping, rows: Rows) -> list[dict]:
    """The models on features as they came, where the locked ones are harmonised."""
    raw = where(rows, sample=UNHARMONISED)
    names = {"auc": "AUC", "oe": "O : E", "calibration_slope": "Slope"}
    body = [
        [
            model_label(model),
            *(estimate(metric(rows, model, sample, name))
              for name in names for sample in (EXTERNAL, UNHARMONISED)),
        ]
        for model in _models(raw)
    ]  # fmt: skip
    if not body:
        return []
    return [
        table(
            ["Model", *["Harmonised", "As they came"] * len(names)],
            body,
            say(
                "The locked models, which harmonise features by scanner or site, and the same "
                "models on features as they came, {ci} below each.",
                ci=study["ci"],
            ),
            groups=[("", 1), *((name, 2) for name in names.values())],
        )
    ]


def _all_measures(study: Mapping, rows: Rows) -> dict:
    labels = {name: say(label) for name, label in {**JUDGED, **CALIBRATED, **OTHERS}.items()}
    labels["net_benefit"] = say(
        "{measure} at a threshold of {p}",
        measure=labels["net_benefit"],
        p=f"{study['threshold']:g}",
    )
    return table(
        ["Model", "Measure", "Estimate", study["ci"], "Interval, or why there is none"],
        [
            (
                model_label(row["model"]),
                labels.get(row["metric"], row["metric"]),
                decimal(row["estimate"]),
                interval(row),
                cell(hear(row["method"]), "not told"),
            )
            for model in _models(rows)
            for row in where(rows, model=model, sample=EXTERNAL)
        ],
        "All measures of all models, and how their intervals were made.",
        folded=True,
    )


def recalibration(study: Mapping) -> list[dict]:
    """The updates beside the raw model."""
    rows = study["recalibration"] or []
    if not rows:
        return [absent("No model was recalibrated: none was judged here.")]
    body = []
    for model in _models(rows):
        for row in where(rows, model=model):
            body.append(
                [
                    model_label(model),
                    say(UPDATES.get(row["update"], row["update"])),
                    _with_error(row, "intercept"),
                    _with_error(row, "slope"),
                    *(decimal(row[name], 3, hear(row["note"])) for name in ("brier", "oe", "ici")),
                    decimal(row["deviance"], 1, hear(row["note"])),
                    p_value(row["p"], "the model as locked" if row["update"] == "raw"
                            else hear(row["note"])),
                ]
            )  # fmt: skip
    return [
        note(
            "Recalibration stands beside the locked model, never in its place: the updates were "
            "fitted to these patients and are judged on the same ones, so that they look better "
            "than they would on the next. Every other figure of this page is of the model as "
            "locked."
        ),
        table(
            ["Model", "Form", "Intercept", "Slope", "Brier score", "O : E", "ICI", "Deviance", "P"],
            body,
            "Recalibration: the linear predictor becomes intercept + slope × linear predictor; "
            "standard errors below. P: likelihood-ratio test against the model as locked.",
        ),
    ]


def _with_error(row: Mapping[str, str], name: str) -> dict:
    error = row[f"{name}_se"]
    below = say("SE {error}", error=signed(number(error), 3)) if error else ""
    return decimal(row[name], 3, hear(row["note"])) | {"below": below if row[name] else ""}


def agreement(study: Mapping) -> list[dict]:
    """The Hosmer-Lemeshow test over numbers of groups."""
    return [
        hosmer_lemeshow(study["hosmer_lemeshow"]),
        text("No degree of freedom is lost: nothing of the model was fitted to these patients."),
    ]


def settings(study: Mapping) -> list[dict]:
    """What the locked model decides, and what it is made of."""
    model = study["model"]
    terms = [
        (
            model_label(name),
            hear(term["label"]),
            hear(term["coding"]),
            coefficient(term["coefficient"]),
            cell(_range(term), numeric=True),
        )
        for name in [*(n for n in MAIN_MODELS if n in model["models"]),
                     *sorted(set(model["models"]) - set(MAIN_MODELS))]
        for term in model["models"][name]["terms"]
    ]  # fmt: skip
    named = ("format", "study", "version", "digest", "outcome", "missing", "images", "features",
             "software")  # fmt: skip
    return [
        table(
            ["Model", "Term", "Coding", "Coefficient", "Range of training"],
            terms,
            "Terms of the locked models.",
            folded=True,
        ),
        keys(
            {name: model[name] for name in named},
            "Settings of the locked model, by which this cohort was processed.",
        ),
        text(
            "Model version {version}, digest {digest}.",
            version=model["version"],
            digest=model["digest"],
        ),
    ]


def _range(term: Mapping) -> str:
    ends = {name: f"{term[name]:.4g}" for name in ("low", "high")}
    return f"{say('{low} to {high}', **ends)} {hear(term['unit'])}".strip()


SECTIONS = (
    ("summary", "Summary", summary),
    ("inputs", "Inputs", inputs),
    ("performance", "Performance", performance),
    ("recalibration", "Recalibration", recalibration),
    ("case_mix", "Case mix", case_mix),
    ("hosmer_lemeshow", "Hosmer-Lemeshow test", agreement),
    ("warnings", "Warnings", warnings),
    ("settings", "Settings", settings),
)
