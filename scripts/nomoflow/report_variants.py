"""Subgroups of patients, and variants of the study, in the report."""

from collections.abc import Mapping

from nomoflow.language import say, spoken
from nomoflow.report_blocks import absent, estimate, sentences, table, text, whole
from nomoflow.report_heard import hear
from nomoflow.report_samples import CALIBRATION, METRICS, sample_name
from nomoflow.wording import OPTIMISTIC, Rows, heads_in, model_label, models_in, where

_LEFT_OUT = "Levels with too few patients of a class are left out."


def subgroups(study: Mapping) -> list[dict]:
    """AUC by subgroup with patients and events, without tests; further measures folded."""
    rows = study["subgroups"]
    if not rows:
        return [absent("No subgroups were named in the config (evaluation.subgroups).")]
    lead, *others = heads_in(rows)
    areas = where(rows, sample=lead, metric="auc")
    rest = [row for row in where(rows, sample=lead) if row["metric"] != "auc"]
    caution = (
        "There are no tests: subgroups are small, and a difference between them is a question for "
        "other patients."
    )
    blocks = [_subgroups(areas, _title("AUC by subgroup", lead, study), caution)] if areas else []
    if rest:
        title = _title("Further measures", lead, study)
        blocks.append(_subgroups(rest, title, _LEFT_OUT, True))
    blocks += [
        _subgroups(where(rows, sample=name), _title("Subgroups", name, study), _LEFT_OUT, True)
        for name in others
    ]
    return blocks


def _title(what: str, sample: str, study: Mapping) -> str:
    return say(
        "{what}, {sample}, {ci} below each.", what=say(what), sample=_lower(sample), ci=study["ci"]
    )


def _lower(sample: str) -> str:
    name = sample_name(sample)
    return name if spoken() != "en" or name.startswith("Harrell") else name.lower()


def _subgroups(rows: Rows, title: str, caution: str = "", folded: bool = False) -> dict:
    """A line a subgroup's level, and a measure where there are several; a column a model."""
    models = models_in(rows) or sorted({row["model"] for row in rows})
    measures = list(dict.fromkeys(row["metric"] for row in rows))
    labels = METRICS | CALIBRATION
    optimistic = rows[0]["sample"] in OPTIMISTIC
    body = []
    for subgroup, level in dict.fromkeys((row["subgroup"], row["level"]) for row in rows):
        if folded and not any(
            row["estimate"] for row in where(rows, subgroup=subgroup, level=level)
        ):
            continue  # the first table has its patients and events
        for measure in measures:
            own = where(rows, subgroup=subgroup, level=level, metric=measure)
            found = {row["model"]: row for row in own}
            body.append(
                [
                    subgroup.replace("_", " "),
                    level.replace(">=", "≥"),
                    whole(own[0]["n"]),
                    whole(own[0]["events"]),
                    *([say(labels.get(measure, measure))] if len(measures) > 1 else []),
                    *(estimate(found.get(model)) for model in models),
                ]
            )
    heads = ["Subgroup", "Level", "Patients", "Events", *(["Measure"] * (len(measures) > 1))]
    return table(
        [*heads, *map(model_label, models)],
        body,
        sentences(title, say(caution)),
        folded=folded,
        marked=range(len(heads), len(heads) + len(models)) if optimistic else (),
    )


def sensitivity(study: Mapping) -> list[dict]:
    """The study again with one decision changed at a time."""
    rows = study["sensitivity"]
    if not rows:
        return [
            absent(
                "A page of its own, on request: the target sensitivity (snakemake --cores all "
                "sensitivity) repeats the study with one decision changed at a time and shows it "
                "in sensitivity.html, beside this page."
            )
        ]
    models = models_in(rows) or sorted({row["model"] for row in rows})
    samples = heads_in(rows)
    own_features = _features(rows[0])
    body = []
    for variant in dict.fromkeys(row["variant"] for row in rows):
        own = where(rows, variant=variant)
        found = {(row["sample"], row["model"]): row for row in own}
        body.append(
            [
                _named(variant),
                hear(own[0]["changed"]),
                whole(own[0]["candidates"]),
                whole(own[0]["features"]),
                whole(len(_features(own[0]) & own_features)),
                *(
                    estimate(found.get((sample, model)), value="auc")
                    for sample in samples
                    for model in models
                ),
            ]
        )
    start = 5 + len(models) * sum(name not in OPTIMISTIC for name in samples)
    optimistic = len(models) * sum(name in OPTIMISTIC for name in samples)
    return [
        text(
            "The study again with one decision changed at a time, and all that follows from it. "
            "What holds in one line only rests on that decision; the best line is not the result."
        ),
        table(
            ["Variant", "Changed", "Candidates", "Selected", "Shared",
             *(model_label(model) for _ in samples for model in models)],
            body,
            say(
                "The AUC as decisions change, {ci} below each. Shared: selected features that the "
                "first line ({first}) has too.",
                ci=study["ci"],
                first=_named(rows[0]["variant"]),
            ),
            groups=[
                ("", 2),
                ("Features", 3),
                *((say("AUC, {sample}", sample=_lower(name)), len(models)) for name in samples),
            ],
            marked=range(start, start + optimistic),
        ),
    ]  # fmt: skip


def _named(variant: str) -> str:
    """A variant's code in words; in other languages the code as it stands in the table."""
    return variant.replace("_", " ") if spoken() == "en" else variant


def _features(row: Mapping[str, str]) -> set[str]:
    """The names of a variant's selected features."""
    return set(filter(None, row["selected"].split("; ")))
