"""Two cohorts side by side in the report: the one a locked model was made of, and this one."""

import math
from collections.abc import Mapping

from nomoflow.language import say
from nomoflow.report_blocks import (
    absent,
    cell,
    coefficient,
    decimal,
    filled,
    p_value,
    table,
    text,
    whole,
)
from nomoflow.report_heard import hear
from nomoflow.wording import Rows, model_label, number, where

SHIFTED = 0.1  # Austin 2009, Stat Med 28:3083
SHOWN = 10  # of the features, before the folded table of all
_NOT_TOLD = "not told: few patients, or not known"


def case_mix(study: Mapping) -> list[dict]:
    """Table 1 of both cohorts, scores, membership, features most shifted, scanners."""
    rows = study["case_mix"]
    if not rows:
        return [absent("The two cohorts were not compared: there is no table case_mix.")]
    blocks = [_membership(study["membership"], study["case_mix"] or [])]
    patients = [*where(rows, section="cohort"), *where(rows, section="predictor")]
    blocks.append(
        _side_by_side(
            patients,
            "Characteristic",
            "The two cohorts: number (%) for counts, otherwise mean ± SD with median (quartiles) "
            "below. Difference: centre less development in SDs; above 0.1 it is not negligible "
            "(Austin 2009).",
        )
    )
    scores = [
        row | {"label": model_label(row["variable"])}
        for row in where(rows, section="linear_predictor")
    ]
    if scores:
        blocks.append(
            _side_by_side(
                scores,
                "Model",
                "Linear predictors (log odds). An SD ratio below 1 means patients more alike than "
                "in development, among whom any model's AUC is lower (Debray 2015).",
            )
        )
    else:
        blocks.append(absent("Linear predictors were not compared: no model predicts here."))
    blocks += _features(where(rows, section="feature"))
    scans = where(rows, section="acquisition")
    if not scans:
        said = "Scanners and slice thickness were not compared: one of the cohorts has no images."
        return [*blocks, absent(said)]
    return [
        *blocks,
        _side_by_side(
            scans,
            "Acquisition",
            "How the images were acquired, by phase. Makers and kernels of few images stand "
            "together.",
            folded=len(scans) > 25,
        ),
    ]


def _membership(rows: Rows | None, compared: Rows) -> dict:
    row = rows[0] if rows else None
    labels = {one["variable"]: hear(one["label"]) for one in compared}
    if row is None:
        return absent("How well the cohorts can be told apart was not measured.")
    if not row["auc"]:
        return absent("How well the cohorts can be told apart: {reason}.", reason=hear(row["note"]))
    return text(
        "Membership model: by {predictors} alone the two cohorts ({development} and {centre} "
        "patients) are told apart with an AUC of {auc}, less chance {corrected}; P for equal means "
        "{p}. Near 0.5 the cohorts are alike, and a validation shows reproducibility; near 1 they "
        "differ, and it shows transportability (Debray 2015). How: {how}.",
        predictors=say(", ").join(labels.get(name, name) for name in row["variables"].split()),
        development=row["development_n"],
        centre=row["centre_n"],
        auc=decimal(row["auc"])["text"],
        corrected=decimal(row["auc_corrected"])["text"],
        p=p_value(row["p"])["text"],
        how=hear(row["note"]).replace("auc_corrected", say("the AUC less chance")),
    )


def _side_by_side(rows: Rows, first: str, caption: str, folded: bool = False) -> dict:
    return table(
        [first, "Development", "This centre", "Difference, SD", "SD ratio"],
        [
            (
                _name(row),
                _figure(row, "development"),
                _figure(row, "centre"),
                _difference(row),
                decimal(row["sd_ratio"], 2, "nothing to compare"),
            )
            for row in rows
        ],
        caption,
        folded=folded,
    )


def _name(row: Mapping[str, str]) -> str:
    level = row["level"] if row["level"] not in ("", "positive") else ""
    phase = row["variable"].removeprefix("radscore_")  # of the scores of single phases
    phase = phase if phase != row["variable"] else ""
    said = (hear(row["label"]), phase, hear(level), hear(row["unit"]))
    return say(", ").join(filter(None, said))


def _figure(row: Mapping[str, str], cohort: str) -> dict:
    def of(name: str) -> str:
        return row.get(f"{cohort}_{name}") or ""

    missing = f"{number(of('missing')):.0f}" if number(of("missing")) > 0 else ""
    gaps = [say("{n} missing", n=missing)] if missing else []
    if of("mean"):
        shown = filled("{} ± {}", *(coefficient(of(name)) for name in ("mean", "sd")))
        quartiles = [coefficient(of(name))["text"] for name in ("median", "q1", "q3")]
        below = [say("{} ({} to {})").format(*quartiles)] if of("median") else []
        return shown | {"below": say("; ").join(below + gaps)}
    if of("percent") and of("n"):
        shown = filled(say("{} ({})"), whole(of("n")), decimal(of("percent"), 1))
        return shown | {"below": "".join(gaps)}
    return whole(of("n"), _NOT_TOLD)


def _difference(row: Mapping[str, str]) -> dict:
    value = number(row["standardised_difference"])
    if math.isnan(value):
        # Where nothing varies within the cohorts no SD tells how far apart they are.
        pairs = [[row[f"{one}_{name}"] for one in ("development", "centre")]
                 for name in ("mean", "percent")]  # fmt: skip
        apart = any(all(pair) and number(pair[0]) != number(pair[1]) for pair in pairs)
        shown = say("differs") if apart else ""
        return cell(shown, "not defined: nothing varies, or is not told")
    shown = decimal(value, 2)
    return shown | {"below": say("shifted")} if abs(value) > SHIFTED else shown


def _features(rows: Rows) -> list[dict]:
    if not rows:
        return [absent("No feature was compared: the models need none, or none is there.")]
    heads = ["Feature", "Development, mean", "SD", "This centre, mean", "SD", "Difference, SD",
             "SD ratio"]  # fmt: skip
    names = ("development_mean", "development_sd", "centre_mean", "centre_sd")
    body = [
        (
            row["label"],
            *(coefficient(row[name]) for name in names),
            _difference(row),
            decimal(row["sd_ratio"], 2, "nothing to compare"),
        )
        for row in rows
    ]
    shifted = sum(abs(number(row["standardised_difference"])) > SHIFTED for row in rows)
    few = table(
        heads,
        body[:SHOWN],
        say(
            "The signatures' features, the most shifted first: {shifted} of {all} differ by more "
            "than {limit} SD.",
            shifted=shifted,
            all=len(rows),
            limit=f"{SHIFTED:g}",
        ),
    )
    if len(rows) <= SHOWN:
        return [few]
    every = say("All features of the signatures ({many}).", many=len(rows))
    return [few, table(heads, body, every, folded=True)]
