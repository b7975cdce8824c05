"""The quick study: what it leaves behind, and what a change makes it do again."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from workflow.running import (
    CI,
    PHASES,
    RESULTS,
    copy_finished,
    digests,
    emptied,
    overlay,
    read_csv,
    rewritten,
    snakemake,
)

SIGNATURES = (*PHASES, "combined")
OF_PHASES = tuple(f"radiomics_{phase}" for phase in PHASES)
MODELS = ("nomogram", "radiomics", "image_features", *OF_PHASES, "volume")
IMAGE_JOBS = {"simulate_patient", "check_images", "resample_images", "extract_features"}
# What a study that corrects for optimism must give in every sample.
CORRECTED = (
    "auc", "sensitivity", "specificity", "accuracy", "brier", "calibration_intercept",
    "calibration_slope", "net_benefit",
)  # fmt: skip
SCAN = ["patient", "phase", "reading"]
CASE = "patient phase reading stage reason detail"
COEFFICIENTS = (
    "term unit coding coefficient se z p ci_low ci_high profile_low profile_high odds_ratio or_low"
    " or_high note"
)
SELECTED = [f"signature/{s}/selected" for s in SIGNATURES]
# The columns that other programs rely on, in order, table by table.
TABLES = {
    "cohort/exclusions": CASE,
    "cohort/flow": "step unit subject removed remaining",
    "cohort/table1": (
        "variable label level group n percent mean sd median q1 q3 summary test statistic p missing"
    ),
    "cohort/agreement": "sign n agreed percent kappa ci_low ci_high",
    "images/failures": CASE,
    "features/failures": CASE,
    "reliability/icc": "phase feature comparison form n icc ci_low ci_high kept reason",
    "models/vif": "model term vif",
    "models/nomogram/axes": "predictor label value level points",
    "models/nomogram/scale": "total_points linear_predictor probability",
    "evaluation/predictions": (
        "patient outcome model sample repeat fold linear_predictor probability cutoff baseline"
    ),
    "evaluation/performance": "model sample metric estimate ci_low ci_high method",
    "evaluation/roc": "model sample repeat threshold sensitivity specificity",
    "evaluation/delong": "sample model_a model_b auc_a auc_b difference ci_low ci_high z p note",
    "evaluation/hosmer_lemeshow": "model sample groups chi2 df p note",
    "evaluation/calibration": "model sample kind n predicted observed ci_low ci_high",
    "evaluation/dca": "model sample threshold net_benefit ci_low ci_high",
    "evaluation/dca_corrected": "model sample threshold net_benefit ci_low ci_high",
    "evaluation/measured": "model sample metric estimate ci_low ci_high method",
    "evaluation/corrected": "model sample metric estimate ci_low ci_high method",
    "evaluation/repeats": "model metric repeats mean sd minimum maximum",
    "evaluation/roc_band": "model sample specificity sensitivity ci_low ci_high",
    "evaluation/likelihood_ratio": "radscore model_a model_b chi2 df p note",
    "evaluation/differences": ("sample metric model_a model_b difference ci_low ci_high method"),
    "evaluation/subgroups": (
        "model sample subgroup level n events metric estimate ci_low ci_high method"
    ),
    "evaluation/stability": "signature measure estimate ci_low ci_high method",
    "evaluation/penalties": "signature resample status lambda nonzero at_end",
    "evaluation/instability": "patient model probability low median high mape",
    "models/volume_correlation": "signature feature n rho ci_low ci_high",
    "models/nomogram/coefficients_out_of_fold": COEFFICIENTS,
    "cohort/missing": ("variable kind n missing percent values positive_missing negative_missing"),
    "warnings": "stage code subject message remedy",
    **{f"signature/{s}/path": "lambda deviance se nonzero chosen" for s in SIGNATURES},
    **{f"signature/{s}/trajectories": "lambda feature coefficient" for s in SIGNATURES},
    **{
        f"signature/{s}/selected": "feature mean sd lasso_coefficient coefficient"
        for s in SIGNATURES
    },
    **{
        f"signature/{s}/frequency": "feature count resamples share ci_low ci_high selected"
        for s in SIGNATURES
    },
    **{f"signature/{s}/radscore": "patient outcome radscore" for s in SIGNATURES},
    **{f"models/{model}/coefficients": COEFFICIENTS for model in MODELS},
}
MAY_BE_EMPTY = (
    "failures",
    "selected",
    "frequency",
    "trajectories",
    "exclusions",
    "warnings",
    "vif",
)
FIGURES = (
    "flow", "icc", "lasso", "nomogram", "roc", "calibration", "dca", "scores", "stability",
    "instability",
)  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_its_documented_columns(finished, name):
    table = pd.read_csv(finished / RESULTS / f"{name}.csv")
    assert list(table.columns) == TABLES[name].split()
    assert len(table) or name.endswith(MAY_BE_EMPTY)


def test_who_is_analysed_is_the_same_everywhere(finished):
    results = finished / RESULTS
    given = {row["patient"] for row in read_csv(finished / "config/ci/participants.csv")}
    included = {row["patient"] for row in read_csv(results / "cohort/participants.csv")}
    excluded = {row["patient"] for row in read_csv(results / "cohort/exclusions.csv")}
    assert included | excluded == given
    assert not included & excluded
    for sample in ("apparent", "cross_validated"):
        predicted = pd.read_csv(results / "evaluation/predictions.csv")
        predicted = predicted[predicted["sample"] == sample]
        assert set(predicted["patient"]) == included
        # Every model gives each patient one prediction a repeat: none is lost on the way.
        counts = predicted.groupby(["model", "repeat"])["patient"].agg(["size", "nunique"])
        assert (counts == len(included)).all(axis=None)
    scans = pd.read_csv(finished / "config/ci/scans.csv").query("patient in @included")
    quality = pd.read_csv(results / "images/quality.csv")
    assert set(map(tuple, quality[SCAN].to_numpy())) == set(map(tuple, scans[SCAN].to_numpy()))
    for phase in PHASES:
        features = pd.read_parquet(results / f"features/{phase}.parquet")
        expected = scans.query("phase == @phase")[["patient", "reading"]]
        assert set(map(tuple, features[["patient", "reading"]].to_numpy())) == set(
            map(tuple, expected.to_numpy())
        )
        assert all(features.dtypes.iloc[2:] == "float64")


def test_every_json_document_can_be_read(finished):
    results = finished / RESULTS
    for name in (
        "features/settings.json", "models/model.json", "evaluation/metrics.json",
        *(f"signature/{signature}/status.json" for signature in SIGNATURES),
    ):  # fmt: skip
        assert json.loads((results / name).read_bytes())


def test_figures_and_report_are_there(finished):
    results = finished / RESULTS
    for figure in FIGURES:
        assert (results / f"figures/{figure}.svg").read_text(encoding="utf-8").endswith("</svg>\n")
        assert (results / f"figures/{figure}.pdf").read_bytes().startswith(b"%PDF")
    report = (results / "report/study.html").read_text(encoding="utf-8")
    assert report.rstrip().endswith("</html>")
    assert len(report) < 10_000_000
    assert "Study ci is complete" in (results / "report/complete.txt").read_text(encoding="utf-8")


def test_snakemakes_own_report_has_the_pages_tables_and_figures(finished, tmp_path):
    place = tmp_path / "report.html"
    assert snakemake(finished, "--report", str(place)).succeeded()
    text = place.read_text(encoding="utf-8")
    for shown in ("figures/roc.svg", "report/study.html", "cohort/table1.csv", "warnings.csv"):
        assert f'"{RESULTS}/{shown}": {{"name"' in text
    for said in ("Read the page of the study first", "The nomogram as a calculator"):
        assert said in text


def test_no_result_tells_where_or_when_it_was_made(finished):
    results = finished / RESULTS
    place = str(finished).encode()
    telling = [
        path.relative_to(results).as_posix()
        for path in results.rglob("*")
        if path.is_file() and path.suffix != ".mha" and place in path.read_bytes()
    ]
    assert telling == []


def test_a_second_run_has_nothing_to_do(finished):
    again = snakemake(finished).succeeded()
    assert "Nothing to be done" in again.output
    assert again.jobs == {}


def test_a_run_that_was_refused_costs_one_batch_once_mended(study):
    mask = study / f"data/simulated/ci/C001/{PHASES[0]}_a1.nii.gz"
    good = mask.read_bytes()
    rewritten(emptied)(mask, mask)
    assert snakemake(study).code != 0
    mask.write_bytes(good)
    jobs = snakemake(study, "-n").succeeded().jobs
    once = {"check_images": 1, "resample_images": 1, "extract_features": 1}
    assert {rule: jobs[rule] for rule in IMAGE_JOBS & jobs.keys()} == once


def documented_digest(model: dict) -> str:
    """SHA-256 over the document without ``digest``, keys sorted: the rule in the documentation."""
    content = {key: value for key, value in model.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@pytest.fixture(scope="module")
def locked(finished, tmp_path_factory):
    """The finished study after its model was locked."""
    folder = copy_finished(finished, tmp_path_factory.mktemp("locked") / "project")
    snakemake(folder, "lock").succeeded()
    return folder


def test_lock_writes_the_model_of_the_run(locked):
    model = json.loads((locked / "models/ci/model.json").read_bytes())
    assert model == json.loads((locked / RESULTS / "models/model.json").read_bytes())
    assert model["digest"] == documented_digest(model)
    assert "Nothing to be done" in snakemake(locked, "lock").succeeded().output


def test_a_changed_model_is_compared_with_the_locked_one(locked):
    changed = overlay(locked, "changed", {"models": {"select": "all"}})
    jobs = snakemake(locked, "-n", "lock", configs=(CI, changed)).succeeded().jobs
    assert {"fit_models", "lock_model"} <= jobs.keys()


def test_lock_never_replaces_another_model(locked, tmp_path):
    folder = copy_finished(locked, tmp_path / "project")
    place = folder / "models/ci/model.json"
    mine = json.loads(place.read_bytes())
    # What an earlier version of the study had locked: the same document with another cut-off.
    earlier = json.loads(place.read_bytes())
    earlier["models"]["nomogram"]["cutoff"]["linear_predictor"] = 0.125
    earlier["digest"] = documented_digest(earlier)
    text = json.dumps(earlier, indent=2, ensure_ascii=False) + "\n"
    place.write_text(text, encoding="utf-8")
    before = place.read_bytes()
    results = digests(folder / RESULTS, without=("models/locked.json",))
    refused = snakemake(folder, "lock", "--forcerun", "lock_model")
    assert refused.code != 0
    for digest in (mine["digest"], earlier["digest"]):
        assert digest[:12] in refused.output
    assert "models/ci/model.json" in refused.output
    assert "models.version" in refused.output
    assert "Traceback" not in refused.output
    assert place.read_bytes() == before
    assert digests(folder / RESULTS, without=("models/locked.json",)) == results


def test_a_model_edited_by_hand_is_not_locked(finished, tmp_path):
    folder = copy_finished(finished, tmp_path / "project")
    model = folder / RESULTS / "models/model.json"
    document = json.loads(model.read_bytes())
    document["models"]["nomogram"]["intercept"] = 0.0
    model.write_text(json.dumps(document), encoding="utf-8")
    refused = snakemake(folder, "lock", "--allowed-rules", "lock_model")
    assert refused.code != 0
    assert "Results were changed after the workflow made them" in refused.output
    assert "results/ci/models/model.json" in refused.output
    assert not Path(folder, "models/ci/model.json").exists()


def test_reclassification_is_given_on_request_alone(finished):
    """NRI and IDI can favour a useless model (Hilden and Gerds 2014)."""
    assert not (finished / RESULTS / "evaluation/reclassification.csv").exists()


def test_every_figure_has_an_interval_or_says_why_not(finished):
    table = pd.read_csv(finished / RESULTS / "evaluation/performance.csv")
    samples = ("apparent", "cross_validated", "corrected", "corrected_632")
    for model, own in table.groupby("model"):
        for sample in samples:
            metrics = list(own.loc[own["sample"] == sample, "metric"])
            assert set(CORRECTED) <= set(metrics) and len(metrics) == len(set(metrics)), model
    assert set(table["model"]) == set(MODELS)
    own_fit = table[~table["sample"].str.startswith("corrected")].set_index("metric")
    own_fit = own_fit.loc[list(CORRECTED)]
    assert (own_fit["ci_low"].notna() | own_fit["method"].str.contains("not defined: ")).all()
    # a perfect AUC, too: 1.000 (1.000 to 1.000) would say that nothing is left to doubt
    area = own_fit.loc["auc"]
    assert (area["estimate"] == 1).any() and (area["ci_low"] < area["ci_high"]).all()
    corrected = table[table["sample"].str.startswith("corrected")]
    without = corrected[corrected["ci_low"].isna()]
    assert without["method"].str.contains("not defined|without interval").all()
    held = corrected[corrected["ci_low"].notna()]
    assert (held["ci_low"] <= held["estimate"] + 1e-12).all()
    assert (held["estimate"] <= held["ci_high"] + 1e-12).all()
    assert (held["ci_low"] < held["ci_high"]).mean() > 0.9
