"""Half of a public cohort as the centre that locks, the other half as the one that validates.

What is expected comes from model.json, the two public tables, arithmetic, and other libraries.
"""

import csv
import gzip
import json
import math
import subprocess
import sys

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import norm
from sklearn.metrics import brier_score_loss, roc_auc_score
from workflow import running

pytestmark = pytest.mark.slow
EXAMPLES = "config/examples/c4kc_kits"
# No figure of the development study is looked at; the noncontrast phase would only cost time.
QUICK = {
    "images": {"phases": ["arterial", "late"]},
    "evaluation": {"repeats": 1, "resamples": 2, "intervals": 100, "subgroups": []},
}
APPLIED = {"nomogram", "radiomics", "image_features"}


@pytest.fixture(scope="module")
def project(tmp_path_factory, study_data):
    """Locked by the patients of one half, validated on the others."""
    folder = running.copy_project(tmp_path_factory.mktemp("centres") / "project")
    data = folder / "data/c4kc_kits"
    data.mkdir(parents=True)
    (data / "C4KC-KiTS.csv.gz").symlink_to(study_data / "c4kc_kits/C4KC-KiTS.csv.gz")
    tool = running.ROOT / "tools/write_c4kc_kits.py"
    command = [sys.executable, str(tool), str(study_data / "c4kc_kits"), str(data)]
    subprocess.run(command, check=True, capture_output=True)
    quick = running.overlay(folder, "quick", QUICK)
    first = (f"{EXAMPLES}.yaml", f"{EXAMPLES}_a.yaml", quick)
    running.snakemake(folder, "lock", configs=first, cores=1).succeeded()
    second = (f"{EXAMPLES}_b.yaml",)
    running.snakemake(folder, "validate", configs=second, cores=1).succeeded()
    return folder


@pytest.fixture(scope="module")
def model(project):
    return json.loads((project / "models/c4kc_kits_a/model.json").read_bytes())


@pytest.fixture(scope="module")
def patients(project):
    """{half: {patient: all that the two tables say of him}}."""
    table = project / "data/c4kc_kits/C4KC-KiTS.csv.gz"
    with gzip.open(table, "rt", encoding="utf-8", newline="") as file:
        features = {row["ID"]: row for row in csv.DictReader(file)}
    found = {"a": {}, "b": {}}
    for row in running.read_csv(project / "data/c4kc_kits/participants.csv"):
        found[row["half"]][row["patient"]] = {**features[row["patient"]], **row}
    return found


@pytest.fixture(scope="module")
def predictions(project):
    rows = running.read_csv(project / "results/c4kc_kits_b/centres/predictions.csv")
    return {(row["model"], row["patient"]): row for row in rows}


def radscore(model, row):
    """By hand, as docs/worked_example.md has it."""
    one = model["signatures"]["combined"]
    parts = zip(one["features"], one["means"], one["sds"], one["coefficients"], strict=True)
    return one["intercept"] + sum(c * (float(row[name]) - m) / s for name, m, s, c in parts)


def coded(model, term, row):
    if term["name"] == "radscore":
        return radscore(model, row)
    if term["kind"] == "binary":
        return {term["positive"]: 1.0, term["negative"]: 0.0}[row[term["name"]]]
    return float(row[term["name"]]) / term["per"]


def outcome(model, row):
    return int(row[model["outcome"]["column"]] == model["outcome"]["positive"])


def of_model(predictions, name):
    """Outcome, log odds and probability of one model, patients sorted."""
    rows = [row for (own, _), row in sorted(predictions.items()) if own == name]
    columns = ("outcome", "linear_predictor", "probability")
    return (np.array([float(row[column]) for row in rows]) for column in columns)


def estimates(project, name):
    rows = running.read_csv(project / "results/c4kc_kits_b/centres/performance.csv")
    return {row["metric"]: float(row["estimate"]) for row in rows if row["model"] == name}


def test_the_halves_are_alike_in_outcome_and_share_nobody(model, patients):
    for half in patients.values():
        assert (len(half), sum(outcome(model, row) for row in half.values())) == (35, 23)
    assert not patients["a"].keys() & patients["b"].keys()
    assert model["signatures"]["combined"]["features"], "an empty signature would test little"


def test_every_probability_is_that_of_the_arithmetic_by_hand(model, patients, predictions):
    assert {key[0] for key in predictions} == APPLIED
    assert len(predictions) == len(APPLIED) * len(patients["b"])
    for (name, patient), row in predictions.items():
        one, given = model["models"][name], patients["b"][patient]
        log_odds = one["intercept"] + sum(
            term["coefficient"] * coded(model, term, given) for term in one["terms"]
        )
        assert float(row["linear_predictor"]) == pytest.approx(log_odds, abs=1e-9)
        probability = 1 / (1 + math.exp(-log_odds))
        assert float(row["probability"]) == pytest.approx(probability, abs=1e-9)
        called = "positive" if log_odds >= one["cutoff"]["linear_predictor"] else "negative"
        assert row["call"] == model["outcome"][called]
        assert int(row["outcome"]) == outcome(model, given)


@pytest.mark.parametrize("name", sorted(APPLIED))
def test_figures_are_those_of_other_libraries(project, model, predictions, name):
    y, log_odds, p = of_model(predictions, name)
    found = estimates(project, name)
    called = log_odds >= model["models"][name]["cutoff"]["linear_predictor"]
    logistic = sm.GLM(y, sm.add_constant(log_odds), family=sm.families.Binomial()).fit()
    expected = {
        "auc": roc_auc_score(y, p),
        "brier": brier_score_loss(y, p),
        "oe": y.sum() / p.sum(),
        "calibration_intercept": logistic.params[0],
        "calibration_slope": logistic.params[1],
        "sensitivity": called[y == 1].mean(),
        "specificity": (~called)[y == 0].mean(),
        "accuracy": (called == y).mean(),
    }
    assert {metric: found[metric] for metric in expected} == pytest.approx(expected, abs=1e-6)


def test_patients_outside_the_first_half_s_range_are_flagged(project, model, patients):
    terms = [term for one in sorted(APPLIED) for term in model["models"][one]["terms"]]
    values = {
        term["name"]: lambda row, term=term: coded(model, term, row) * term["per"]
        for term in terms
        if term["kind"] == "continuous"
    }
    for feature in model["signatures"]["combined"]["features"]:
        values[feature] = lambda row, feature=feature: float(row[feature])
    expected = set()
    for name, value in values.items():
        seen = [value(row) for row in patients["a"].values()]
        low, high = min(seen) - 1e-9, max(seen) + 1e-9
        outside = (key for key, row in patients["b"].items() if not low <= value(row) <= high)
        expected |= {(patient, name) for patient in outside}
    rows = running.read_csv(project / "results/c4kc_kits_b/centres/outside_range.csv")
    assert {(row["patient"], row["name"]) for row in rows} == expected
    assert expected, "this half has patients beyond the other's range"


def test_membership_is_the_distance_of_the_two_halves_rows(project, model, patients):
    terms = model["models"]["nomogram"]["terms"]
    a, b = (
        np.array([[coded(model, term, row) for term in terms] for row in patients[half].values()])
        for half in ("a", "b")
    )
    pooled = ((len(a) - 1) * np.cov(a.T) + (len(b) - 1) * np.cov(b.T)) / (len(a) + len(b) - 2)
    apart = b.mean(axis=0) - a.mean(axis=0)
    distance = math.sqrt(apart @ np.linalg.solve(pooled, apart))
    (row,) = running.read_csv(project / "results/c4kc_kits_b/centres/membership.csv")
    assert float(row["auc"]) == pytest.approx(norm.cdf(distance / math.sqrt(2)), abs=1e-6)
    mislabelled = project / "results/c4kc_kits_b/centres/mislabelled.csv"
    assert running.read_csv(mislabelled) == []


def test_the_summary_tells_of_no_patient(project, patients):
    summary = (project / "results/c4kc_kits_b/centres/summary.json").read_text(encoding="utf-8")
    assert not [key for key in (*patients["a"], *patients["b"]) if key in summary]
    assert json.loads(summary)["cohort"]["n"] == len(patients["b"])
