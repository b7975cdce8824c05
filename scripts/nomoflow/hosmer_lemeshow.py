"""Hosmer-Lemeshow test, over several numbers of groups: printed since journals ask for it."""

import numpy as np
import pandas as pd
from scipy.special import chdtrc

NAN = float("nan")
GROUPS = tuple(range(5, 16))  # what the test is repeated over; 10 is the usual one
NO_TEST = (
    "no test: cross-validated predictions come from several models, and their chi-square follows "
    "no known distribution"
)


def _quantile_groups(p: np.ndarray, groups: int) -> np.ndarray:
    """Group of each patient: quantiles (type 7) made unique, right-closed, lowest included."""
    position = np.arange(groups + 1) * (1 / groups)
    # R's own order of operations: a break that misses a patient by rounding misses it here too.
    index = (len(p) - 1) * np.minimum(position, 1)
    ordered = np.sort(p)
    low = np.floor(index).astype(int)
    high = np.ceil(index).astype(int)
    share = index - low
    between = (1 - share) * ordered[low] + share * ordered[high]
    breaks = np.unique(np.where(ordered[low] == ordered[high], ordered[low], between))
    group = np.searchsorted(breaks, p, side="left") - 1
    # One position may come out of rounding past the last break: it belongs to the last group.
    return np.clip(group, 0, max(len(breaks) - 2, 0))


def hosmer_lemeshow(y, p, groups: int = 10, lost_df: int = 2) -> tuple[dict, pd.DataFrame]:
    """Test and table of observed against expected by groups of risk.

    R: ResourceSelection::hoslem.test(y, p, g = groups). y (n,) 0/1, p (n,) probabilities.
    lost_df: 2 where the model was fitted on these patients, 0 on others. Ties may leave fewer
    groups; the degrees of freedom follow the groups that remain. Returns dict(groups, chi2, df,
    p, note) and a table group, n, predicted (mean p), observed (share), observed_count,
    expected_count. chi2 and p are NaN, with a note, where the groups are too few.
    """
    y = np.asarray(y).astype(int)
    p = np.asarray(p, dtype=float)
    if y.shape != p.shape or len(p) == 0:
        raise ValueError(f"one probability a patient is needed: {y.shape} and {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must lie between 0 and 1, none missing")
    if groups < 2:
        raise ValueError(f"at least 2 groups are needed, not {groups}")
    _, group = np.unique(_quantile_groups(p, groups), return_inverse=True)
    size = np.bincount(group)
    observed = np.bincount(group, weights=y)
    expected = np.bincount(group, weights=p)
    table = pd.DataFrame(
        {
            "group": np.arange(1, len(size) + 1),
            "n": size,
            "predicted": expected / size,
            "observed": observed / size,
            "observed_count": observed.astype(int),
            "expected_count": expected,
        }
    )
    df = len(size) - lost_df
    test = {"groups": len(size), "chi2": NAN, "df": df, "p": NAN, "note": ""}
    unexpected = np.bincount(group, weights=1 - p)
    if len(size) < 2 or df < 1:
        test["note"] = f"not defined: {len(size)} distinct group(s) of predicted risk"
        return test, table
    if min(expected.min(), unexpected.min()) < 1e-300:  # below, the quotient overflows
        test["note"] = "not defined: a group's predicted probabilities are all 0 or all 1"
        return test, table
    difference = (observed - expected) ** 2
    chi2 = float((difference / expected + difference / unexpected).sum())
    test |= {"chi2": chi2, "p": float(chdtrc(df, chi2))}
    if len(size) < groups:
        test["note"] = f"ties leave {len(size)} of {groups} groups"
    return test, table


def sweep(y, p, groups=GROUPS, lost_df: int = 2) -> pd.DataFrame:
    """The test for each number of groups: groups (as asked), chi2, df, p, note; one row each.

    Each note names the range of P over all numbers of groups, for the verdict may turn on that
    choice (Hosmer 1997, Stat Med 16:965), and, first, where ties leave fewer groups than asked.
    """
    tests = [hosmer_lemeshow(y, p, asked, lost_df)[0] | {"groups": asked} for asked in groups]
    table = pd.DataFrame(tests, columns=["groups", "chi2", "df", "p", "note"])
    table["df"] = table["df"].where(table["p"].notna()).astype("Int64")
    found = table["p"].dropna()
    if len(found):
        weakness = (
            f"P {found.min():.3f} to {found.max():.3f} over {min(groups)} to {max(groups)} groups; "
            "of low power, no proof of calibration"
        )
        tested = table["p"].notna()
        joined = (table["note"] + "; ").where(table["note"] != "", "") + weakness
        table["note"] = table["note"].where(~tested, joined)
    return table


def no_test(groups=GROUPS) -> pd.DataFrame:
    """The same rows without figures, for predictions that the test has no distribution for."""
    columns = ["groups", "chi2", "df", "p", "note"]
    table = pd.DataFrame({"groups": list(groups)}).reindex(columns=columns)
    return table.assign(note=NO_TEST).astype({"df": "Int64"})
