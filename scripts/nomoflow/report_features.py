"""From features to signatures in the report: the readers' agreement, and what was kept."""

from collections.abc import Mapping
from statistics import median

from nomoflow.language import say
from nomoflow.report_blocks import (
    absent,
    cell,
    coefficient,
    decimal,
    table,
    text,
    whole,
)
from nomoflow.report_heard import hear
from nomoflow.report_samples import signature_name
from nomoflow.wording import Rows, is_true, number, where


def reliability(study: Mapping) -> list[dict]:
    """How many features of each phase the readers agree on."""
    rows = study["icc"] or []
    if not rows or all(row["comparison"] == "none" for row in rows):
        return [
            absent(
                "Agreement on the features was not assessed: no patient was read a second time. "
                "Every feature went on, reliable or not."
            )
        ]
    body = []
    for phase in dict.fromkeys(row["phase"] for row in rows):
        own = where(rows, phase=phase)
        features = {row["feature"]: True for row in own}
        for row in own:
            features[row["feature"]] &= is_true(row["kept"])
        kept = sum(features.values())
        body.append(
            [phase, *_comparison(own, "inter"), *_comparison(own, "intra"), whole(len(features)),
             whole(kept), decimal(100 * kept / len(features), 1)]
        )  # fmt: skip
    form = next((row["form"] for row in rows if row["form"]), "")
    return [
        study["figure"]("icc"),
        table(
            ["Phase", "Patients", "Median ICC", "Patients", "Median ICC", "Features", "Kept", "%"],
            body,
            say(
                "Features kept, by phase; {form} as named in the table of all coefficients, with "
                "its interval. The filter was fitted once, never sees the outcome, and is held "
                "fixed in cross-validation.",
                form=form or say("the coefficient"),
            ),
            groups=[("", 1), ("Between readers", 2), ("Same reader again", 2), ("", 3)],
            sources=[rows],
        ),
    ]


def _comparison(rows: Rows, name: str) -> list[dict]:
    own = [row for row in where(rows, comparison=name) if row["icc"]]
    if not own:
        return [cell("", "not assessed"), cell("", "not assessed")]
    return [
        whole(max(number(row["n"]) for row in own)),
        decimal(median(number(row["icc"]) for row in own)),
    ]


def signature(study: Mapping) -> list[dict]:
    """Status of each signature and the features that it keeps."""
    statuses, selected = study["statuses"], study["selected"]
    if not statuses:
        return [absent("No signature was fitted.")]
    body = [
        (
            signature_name(name),
            say(status.get("status") or ""),
            whole(status.get("candidates")),
            whole(len(selected.get(name, []))),
            cell(status.get("score"), "there is no score"),
            cell(status.get("penalty"), "not recorded"),
            coefficient(status.get("lambda"), "there was nothing to penalise"),
            whole(status.get("folds")),
            cell(hear(status.get("reason")), "nothing to explain"),
        )
        for name, status in statuses.items()
    ]
    blocks = [
        study["figure"]("lasso"),
        table(
            ["Signature", "Status", "Candidates", "Kept", "Score", "Penalty", "λ", "Folds",
             "Reason"],
            body,
            "Signatures. Score: refit is an unpenalised logistic regression on the features kept, "
            "lasso the LASSO's own linear predictor.",
            sources=study["paths"]["statuses"],
        ),
    ]  # fmt: skip
    for name in statuses:
        rows = selected.get(name, [])
        if not rows:
            reason = hear(statuses[name].get("reason")) or say("no feature was kept")
            empty = "Signature {name} is empty ({reason}): its score is constant."
            blocks.append(absent(empty, name=signature_name(name), reason=reason))
            continue
        blocks.append(
            table(
                ["Feature", "Mean", "SD", "LASSO", "Radscore"],
                [
                    (
                        row["feature"],
                        *(
                            coefficient(row[column])
                            for column in ("mean", "sd", "lasso_coefficient", "coefficient")
                        ),
                    )
                    for row in rows
                ],
                say(
                    "Signature {name}: {many} features. Mean and SD of the patients analysed; "
                    "coefficients per SD, of the LASSO and of the Radscore.",
                    name=signature_name(name),
                    many=len(rows),
                ),
                folded=name != "combined",
            )
        )
    blocks.append(
        text(
            "Other features may do as well: LASSO chooses one of several that say the same, so the "
            "names above should not be read as biology. Stability counts how often each is chosen."
        )
    )
    return blocks
