"""Reliability: how far repeated readings agree on each feature, and which features are kept."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import fdtri

# Names as in pingouin and McGraw and Wong (1996). psych of R calls them ICC1, ICC2, ICC3, ...k.
FORMS = ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)")
COMPARISONS = {"inter": "b1", "intra": "a2"}
FEWEST_PATIENTS = 3
NEAR_THRESHOLD = 0.02
MOST_CHECKED = 60
AGREEMENT = 1e-10
# A feature that spreads over less than this share of its size is constant but for rounding.
ROUNDING = 1e-12
ICC_COLUMNS = [
    "phase", "feature", "comparison", "form", "n", "icc", "ci_low", "ci_high", "kept", "reason",
]  # fmt: skip


def intraclass_correlation(
    ratings: np.ndarray, form: str = "ICC(A,1)", confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ICC and its confidence limits for p features at once.

    ratings: n patients x k readings x p features, complete. Returns three arrays of p.
    Two-way analysis of variance of each feature; formulas of Shrout and Fleiss (Psychol Bull
    1979;86:420-428) and McGraw and Wong (Psychol Methods 1996;1:30-46). A feature with a missing
    value or without variation beyond rounding has NaN; one whose readings do not differ, or by the
    same in all patients, has no limits.
    Raises ValueError: an unknown form, fewer than two patients or readings.
    """
    if form not in FORMS:
        raise ValueError(f"ICC form {form!r} is unknown; allowed: {', '.join(FORMS)}")
    ratings = np.asarray(ratings, dtype=float)
    if ratings.ndim != 3 or ratings.shape[0] < 2 or ratings.shape[1] < 2:
        raise ValueError(
            f"an ICC needs at least 2 patients x 2 readings x features; found {ratings.shape}"
        )
    n, k, _ = ratings.shape
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = _mean_squares(ratings)
        icc = _estimate(form, *squares, n, k)
        low, high = _limits(form, *squares, n, k, (1 + confidence) / 2)
    icc[_constant(ratings, axis=(0, 1))] = np.nan
    unlimited = ~(np.isfinite(icc) & np.isfinite(low) & np.isfinite(high))
    low[unlimited] = high[unlimited] = np.nan
    return icc, low, high


def icc_per_feature(
    first: pd.DataFrame,
    second: pd.DataFrame,
    form: str = "ICC(A,1)",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """ICC of two readings: table of feature, n, icc, ci_low, ci_high, reason, one row a feature.

    first, second: the same patients (rows, in the same order) and features (columns). Where there
    is no ICC it is NaN and ``reason`` says why: missing value, constant.
    Raises ValueError where rows or columns differ.
    """
    if list(first.columns) != list(second.columns):
        odd = sorted(set(first.columns) ^ set(second.columns))
        raise ValueError(f"the readings do not have the same features in one order: {odd[:10]}")
    if list(first.index) != list(second.index):
        raise ValueError("the readings do not have the same patients in one order")
    ratings = np.stack([first.to_numpy(dtype=float), second.to_numpy(dtype=float)], axis=1)
    icc, low, high = intraclass_correlation(ratings, form, confidence)
    missing = ~np.isfinite(ratings).all(axis=(0, 1))
    constant = _constant(ratings, axis=(0, 1))
    identical = (ratings[:, 0] == ratings[:, 1]).all(axis=0)
    reason = np.select(
        [missing, constant, identical, ~np.isfinite(icc), ~np.isfinite(low)],
        [
            "missing value in a reading",
            "constant in the patients read twice",
            "readings identical: no interval",
            "no variation to divide by",
            "readings differ by a constant: no interval",
        ],
        "",
    )
    return pd.DataFrame(
        {
            "feature": [str(c) for c in first.columns],
            "n": len(first),
            "icc": icc,
            "ci_low": low,
            "ci_high": high,
            "reason": reason,
        }
    )


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
    phases: Mapping[str, pd.DataFrame], form: str, threshold: float, seed: int
) -> pd.DataFrame:
    """The table reliability/icc: agreement on each feature of each phase, and whether it is kept.

    phases: {phase: table with patient, reading (a1, b1, a2) and features}. Comparisons: inter =
    a1 with b1, intra = a1 with a2, on the patients who have both. A feature is kept where every
    comparison that exists gives an ICC above (not at) ``threshold``; with fewer than 3 patients
    read again a comparison does not exist. One missing or constant in a1 is dropped in any case.
    ``kept`` is the verdict on the feature, the same in its rows. A part of the ICCs is recomputed
    with pingouin (``check_against_pingouin``).
    Raises ValueError: no patient read, a patient read twice under one name, an unknown reading,
    a feature that is not a number.
    """
    tables = [_assess_phase(phase, frame, form, threshold, seed) for phase, frame in phases.items()]
    return pd.concat(tables, ignore_index=True)[ICC_COLUMNS]


def _assess_phase(phase, frame, form, threshold, seed) -> pd.DataFrame:
    readings = _readings(phase, frame)
    analysed = readings["a1"]
    values = analysed.to_numpy(dtype=float)
    missing = ~np.isfinite(values).all(axis=0)
    # One patient alone cannot show whether a feature varies.
    constant = _constant(values, axis=0) & (len(values) > 1)
    unfit = np.where(missing, "missing in a1", np.where(constant, "constant in a1", "")).astype(
        object
    )

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

    above = [table["icc"].to_numpy() > threshold for table in found]
    kept = np.logical_and.reduce(above) & (unfit == "")
    for table, passed in zip(found, above, strict=True):
        low = np.isfinite(table["icc"]) & ~passed
        verdict = np.where(low, f"ICC not above {threshold:g}", table["reason"]).astype(object)
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


def _constant(values: np.ndarray, axis) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.ptp(values, axis=axis) <= ROUNDING * np.abs(values).max(axis=axis)


def _mean_squares(ratings: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean squares between patients, within patients, between readings, and of the residual."""
    n, k, _ = ratings.shape
    patient = ratings.mean(axis=1)
    reading = ratings.mean(axis=0)
    grand = patient.mean(axis=0)
    between = k * ((patient - grand) ** 2).sum(axis=0) / (n - 1)
    readings = n * ((reading - grand) ** 2).sum(axis=0) / (k - 1)
    off_patient = ratings - patient[:, None]
    within = (off_patient**2).sum(axis=(0, 1)) / (n * (k - 1))
    residual = ((off_patient - (reading - grand)) ** 2).sum(axis=(0, 1)) / ((n - 1) * (k - 1))
    # What equal or evenly shifted readings leave is rounding: no difference at all.
    least = (ROUNDING * np.abs(ratings).max(axis=(0, 1))) ** 2
    within, readings, residual = (np.where(s > least, s, 0.0) for s in (within, readings, residual))
    return between, within, readings, residual


def _estimate(form, between, within, readings, residual, n, k) -> np.ndarray:
    if form == "ICC(1,1)":
        return (between - within) / (between + (k - 1) * within)
    if form == "ICC(1,k)":
        return (between - within) / between
    if form == "ICC(C,1)":
        return (between - residual) / (between + (k - 1) * residual)
    if form == "ICC(C,k)":
        return (between - residual) / between
    if form == "ICC(A,1)":
        bias = k * (readings - residual) / n
        return (between - residual) / (between + (k - 1) * residual + bias)
    return (between - residual) / (between + (readings - residual) / n)


def _limits(form, between, within, readings, residual, n, k, level):
    if form.startswith("ICC(A"):
        low, high = _agreement_limits(between, within, readings, residual, n, k, level)
        if form == "ICC(A,k)":
            low, high = (k * limit / (1 + (k - 1) * limit) for limit in (low, high))
        return low, high
    error, df = (within, n * (k - 1)) if form.startswith("ICC(1") else (residual, (n - 1) * (k - 1))
    ratio = between / error
    low, high = ratio / fdtri(n - 1, df, level), ratio * fdtri(df, n - 1, level)
    if form.endswith("k)"):
        return 1 - 1 / low, 1 - 1 / high
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _agreement_limits(between, within, readings, residual, n, k, level):
    """Limits of ICC(A,1): F with Satterthwaite's degrees of freedom (McGraw and Wong, table 7)."""
    icc = _estimate("ICC(A,1)", between, within, readings, residual, n, k)
    fj = readings / residual
    rest = n * (1 + (k - 1) * icc) - k * icc
    df = (n - 1) * (k - 1) * (k * icc * fj + rest) ** 2
    df = df / ((n - 1) * (k * icc * fj) ** 2 + rest**2)
    upper, lower = fdtri(n - 1, df, level), fdtri(df, n - 1, level)
    spread = k * readings + (k * n - k - n) * residual
    low = n * (between - upper * residual) / (upper * spread + n * between)
    high = n * (lower * between - residual) / (spread + n * lower * between)
    return low, high
