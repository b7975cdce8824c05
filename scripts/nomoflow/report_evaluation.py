"""The evaluation in the report: performance in every sample, calibration and the figures."""

from collections.abc import Mapping

from nomoflow.language import say
from nomoflow.report_blocks import absent, cell, decimal, p_value, sentences, table, text
from nomoflow.report_heard import hear
from nomoflow.report_samples import (
    CALIBRATION,
    METRICS,
    among,
    figure_of,
    labelled,
    sample_name,
    samples_of,
    samples_table,
)
from nomoflow.wording import (
    MAIN_MODELS,
    OPTIMISTIC,
    Rows,
    heads_in,
    in_order,
    model_label,
    models_in,
    number,
    signed,
    span,
    where,
)

_USUAL_GROUPS = "10"


NOTHING = "No model was evaluated."


def discrimination(study: Mapping) -> list[dict]:
    """ROC curves, and every figure of performance in every sample."""
    performance = study["performance"] or []
    if not performance:
        return [absent(NOTHING)]
    return [study["figure"]("roc"), *_performance(study, performance)]


def calibration(study: Mapping) -> list[dict]:
    """Calibration curves, their measures and the Hosmer-Lemeshow test."""
    performance = study["performance"] or []
    if not performance:
        return [absent(NOTHING)]
    return [
        study["figure"]("calibration"),
        *_calibration(study, performance),
        hosmer_lemeshow(study["hosmer_lemeshow"]),
    ]


def decisions(study: Mapping) -> list[dict]:
    """The decision curves."""
    return [study["figure"]("dca")]


def scores(study: Mapping) -> list[dict]:
    """The nomogram's score of every patient."""
    return [study["figure"]("scores")]


def _performance(study: Mapping, performance: Rows) -> list[dict]:
    """A table for each main model, one for the others, and how the intervals were made."""
    repeats = study["repeats"] or []
    blocks = []
    for place, model in enumerate(models_in(performance)):
        names = labelled(METRICS, performance, model, _threshold(study))
        blocks.append(
            samples_table(
                ["Metric"],
                [([label], figure_of(performance, model, name)) for name, label in names],
                samples_of(performance),
                say(
                    "{model}: performance{among}, {ci} below each.",
                    model=model_label(model),
                    among=among(study),
                    ci=study["ci"],
                ),
                folded=place > 0,
                last=[("Over repeats", _spread(repeats, model, dict(names)))] if repeats else [],
                sources=[performance, repeats],
            )
        )
    if repeats:
        many = max(number(row["repeats"]) for row in repeats)
        blocks.append(
            text(
                "Over repeats: standard deviation and range of the {many} repeats of "
                "cross-validation, which differ by their folds alone; an interval tells of the "
                "patients as well. The AUC pools all folds of a repeat; the mean AUC within folds "
                "compares patients of one fold only, so the two may differ in small samples.",
                many=f"{many:.0f}",
            )
        )
    others = in_order({row["model"] for row in performance} - set(MAIN_MODELS), study["phases"])
    if others:
        rows = [
            ([model_label(model), label], figure_of(performance, model, name))
            for model in others
            for name, label in labelled(METRICS, performance, model, _threshold(study))
        ]
        caption = "Performance of the other models."
        heads = ["Model", "Metric"]
        blocks.append(samples_table(heads, rows, samples_of(performance), caption, folded=True))
    return [*blocks, _methods(performance)]


def _threshold(study: Mapping) -> float | None:
    return study["config"].get("evaluation", {}).get("decision_threshold")


def _spread(repeats: Rows, model: str, labels: Mapping[str, str]):
    """A function leading cells -> cell: SD over the repeats, and their range below."""
    found = {
        labels[row["metric"]]: row
        for row in where(repeats, model=model)
        if row["metric"] in labels and row["mean"]
    }

    def find(leading: list) -> dict:
        row = found.get(leading[0])
        if row is None:
            return cell("", "not counted over repeats")
        ends = span(row["minimum"], row["maximum"])
        sd = number(row["sd"])
        shown = say("SD {sd}", sd=signed(sd, 3)) if row["sd"] else say("one repeat")
        return cell(shown, numeric=True, below=ends, value=row["sd"] or None)

    return find


def _methods(performance: Rows) -> dict:
    """How the intervals of the main models were made, and why there is none."""
    models, names = models_in(performance), METRICS | CALIBRATION
    body = []
    for sample in heads_in(performance):
        found: dict[str, dict] = {}
        for row in where(performance, sample=sample):
            if row["method"] and row["model"] in models:
                metrics = found.setdefault(row["method"], {}).setdefault(row["model"], [])
                metrics.append(say(names.get(row["metric"], row["metric"])))
        for method, by_model in found.items():
            between = say(", ")
            own = {between.join(metrics): [] for metrics in by_model.values()}
            for model, metrics in by_model.items():
                own[between.join(metrics)].append(model_label(model))
            for metrics, labels in own.items():
                every = len(labels) == len(models) > 1
                who = say("all main models") if every else between.join(labels)
                body.append((sample_name(sample), who, metrics, hear(method)))
    if not body:
        return absent("The table of performance does not say how its intervals were made.")
    return table(
        ["Sample", "Models", "Metrics", "Interval"],
        body,
        "How the intervals were made, and why there is none.",
        folded=True,
    )


def _calibration(study: Mapping, performance: Rows) -> list[dict]:
    """A table for each main model."""
    measured = {
        model: labelled(CALIBRATION, performance, model) for model in models_in(performance)
    }
    blocks = [
        samples_table(
            ["Measure"],
            [([label], figure_of(performance, model, name)) for name, label in names],
            samples_of(performance),
            say("{model}: calibration, {ci} below each.", model=model_label(model), ci=study["ci"]),
            folded=place > 0,
        )
        for place, (model, names) in enumerate(measured.items())
        if names
    ]
    if not blocks:
        return [absent("Calibration was not measured.")]
    return [
        *blocks,
        text(
            "Perfect are an intercept of 0, a slope of 1 and as many events observed as expected. "
            "ICI, E50 and E90 are the mean, the median and the 90th percentile of the distance "
            "between predicted and smoothed observed probability."
        ),
    ]


def hosmer_lemeshow(rows: Rows | None) -> dict:
    """P for every number of groups, a line a model; its range shows how little it says."""
    tested = [row for row in rows or [] if row["p"]]
    if not tested:
        return absent("The Hosmer-Lemeshow test could not be computed for any model.")
    asked = sorted({row["groups"] for row in tested}, key=number)
    pairs = dict.fromkeys((row["model"], row["sample"]) for row in tested)
    body = []
    for model, sample in sorted(pairs, key=_main_first):
        own = {row["groups"]: row for row in where(rows, model=model, sample=sample)}
        usual = own.get(_USUAL_GROUPS) or {}
        chi2 = decimal(usual.get("chi2"), 2, "not computed for 10 groups")
        if chi2["numeric"]:
            chi2["below"] = say("df {df}", df=f"{number(usual['df']):.0f}")
        cells = (_p_of(own.get(groups)) for groups in asked)
        body.append([model_label(model), sample_name(sample), chi2, *cells])
    without = {row["sample"] for row in rows or []} - {sample for _, sample in pairs}
    remarks = [
        say("{sample}: {reason}.", sample=sample_name(name), reason=hear(reason))
        for name in heads_in(rows or [])
        if name in without
        for reason in [next((r["note"] for r in where(rows, sample=name) if r["note"]), "no P")]
    ]
    return table(
        ["Model", "Sample", "χ², 10 groups", *(f"{number(groups):.0f}" for groups in asked)],
        body,
        sentences(
            say("Hosmer-Lemeshow test{found}.", found=_range(tested, asked)),
            say(
                "Journals ask for it; it is weak: a large P is no proof of calibration, and P "
                "changes with the number of groups. Look at the curves."
            ),
            *remarks,
        ),
        groups=[("", 3), ("P by number of groups", len(asked))],
        folded=True,
        marked=range(2, 3 + len(asked)) if _all_optimistic(pairs) else (),
    )


def _all_optimistic(pairs) -> bool:
    return all(sample in OPTIMISTIC for _, sample in pairs)


def _p_of(row: Mapping[str, str] | None) -> dict:
    return (
        p_value(row["p"], hear(row["note"]) or "not defined") if row else cell("", "not computed")
    )


def _main_first(pair: tuple[str, str]) -> tuple:
    model = pair[0]
    return (MAIN_MODELS.index(model) if model in MAIN_MODELS else len(MAIN_MODELS), *pair)


def _range(tested: Rows, asked: list[str]) -> str:
    """What the folded table says of the first of the main models."""
    model = next(iter(models_in(tested)), "")
    own = [row for row in tested if row["model"] == model]
    if not own or len(asked) < 2:
        return ""
    sample = heads_in(own)[0]
    values = [number(row["p"]) for row in where(own, sample=sample)]
    least, greatest = (p_value(end)["text"] for end in (min(values), max(values)))
    found = "P {least}" if least == greatest else "P from {least} to {greatest}"
    return say(
        ": {model}, " + found + " over {first} to {last} groups",
        model=model_label(model),
        least=least,
        greatest=greatest,
        first=f"{number(asked[0]):.0f}",
        last=f"{number(asked[-1]):.0f}",
    )
