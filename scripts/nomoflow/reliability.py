"""Reliability: how far repeated readings agree on each feature, and which features are kept."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from nomoflow.icc import (
    COMPARISONS,
    FEWEST_PATIENTS,
    constant,
    icc_per_feature,
    judged_values,
)

NEAR_THRESHOLD = 0.02
MOST_CHECKED = 60
AGREEMENT = 1e-10
ICC_COLUMNS = [
    "phase", "feature", "comparison", "form", "n", "icc", "ci_low", "ci_high", "kept", "reason",
]  # fmt: skip


def check_against_pingouin(
    icc: pd.DataFrame,
    first: pd.DataFrame,
    second: pd.DataFrame,
    form: str,
    threshold: float,
    seed: int,
    sample: int = 20,
) -> int:
    """Recompute some of the ICCs with pingouin; returns how many were compared.

    icc: what ``icc_per_feature(first, second, form)`` gave. Compared are ``sample`` features drawn
    by ``seed`` and those within 0.02 of the threshold, where a difference would change what is
    kept, the nearest first, at most 60. Features without an ICC are not drawn.
    Raises RuntimeError where estimate or 95 % limits differ by more than 1e-10.
    """
    from pingouin import intraclass_corr, options

    known = np.flatnonzero(icc["icc"].notna() & icc["ci_low"].notna())
    rng = np.random.default_rng(seed)
    drawn = rng.choice(known, size=min(sample, len(known)), replace=False)
    distance = np.abs(icc["icc"].to_numpy()[known] - threshold)
    nearest = known[np.argsort(distance, kind="stable")][: np.sum(distance <= NEAR_THRESHOLD)]
    chosen = np.union1d(drawn, nearest[: max(MOST_CHECKED - len(drawn), 0)]).astype(int)

    rounding = {key: options[key] for key in options if key.startswith("round")}
    options.update(dict.fromkeys(rounding))
    try:
        for i in chosen:
            long = pd.DataFrame(
                {
                    "patient": np.tile(np.arange(len(first)), 2),
                    "reader": np.repeat(["first", "second"], len(first)),
                    "value": np.concatenate([first.iloc[:, i], second.iloc[:, i]]).astype(float),
                }
            )
            with warnings.catch_warnings():
                # pingouin 0.7 calls pandas in a way that pandas 3.1 gives up
                warnings.filterwarnings("ignore", message="The inplace keyword")
                table = intraclass_corr(long, "patient", "reader", "value").set_index("Type")
            theirs = np.array([table.at[form, "ICC"], *table.at[form, "CI95"]])
            ours = icc.iloc[i][["icc", "ci_low", "ci_high"]].to_numpy(dtype=float)
            if not np.abs(ours - theirs).max() <= AGREEMENT:
                raise RuntimeError(
                    f"{form} of {icc['feature'].iloc[i]}: {ours.tolist()} here, "
                    f"{theirs.tolist()} by pingouin"
                )
    finally:
        options.update(rounding)
    return len(chosen)


def assess(
    phases: Mapping[str, pd.DataFrame],
    form: str,
    threshold: float,
    seed: int,
    judged: str = "estimate",
) -> pd.DataFrame:
    """The table reliability/icc: agreement on each feature of each phase, and whether it is kept.

    phases: {phase: table with patient, reading (a1, b1, a2) and features}. Comparisons: inter =
    a1 with b1, intra = a1 with a2, on the patients who have both. A feature is kept where every
    comparison that exists gives an ICC above (not at) ``threshold``, or its lower limit where
    ``judged`` is lower_limit (one without limits is judged by its estimate); with fewer than 3
    patients read again a comparison does not exist. One missing or constant in a1 is dropped in
    any case.
    ``kept`` is the verdict on the feature, the same in its rows. A part of the ICCs is recomputed
    with pingouin (``check_against_pingouin``).
    Raises ValueError: no patient read, a patient read twice under one name, an unknown reading,
    a feature that is not a number.
    """
    tables = [
        _assess_phase(phase, frame, form, threshold, seed, judged)
        for phase, frame in phases.items()
    ]
    return pd.concat(tables, ignore_index=True)[ICC_COLUMNS]


def _assess_phase(phase, frame, form, threshold, seed, judged) -> pd.DataFrame:
    readings = _readings(phase, frame)
    analysed = readings["a1"]
    values = analysed.to_numpy(dtype=float)
    missing = ~np.isfinite(values).all(axis=0)
    # One patient alone cannot show whether a feature varies.
    flat = constant(values, axis=0) & (len(values) > 1)
    unfit = np.where(missing, "missing in a1", np.where(flat, "constant in a1", "")).astype(object)

    found, remarks = [], []
    for comparison, reading in COMPARISONS.items():
        again = readings.get(reading)
        both = [] if again is None else [p for p in analysed.index if p in again.index]
        if len(both) < FEWEST_PATIENTS:
            remarks.append(f"{comparison} not assessed: {len(both)} patients have {reading}")
            continue
        first, second = analysed.loc[both], again.loc[both]
        table = icc_per_feature(first, second, form)
        check_against_pingouin(table, first, second, form, threshold, seed)
        found.append(table.assign(comparison=comparison))

    names = [str(c) for c in analysed.columns]
    if not found:
        kept = unfit == ""
        rows = pd.DataFrame({"feature": names, "comparison": "none", "n": 0, "kept": kept}).assign(
            icc=np.nan, ci_low=np.nan, ci_high=np.nan
        )
        rows["reason"] = np.where(kept, "not assessed", unfit)
        return rows.assign(phase=phase, form=form)

    above = [judged_values(table, judged) > threshold for table in found]
    kept = np.logical_and.reduce(above) & (unfit == "")
    for table, passed in zip(found, above, strict=True):
        low = np.isfinite(table["icc"]) & ~passed
        which = "ICC" if judged == "estimate" else "ICC's lower limit"
        too_low = f"{which} not above {threshold:g}"
        verdict = np.where(low, too_low, table["reason"]).astype(object)
        other = (verdict == "") & ~kept & (unfit == "")
        verdict[other] = "dropped by the other comparison"
        verdict[unfit != ""] = unfit[unfit != ""]
        verdict[verdict == ""] = "; ".join(remarks)
        table["reason"], table["kept"] = verdict, kept
    order = pd.concat(found).reset_index(names="position")
    order = order.sort_values("position", kind="stable")
    return order.assign(phase=phase, form=form)


def _readings(phase: str, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """{reading: patients x features} of one phase's feature table."""
    for column in ("patient", "reading"):
        if column not in frame.columns:
            raise ValueError(f"the feature table of {phase} has no column {column!r}")
    features = [c for c in frame.columns if c not in ("patient", "reading")]
    text = [str(c) for c in features if not pd.api.types.is_numeric_dtype(frame[c])]
    if text:
        raise ValueError(f"the feature table of {phase} holds text in {text[:10]}")
    unknown = sorted(set(frame["reading"]) - {"a1", *COMPARISONS.values()})
    if unknown:
        raise ValueError(f"readings {unknown} in {phase} are unknown; allowed: a1, b1, a2")
    twice = frame.loc[frame.duplicated(["patient", "reading"]), ["patient", "reading"]]
    if len(twice):
        raise ValueError(f"{phase}: read more than once: {twice.to_numpy().tolist()[:5]}")
    by_reading = {
        str(name): part.set_index("patient")[features]
        for name, part in frame.groupby("reading", sort=True)
    }
    if "a1" not in by_reading:
        raise ValueError(f"the feature table of {phase} has no a1 reading, the one analysed")
    return by_reading
