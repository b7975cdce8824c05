"""From images to signatures in the report: scans, the readers' agreement, the features kept."""

from collections.abc import Mapping
from statistics import median

from nomoflow.report_blocks import (
    absent,
    cell,
    coefficient,
    decimal,
    filled,
    table,
    text,
    whole,
)
from nomoflow.wording import Rows, is_true, number, where


def images(study: Mapping) -> list[dict]:
    """What was measured on the scans, summarised by phase and reading."""
    rows = study["quality"]
    if rows is None:
        return [absent("The study starts from a ready feature table, so no images were read.")]
    if not rows:
        return [absent("No scan was read: the table of image quality is empty.")]
    body = []
    found = {(row["phase"], row["reading"]) for row in rows}
    for phase, reading in sorted(found, key=lambda pair: _place(pair, study["phases"])):
        own = where(rows, phase=phase, reading=reading)
        body.append(
            [
                phase,
                reading,
                whole(len(own)),
                _range(own, "volume_mm3", 1000),
                _range(own, "volume_after_mm3", 1000),
                _range(own, "voxels_after", 1),
                whole(sum(number(row.get("components", "")) > 1 for row in own)),
                whole(sum(is_true(row.get("touches_edge", "")) for row in own)),
                decimal(max(number(row.get("shift_mm", "")) for row in own), 4, "not measured"),
            ]
        )
    return [
        table(
            ["Phase", "Reading", "Scans", "Volume, mL", "Resampled, mL", "Voxels resampled",
             "In pieces", "At the edge", "Shift, mm"],
            body,
            "Scans and masks: median (least to greatest) over the scans of each phase and reading "
            "(a1, analysed; b1, second reader; a2, first reader again). In pieces: masks of more "
            "than one component. Shift: largest disagreement of image and mask, repaired.",
        )
    ]  # fmt: skip


def _place(pair: tuple[str, str], phases: list[str]) -> tuple:
    """Phases as the study lists them, the reading that was analysed first."""
    phase, reading = pair
    return (
        phases.index(phase) if phase in phases else len(phases),
        phase,
        reading != "a1",
        reading,
    )


def _range(rows: Rows, column: str, unit: float) -> dict:
    values = [number(row.get(column, "")) / unit for row in rows]
    values = [value for value in values if value == value]
    if not values:
        return cell("", "not measured")
    digits = 1 if unit != 1 else 0
    parts = (decimal(value, digits) for value in (median(values), min(values), max(values)))
    return filled("{} ({} to {})", *parts)


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
            f"Features kept, by phase; {form or 'the coefficient'} as named in the table of all "
            "coefficients, with its interval. The filter was fitted once, never sees the outcome, "
            "and is held fixed in cross-validation.",
            groups=[("", 1), ("Between readers", 2), ("Same reader again", 2), ("", 3)],
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
            name,
            status.get("status"),
            whole(status.get("candidates")),
            whole(len(selected.get(name, []))),
            cell(status.get("score"), "there is no score"),
            cell(status.get("penalty"), "not recorded"),
            coefficient(status.get("lambda"), "there was nothing to penalise"),
            whole(status.get("folds")),
            cell(status.get("reason"), "nothing to explain"),
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
        ),
    ]  # fmt: skip
    for name in statuses:
        rows = selected.get(name, [])
        if not rows:
            reason = statuses[name].get("reason") or "no feature was kept"
            blocks.append(absent(f"Signature {name} is empty ({reason}): its score is constant."))
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
                f"Signature {name}: {len(rows)} features. Mean and SD of the patients analysed; "
                "coefficients per SD, of the LASSO and of the Radscore.",
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
