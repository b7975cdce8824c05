"""Two cohorts side by side: the one a model was made of, by its summary, and a centre's own.

A model file holds its cohort in numbers that hold no patient (cohort_summary); a centre describes
its own in the same words, and the two are laid beside each other. A positive difference says that
the centre has more.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from nomoflow.cohort_summary import acquisition_summary, distribution, linear_predictors, share

FIGURES = ("n", "percent", "mean", "sd", "median", "q1", "q3", "missing")
COLUMNS = [
    "section", "variable", "label", "level", "unit",
    *(f"development_{name}" for name in FIGURES), *(f"centre_{name}" for name in FIGURES),
    "standardised_difference", "sd_ratio",
]  # fmt: skip
SECTIONS = ("cohort", "predictor", "linear_predictor", "feature", "acquisition")
SHIFTED = 0.1  # Austin 2009, Stat Med 28:3083: a difference that is not negligible
NAN = float("nan")


def describe_centre(
    columns: pd.DataFrame,
    kinds: Mapping[str, Mapping],
    scores: Mapping[str, np.ndarray],
    y: Sequence[int] | None = None,
    acquisition: Iterable[Mapping[str, str]] = (),
    patients: Iterable[str] = (),
    quality: Iterable[Mapping[str, str]] = (),
) -> dict:
    """A centre's cohort in the form that model.json has its own in, nothing of it suppressed.

    columns : m patients x coded variables, NaN where missing; kinds : by variable kind, unit, per;
    scores : m linear predictors a model; y : m outcomes 0/1, None where they are not known;
    acquisition, quality : rows of images/acquisition.csv and images/quality.csv, where those of
    ``patients`` count.
    """
    rows = []
    for name in columns:
        described, values = kinds[name], columns[name].to_numpy(dtype=float)
        per = float(described.get("per") or 1)
        binary = described["kind"] == "binary"
        made = share(values, 1) if binary else distribution(values * per, 2)
        rows.append(
            {"name": str(name), "kind": described["kind"], "unit": described["unit"],
             "missing": int(np.isnan(values).sum()), **made}
        )  # fmt: skip
    known = np.zeros(len(columns), int) if y is None else np.asarray(y).astype(int)
    return {
        "patients": len(columns),
        "events": None if y is None else int(known.sum()),
        "variables": rows,
        "linear_predictors": linear_predictors(scores, known),
        "acquisition": acquisition_summary(acquisition, patients, quality),
    }


def case_mix(
    development: Mapping,
    centre: Mapping,
    features: pd.DataFrame | None = None,
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Rows of ``COLUMNS`` for all that both cohorts tell.

    development, centre : ``cohort`` of model.json, and of `describe_centre`. features : as
    `feature_shifts` returns it, the most shifted first. labels : of variables, for print.
    standardised_difference : (centre - development) / sqrt((sd^2 + sd^2) / 2), for a share p with
    p (1 - p) in the place of sd^2 (Austin 2009). sd_ratio : centre / development; for the linear
    predictor it compares how heterogeneous the cohorts are (Debray 2015). Empty where a count is
    suppressed, or nothing spreads.
    """
    labels = labels or {}
    rows = _cohort(development, centre)
    for section, ours, theirs in (
        ("predictor", *map(_by_name, (development["variables"], centre["variables"]))),
        (
            "linear_predictor",
            *({name: one["all"] | {"kind": "continuous", "unit": "log odds"} for name, one in
               cohort["linear_predictors"].items()} for cohort in (development, centre)),
        ),
    ):  # fmt: skip
        for name in ours:
            if name in theirs:
                named = {"section": section, "variable": name, "label": labels.get(name, name)}
                rows.append(named | _pair(ours[name], theirs[name]))
    if features is not None:
        rows += [
            {"section": "feature", "variable": row["feature"], "label": row["feature"],
             **{key: value for key, value in row.items() if key in COLUMNS}}
            for row in features.to_dict("records")
        ]  # fmt: skip
    rows += _acquired(development["acquisition"], centre["acquisition"])
    return pd.DataFrame(rows, columns=COLUMNS)


def feature_shifts(signatures: Mapping[str, Mapping], table: pd.DataFrame) -> pd.DataFrame:
    """The signatures' features in both cohorts, the most shifted first.

    signatures : of model.json (features, means, sds with ddof 0); table : m patients x features.
    Columns feature, development_mean, development_sd, centre_n, centre_mean, centre_sd (n - 1),
    standardised_difference, sd_ratio. A feature that the table lacks has no row.
    """
    known = {
        name: (mean, sd)
        for one in signatures.values()
        for name, mean, sd in zip(one["features"], one["means"], one["sds"], strict=True)
    }
    rows = []
    for name in sorted(set(known) & set(table.columns)):
        mean, sd = known[name]
        made = distribution(table[name].to_numpy(dtype=float), 2)
        rows.append(
            {
                "feature": name,
                "development_mean": mean,
                "development_sd": sd,
                **{f"centre_{key}": made[key] for key in ("n", "mean", "sd")},
                "standardised_difference": _difference(mean, sd**2, made["mean"], made["sd"]),
                "sd_ratio": _ratio(made["sd"], sd),
            }
        )
    columns = ["feature", "development_mean", "development_sd", "centre_n", "centre_mean",
               "centre_sd", "standardised_difference", "sd_ratio"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    size = frame["standardised_difference"].astype(float).abs()
    return frame.iloc[np.argsort(-size.fillna(-1).to_numpy(), kind="stable")].reset_index(drop=True)


def _cohort(development: Mapping, centre: Mapping) -> list[dict]:
    sizes = [{"n": cohort["patients"], "percent": 100.0} for cohort in (development, centre)]
    events = []
    for cohort in (development, centre):
        n, whole = cohort["events"], cohort["patients"]
        known = n is not None and whole
        events.append({"n": n, "share": n / whole if known else None, "kind": "binary", "unit": ""})
    return [
        {"section": "cohort", "variable": "patients", "label": "Patients", "level": "", "unit": "",
         **_prefixed(*sizes)},
        {"section": "cohort", "variable": "outcome", "label": "With the outcome",
         **_pair(*events, counted="n"), "level": "positive"},
    ]  # fmt: skip


def _by_name(rows: Iterable[Mapping]) -> dict[str, Mapping]:
    return {row["name"]: row for row in rows}


def _pair(ours: Mapping, theirs: Mapping, counted: str = "positive") -> dict:
    """The figures of one variable in both cohorts, and how far they lie apart."""
    named = {"level": "", "unit": ours.get("unit", "")}
    if ours["kind"] == "binary":
        figures = [
            {"n": one.get(counted), "missing": one.get("missing"),
             "percent": None if one.get("share") is None else 100 * one["share"]}
            for one in (ours, theirs)
        ]  # fmt: skip
        p, q = ours.get("share"), theirs.get("share")
        difference = NAN if p is None or q is None else _difference_of_shares(p, q)
        named |= {"level": "positive"}
        return named | _prefixed(*figures) | {"standardised_difference": difference}
    figures = [{key: one.get(key) for key in FIGURES} for one in (ours, theirs)]
    variance = None if ours["sd"] is None else ours["sd"] ** 2
    return (
        named
        | _prefixed(*figures)
        | {
            "standardised_difference": _difference(
                ours["mean"], variance, theirs["mean"], theirs["sd"]
            ),
            "sd_ratio": _ratio(theirs["sd"], ours["sd"]),
        }
    )


def _prefixed(ours: Mapping, theirs: Mapping) -> dict:
    return {
        f"{cohort}_{key}": value
        for cohort, figures in (("development", ours), ("centre", theirs))
        for key, value in figures.items()
        if key in FIGURES
    }


def _difference(mean, variance, other_mean, other_sd) -> float:
    if None in (mean, variance, other_mean, other_sd):
        return NAN
    pooled = np.sqrt((variance + other_sd**2) / 2)
    if pooled > 0:
        return float((other_mean - mean) / pooled)
    return 0.0 if other_mean == mean else NAN


def _difference_of_shares(p: float, q: float) -> float:
    return _difference(p, p * (1 - p), q, np.sqrt(q * (1 - q)))


def _ratio(sd, other) -> float:
    return float(sd / other) if sd is not None and other else NAN


def _acquired(ours: Mapping, theirs: Mapping) -> list[dict]:
    """How the images were acquired, by phase: numbers, then each word's share of the images."""
    rows = []
    for phase in [name for name in ours if name in theirs]:
        first, second = ours[phase], theirs[phase]
        # What only one of the cohorts tells, such as of one without its own images, is no pair.
        for name in [one for one in first["numbers"] if one in second["numbers"]]:
            pair = [
                {**one["numbers"][name], "kind": "continuous", "unit": ""}
                for one in (first, second)
            ]
            if any(one["n"] for one in pair):
                label = f"{phase}: {name.replace('_', ' ')}"
                named = {"section": "acquisition", "variable": f"{phase}.{name}", "label": label}
                rows.append(named | _pair(*pair))
        for name in first["words"]:
            for word in sorted(set(first["words"][name]) | set(second["words"][name])):
                counts = [one["words"][name].get(word, 0) for one in (first, second)]
                pair = [
                    {"positive": n, "kind": "binary", "unit": "",
                     "share": None if n is None or not one["images"] else n / one["images"]}
                    for n, one in zip(counts, (first, second), strict=True)
                ]  # fmt: skip
                label = f"{phase}: {name.replace('_', ' ')}"
                named = {"section": "acquisition", "variable": f"{phase}.{name}", "label": label}
                rows.append(named | _pair(*pair) | {"level": word})
    return rows
