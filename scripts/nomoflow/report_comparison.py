"""The comparison of models in the report: what the Radscore adds, differences, DeLong."""

from collections.abc import Mapping

from nomoflow.language import say, spoken
from nomoflow.manuscript import Footnotes
from nomoflow.report_blocks import (
    absent,
    cell,
    decimal,
    estimate,
    interval,
    p_value,
    sentences,
    table,
    text,
    whole,
)
from nomoflow.report_heard import hear
from nomoflow.report_samples import sample_name, samples_table
from nomoflow.wording import HEADS, MAIN_MODELS, Rows, heads_in, model_label, number, where


def comparison(study: Mapping) -> list[dict]:
    """Likelihood-ratio tests, differences with intervals, DeLong; reclassification on request."""
    return [
        *_likelihood_ratio(study["likelihood_ratio"]),
        *_differences(study),
        *_delong(study),
        *_reclassification(study["reclassification"]),
    ]


def _name(model: str) -> str:
    """A model's label; "image_features + radscore" is one with the Radscore added."""
    base, _, added = model.partition(" + ")
    name = model_label(base)
    return say("{model} + {added}", model=name, added=say(added.capitalize())) if added else name


def _pair(row: Mapping[str, str], between: str = " − ") -> str:
    return f"{_name(row['model_a'])}{between}{_name(row['model_b'])}"


def _is_main(row: Mapping[str, str]) -> bool:
    return {row["model_a"], row["model_b"]} <= set(MAIN_MODELS)


_RADSCORE = {"out_of_fold": "Out of fold", "in_sample": "In sample (optimistic)"}


def _likelihood_ratio(rows: Rows | None) -> list[dict]:
    """The statement stands on the out-of-fold Radscore; the in-sample test is marked."""
    if not rows:
        return [absent("No likelihood-ratio test was made: it needs two nested models.")]
    order = list(_RADSCORE)
    body = [
        (
            _pair(row, " → "),
            say(_RADSCORE[row["radscore"]]),
            decimal(row["chi2"], 2, hear(row["note"]) or "not defined"),
            whole(row["df"], hear(row["note"]) or "not defined"),
            p_value(row["p"], hear(row["note"]) or "not defined"),
            cell(hear(row["note"]), "no remark"),
        )
        for row in sorted(rows, key=lambda row: order.index(row["radscore"]))
    ]
    return [
        *(text(_added_value(row)) for row in where(rows, radscore="out_of_fold")),
        table(
            ["Models", "Radscore", "χ²", "df", "P", "Remark"],
            body,
            "Likelihood-ratio tests of nested models, from the smaller to the larger. Out of fold, "
            "each patient's Radscore comes from signatures made without that patient; in sample, "
            "from the signature that was chosen on the same patients, so that its P is too small.",
            folded=True,
        ),
    ]


def _added_value(row: Mapping[str, str]) -> str:
    """The test with the out-of-fold Radscore as a statement."""
    pair = {"larger": _in_text(row["model_b"]), "smaller": _in_text(row["model_a"])}
    if not row["p"]:
        reason = hear(row["note"].removeprefix("not defined: ")) or say("no reason is recorded")
        said = "What the {larger} adds to the {smaller}: the test is not defined ({reason})."
        return say(said, **pair, reason=reason)
    shown = p_value(row["p"])["text"]
    found = say(
        "What the {larger} adds to the {smaller}, with the out-of-fold Radscore: likelihood ratio "
        "χ² = {chi2}, df = {df}, P {p}.",
        **pair,
        chi2=decimal(row["chi2"], 2)["text"],
        df=f"{number(row['df']):.0f}",
        p=shown if shown[0] in "<>" else f"= {shown}",
    )
    remark = hear(row["note"]).rstrip(".。")
    return sentences(found, say("Remark: {remark}.", remark=remark) if remark else "")


def _in_text(model: str) -> str:
    name = _name(model)
    return name[0].lower() + name[1:] if spoken() == "en" else name


_MEASURES = {"auc": "AUC", "net_benefit": "Net benefit"}


def _differences(study: Mapping) -> list[dict]:
    rows = study["differences"]
    if not rows:
        return [absent("Differences between models, with intervals, were not computed.")]
    main = [row for row in rows if _is_main(row)]
    rest = [row for row in rows if not _is_main(row)]
    methods = say("; ").join(dict.fromkeys(hear(row["method"]) for row in rows if row["method"]))
    threshold = study["config"].get("evaluation", {}).get("decision_threshold")
    caption = sentences(
        say(
            "Differences between models on the same patients, {ci} below each{methods}.",
            ci=study["ci"],
            methods=say(" ({methods})", methods=methods) if methods else "",
        ),
        say("Net benefit at a threshold of {p}.", p=f"{threshold:g}")
        if threshold is not None
        else "",
        say("An interval that holds 0 leaves open which model is better."),
    )
    blocks = [_difference_table(main, caption)] if main else []
    if rest:
        blocks.append(_difference_table(rest, "Differences, further pairs of models.", True))
    return blocks


def _difference_table(rows: Rows, caption: str, folded: bool = False) -> dict:
    keys = dict.fromkeys((row["metric"], row["model_a"], row["model_b"]) for row in rows)
    body = []
    for name, a, b in sorted(keys, key=_difference_order):
        own = {r["sample"]: r for r in where(rows, metric=name, model_a=a, model_b=b)}
        leading = [say(_MEASURES.get(name, name)), f"{model_label(a)} − {model_label(b)}"]
        body.append(
            (leading, lambda sample, own=own: estimate(own.get(sample), value="difference"))
        )
    return samples_table(["Measure", "Models"], body, heads_in(rows), caption, folded=folded)


def _difference_order(key: tuple[str, str, str]) -> int:
    """By measure; pairs stay in the table's order."""
    measures = list(_MEASURES)
    return measures.index(key[0]) if key[0] in measures else len(measures)


def _delong(study: Mapping) -> list[dict]:
    rows = study["delong"]
    if not rows:
        return [absent("No two models could be compared by DeLong's test.")]
    main = [row for row in rows if _is_main(row)]
    rest = [row for row in rows if not _is_main(row)]
    caption = (
        "DeLong's test between models on the same patients, as studies report it. Between nested "
        "models on the patients they were fitted to it is not valid (Demler 2012): the "
        "likelihood-ratio test above is."
    )
    blocks = [_tests(main, caption, study)] if main else []
    if rest:
        blocks.append(_tests(rest, "DeLong's test, further pairs of models.", study, True))
    return blocks


def _tests(rows: Rows, caption: str, study: Mapping, folded: bool = False) -> dict:
    order = list(HEADS)
    rows, marks = sorted(rows, key=lambda row: order.index(row["sample"])), Footnotes()
    return table(
        ["Models", "Sample", "AUC", "AUC", "Difference", study["ci"], "z", "P"],
        [
            (
                _pair(row) + _mark(marks, row),
                sample_name(row["sample"]),
                decimal(row["auc_a"]),
                decimal(row["auc_b"]),
                decimal(row["difference"]),
                interval(row),
                decimal(row["z"], 2),
                p_value(row["p"], hear(row["note"]) or "not defined"),
            )
            for row in rows
        ],
        sentences(say(caption), *(f"{line.rstrip('.。')}." for line in marks.lines())),
        folded=folded,
    )


def _mark(marks: Footnotes, row: Mapping[str, str]) -> str:
    """The mark of a row's remark, which stands in the caption: most rows have the same."""
    mark = marks.mark(hear(row["note"]) or "")
    return f"\u00a0{mark}" if mark else ""


def _reclassification(rows: Rows | None) -> list[dict]:
    """Only on request: nothing is missed without it."""
    if not rows:
        return []
    return [
        table(
            ["Models", "Sample", "Measure", "Estimate", "SE", "z", "P", "Remark"],
            [
                (
                    _pair(row, " / "),
                    sample_name(row["sample"]),
                    say(row["measure"].replace("_", " ")),
                    decimal(row["estimate"]),
                    decimal(row["se"]),
                    decimal(row["z"], 2),
                    p_value(row["p"], hear(row["note"]) or "not defined"),
                    cell(hear(row["note"]), "no remark"),
                )
                for row in rows
            ],
            "Reclassification, as asked for (evaluation.reclassification). These measures can "
            "favour a model that is no better; read the differences of AUC and net benefit first.",
            folded=True,
        )
    ]
