"""Centres that applied one locked model: predictions, participants, scans and summaries."""

import numpy as np
import pandas as pd
from scipy.special import expit

from nomoflow.centre_summary import centre_summary, describe_cohort

MODEL = {
    "study": "demo",
    "version": 1,
    "digest": "a" * 64,
    "outcome": {"positive": "ccRCC", "negative": "AML"},
}
TERMS = [
    {"name": "age", "kind": "continuous"},
    {"name": "sex", "kind": "binary", "positive": "male", "negative": "female"},
]
SOFTWARE = {"python": "3.11"}


def predictions(n=90, seed=1, models=("nomogram", "radiomics"), cutoff=0.3, effect=1.5):
    """Rows of the locked models on one centre's patients."""
    random = np.random.default_rng(seed)
    rows = []
    truth = random.normal(0, 1, n)
    y = random.random(n) < expit(0.2 + effect * truth)
    for model in models:
        lp = 0.2 + effect * truth + random.normal(0, 0.4, n)
        for i in range(n):
            rows.append(
                {
                    "patient": f"KEY{seed:02d}-{i:04d}",
                    "outcome": int(y[i]),
                    "model": model,
                    "linear_predictor": float(lp[i]),
                    "probability": float(expit(lp[i])),
                    "cutoff": cutoff,
                }
            )
    return rows


def participants(rows, seed=1):
    """Age (unrounded, so that no two patients share it) and sex of the patients."""
    random = np.random.default_rng(1000 + seed)
    keys = sorted({row["patient"] for row in rows})
    return [
        {
            "patient": key,
            "age": repr(float(random.normal(57, 11))),
            "sex": str(random.choice(["male", "female"])),
            "name": f"Name of {key}",
        }
        for key in keys
    ]


def scans(rows, seed=1):
    random = np.random.default_rng(2000 + seed)
    keys = sorted({row["patient"] for row in rows})
    return [
        {"patient": key, "phase": "ct", "manufacturer": str(random.choice(["GE", "Siemens"])),
         "slice_thickness_mm": repr(float(random.uniform(0.6, 5)))}
        for key in keys
    ]  # fmt: skip


def summary(centre="B", n=90, seed=1, smallest_cell=5, rows=None, **changed):
    rows = predictions(n, seed) if rows is None else rows
    described = describe_cohort(participants(rows, seed), TERMS, scans(rows, seed), smallest_cell)
    return centre_summary(
        centre, {**MODEL, **changed}, rows, described, 2, "b" * 64, SOFTWARE, smallest_cell
    )


def performance() -> pd.DataFrame:
    """The development study's own figures of the nomogram."""
    rows = [
        {"model": "nomogram", "sample": sample, "metric": name, "estimate": x, "ci_low": low,
         "ci_high": high, "method": "x"}
        for sample, shift in (("cross_validated", 0.0), ("apparent", 0.04))
        for name, x, low, high in (
            ("auc", 0.84 + shift, 0.76, 0.92), ("oe", 1.0, 0.85, 1.2),
            ("calibration_slope", 0.9 + shift, 0.6, 1.3),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows)


def rows(table) -> list[dict]:
    """A table as read_rows gives it back."""
    return [
        {name: "" if pd.isna(value) else str(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]
