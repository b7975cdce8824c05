"""A whole made-up study's results in files: twelve patients, two phases, all by hand.

For checklists, methods text and model card, which read many tables and compute next to nothing.
"""

import csv
import json
from copy import deepcopy
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PHASES = ["early", "late"]
SIGNATURES = [*PHASES, "combined"]
MODELS = ["nomogram", "radiomics", "image_features", "radiomics_early", "radiomics_late", "volume"]
PATIENTS = [f"P{i:02d}" for i in range(12)]  # the first six have the outcome
DIGEST = "ab" * 32
FIGURES = ["flow", "nomogram", "stability", "roc", "dca"]
SELECTED = {
    "early": ["early_original_glcm_Contrast"],
    "late": ["late_original_firstorder_Kurtosis"],
    "combined": ["early_original_glcm_Contrast", "late_original_firstorder_Kurtosis",
                 "late_wavelet-LLL_glcm_Contrast", "early_original_shape_Maximum2DDiameterRow"],
}  # fmt: skip
SETTING = {
    "binWidth": 25, "binCount": None, "interpolator": "sitkBSpline", "padDistance": 5,
    "normalize": False, "normalizeScale": 1, "removeOutliers": None, "resegmentRange": None,
    "resegmentMode": "absolute", "distances": [1], "symmetricalGLCM": True, "weightingNorm": None,
    "force2D": False, "gldm_a": 0, "voxelArrayShift": 0, "minimumROIDimensions": 2,
}  # fmt: skip


def config(**changes) -> dict:
    """The defaults as the effective config; changes: {section: {key: value}}."""
    content = deepcopy(_defaults())
    for section, keys in changes.items():
        content[section] |= keys
    return content


@cache
def _defaults() -> dict:
    return yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))


def statements() -> dict[str, str]:
    """A text under every name, the kind of segmentation among them."""
    known = json.loads((ROOT / "report/checklists/statements.json").read_bytes())["statements"]
    return {
        name: (about.get("values") or [f"What the authors say of {name}, in full"])[0]
        for name, about in known.items()
    }


def write_results(folder: Path) -> dict[str, str | list[str]]:
    """Every table in its place below ``folder``; the inputs of the rules, by name."""
    place = folder / "results/made"

    def table(path: str, header: str, *rows) -> str:
        name = place / f"{path}.csv"
        name.parent.mkdir(parents=True, exist_ok=True)
        with open(name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header.split(), *rows])
        return str(name)

    def document(path: str, content: dict) -> str:
        name = place / f"{path}.json"
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_text(json.dumps(content), encoding="utf-8")
        return str(name)

    def empty(path: str) -> str:
        name = place / path
        name.parent.mkdir(parents=True, exist_ok=True)
        name.touch()
        return str(name)

    status = {
        name: {"features": kept, "means": [0.0] * len(kept), "sds": [1.0] * len(kept),
               "status": "selected", "reason": "", "lambda": 0.05, "folds": 10, "penalty": "min",
               "candidates": 30, "selected": len(kept), "score": "refit", "constant": 0}
        for name, kept in SELECTED.items()
    }  # fmt: skip
    every = [(p, phase) for p in PATIENTS for phase in PHASES]
    inputs = {
        "criteria": table("cohort/criteria", "step removed remaining",
                          ("patients in the table", 0, 15), ("too large", 3, 12)),
        "exclusions": table("cohort/exclusions", "patient phase reading stage reason detail",
                            *((f"X{i}", "", "", "cohort", "too large", "") for i in range(3))),
        "flow": table("cohort/flow", "step unit subject removed remaining",
                      ("patients in the table", "patients", "", 0, 15),
                      ("too large", "patients", "", 3, 12),
                      *(("candidate features", "features", s, 0, 40 if s != "combined" else 80)
                        for s in SIGNATURES)),
        "missing": table("cohort/missing", "variable kind n missing percent values",
                         ("age", "continuous", 12, 0, 0, ""), ("sign", "binary", 12, 0, 0, "")),
        "table1": table("cohort/table1", "variable group n test p",
                        *((v, g, 12, t, 0.03) for v, t in
                          (("patients", ""), ("age", "Student's t"), ("sign", "Fisher's exact"))
                          for g in ("total", "positive", "negative"))),
        "agreement": table("cohort/agreement", "sign n agreed percent kappa",
                           ("sign", 12, 11, 92, 0.8)),
        "preflight": table("cohort/preflight", "patient phase kind severity",
                           ("P00", "early", "holes", "warning")),
        "quality": table(
            "images/quality", "patient phase reading pixel_type spacing_mm voxels volume_mm3 "
            "shift_mm spacing_after_mm volume_change",
            *((p, phase, "a1", "16-bit signed integer", "0.7 0.7 2.5", 900, 1100, 0.0,
               "0.75 0.75 0.75", 0.02) for p, phase in every)),
        "acquisition": table(
            "images/acquisition", "patient phase modality units kv tube_current_ma exposure_mas "
            "slice_thickness_mm manufacturer model kernel repetition_time_ms echo_time_ms "
            "reconstruction",
            *((p, phase, "CT", "HU", 120, 200, 90, 2.5, "Maker", "One", "soft", "", "", "")
              for p, phase in every)),
        "dice": table("reliability/dice", "patient phase comparison dice",
                      ("P00", "early", "inter", 0.88), ("P01", "early", "intra", 0.94)),
        "icc": table("reliability/icc", "phase feature comparison form n icc kept",
                     *((phase, f"f{i}", way, "ICC(A,1)", 31, 0.9 - i / 10, i < 2)
                       for phase in PHASES for i in range(3) for way in ("inter", "intra"))),
        "settings": document("features/settings", {
            "engine": "pyradiomics", "spacing_mm": 0.75,
            "versions": {"pyradiomics": "3.0.1", "numpy": "2.4.6"},
            "phases": {phase: {"setting": dict(SETTING), "features": 40, "subbands": ["LLL"],
                               "imageType": {"Original": {}, "Wavelet": {"level": 1}},
                               "featureClass": {"firstorder": None, "glcm": None}}
                       for phase in PHASES}}),
        "engine": table("features/engine", "feature value expected tolerance agrees note",
                        ("original_glcm_Contrast", 5.32, 5.32, 0.005, "yes", ""),
                        ("original_firstorder_Kurtosis", -0.355, -0.355, 0.0005, "yes",
                         "IBSI's is excess kurtosis: 3 less")),
        "features": [empty(f"features/{phase}.parquet") for phase in PHASES],
        "folds": table("signature/folds", "patient fold",
                       *((p, i % 3 + 1) for i, p in enumerate(PATIENTS))),
        "statuses": [document(f"signature/{name}/status", one) for name, one in status.items()],
        "selected": [table(f"signature/{name}/selected", "feature mean sd coefficient",
                           *((f, 0, 1, 0.5) for f in kept)) for name, kept in SELECTED.items()],
        "frequencies": [table(f"signature/{name}/frequency", "feature count resamples share",
                              *((f, 30, 50, 0.6) for f in kept))
                        for name, kept in SELECTED.items()],
        "model": document("models/model", _model(status)),
        "coefficients": [table(f"models/{m}/coefficients", "term coefficient odds_ratio",
                               ("(Intercept)", -1.5, ""), ("radscore", 0.9, 2.46),
                               ("age", 0.3, 1.35)) for m in MODELS],
        "predictions": table(
            "evaluation/predictions", "patient outcome model sample repeat fold probability",
            *((p, int(i < 6), m, "apparent", 0, 0, 0.5) for m in MODELS
              for i, p in enumerate(PATIENTS)),
            *((p, int(i < 6), m, "cross_validated", repeat, i % 3 + 1, 0.5) for m in MODELS
              for repeat in (1, 2) for i, p in enumerate(PATIENTS))),
        "performance": table("evaluation/performance",
                             "model sample metric estimate ci_low ci_high method", *_performance()),
        "calibration": table("evaluation/calibration", "model sample kind predicted observed",
                             ("nomogram", "cross_validated", "smooth", 0.4, 0.5)),
        "dca": table("evaluation/dca", "model sample threshold net_benefit",
                     *((m, "cross_validated", 0.5, 0.1)
                       for m in ("nomogram", "image_features", "volume", "all", "none"))),
        "delong": table("evaluation/delong", "sample model_a model_b difference p",
                        ("cross_validated", "radiomics", "radiomics_early", 0.10, 0.04),
                        ("cross_validated", "radiomics", "radiomics_late", 0.06, 0.10)),
        "differences": table("evaluation/differences",
                             "sample metric model_a model_b difference ci_low ci_high",
                             *(("cross_validated", "auc", "nomogram", other, 0.12, 0.01, 0.2)
                               for other in ("image_features", "volume"))),
        "likelihood_ratio": table("evaluation/likelihood_ratio", "radscore model_a model_b p",
                                  ("out_of_fold", "image_features", "nomogram", 0.02)),
        "subgroups": table("evaluation/subgroups", "model sample subgroup level estimate",
                           ("nomogram", "cross_validated", "Sex", "male", 0.8)),
        "volume_correlation": table("models/volume_correlation", "signature feature rho",
                                    ("combined", "radscore", 0.3)),
        "warnings": table("warnings", "stage code subject message remedy",
                          ("evaluation", "optimism", "nomogram", "0.2 too good", "quote the other"),
                          ("models", "sample_size", "nomogram", "12 patients", "add some")),
        "calculator": empty("report/nomogram.html"),
        "figures": [empty(f"figures/{name}.svg") for name in FIGURES],
    }  # fmt: skip
    return inputs


def _model(status: dict) -> dict:
    term = {"kind": "continuous", "unit": "years", "low": 30.0, "high": 70.0}
    terms = [
        {**term, "name": "radscore", "label": "Radscore", "coding": "linear predictor",
         "coefficient": 0.9},
        {**term, "name": "age", "label": "Age", "coding": "per 10 years", "coefficient": 0.3},
    ]  # fmt: skip
    model = {
        "status": "fitted", "reason": "", "intercept": -1.5, "terms": terms,
        "covariance": {"method": "maximum likelihood"},
        "cutoff": {"linear_predictor": 0.0, "probability": 0.5, "rule": "Youden"},
    }  # fmt: skip
    return {
        "format": "nomoflow-model/2", "version": 1, "digest": DIGEST, "missing": "refuse",
        "outcome": {"column": "diagnosis", "positive": "bad", "negative": "good"},
        "cohort": {"patients": 12, "events": 6},
        "predictors": [
            {"name": "age", "label": "Age", "kind": "continuous", "unit": "years",
             "coding": "per 10 years"},
            {"name": "sign", "label": "Sign", "kind": "binary", "positive": "yes",
             "coding": "1 = yes, 0 = no"},
        ],
        "models": {name: json.loads(json.dumps(model)) for name in MODELS},
        "signatures": status,
        "feature_ranges": {"early_original_glcm_Contrast": {"low": 0, "high": 1}},
        "software": {"glmstar": "0.6.0", "numpy": "2.4.6"},
    }  # fmt: skip


def _performance():
    metrics = ("auc", "sensitivity", "specificity", "accuracy", "brier", "calibration_intercept",
               "calibration_slope", "oe", "ici", "net_benefit")  # fmt: skip
    shift = {"apparent": 0.09, "corrected": 0.05, "corrected_632": 0.02, "cross_validated": 0.0}
    for place, model in enumerate(MODELS):
        for sample, more in shift.items():
            for metric in metrics:
                value = 0.85 + more - place / 20
                yield model, sample, metric, round(value, 3), round(value - 0.1, 3), 0.97, "by hand"
