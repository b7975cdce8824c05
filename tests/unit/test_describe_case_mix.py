import numpy as np
import pandas as pd
import pytest
from describe_case_mix import main
from jobs import job
from synthetic_cohort import PHASES
from synthetic_model import locked

from nomoflow.case_mix import COLUMNS
from nomoflow.locked_model import predict
from nomoflow.run import read_table, write_json, write_table


@pytest.fixture(scope="module")
def study():
    return locked()


def run(folder, study, moved=0.0, outcome=True):
    clinical, features = study.clinical.copy(), study.features.copy()
    clinical["age"] = [repr(float(age) + moved) for age in clinical["age"]]
    write_json(study.document, folder / "model.json")
    clinical.drop(columns="outcome").to_csv(folder / "participants.csv", index=False)
    for phase in PHASES:
        columns = [name for name in features if name.startswith(f"{phase}_")]
        table = features[columns].rename(columns=lambda name, p=phase: name.removeprefix(f"{p}_"))
        table.insert(0, "reading", "a1")
        table.insert(0, "patient", features["patient"])
        write_table(table, folder / f"{phase}.parquet")
    made = predict(study.document, clinical, features)
    if outcome:
        made["outcome"] = made["patient"].map(
            dict(zip(study.data.patients, study.data.y, strict=True))
        )
    write_table(made, folder / "predictions.csv")
    inputs = {
        "model": folder / "model.json", "participants": folder / "participants.csv",
        "features": [folder / f"{phase}.parquet" for phase in PHASES],
        "predictions": folder / "predictions.csv",
    }  # fmt: skip
    outputs = {name: folder / f"{name}.csv" for name in ("case_mix", "membership")}
    main(job(inputs, outputs, {"models": None}))
    return {name: read_table(path) for name, path in outputs.items()}


def test_the_cohort_of_training_beside_itself(tmp_path, study):
    found = run(tmp_path, study)
    table = found["case_mix"]
    assert list(table.columns) == COLUMNS
    assert {"cohort", "predictor", "linear_predictor", "feature"} <= set(table["section"])
    # features: the document has SDs with n, the centre with n - 1
    assert table["standardised_difference"].dropna().abs().max() < 1e-10
    rest = table[table["section"].isin(["predictor", "linear_predictor"])]
    assert rest["sd_ratio"].dropna().to_numpy() == pytest.approx(1)
    row = table.set_index("variable").loc["outcome"]
    assert row["centre_n"] == row["development_n"] == study.data.y.sum()
    member = found["membership"].iloc[0]
    assert member["auc"] == pytest.approx(0.5, abs=1e-6)
    assert member["model"] == "nomogram"


def test_an_older_cohort_shows(tmp_path, study):
    found = run(tmp_path, study, moved=12.0, outcome=False)
    rows = found["case_mix"].set_index("variable")
    age = pd.to_numeric(study.clinical["age"])
    assert rows.loc["age", "standardised_difference"] == pytest.approx(12 / age.std())
    assert rows.loc["age", "centre_mean"] == pytest.approx(age.mean() + 12)
    assert np.isnan(rows.loc["outcome", "centre_n"])
    terms = [term["name"] for term in study.document["models"]["nomogram"]["terms"]]
    assert ("age" in terms) == (found["membership"].iloc[0]["auc"] > 0.6)
