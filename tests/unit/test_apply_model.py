import json

import numpy as np
import pandas as pd
import pytest
from apply_model import COLUMNS, main
from jobs import job
from measure_external import TABLES
from measure_external import main as measure
from sklearn.metrics import roc_auc_score
from synthetic_cohort import PHASES
from synthetic_model import locked

from nomoflow.mislabelled import COLUMNS as MISLABELLED
from nomoflow.model_file import digest
from nomoflow.run import read_rows, read_table, write_json, write_rows, write_table

OUTCOME = {"column": "diagnosis", "positive": "ccRCC", "negative": "AML.wovf"}
NAMES = ["nomogram", "radiomics"]
ENGINE = {
    "engine": "pyradiomics",
    "versions": {"pyradiomics": "3.0.1", "numpy": "2.4.0"},
    "spacing_mm": 1.0,
    "phases": {
        phase: {
            "setting": {"binWidth": 25, "label": 1},
            "imageType": {"Original": {}},
            "featureClass": {"firstorder": []},
            "subbands": ["LLL"],
            "digest": f"{number:016x}",
        }
        for number, phase in enumerate(PHASES)
    },
}


@pytest.fixture(scope="module")
def study():
    return locked()


def sealed(document, **changes):
    document = json.loads(json.dumps(document)) | changes
    return document | {"digest": digest(document)}


def run(folder, study, document=None, change=None, features=None, outcome=OUTCOME, models=NAMES,
        **inputs):  # fmt: skip
    """The four tables, where ``change`` was done to the participants, features to the features."""
    folder.mkdir(exist_ok=True)
    write_json(document or study.document, folder / "model.json")
    clinical = study.clinical.rename(columns={"outcome": "diagnosis"})
    clinical["diagnosis"] = np.where(clinical["diagnosis"] == 1, "ccRCC", "AML.wovf")
    clinical = change(clinical) if change else clinical
    write_rows(clinical.to_dict("records"), folder / "participants.csv", list(clinical.columns))
    table = study.features if features is None else features
    for phase in PHASES:
        own = [name for name in table if name.startswith(f"{phase}_")]
        part = table[own].rename(columns=lambda name, p=phase: name.removeprefix(f"{p}_"))
        part.insert(0, "reading", "a1")
        part.insert(0, "patient", table["patient"])
        write_table(part, folder / f"{phase}.parquet")
    outputs = {
        name: folder / f"{name}.csv"
        for name in ("predictions", "outside_range", "not_predicted", "points")
    }
    given = {
        "model": folder / "model.json",
        "participants": folder / "participants.csv",
        "features": [folder / f"{phase}.parquet" for phase in PHASES],
    }
    main(job(given | inputs, outputs, {"models": models, "outcome": outcome}))
    return {name: read_table(path) for name, path in outputs.items()}


def test_predictions_by_hand_from_the_file_alone(tmp_path, study):
    found = run(tmp_path, study)["predictions"]
    assert list(found) == COLUMNS
    assert list(found["model"].unique()) == NAMES
    document = json.loads((tmp_path / "model.json").read_bytes())
    signature = document["signatures"]["combined"]
    for row in (0, 7, 31):
        patient = study.clinical.loc[row]
        values = study.features.loc[row]
        radscore = signature["intercept"] + sum(
            b * (values[name] - mean) / sd
            for name, b, mean, sd in zip(
                signature["features"], signature["coefficients"], signature["means"],
                signature["sds"], strict=True,
            )
        )  # fmt: skip
        terms = {
            "radscore": radscore,
            "age": float(patient["age"]) / 10,
            "sex": float(patient["sex"] == "male"),
        }
        model = document["models"]["nomogram"]
        score = model["intercept"] + sum(
            term["coefficient"] * terms[term["name"]] for term in model["terms"]
        )
        told = found[(found["patient"] == patient["patient"]) & (found["model"] == "nomogram")]
        assert told["linear_predictor"].item() == pytest.approx(score, rel=1e-12)
        assert told["probability"].item() == pytest.approx(1 / (1 + np.exp(-score)), rel=1e-12)
        assert told["outcome"].item() == patient["outcome"]
        assert told["cutoff"].item() == model["cutoff"]["linear_predictor"]


def test_points_add_up_and_are_those_of_the_axes(tmp_path, study):
    found = run(tmp_path, study)
    total = found["points"].groupby("patient")["points"].sum()
    told = found["predictions"].set_index(["model", "patient"]).loc["nomogram", "total_points"]
    assert np.allclose(total.to_numpy(), told.sort_index().to_numpy(), rtol=1e-12)
    axes = pd.DataFrame(study.document["nomogram"]["axes"])
    for name, rows in found["points"].groupby("predictor"):
        ticks = axes[axes["predictor"] == name].sort_values("value")
        inside = rows[rows["value"].between(ticks["value"].iloc[0], ticks["value"].iloc[-1])]
        expected = np.interp(inside["value"], ticks["value"], ticks["points"])
        assert len(inside) and np.allclose(inside["points"], expected, atol=1e-9)


def test_the_next_rule_reads_what_is_written(tmp_path, study):
    def some_missing(table):
        table.loc[[3, 8], f"{PHASES[0]}_original_firstorder_F0"] = np.nan
        return table

    found = run(tmp_path, study, features=some_missing(study.features.copy()))
    assert len(found["predictions"]) == len(NAMES) * len(study.clinical)
    assert sorted(set(found["not_predicted"]["patient"])) == ["P003", "P008"]
    assert found["not_predicted"]["reason"].str.startswith("features are missing: early_").all()
    tables = {name: tmp_path / f"{name}.csv" for name in [*TABLES, "warnings"]}
    params = {"models": NAMES, "intervals": 20, "confidence": 0.95, "seed": 1, "threshold": 0.3}
    inputs = {name: tmp_path / f"{name}.csv" for name in ("predictions", "mislabelled")}
    write_rows([], inputs["mislabelled"], MISLABELLED)
    measure(job(inputs, tables, params | {"on_mislabelled": "stop", "prescaled": False}))
    performance = read_table(tables["performance"])
    told = performance[(performance["model"] == "nomogram") & (performance["metric"] == "auc")]
    rows = found["predictions"].query("model == 'nomogram'").dropna(subset="probability")
    assert len(rows) == len(study.clinical) - 2
    assert told["estimate"].item() == pytest.approx(
        roc_auc_score(rows["outcome"], rows["linear_predictor"])
    )
    assert read_rows(tables["warnings"])[-1]["code"] == "not_predicted"


def test_without_an_outcome_the_column_is_empty(tmp_path, study):
    found = run(tmp_path, study, change=lambda table: table.drop(columns="diagnosis"), outcome=None)
    assert found["predictions"]["outcome"].isna().all()
    assert found["predictions"]["probability"].notna().all()


def test_an_outcome_of_another_level(tmp_path, study):
    def spoilt(table):
        table.loc[[4, 6], "diagnosis"] = "oncocytoma"
        return table

    with pytest.raises(ValueError, match=r"'oncocytoma' of patient P004 and 1 more; allowed are"):
        run(tmp_path, study, change=spoilt)


def test_values_beyond_training_are_told(tmp_path, study):
    def older(table):
        table.loc[2, "age"] = "150"
        return table

    found = run(tmp_path, study, change=older)["outside_range"]
    row = found[found["name"] == "age"].iloc[0]
    assert (row["patient"], row["value"], row["kind"]) == ("P002", 150, "predictor")
    highest = study.clinical["age"].astype(float).max()
    assert row["high"] == pytest.approx(highest)


def test_a_model_that_cannot_be_applied(tmp_path, study):
    with pytest.raises(ValueError, match=r"cannot apply calculus; allowed are .*nomogram"):
        run(tmp_path, study, models=["nomogram", "calculus"])


# --- features extracted otherwise -----------------------------------------------------------


def changed(phase=None, **changes):
    content = json.loads(json.dumps(ENGINE))
    if phase is None:
        return content | changes
    content["phases"][phase] |= changes
    return content


@pytest.mark.parametrize(
    "content, told",
    [
        (changed(PHASES[0], setting={"binWidth": 10, "label": 1}, digest="f" * 16),
         "early: setting.binWidth is 10 here, 25 in the model"),
        (changed(spacing_mm=0.75), "spacing_mm is 0.75 here, 1.0 in the model"),
        (changed(versions={"pyradiomics": "3.1.0", "numpy": "2.4.0"})
         | {"phases": {p: one | {"digest": "0" * 16 + p} for p, one in ENGINE["phases"].items()}},
         "version pyradiomics is 3.1.0 here, 3.0.1 in the model"),
        (changed(PHASES[0], digest="f" * 16), "for a reason not told"),
        (changed(phases={PHASES[1]: ENGINE["phases"][PHASES[1]]}), "early: not extracted here"),
    ],
    ids=["bin width", "spacing", "version", "unknown", "phase"],
)  # fmt: skip
def test_features_of_other_settings(tmp_path, study, content, told):
    document = sealed(study.document, features=ENGINE, images={"spacing_mm": 1.0})
    write_json(content, tmp_path / "settings.json")
    with pytest.raises(ValueError) as refused:
        run(tmp_path, study, document, settings=tmp_path / "settings.json")
    assert told in str(refused.value)
    assert "were not extracted as the model's were" in str(refused.value)


def test_features_of_the_same_settings(tmp_path, study):
    document = sealed(study.document, features=ENGINE, images={"spacing_mm": 1.0})
    write_json(ENGINE, tmp_path / "settings.json")
    assert len(run(tmp_path, study, document, settings=tmp_path / "settings.json")["predictions"])
