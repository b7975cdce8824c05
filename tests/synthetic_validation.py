"""A locked model validated at a made-up centre: the tables that its figure and report read."""

import copy
from pathlib import Path

import describe_case_mix
import numpy as np
import pandas as pd
from jobs import job
from measure_external import TABLES
from measure_external import main as measure_external
from scipy.special import expit
from synthetic_cohort import PHASES, cohort
from synthetic_model import locked, tables

from nomoflow.dataset import as_dataset
from nomoflow.locked_model import outside_range, predict
from nomoflow.mislabelled import COLUMNS
from nomoflow.model_file import digest
from nomoflow.run import write_json, write_rows, write_table

MODELS = ["nomogram", "radiomics", "image_features", "volume"]
EFFECTS = {"nomogram": 1.6, "radiomics": 1.2, "image_features": 0.8, "volume": 0.2}


def predictions(n=140, seed=4, one_class=False, missing=()) -> pd.DataFrame:
    """Rows as a locked model's predictions of n patients; risks are too high by 0.8."""
    random = np.random.default_rng(seed)
    truth = random.normal(0, 1, n)
    y = np.zeros(n, int) if one_class else (random.random(n) < expit(1.2 * truth)).astype(int)
    parts = []
    for model in MODELS:
        lp = 0.8 + EFFECTS[model] * truth + random.normal(0, 0.5, n)
        table = pd.DataFrame(
            {"patient": [f"B{i:03d}" for i in range(n)], "outcome": y, "model": model,
             "linear_predictor": lp, "probability": expit(lp), "cutoff": 0.5, "warning": ""}
        )  # fmt: skip
        lost = table["patient"].isin(missing)
        table.loc[lost, ["linear_predictor", "probability"]] = np.nan
        table.loc[lost, "warning"] = "no probability: age is missing"
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def measured(folder: Path, table: pd.DataFrame) -> dict[str, str]:
    """Paths of ``predictions`` and of what measure_external makes of them, by name."""
    paths = {name: str(folder / f"{name}.csv") for name in (*TABLES, "warnings")}
    given = str(folder / "predictions.csv")
    write_table(table, given)
    nothing = str(folder / "nothing_mislabelled.csv")
    write_rows([], nothing, COLUMNS)
    params = {"models": MODELS, "intervals": 60, "confidence": 0.95, "seed": 1, "threshold": 0.5,
              "prescaled": False,
              "on_mislabelled": "stop"}  # fmt: skip
    measure_external(job({"predictions": given, "mislabelled": nothing}, paths, params))
    return {**paths, "predictions": given, "band": paths["roc_band"]}


LOST = ("P004", "P009")  # without an age
LOOK = {"count": 3, "centre": "centre_b", "model": "a" * 64, "cohort": "c" * 64,
        "previous": "0" * 64, "digest": "d" * 64}  # fmt: skip


def write_validation(folder: Path, hostile: str = "", language: str = "en") -> dict:
    """A whole validation in files: inputs and params of write_validation.

    Centre B is older than the cohort of the model by 1.5 years in the mean, two ages are missing,
    and its scanner is another. ``hostile`` goes into every free text.
    """
    model = locked(acquisition=scans([f"P{i:03d}" for i in range(40)], "SIEMENS", 5.0))
    document = copy.deepcopy(model.document)  # the outcome is shared by all made-up models
    if hostile:
        document["models"]["nomogram"]["terms"][0]["label"] += hostile
        document["outcome"]["positive"] += hostile
        document["digest"] = digest(document)
    data = as_dataset(cohort(n=90, seed=7))
    clinical, features = tables(data)
    clinical["age"] = [repr(float(age) + 1.5) for age in clinical["age"]]
    clinical.loc[clinical["patient"].isin(LOST), "age"] = ""
    made = predict(document, clinical, features)
    outcome = dict(zip(data.patients, data.y, strict=True))
    made = made.assign(outcome=made["patient"].map(outcome))
    paths = measured(folder, made)

    def put(name: str, rows: list[dict]) -> str:
        write_rows(rows, folder / f"{name}.csv", list(rows[0]))
        return str(folder / f"{name}.csv")

    write_json(document, folder / "model.json")
    write_json(LOOK, folder / "look.json")
    write_table(outside_range(document, clinical, features), folder / "outside_range.csv")
    clinical.drop(columns="outcome").to_csv(folder / "participants.csv", index=False)
    for phase in PHASES:
        columns = [name for name in features if name.startswith(f"{phase}_")]
        own = features[columns].rename(columns=lambda name, p=phase: name.removeprefix(f"{p}_"))
        own.insert(0, "reading", "a1")
        own.insert(0, "patient", features["patient"])
        write_table(own, folder / f"{phase}.parquet")
    inputs = {
        "model": str(folder / "model.json"),
        "predictions": paths["predictions"],
        "participants": str(folder / "participants.csv"),
        "features": [str(folder / f"{phase}.parquet") for phase in PHASES],
        "acquisition": put("acquisition", scans(data.patients, "GE", 1.25)),
    }
    compared = {name: str(folder / f"{name}.csv") for name in ("case_mix", "membership")}
    describe_case_mix.main(job(inputs, compared, {"models": None}))
    names = ("predictions", "performance", "recalibration", "hosmer_lemeshow", "warnings")
    lost = made[made["linear_predictor"].isna()].to_dict("records")
    figure = folder / "figures/validation.svg"
    figure.parent.mkdir(exist_ok=True)
    figure.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 5"/>', "utf-8")
    report = {
        "model": inputs["model"],
        "look": str(folder / "look.json"),
        **{name: paths[name] for name in names},
        **compared,
        "outside_range": str(folder / "outside_range.csv"),
        "not_predicted": put(
            "not_predicted",
            [{"patient": row["patient"], "model": row["model"],
              "reason": f"age is missing{hostile}"} for row in lost],
        ),
        "mislabelled": put("mislabelled", [
            {"kind": "unit", "subject": f"age{hostile}",
             "cause": f"Age is in months, the model has it in years{hostile}",
             "found": "341 to 1020 (median 650)", "expected": "28 to 85 years",
             "remedy": "give age in years: divide the column by 12"},
        ]),
        "exclusions": put("exclusions", [
            {"patient": "X01", "phase": "", "reading": "", "stage": "cohort",
             "reason": f"no tumour{hostile}", "detail": "tumour is no"},
        ]),
        "development": put("development", [
            {"model": name, "sample": sample, "metric": "auc", "estimate": 0.9 - 0.05 * place,
             "ci_low": 0.8, "ci_high": 0.95, "method": "x"}
            for name in ("nomogram", "radiomics")
            for place, sample in enumerate(("apparent", "corrected_632", "cross_validated"))
        ]),
        "figures": [str(figure)],
    }  # fmt: skip
    params = {"centre": f"centre_b{hostile}", "confidence": 0.95, "threshold": 0.5}
    params["language"] = language
    return {"inputs": report, "params": params}


def scans(patients, maker: str, thickness: float) -> list[dict]:
    """Rows of images/acquisition.csv: every scan by one maker."""
    told = {"format": "DICOM", "modality": "CT", "units": "HU", "manufacturer": maker,
            "model": "one", "kernel": "", "slice_spacing_mm": thickness, "kv": 120,
            "tube_current_ma": ""}  # fmt: skip
    return [
        {"patient": patient, "phase": phase, "slice_thickness_mm": thickness + i % 3, **told}
        for i, patient in enumerate(patients)
        for phase in PHASES
    ]
