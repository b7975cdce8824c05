"""A small made-up study's tables, as the stages write them, for the tests of figures and report.

Nothing here is computed by the code under test.
"""

import math

import numpy as np

PHASES = ["corticomedullary", "nephrographic", "excretory"]
MODELS = ["nomogram", "radiomics", "image_features", "radiomics_corticomedullary", "volume"]
OUTCOME = {"column": "diagnosis", "positive": "ccRCC", "negative": "AML.wovf"}
POSITIVE, NEGATIVE = 62, 38
PREDICTORS = [
    ("radscore", "Radscore", "", 1.9, [("-4", -4), ("-2", -2), ("0", 0), ("2", 2), ("4", 4)]),
    ("age", "Age, years", "years", 0.027, [(str(a), a) for a in range(20, 95, 5)]),
    ("sex", "Sex", "", 0.1, [("female", 0), ("male", 1)]),
    ("hyperdense", "Hyperdense on unenhanced CT", "", -1.07, [("no", 0), ("yes", 1)]),
    ("pseudocapsule", "Pseudocapsule", "", 0.55, [("no", 0), ("yes", 1)]),
]


def predictions(repeats: int = 3, seed: int = 1) -> list[dict]:
    """Apparent (sharp) and cross-validated (blunter) predictions of five models."""
    random = np.random.default_rng(seed)
    outcome = np.repeat([1, 0], [POSITIVE, NEGATIVE])
    base = random.normal(size=len(outcome)) + np.where(outcome == 1, 1.0, -1.0)
    rows = []
    for place, model in enumerate(MODELS):
        own = base * (2 - 0.3 * place) + random.normal(scale=0.4 + 0.5 * place, size=len(base))
        for sample, repeat in [
            ("apparent", 0),
            *(("cross_validated", r + 1) for r in range(repeats)),
        ]:
            noise = 0 if sample == "apparent" else random.normal(scale=1.5, size=len(base))
            for i, score in enumerate(own + noise):
                rows.append(
                    {
                        "patient": f"P{i:03d}", "outcome": outcome[i], "model": model,
                        "sample": sample, "repeat": repeat, "fold": 0 if not repeat else i % 5 + 1,
                        "linear_predictor": score, "probability": 1 / (1 + math.exp(-score)),
                        "cutoff": 0.3,
                    }
                )  # fmt: skip
    return rows


def groups(rows: list[dict], *keys: str):
    """Rows by the values of some columns, in order of appearance."""
    found: dict = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found.items()


def roc(rows: list[dict]) -> list[dict]:
    out = []
    for (model, sample, repeat), own in groups(rows, "model", "sample", "repeat"):
        score = np.array([r["linear_predictor"] for r in own])
        truth = np.array([r["outcome"] for r in own]) == 1
        for cut in [math.inf, *sorted(set(score), reverse=True)]:
            out.append(
                {"model": model, "sample": sample, "repeat": repeat, "threshold": cut,
                 "sensitivity": np.mean(score[truth] >= cut),
                 "specificity": np.mean(score[~truth] < cut)}
            )  # fmt: skip
    return out


def roc_band(rows: list[dict]) -> list[dict]:
    """Bands of the same width around the mean curve's sensitivity on a grid of specificities."""
    out = []
    for (model, sample), own in groups(rows, "model", "sample"):
        score = np.array([r["linear_predictor"] for r in own])
        truth = np.array([r["outcome"] for r in own]) == 1
        for specificity in np.linspace(0, 1, 51):
            cut = np.quantile(score[~truth], specificity)
            height = float(np.mean(score[truth] > cut))
            out.append({"model": model, "sample": sample, "specificity": specificity,
                        "sensitivity": height, **around(height, 0.08)})  # fmt: skip
    return out


def around(value: float, half: float) -> dict:
    """A made-up interval within 0 and 1."""
    return {"ci_low": max(value - half, 0.0), "ci_high": min(value + half, 1.0)}


def performance(rows: list[dict]) -> list[dict]:
    """Areas by counting pairs; the other metrics at the cut-off; intervals are made up.

    Harrell's corrected figures lie a little below the apparent ones, .632+ near the
    cross-validated.
    """
    out = []
    for (model, sample), own in groups(rows, "model", "sample"):
        score = np.array([r["linear_predictor"] for r in own])
        truth = np.array([r["outcome"] for r in own]) == 1
        auc = np.mean([
            np.mean((s[t][:, None] > s[~t]) + 0.5 * (s[t][:, None] == s[~t]))
            for s, t in zip(score.reshape(-1, 100), truth.reshape(-1, 100), strict=True)
        ])  # fmt: skip
        call = score >= 0.3
        metrics = {
            "auc": auc, "cutoff": 0.3, "sensitivity": np.mean(call[truth]),
            "specificity": np.mean(~call[~truth]), "accuracy": np.mean(call == truth),
            "brier": 0.12, "calibration_intercept": -0.04, "calibration_slope": 0.83,
            "oe": 1.02, "ici": 0.031, "e50": 0.024, "e90": 0.07, "net_benefit": 0.44,
        }  # fmt: skip
        if sample == "cross_validated":
            metrics["auc_within_fold"] = auc - 0.004
        near, shift = ("corrected", -0.02) if sample == "apparent" else ("corrected_632", 0.01)
        for name, value in metrics.items():
            bare = name in ("cutoff", "brier")
            method = "" if bare else "DeLong" if name == "auc" else "Wilson"
            out.append(_measured(model, sample, name, value, method))
            if name not in ("cutoff", "auc_within_fold"):
                out.append(_measured(model, near, name, value + shift, "location-shifted"))
    return out


def _measured(model: str, sample: str, name: str, value: float, method: str) -> dict:
    ends = {"ci_low": value - 0.03, "ci_high": value + 0.02}
    ends = ends if method else dict.fromkeys(ends, "")
    row = {"model": model, "sample": sample, "metric": name, "estimate": value}
    return {**row, **ends, "method": method}


def dca(rows: list[dict], samples=("apparent", "cross_validated")) -> list[dict]:
    out = []
    prevalence = POSITIVE / (POSITIVE + NEGATIVE)
    columns = {
        key: (np.array([r["outcome"] for r in own]) == 1, np.array([r["probability"] for r in own]))
        for key, own in groups(rows, "model", "sample")
    }
    bare = {"ci_low": "", "ci_high": ""}
    for sample in samples:
        for t in np.arange(1, 100) / 100:
            same, odds = {"sample": sample, "threshold": t}, t / (1 - t)
            everyone = prevalence - (1 - prevalence) * odds
            out.append({"model": "all", **same, "net_benefit": everyone, **bare})
            out.append({"model": "none", **same, "net_benefit": 0, **bare})
            for model in MODELS:
                truth, chance = columns[model, sample]
                call = chance >= t
                benefit = np.mean(call & truth) - np.mean(call & ~truth) * odds
                ends = {"ci_low": benefit - 0.05, "ci_high": benefit + 0.05}
                out.append({"model": model, **same, "net_benefit": benefit, **ends})
    return out


def dca_corrected(rows: list[dict]) -> list[dict]:
    """A little below the apparent curve; .632+ a little lower still."""
    return [
        {**row, "sample": sample, "net_benefit": row["net_benefit"] - less}
        for sample, less in (("corrected", 0.01), ("corrected_632", 0.03))
        for row in dca(rows, ["apparent"])
        if row["model"] not in ("all", "none")
    ]


def calibration(rows: list[dict]) -> list[dict]:
    out = []
    for (model, sample), own in groups(rows, "model", "sample"):
        own = sorted(own, key=lambda r: r["probability"])
        for part in np.array_split(np.arange(len(own)), 10):
            observed = np.mean([own[i]["outcome"] for i in part])
            out.append(
                {"model": model, "sample": sample, "kind": "group", "n": len(part),
                 "predicted": np.mean([own[i]["probability"] for i in part]),
                 "observed": observed, **around(observed, 0.15)}
            )  # fmt: skip
        for p in np.linspace(0.01, 0.99, 60):
            observed = 1 / (1 + (1 / p - 1) ** 0.8)
            out.append({"model": model, "sample": sample, "kind": "smooth", "n": "",
                        "predicted": p, "observed": observed,
                        **around(observed, 0.07)})  # fmt: skip
    return out


def nomogram(predictors=PREDICTORS, intercept: float = 0.3) -> tuple[list[dict], list[dict]]:
    """Axes and scale by the textbook's recipe: the widest effect spans 100 points."""
    spans = {
        p[0]: abs(p[3]) * (max(v for _, v in p[4]) - min(v for _, v in p[4])) for p in predictors
    }
    unit = 100 / max(spans.values())
    axes, base = [], intercept
    for name, label, _, slope, levels in predictors:
        lowest = min(slope * v for _, v in levels)
        base += lowest
        for level, value in levels:
            axes.append({"predictor": name, "label": label, "value": value, "level": level,
                         "points": (slope * value - lowest) * unit})  # fmt: skip
    scale = [
        {"total_points": t, "linear_predictor": base + t / unit,
         "probability": 1 / (1 + math.exp(-(base + t / unit)))}
        for t in range(0, 300, 10)
    ]  # fmt: skip
    return axes, scale


def examples(axes: list[dict], scale: list[dict]) -> list[dict]:
    """Two patients: one at the first tick of every axis, one at the last."""
    out = []
    for name, place, outcome in (("A", -1, OUTCOME["positive"]), ("B", 0, OUTCOME["negative"])):
        ticks = [own[place] for _, own in groups(axes, "predictor")]
        total = sum(tick["points"] for tick in ticks)
        slope = (scale[1]["linear_predictor"] - scale[0]["linear_predictor"]) / 10
        score = scale[0]["linear_predictor"] + slope * total
        result = {"total_points": total, "linear_predictor": score,
                  "probability": 1 / (1 + math.exp(-score))}  # fmt: skip
        out += [{"example": name, "outcome": outcome, **tick, **result} for tick in ticks]
    return out


def lasso(features: int = 30, kept: int = 7, seed: int = 1) -> tuple[list[dict], list[dict]]:
    random = np.random.default_rng(seed)
    size = random.normal(size=features)
    order = np.argsort(-np.abs(size))
    grid = np.exp(np.linspace(-1.2, -6, 60))
    middle = int(60 * kept / features)
    chosen = {middle: "1se", middle + 8: "min"} if kept else {0: "both"}
    path, trajectories = [], []
    for i, penalty in enumerate(grid):
        alive = [j for rank, j in enumerate(order) if i > 60 * rank / features] if kept else []
        path.append(
            {"lambda": penalty, "deviance": 0.6 + 0.6 * (1 - i / 25) ** 2, "se": 0.05,
             "nonzero": len(alive), "chosen": chosen.get(i, "")}
        )  # fmt: skip
        for j in alive:
            start = 60 * int(np.flatnonzero(order == j)[0]) / features
            value = size[j] * (1 - math.exp(-(i - start) / 20))
            name = f"original_glcm_F{j:02d}"
            trajectories.append({"lambda": penalty, "feature": name, "coefficient": value})
    return path, trajectories


def icc(phases=PHASES, features: int = 120, assessed: bool = True, seed: int = 1) -> list[dict]:
    random = np.random.default_rng(seed)
    rows = []
    for phase in phases:
        for j in range(features):
            values = {"inter": random.beta(6, 1.6), "intra": random.beta(9, 1.4)}
            kept = all(v > 0.75 for v in values.values())
            for comparison, value in values.items() if assessed else [("none", math.nan)]:
                rows.append(
                    {"phase": phase, "feature": f"original_glcm_F{j:03d}", "comparison": comparison,
                     "form": "ICC(A,1)" if assessed else "", "n": 30 if assessed else "",
                     "icc": value if assessed else "", "ci_low": "", "ci_high": "",
                     "kept": kept or not assessed, "reason": "" if assessed else "not assessed"}
                )  # fmt: skip
    return rows


def flow(phases=PHASES) -> list[dict]:
    rows = [
        {"step": "patients in the table", "removed": 0, "remaining": 118},
        {"step": "larger than 4 cm", "removed": 9, "remaining": 109},
        {"step": "marked artefacts", "removed": 2, "remaining": 107},
        {"step": "radio- or chemotherapy before the CT", "removed": 0, "remaining": 107},
        {"step": "visible fat in the angiomyolipoma", "removed": 6, "remaining": 101},
        {"step": "no image in every phase", "removed": 1, "remaining": 100},
    ]
    rows = [{"unit": "patients", "subject": "", **row} for row in rows]
    for subject in [*phases, "combined"]:
        total = 1158 * (len(phases) if subject == "combined" else 1)
        for step, removed, remaining in (
            ("extracted", 0, total),
            ("reliable (ICC > 0.75)", total - int(total * 0.7), int(total * 0.7)),
            ("in the signature", int(total * 0.7) - 9, 9),
        ):
            rows.append({"unit": "features", "subject": subject, "step": step,
                         "removed": removed, "remaining": remaining})  # fmt: skip
    return rows


def coefficients(model: str) -> list[dict]:
    rows = []
    terms = [("(Intercept)", "", "", 1.1352), ("radscore", "log odds", "linear predictor", -1.9845),
             ("age", "years", "per 10 years", 0.2733),
             ("hyperdense", "", "1 = yes, 0 = no", -1.0706)]  # fmt: skip
    for term, unit, coding, value in (
        terms if model in ("nomogram", "image_features") else terms[:2]
    ):
        if term == "radscore" and model == "image_features":
            continue
        rows.append({
            "term": term, "unit": unit, "coding": coding, "coefficient": value, "se": 0.4,
            "z": value / 0.4, "p": 0.00004 if term == "radscore" else 0.0321,
            "ci_low": value - 0.8, "ci_high": value + 0.8, "profile_low": "", "profile_high": "",
            "odds_ratio": math.exp(value), "or_low": math.exp(value - 0.8),
            "or_high": math.exp(value + 0.8),
            "note": "conditional on selection" if term == "radscore" else "",
        })  # fmt: skip
    return rows


def table1(labels=(("age", "Age, years"), ("hyperdense", "Hyperdense on unenhanced CT"))):
    rows = []
    sizes = {"total": 100, "positive": POSITIVE, "negative": NEGATIVE}
    bare = dict.fromkeys(["mean", "sd", "median", "q1", "q3", "test", "statistic", "p"], "")
    bare["missing"] = 0
    for group, n in sizes.items():
        rows.append({**bare, "variable": "patients", "label": "patients", "level": "",
                     "group": group, "n": n, "percent": n, "summary": "count"})  # fmt: skip
    for place, (name, label) in enumerate(labels):
        for group, n in sizes.items():
            row = {**bare, "variable": name, "label": label, "group": group, "level": "", "n": n}
            if place == 0:
                row |= {"mean": 54.1, "sd": 12.06, "percent": "", "summary": "mean", "missing": 2,
                        "test": "Student's t", "statistic": 3.2, "p": 0.0019}  # fmt: skip
            else:
                row |= {"n": n // 3, "percent": 100 * (n // 3) / n, "level": "yes"}
                row |= {"summary": "count", "test": "chi-square", "statistic": 20.1, "p": 3e-6}
            rows.append(row)
    return rows


def quality(phases=PHASES) -> list[dict]:
    return [
        {"patient": f"P{i:03d}", "phase": phase, "reading": reading, "voxels": 900 + i,
         "volume_mm3": 4000 + 10 * i, "components": 1 + (i == 3), "shift_mm": 0.0001 * i,
         "touches_edge": i == 7, "voxels_after": 9000 + i, "volume_after_mm3": 4010 + 10 * i}
        for phase in phases for reading in ("a1", "b1", "a2") for i in range(12)
    ]  # fmt: skip


def dice(phases=PHASES) -> list[dict]:
    return [
        {"patient": f"P{i:03d}", "phase": phase, "comparison": comparison, "reading_a": "a1",
         "reading_b": other, "dice": 0.9 - 0.01 * i, "hausdorff95_mm": 1.5 + i}
        for phase in phases for comparison, other in (("inter", "b1"), ("intra", "a2"))
        for i in range(5)
    ]  # fmt: skip


def volume_icc(phases=PHASES) -> list[dict]:
    return [
        {"phase": phase, "comparison": comparison, "form": "ICC(A,1)", "n": 5, "icc": 0.953,
         "ci_low": 0.916, "ci_high": 0.976, "reason": ""}
        for phase in phases for comparison in ("inter", "intra")
    ]  # fmt: skip


def acquisition(phases=PHASES) -> list[dict]:
    return [
        {"patient": f"P{i:03d}", "phase": phase, "format": "DICOM" if i else "NIfTI",
         "modality": "CT" if i else "", "manufacturer": ("", "SIEMENS", "GE", "SIEMENS")[i],
         "kernel": "B30f" if i else "", "contrast_agent": "", "slice_thickness_mm": i or "",
         "kv": 120 if i else "", "exposure_mas": ""}
        for phase in phases for i in range(4)
    ]  # fmt: skip


def delong() -> list[dict]:
    return [
        {"sample": "apparent", "model_a": "nomogram", "model_b": other, "auc_a": 0.956, "auc_b": b,
         "difference": 0.956 - b, "ci_low": -0.01, "ci_high": 0.05, "z": 1.3, "p": 0.19,
         "note": "nested models on the patients they were fitted to"}
        for other, b in (("radiomics", 0.954), ("image_features", 0.864))
    ]  # fmt: skip


def text(rows: list[dict]) -> list[dict[str, str]]:
    """Rows as they come back from a file: everything is text."""
    return [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in rows
    ]
