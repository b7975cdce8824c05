"""What the page of a validation says of its inputs: the mislabelled, the left out, the outside."""

from collections.abc import Mapping

from nomoflow.language import say
from nomoflow.report_blocks import absent, cell, decimal, heading, note, table, text
from nomoflow.report_cohort import exclusions
from nomoflow.report_heard import hear
from nomoflow.wording import model_label, number


def inputs(study: Mapping) -> list[dict]:
    """What does not fit the model, who is left out, and who is beyond its training."""
    found = study["mislabelled"]
    if found is None:
        blocks = [absent("The inputs were not held against the model: no table mislabelled.")]
    elif not found:
        blocks = [
            text(
                "No column looks mislabelled: units, codings, offsets and names of phases fit what "
                "the model was made with, as far as these patients can tell."
            )
        ]
    else:
        blocks = [_cause(row) for row in found]
    blocks += [heading("Left out"), *exclusions(study["exclusions"]), _without(study)]
    return [*blocks, heading("Outside the training range"), *_outside(study)]


def _cause(row: Mapping[str, str]) -> dict:
    return note(
        "{subject}: {cause}. Found: {found}; expected: {expected}. Remedy: {remedy}.",
        subject=row["subject"],
        **{name: hear(row[name]) for name in ("cause", "found", "expected", "remedy")},
    )


def _without(study: Mapping) -> dict:
    rows = study["not_predicted"]
    if rows is None:
        rows = [
            row | {"reason": row.get("warning") or "a value is missing"}
            for row in study["predictions"]
            if not row["linear_predictor"]
        ]
    if not rows:
        return text("Each patient has a prediction by each model.")
    found: dict[tuple, list[str]] = {}
    for row in rows:
        found.setdefault((row["patient"], row["reason"]), []).append(model_label(row["model"]))
    patients = len({patient for patient, _ in found})
    return table(
        ["Patient", "Why", "Models"],
        [
            (patient, hear(reason), say(", ").join(models))
            for (patient, reason), models in sorted(found.items())
        ],
        say(
            "Patients without a prediction ({patients}), and why; they count in no figure of the "
            "models named.",
            patients=patients,
        ),
    )


def _outside(study: Mapping) -> list[dict]:
    rows = study["outside_range"]
    if rows is None:
        return [absent("Values were not held against the training range.")]
    if not rows:
        return [text("No value of any patient lies outside the range of training.")]
    patients = len({row["patient"] for row in rows})
    return [
        text(
            "{patients} of {all} patients have a value outside the range of training: for them "
            "the model extrapolates. They count in all figures.",
            patients=patients,
            all=study["patients"],
        ),
        table(
            ["Patient", "Kind", "Name", "Value", "Training range", "SDs beyond"],
            [
                (
                    row["patient"],
                    say(row["kind"]),
                    row["name"],
                    cell(f"{number(row['value']):.4g} {hear(row['unit'])}".strip(), numeric=True),
                    cell(_range(row), numeric=True),
                    decimal(row["sds_beyond"], 1, "the training's SD is not told"),
                )
                for row in rows
            ],
            say("Values outside the training range, patient by patient ({many}).", many=len(rows)),
            folded=True,
        ),
    ]


def _range(row: Mapping[str, str]) -> str:
    ends = {name: f"{number(row[name]):.4g}" for name in ("low", "high")}
    return say("{low} to {high}", **ends)
