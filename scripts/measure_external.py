"""Rule measure_external: how well a locked model does on this cohort, raw and updated."""

import numpy as np
import pandas as pd

from nomoflow.bands import calibration_band, decision_band, group_intervals, roc_band
from nomoflow.decision import default_thresholds, net_benefit, treat_none
from nomoflow.discrimination import roc_curve
from nomoflow.external import (
    EXTERNAL,
    UNHARMONISED,
    caveat_of_missing,
    caveats_of_cohort,
    external_metrics,
)
from nomoflow.hosmer_lemeshow import hosmer_lemeshow, sweep
from nomoflow.intervals import COLUMNS
from nomoflow.locked_model import RAW_COLUMNS
from nomoflow.mislabelled import stop_where_mislabelled
from nomoflow.recalibration import COLUMNS as UPDATE
from nomoflow.recalibration import recalibration
from nomoflow.run import log_to, read_table, write_rows, write_table

GROUPS = 10
TABLES = {
    "performance": ["model", "sample", *COLUMNS],
    "recalibration": ["model", *UPDATE],
    "roc": ["model", "sample", "repeat", "threshold", "sensitivity", "specificity"],
    "roc_band": ["model", "sample", "specificity", "sensitivity", "ci_low", "ci_high"],
    "calibration": ["model", "sample", "kind", "n", "predicted", "observed", "ci_low", "ci_high"],
    "hosmer_lemeshow": ["model", "sample", "groups", "chi2", "df", "p", "note"],
    "dca": ["model", "sample", "threshold", "net_benefit", "ci_low", "ci_high"],
}
WARNINGS = ["stage", "code", "subject", "message", "remedy"]


def main(job):
    given = job.params
    stop_where_mislabelled(job.input.mislabelled, given.on_mislabelled)
    predictions = read_table(job.input.predictions)
    drawn = (given.confidence, given.intervals, given.seed)
    parts = {name: [] for name in TABLES}
    warnings = []
    for model in given.models:
        rows = predictions[predictions["model"] == model]
        without = sorted(rows.loc[rows["linear_predictor"].isna(), "patient"])
        if without:
            warnings.append(caveat_of_missing(model, without, len(rows)))
        if len(rows) == len(without):
            continue
        y, lp, p, cut = of_model(rows[rows["linear_predictor"].notna()], model)
        found = judge(y, lp, p, cut, *drawn, given.threshold)
        for name, table in found.items():
            parts[name].append(table.assign(model=model, sample=EXTERNAL))
        parts["performance"] += [
            external_metrics(y, *unharmonised, cut, *drawn, threshold=given.threshold).assign(
                model=model, sample=UNHARMONISED
            )
            for unharmonised in without_harmonisation(rows)
        ]
    if not parts["performance"]:
        raise ValueError(f"no patient is predicted by any of {', '.join(given.models)}")
    once = predictions.drop_duplicates("patient").sort_values("patient")
    outcome = once["outcome"].to_numpy(dtype=int)
    parts["dca"] += [table.assign(sample=EXTERNAL) for table in strategies(outcome, drawn)]
    for name, columns in TABLES.items():
        write_table(joined(parts[name], columns), getattr(job.output, name))
    write_rows(
        [*caveats_of_cohort(outcome, given.prescaled), *warnings], job.output.warnings, WARNINGS
    )


def joined(tables, columns):
    """The tables beneath each other; a header alone where there are none."""
    filled = [table.reindex(columns=columns) for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def of_model(rows, model):
    """Outcome, linear predictor, probability (n,) and the one cut-off, patients in order."""
    repeated = sorted(set(rows.loc[rows["patient"].duplicated(), "patient"]))
    if repeated:
        raise ValueError(f"{model} predicts patients twice: {', '.join(repeated[:5])}")
    cuts = rows["cutoff"].unique()
    if len(cuts) != 1:
        raise ValueError(f"{model} has {len(cuts)} cut-offs; a locked model has one")
    rows = rows.sort_values("patient")
    columns = (rows[name].to_numpy() for name in ("outcome", "linear_predictor", "probability"))
    return *columns, float(cuts[0])


def without_harmonisation(rows):
    """The linear predictor and probability from features as they came; nothing where they stay so.

    rows : of one model; those without a prediction are left out, patients in order.
    """
    if not {*RAW_COLUMNS} <= {*rows.columns}:
        return []
    known = rows[rows["linear_predictor"].notna()].sort_values("patient")
    found = [known[name].to_numpy() for name in RAW_COLUMNS]
    # A model without a feature has nothing to harmonise.
    return [] if (found[0] == known["linear_predictor"].to_numpy()).all() else [found]


def judge(y, lp, p, cut, confidence, resamples, seed, threshold):
    """All tables of one model by name; curves only where both classes are there."""
    drawn = (confidence, resamples, seed)
    groups = group_intervals(hosmer_lemeshow(y, p, GROUPS, lost_df=0)[1], confidence)
    tables = {
        "performance": external_metrics(y, lp, p, cut, *drawn, threshold=threshold),
        "recalibration": recalibration(y, lp),
        "calibration": groups.assign(kind="group"),
        "hosmer_lemeshow": sweep(y, p, lost_df=0),
    }
    if min(y) == max(y):
        return tables | {"dca": net_benefit(y, p, default_thresholds())}
    smooth = calibration_band(y, p, *drawn).assign(kind="smooth", n=len(y))
    # Scores that are equal but for the last bit stay ties, as in every other curve.
    rank = lp.round(12)
    return tables | {
        "calibration": pd.concat([tables["calibration"], smooth], ignore_index=True),
        "roc": roc_curve(y, rank).assign(repeat=1),
        "roc_band": roc_band(y, rank, *drawn),
        "dca": decision_band(y, p, default_thresholds(), *drawn),
    }


def strategies(y, drawn):
    """Net benefit of treating all, and no one."""
    thresholds = default_thresholds()
    both = min(y) < max(y)
    everyone = np.ones(len(y))
    every = (
        decision_band(y, everyone, thresholds, *drawn)
        if both
        else net_benefit(y, everyone, thresholds)
    )
    no_one = treat_none(thresholds).assign(ci_low=0.0, ci_high=0.0)
    return [every.assign(model="all"), no_one.assign(model="none")]


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
