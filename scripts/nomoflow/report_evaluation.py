"""The evaluation in the report: performance in every sample, calibration and the figures."""

from collections.abc import Mapping

from nomoflow.report_blocks import absent, cell, decimal, heading, p_value, table, text
from nomoflow.report_comparison import comparison
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
    model_label,
    models_in,
    number,
    signed,
    span,
    where,
)

_USUAL_GROUPS = "10"


def evaluation(study: Mapping) -> list[dict]:
    """Discrimination, calibration, decisions and the comparison of models."""
    performance = study["performance"] or []
    if not performance:
        return [absent("No model was evaluated.")]
    blocks = [
        heading("Performance"),
        *_performance(study, performance),
        study["figure"]("roc"),
        study["figure"]("scores"),
        heading("Calibration"),
        study["figure"]("calibration"),
        *_calibration(study, performance),
        hosmer_lemeshow(study["hosmer_lemeshow"]),
        heading("Decision curves"),
        study["figure"]("dca"),
        heading("Comparison of the models"),
        *comparison(study),
    ]
    return blocks


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
                f"{model_label(model)}: performance{among(study)}, {study['ci']} below each.",
                folded=place > 0,
                last=[("Over repeats", _spread(repeats, model, dict(names)))] if repeats else [],
            )
        )
    if repeats:
        many = max(number(row["repeats"]) for row in repeats)
        blocks.append(
            text(
                f"Over repeats: standard deviation and range of the {many:.0f} repeats of "
                "cross-validation, which differ by their folds alone; an interval tells of the "
                "patients as well. The AUC pools all folds of a repeat; the mean AUC within folds "
                "compares patients of one fold only, so the two may differ in small samples."
            )
        )
    others = list(dict.fromkeys(row["model"] for row in performance))
    others = sorted(name for name in others if name not in MAIN_MODELS)
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
        shown = f"SD {signed(sd, 3)}" if row["sd"] else "one repeat"
        return cell(shown, numeric=True, below=ends)

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
                metrics.append(names.get(row["metric"], row["metric"]))
        for method, by_model in found.items():
            own = {", ".join(metrics): [] for metrics in by_model.values()}
            for model, metrics in by_model.items():
                own[", ".join(metrics)].append(model_label(model))
            for metrics, labels in own.items():
                who = "all main models" if len(labels) == len(models) > 1 else ", ".join(labels)
                body.append((sample_name(sample), who, metrics, method))
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
            f"{model_label(model)}: calibration, {study['ci']} below each.",
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
            chi2["below"] = f"df {number(usual['df']):.0f}"
        cells = (_p_of(own.get(groups)) for groups in asked)
        body.append([model_label(model), sample_name(sample), chi2, *cells])
    without = {row["sample"] for row in rows or []} - {sample for _, sample in pairs}
    note = "".join(
        f" {sample_name(name)}: {reason}."
        for name in heads_in(rows or [])
        if name in without
        for reason in [next((r["note"] for r in where(rows, sample=name) if r["note"]), "no P")]
    )
    return table(
        ["Model", "Sample", "χ², 10 groups", *(f"{number(groups):.0f}" for groups in asked)],
        body,
        f"Hosmer-Lemeshow test{_range(tested, asked)}. Journals ask for it; it is weak: a large P "
        "is no proof of calibration, and P changes with the number of groups. Look at the curves."
        + note,
        groups=[("", 3), ("P by number of groups", len(asked))],
        folded=True,
        marked=range(2, 3 + len(asked)) if _all_optimistic(pairs) else (),
    )


def _all_optimistic(pairs) -> bool:
    return all(sample in OPTIMISTIC for _, sample in pairs)


def _p_of(row: Mapping[str, str] | None) -> dict:
    return p_value(row["p"], row["note"] or "not defined") if row else cell("", "not computed")


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
    groups = f"{number(asked[0]):.0f} to {number(asked[-1]):.0f} groups"
    found = f"P {least}" if least == greatest else f"P from {least} to {greatest}"
    return f": {model_label(model)}, {found} over {groups}"
