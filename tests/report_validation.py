"""The made-up study's tables of validation: resamples, comparison, stability, subgroups.

Nothing here is computed by the code under test.
"""

import numpy as np
from report_tables import MODELS, NEGATIVE, PHASES, POSITIVE

SIGNATURES = [*PHASES, "combined"]
PAIRS = [("nomogram", "radiomics"), ("nomogram", "image_features"), ("nomogram", "volume"),
         ("radiomics", "image_features")]  # fmt: skip


def repeats(performance: list[dict]) -> list[dict]:
    """Spread of the cross-validated figures over five repeats."""
    return [
        {"model": row["model"], "metric": row["metric"], "repeats": 5, "mean": row["estimate"],
         "sd": 0.0123, "minimum": row["estimate"] - 0.015, "maximum": row["estimate"] + 0.017}
        for row in performance if row["sample"] == "cross_validated"
    ]  # fmt: skip


def hosmer_lemeshow() -> list[dict]:
    """P over 5 to 15 groups; no P for what cross-validation pools."""
    rows = []
    for place, model in enumerate(MODELS):
        for groups in range(5, 16):
            p = 0.948 - 0.08 * abs(groups - 10) - 0.1 * place
            rows.append({"model": model, "sample": "apparent", "groups": groups,
                         "chi2": 2.71 + 0.4 * abs(groups - 10), "df": groups - 2, "p": p,
                         "note": ""})  # fmt: skip
            rows.append({"model": model, "sample": "cross_validated", "groups": groups,
                         "chi2": "", "df": "", "p": "",
                         "note": "no P for pooled predictions"})  # fmt: skip
    return rows


def likelihood_ratio() -> list[dict]:
    values = [("in_sample", "image_features", "nomogram", 48.2, 1, 4e-12),
              ("in_sample", "radiomics", "nomogram", 5.1, 4, 0.277),
              ("out_of_fold", "image_features", "nomogram", 9.61, 1, 0.0019),
              ("out_of_fold", "radiomics", "nomogram", 12.3, 4, 0.0152)]  # fmt: skip
    return [
        {"radscore": radscore, "model_a": a, "model_b": b, "chi2": chi2, "df": df, "p": p,
         "note": "conditional on selection" if radscore == "in_sample" else "P is approximate"}
        for radscore, a, b, chi2, df, p in values
    ]  # fmt: skip


def differences() -> list[dict]:
    return [
        {"sample": sample, "metric": metric, "model_a": a, "model_b": b,
         "difference": size - 0.01 * place, "ci_low": size - 0.04, "ci_high": size + 0.05,
         "method": "patients resampled 1000 times"}
        for metric, size in (("auc", 0.03), ("net_benefit", 0.012))
        for place, sample in enumerate(("cross_validated", "apparent"))
        for a, b in PAIRS
    ]  # fmt: skip


def reclassification() -> list[dict]:
    return [
        {"sample": "cross_validated", "model_a": "nomogram", "model_b": "image_features",
         "measure": measure, "estimate": 0.31, "se": 0.12, "z": 2.6, "p": 0.0098, "note": ""}
        for measure in ("nri_events", "nri_nonevents", "nri", "idi")
    ]  # fmt: skip


def frequency(empty: bool = False, features: int = 45, hostile: str = "") -> list[dict]:
    """Features chosen ever more rarely; the final signature has seven of them."""
    rows = []
    for j in range(features):
        count = max(1, 48 - 2 * j)
        rows.append(
            {"feature": f"wavelet-LLH_glcm_Idm{j}{hostile}", "count": count, "resamples": 50,
             "share": count / 50, "ci_low": max(0.0, count / 50 - 0.1),
             "ci_high": min(1.0, count / 50 + 0.1),
             "selected": not empty and j in (0, 1, 2, 3, 5, 8, 40)}
        )  # fmt: skip
    return rows


def stability() -> list[dict]:
    """Nephrographic is empty in every resample, so that its index is not defined."""
    rows = []
    for place, name in enumerate(SIGNATURES):
        none = name == "nephrographic"
        for measure, value, low, high, method in (
            ("nogueira", 0.41 - 0.05 * place, 0.33, 0.49, "Nogueira 2018, 50 resamples"),
            ("empty", 1 if none else 0.02 * place, 0.0, 0.12, "1 of 50 resamples, Wilson"),
            ("fallback", 0.14, 0.07, 0.26, "7 of 50 resamples, Wilson"),
            ("at_end", 0.06, 0.02, 0.16, "3 of 50 resamples, Wilson"),
            ("features", 8, 5, 11.5, "median and quartiles of 50 resamples"),
            ("lambda", 0.0312, 0.021, 0.0522, "median and quartiles of 50 resamples"),
        ):
            if none and measure in ("nogueira", "lambda"):
                value = low = high = ""
                method = "not defined: the signature is empty in every resample"
            rows.append({"signature": name, "measure": measure, "estimate": value,
                         "ci_low": low, "ci_high": high, "method": method})  # fmt: skip
    return rows


def penalties() -> list[dict]:
    """Three of fifty resamples are empty, seven fall back; nephrographic is always empty."""
    random = np.random.default_rng(1)
    rows = []
    for name in SIGNATURES:
        for i in range(50):
            empty = i < 3 or name == "nephrographic"
            status = "empty" if empty else "fallback" if i < 10 else "selected"
            rows.append({"signature": name, "resample": i + 1, "status": status,
                         "lambda": "" if empty else 0.01 + 0.02 * random.random(),
                         "nonzero": 0 if empty else int(random.integers(3, 15))})  # fmt: skip
    return rows


def instability() -> list[dict]:
    random = np.random.default_rng(2)
    rows = []
    for model in MODELS:
        for i in range(POSITIVE + NEGATIVE):
            p, wide = random.random(), 0.3 * random.random()
            rows.append({"patient": f"P{i:03d}", "model": model, "probability": p,
                         "low": max(0.0, p - wide), "median": p, "high": min(1.0, p + wide),
                         "mape": wide / 2})  # fmt: skip
    return rows


def volume_correlation(hostile: str = "") -> list[dict]:
    values = [("radscore", 0.21), *((f"glcm_Idm{j}{hostile}", 0.3 * j - 0.88) for j in range(7))]
    return [
        {"signature": name, "feature": feature, "n": 100, "rho": rho, "ci_low": rho - 0.1,
         "ci_high": rho + 0.1}
        for name in SIGNATURES for feature, rho in values
        if feature == "radscore" or name != "nephrographic"
    ]  # fmt: skip


def subgroups(hostile: str = "") -> list[dict]:
    age = "Age, years"
    levels = [("Sex", "male", 60, 40), ("Sex", "female", 36, 18), ("Sex", "missing", 4, 4),
              (age, "< 55", 30, 14), (age, f">= 55{hostile}", 70, 48)]  # fmt: skip
    rows = []
    for sample in ("apparent", "cross_validated"):
        for place, model in enumerate(MODELS[:3]):
            for subgroup, level, n, events in levels:
                for metric in ("auc", "sensitivity", "specificity", "oe"):
                    value, few = 0.88 - 0.03 * place, level == "missing"
                    rows.append(
                        {"model": model, "sample": sample, "subgroup": subgroup, "level": level,
                         "n": n, "events": events, "metric": metric,
                         "estimate": "" if few else value, "ci_low": "" if few else value - 0.1,
                         "ci_high": "" if few else value + 0.07,
                         "method": "too few patients of a class" if few else "percentile"}
                    )  # fmt: skip
    return rows


def sensitivity(hostile: str = "") -> list[dict]:
    """Each variant loses a feature of the study's; the last keeps none."""
    variants = [("study", "nothing: the study as configured"),
                ("icc_0.8", f"reliability.threshold: 0.8{hostile}"),
                ("icc_lower_limit", "reliability.judged: lower_limit"),
                ("penalty_1se", "signature.penalty: 1se"),
                ("without_nephrographic", "phases without nephrographic")]  # fmt: skip
    rows = []
    for i, (variant, changed) in enumerate(variants):
        names = [f"corticomedullary_glcm_Idm{j}" for j in range(0 if i == 4 else 4 - i)]
        names += ["excretory_glcm_Idn"] * (i == 1)
        for sample in ("corrected", "cross_validated"):
            for model in MODELS[:2]:
                auc = 0.9 - 0.01 * i + 0.02 * (sample == "corrected")
                rows.append(
                    {"variant": variant, "changed": changed, "candidates": 2410 - 300 * i,
                     "features": len(names), "selected": "; ".join(names), "model": model,
                     "sample": sample, "auc": auc, "ci_low": auc - 0.07, "ci_high": auc + 0.06}
                )  # fmt: skip
    return rows


def missing(hostile: str = "") -> list[dict]:
    return [
        {"variable": "age", "kind": "continuous", "n": 100, "missing": 4, "percent": 4.0,
         "values": f"54.1{hostile}", "positive_missing": 1, "negative_missing": 3},
        {"variable": "hyperdense", "kind": "binary", "n": 100, "missing": 0, "percent": 0.0,
         "values": "", "positive_missing": 0, "negative_missing": 0},
    ]  # fmt: skip
