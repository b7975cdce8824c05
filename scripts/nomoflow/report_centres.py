"""Sections of the page of many centres: one locked model, judged at each, and pooled."""

from collections.abc import Mapping

from nomoflow.language import say
from nomoflow.report_blocks import (
    absent,
    cell,
    decimal,
    estimate,
    note,
    p_value,
    table,
    text,
    whole,
)
from nomoflow.report_heard import hear
from nomoflow.report_settings import keys
from nomoflow.wording import (
    MAIN_MODELS,
    Rows,
    model_label,
    models_in,
    number,
    span,
    told_of,
    where,
)

POOLED = "(pooled)"
METRICS = {
    "auc": "AUC",
    "oe": "Observed : expected",
    "calibration_slope": "Calibration slope",
    "calibration_in_the_large": "Calibration in the large",
}
_FEW = 5  # centres, below which the variance between them is hardly known (Debray 2017)
_ALONE = "needs two centres"
_NOT_SHARED = "this centre does not share it"


def centres(study: Mapping) -> list[dict]:
    """The sections in order: id, title and blocks.

    ``study``: model (model.json), pooled and centres (tables of pool_centres as rows), ci ("95 %
    CI"), figure (name -> block).
    """
    return [
        {"id": name, "title": say(title), "blocks": make(study)} for name, title, make in SECTIONS
    ]


def names_of(rows: Rows) -> list[str]:
    """The centres of a table, in its order."""
    return list(dict.fromkeys(row["centre"] for row in rows if row["centre"] != POOLED))


def summary(study: Mapping) -> list[dict]:
    """How many centres, what they give together, and how far it carries."""
    model, rows = study["model"], study["centres"]
    names = names_of(rows)
    lead = next(iter(models_in(study["pooled"])), None)
    blocks = [
        text(
            "The locked model {study}, version {version}, digest {digest}, gives the probability "
            "of {positive} against {negative}. {many} judged it on patients of their own: {names}.",
            **told_of(model),
            many=_many(len(names)),
            names=say(", ").join(names),
        )
    ]
    if lead is None:
        return [*blocks, absent("No centre shares a figure of a main model.")]
    own = where(study["pooled"], model=lead, centre=POOLED)
    blocks.append(
        table(
            [
                "Measure",
                "Centres",
                say("Pooled ({ci})", ci=study["ci"]),
                "Prediction interval",
                "τ²",
                "I², %",
            ],
            [
                (
                    say(METRICS[row["metric"]]),
                    whole(_pooled_count(study["pooled"], lead, row["metric"])),
                    estimate(row),
                    _prediction(row),
                    decimal(row["tau2"], 3, _ALONE),
                    decimal(row["i2"], 0, _ALONE),
                )
                for row in own
            ],
            say(
                "{model} over the centres, random effects. The interval tells of the mean over "
                "centres; what a next centre may see, the prediction interval tells.",
                model=model_label(lead),
            ),
            sources=[study["pooled"]],
        )
    )
    return [*blocks, *(note(said) for said in caveats(study, lead))]


def _many(count: int) -> str:
    return say("One centre") if count == 1 else say("{count} centres", count=count)


def _pooled_count(rows: Rows, model: str, metric: str) -> int:
    own = where(rows, model=model, metric=metric)
    return sum(bool(row["weight"]) for row in own if row["centre"] != POOLED)


def _prediction(row: Mapping[str, str]) -> dict:
    ends = span(row["prediction_low"], row["prediction_high"])
    return cell(ends, "not defined below three centres", numeric=True)


def caveats(study: Mapping, model: str) -> list[str]:
    """What limits the pooled figures of a model, in words."""
    count = _pooled_count(study["pooled"], model, "auc")
    said = []
    if count < 2:
        said.append(
            "Fewer than two centres share the AUC: nothing is pooled, and how much centres differ "
            "is not known."
        )
    elif count < 3:
        said.append(
            "Two centres are pooled: a prediction interval is not defined below three, and the "
            "variance between centres is hardly more than a guess."
        )
    elif count < _FEW:
        said.append(
            say(
                "{count} centres are pooled: the variance between them is known poorly, as the "
                "interval of τ² says, and with it the prediction interval.",
                count=count,
            )
        )
    if count >= 2:
        wide = [
            say(METRICS[row["metric"]])
            for row in where(study["pooled"], model=model, centre=POOLED)
            if number(row["i2"]) > 50
        ]
        if wide:
            said.append(
                say(
                    "Centres differ by more than chance in {measures} (I² above 50 %): a "
                    "pooled figure is then the mean of unlike centres. Look at the centres, their "
                    "case mix and their scanners before it is quoted.",
                    measures=say(", ").join(wide),
                )
            )
    silent = [row for row in study["centres"] if row["shared"].lower() != "true"]
    if silent:
        names = say(", ").join(dict.fromkeys(row["centre"] for row in silent))
        said.append(
            say(
                "Not all is shared by {names}: what is withheld, mostly for few patients, is in "
                "no pooled figure.",
                names=names,
            )
        )
    often = {row["centre"]: row["looks"] for row in study["centres"] if number(row["looks"]) > 1}
    if often:
        told = say(", ").join(f"{name} ({looks})" for name, looks in often.items())
        said.append(
            say(
                "More than one look at external data with this model is counted by {names}. "
                "Centres of one ledger count together; a model that was changed between two looks "
                "is no longer judged on external patients.",
                names=told,
            )
        )
    return said


def forest(study: Mapping) -> list[dict]:
    """The forest figure."""
    return [study["figure"]("forest")]


def pooled(study: Mapping) -> list[dict]:
    """Every figure of every centre, and the pooled ones."""
    rows = study["pooled"]
    if not rows:
        return [absent("No centre shares a figure that could be pooled.")]
    blocks = [
        table(
            [
                "Measure",
                "Centre",
                "Patients",
                "Events",
                say("Estimate, {ci}", ci=study["ci"]),
                "Weight, %",
            ],
            [_line(row) for row in where(rows, model=model)],
            say("{model}: each centre and the pooled figure.", model=model_label(model)),
            folded=place > 0,
        )
        for place, model in enumerate(_models(rows))
    ]
    blocks.append(
        table(
            ["Model", "Measure", "Prediction interval", "τ²", "I², %", "Q", "P"],
            [
                (
                    model_label(model),
                    say(METRICS.get(row["metric"], row["metric"])),
                    _prediction(row),
                    estimate({**row, "ci_low": row["tau2_low"], "ci_high": row["tau2_high"]},
                             value="tau2"),
                    decimal(row["i2"], 0, _ALONE),
                    decimal(row["q"], 1, _ALONE),
                    p_value(row["p"], _ALONE),
                )
                for model in _models(rows)
                for row in where(rows, model=model, centre=POOLED)
            ],
            "Heterogeneity: how far the centres differ beyond chance.",
        )
    )  # fmt: skip
    methods = dict.fromkeys(
        (model_label(row["model"]), say(METRICS.get(row["metric"], row["metric"])),
         say("Pooled") if row["centre"] == POOLED else row["centre"], hear(row["method"]))
        for model in _models(rows) for row in where(rows, model=model)
    )  # fmt: skip
    return [
        *blocks,
        text(
            "AUCs are pooled as logits, observed : expected as logarithms, slope and calibration "
            "in the large as they are; τ² lies on that scale. The variance between centres is "
            "estimated by REML, the interval is that of Hartung, Knapp, Sidik and Jonkman, never "
            "narrower than the usual one (Debray 2017)."
        ),
        table(
            ["Model", "Measure", "Centre", "How"], methods, "How each figure was made.", folded=True
        ),
    ]


def _models(rows: Rows) -> list[str]:
    others = {row["model"] for row in rows if row["model"]} - set(MAIN_MODELS)
    return [*models_in(rows), *sorted(others)]


def _line(row: Mapping[str, str]) -> tuple:
    return (
        say(METRICS.get(row["metric"], row["metric"])),
        say("Pooled") if row["centre"] == POOLED else row["centre"],
        whole(row["n"], _NOT_SHARED),
        whole(row["events"], _NOT_SHARED),
        estimate(row),
        decimal(row["weight"], 1, "not pooled"),
    )


def each(study: Mapping) -> list[dict]:
    """What each centre tells of itself."""
    rows = study["centres"]
    if not rows:
        return [absent("No centre sent a summary.")]
    numbers = ("auc", "oe", "calibration_slope", "calibration_intercept", "brier", "sensitivity",
               "specificity", "accuracy")  # fmt: skip
    heads = ("AUC", "O : E", "Slope", "Intercept", "Brier", "Sens.", "Spec.", "Acc.")
    blocks = []
    for place, model in enumerate(_models(rows)):
        blocks.append(
            table(
                ["Centre", "Patients", "Events", *heads],
                [
                    (
                        row["centre"],
                        whole(row["n"], _NOT_SHARED),
                        whole(row["events"], _NOT_SHARED),
                        *(
                            decimal(row[name], 3, hear(row["reason"]) or _NOT_SHARED)
                            for name in numbers
                        ),
                    )
                    for row in where(rows, model=model)
                ],
                say(
                    "{model} at each centre, as locked and at its locked cut-off.",
                    model=model_label(model),
                ),
                folded=place > 0,
            )
        )
    silent = [row for row in rows if not row["model"]]
    if silent:
        body = [(row["centre"], hear(row["reason"])) for row in silent]
        blocks.append(table(["Centre", "Why"], body, "Centres that share no figure."))
    first = {row["centre"]: row for row in reversed(rows)}
    return [
        *blocks,
        table(
            ["Centre", "Share with the outcome", "Scanners", "Slice thickness, mm", "Looks",
             "Smallest cell", "Digest"],
            [
                (
                    row["centre"],
                    decimal(row["prevalence"], 3, _NOT_SHARED),
                    cell(row["manufacturers"], "not told"),
                    decimal(row["slice_thickness_mm"], 2, "not told"),
                    whole(row["looks"], "no ledger was kept"),
                    whole(row["smallest_cell"]),
                    row["digest"][:12],
                )
                for row in (first[name] for name in names_of(rows))
            ],
            "Who the centres are. Looks: how often external data were looked at with this model, "
            "by the centre's ledger; smallest cell: counts below it are withheld.",
        ),
    ]  # fmt: skip


def decisions(study: Mapping) -> list[dict]:
    """The decision curves of all centres."""
    return [study["figure"]("centres_dca")]


def settings(study: Mapping) -> list[dict]:
    """The model that all centres judged."""
    model = study["model"]
    named = {name: model[name] for name in ("format", "study", "version", "digest", "outcome")}
    return [keys(named, "The locked model that all centres judged.")]


SECTIONS = (
    ("summary", "Summary", summary),
    ("forest", "Forest plots", forest),
    ("pooled", "Pooled figures", pooled),
    ("centres", "Centres", each),
    ("decisions", "Decision curves", decisions),
    ("settings", "Model", settings),
)
