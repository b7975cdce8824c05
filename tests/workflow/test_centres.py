"""A locked model goes to a second clone, is judged there, and a summary alone comes back."""

import json
import re
import shutil

import pandas as pd
import pytest
import SimpleITK as sitk
from synthetic_centres import summary
from workflow.running import (
    CI,
    PHASES,
    copy_finished,
    copy_project,
    digests,
    overlay,
    read_csv,
    snakemake,
    write_csv,
)

from nomoflow.extraction import extract, extractor
from nomoflow.image_quality import stored_name
from nomoflow.model_file import feature_settings, read_model

CENTRE = "config/ci_b.yaml"
MODEL, LEDGER = "models/ci/model.json", "models/ci/ledger.json"
RESULTS = "results/ci_b"
OF_IMAGES = {"simulate_patient", "check_images", "resample_images", "extract_features"}
OF_SIGNATURE = {"fit_lasso", "fit_models", "cross_validate", "assign_folds", "compute_icc"}
POOLING = {"pool_centres", "draw_forest", "draw_centres_dca", "write_centres", "centres"}


@pytest.fixture(scope="module")
def a(finished, tmp_path_factory):
    """The clone that made the quick study and locked its model."""
    folder = copy_finished(finished, tmp_path_factory.mktemp("a") / "project")
    told = snakemake(folder, "lock").succeeded().output
    assert f"model ci version 1 ({read_model(folder / MODEL)['digest'][:12]}) is locked" in told
    return folder


@pytest.fixture(scope="module")
def b(a, tmp_path_factory):
    """Another clone: of A it has the locked model alone, and it has judged it once."""
    folder = copy_project(tmp_path_factory.mktemp("b") / "project")
    (folder / MODEL).parent.mkdir(parents=True)
    shutil.copy(a / MODEL, folder / MODEL)
    run = snakemake(folder, "validate", configs=(CENTRE,)).succeeded()
    assert run.jobs.keys() >= OF_IMAGES
    assert not run.jobs.keys() & OF_SIGNATURE
    return folder


def synthetic(folder, centre, seed):
    """A centre's summary of simulated predictions by the model that is locked here: its path."""
    model = read_model(folder / MODEL)
    named = {key: model[key] for key in ("study", "version", "digest", "outcome")}
    path = folder / f"models/ci/summaries/{centre}.json"
    path.parent.mkdir(exist_ok=True)
    made = summary(centre, seed=seed, **named)
    path.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return str(path.relative_to(folder))


def pooled_by(folder, name, paths):
    return snakemake(
        folder, "centres", configs=(CI, overlay(folder, name, {"centres": {"summaries": paths}}))
    )


def own_scans(folder, source, keys):
    """Scans of some patients under other keys, their files copied: what the centre's config sets.

    source : the folder below data/simulated; keys : the new key of each patient.
    """
    study = f"config/{source}"
    rows = []
    for row in read_csv(folder / study / "scans.csv"):
        if row["patient"] not in keys or row["reading"] != "a1":
            continue
        key = keys[row["patient"]]
        files = {}
        for part in ("image", "mask"):
            files[part] = f"own/{key}/{row['phase']}_{part}.nii.gz"
            target = folder / "data" / files[part]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / "data" / row[part], target)
        rows.append({**row, "patient": key, **files})
    people = [
        {**row, "patient": keys[row["patient"]]}
        for row in read_csv(folder / study / "participants.csv")
        if row["patient"] in keys
    ]
    return people, rows


def test_a_model_of_which_a_byte_was_changed_is_refused_before_anything_is_run(a, tmp_path):
    folder = copy_project(tmp_path / "project")
    text = (a / MODEL).read_text(encoding="utf-8")
    (folder / MODEL).parent.mkdir(parents=True)
    (folder / MODEL).write_text(text.replace('"version": 1,', '"version": 3,', 1), encoding="utf-8")
    run = snakemake(folder, "validate", configs=(CENTRE,))
    assert run.code != 0
    assert "Traceback" not in run.output
    assert "so it was changed after it was made" in run.output
    assert "copy it again from where it was locked, or correct centres.model" in run.output
    assert not (folder / "results").exists()


def test_the_summaries_of_two_centres_make_forest_and_page(a):
    paths = [synthetic(a, "North", 1), synthetic(a, "South", 2)]
    run = pooled_by(a, "two", paths).succeeded()
    assert run.jobs.keys() == POOLING
    assert "at 2 centres: results/ci/report/centres.html" in run.output
    page = (a / "results/ci/report/centres.html").read_text(encoding="utf-8")
    assert "North" in page
    assert "South" in page
    for figure in ("forest", "centres_dca"):
        assert (a / f"results/ci/figures/{figure}.svg").read_bytes().endswith(b"</svg>\n")
    assert {row["centre"] for row in read_csv(a / "results/ci/centres/centres.csv")} == {
        "North",
        "South",
    }
    assert pooled_by(a, "two", paths).succeeded().jobs == {}


def test_a_summary_of_another_model_is_refused(a):
    path = synthetic(a, "East", 3)
    made = json.loads((a / path).read_bytes())
    other = summary("East", seed=3, outcome=made["outcome"])
    (a / path).write_text(json.dumps(other, indent=2) + "\n", encoding="utf-8")
    run = pooled_by(a, "other", [path])
    assert run.code != 0
    assert "have East validate that one" in run.output


@pytest.mark.slow
def test_what_is_said_when_the_second_centre_is_done(b):
    run = snakemake(b, "--force", f"{RESULTS}/report/validation.html", configs=(CENTRE,))
    told = run.succeeded().output
    of = read_model(b / MODEL)["digest"][:12]
    assert f"Study ci_b: model ci version 1 ({of}) on 12 patients, 6 events" in told
    auc = next(
        row
        for row in read_csv(b / RESULTS / "centres/performance.csv")
        if (row["model"], row["metric"]) == ("nomogram", "auc")
    )
    shown = "{:.3f} ({:.3f}-{:.3f})".format(
        *(float(auc[k]) for k in ("estimate", "ci_low", "ci_high"))
    )
    assert re.search(rf"Radiomics nomogram +{re.escape(shown)} ", told)
    assert f"report    {RESULTS}/report/validation.html" in told


@pytest.mark.slow
def test_a_second_validation_has_nothing_to_do_and_the_ledger_keeps_each_byte(b):
    ledger = (b / LEDGER).read_bytes()
    assert snakemake(b, "validate", configs=(CENTRE,)).succeeded().jobs == {}
    # Without a target the whole study is the same.
    assert snakemake(b, configs=(CENTRE,)).succeeded().jobs == {}
    again = snakemake(b, "--force", f"{RESULTS}/centres/look.json", configs=(CENTRE,)).succeeded()
    assert again.jobs.get("record_look") == 1
    assert (b / LEDGER).read_bytes() == ledger
    assert json.loads(ledger)["entries"][-1]["count"] == 1


@pytest.mark.slow
def test_selected_features_are_those_of_the_full_extraction(b):
    """All features of one patient's stored images, by the model's settings: not one differs."""
    patient, compared = "E001", 0
    for phase, given in feature_settings(read_model(b / MODEL)).items():
        table = pd.read_parquet(b / RESULTS / f"features/{phase}.parquet").set_index("patient")
        wanted = table.loc[patient].drop("reading")
        scan = {"patient": patient, "phase": phase, "reading": "a1"}
        files = [
            next((b / RESULTS / "images/resampled").rglob(stored_name(scan, part)))
            for part in ("image", "mask")
        ]
        whole = extract(
            *map(sitk.ReadImage, map(str, files)),
            extractor(given["settings"], given["shape"], given["subbands"]),
        )
        assert len(wanted) < len(whole)
        assert {name: whole[name] for name in wanted.index} == wanted.to_dict()
        compared += len(wanted)
    assert compared


@pytest.mark.slow
def test_patients_without_an_outcome_get_the_same_probabilities(b):
    keys = {"E001": "N1", "E002": "N2", "E003": "N3"}
    people, scans = own_scans(b, "ci_b", keys)
    write_csv(b / "config/own/new/participants.csv",
              [{k: v for k, v in row.items() if k != "diagnosis"} for row in people])  # fmt: skip
    write_csv(b / "config/own/new/scans.csv", scans)
    change = {
        "study": "new",
        "cohort": {"participants": "config/own/new/participants.csv", "outcome": None},
        "images": {"scans": "config/own/new/scans.csv"},
        "execution": {"buckets": 1},
    }
    ledger = (b / LEDGER).read_bytes()
    configs = (CENTRE, overlay(b, "new", change))
    run = snakemake(b, "predict", configs=configs).succeeded()
    assert "predicted 3 of 3 patients (results/new/predict/predictions.csv)" in run.output
    table = {
        (row["patient"], row["model"]): row
        for row in read_csv(b / "results/new/predict/predictions.csv")
    }
    judged = read_csv(b / RESULTS / "centres/predictions.csv")
    known = [row for row in judged if row["patient"] in keys]
    assert len(known) == len(table)
    for row in known:
        found = table[keys[row["patient"]], row["model"]]
        # Three rows or twelve: a product of matrices rounds its last digit otherwise.
        assert float(found["probability"]) == pytest.approx(float(row["probability"]), rel=1e-12)
        assert found["model_digest"] == read_model(b / MODEL)["digest"]
    # Nobody's outcome was read, so nothing was looked at.
    assert (b / LEDGER).read_bytes() == ledger
    page = (b / "results/new/predict/predictions.html").read_text(encoding="utf-8")
    assert "research use" in page.lower()
    # Without a target the study comes to its predictions.
    assert snakemake(b, configs=configs).succeeded().jobs == {}


def numbers(content):
    """Every number of a document that is no whole one."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        return set().union(*map(numbers, content))
    return {content} if isinstance(content, float) and content % 1 else set()


def shortened(values):
    """As the summary writes numbers, and in full."""
    values = pd.Series(values, dtype=float).dropna()
    return {float(f"{value:.6g}") for value in values} | set(values)


@pytest.mark.slow
def test_the_summary_holds_no_key_and_no_patients_own_value(b):
    path = b / RESULTS / "centres/summary.json"
    text = path.read_text(encoding="utf-8")
    keys = {row["patient"] for row in read_csv(b / "config/ci_b/participants.csv")}
    assert not [key for key in keys if key in text]
    own = set()
    for name in ("predictions", "points", "outside_range"):
        table = pd.read_csv(b / RESULTS / f"centres/{name}.csv")
        columns = {"radscore", "linear_predictor", "probability", "total_points", "value", "points"}
        for column in columns & set(table.columns):
            own |= shortened(table[column])
    for phase in PHASES:
        table = pd.read_parquet(b / RESULTS / f"features/{phase}.parquet")
        own |= shortened(table.drop(columns=["patient", "reading"]).to_numpy().ravel())
    told = json.loads(text)
    assert len(own) > 50
    assert len(numbers(told)) > 20
    assert not {value for value in own if value % 1} & numbers(told)


@pytest.mark.slow
def test_the_cohort_of_development_is_refused_under_new_keys(a):
    keys = {"C001": "N1", "C002": "N2", "C005": "N5", "C006": "N6"}
    people, scans = own_scans(a, "ci", keys)
    write_csv(a / "config/own/again/participants.csv", people)
    write_csv(a / "config/own/again/scans.csv", scans)
    change = {
        "study": "again",
        "cohort": {"participants": "config/own/again/participants.csv"},
        "images": {"scans": "config/own/again/scans.csv"},
        "execution": {"buckets": 1},
    }
    run = snakemake(a, "validate", configs=(CENTRE, overlay(a, "again", change)))
    assert run.code != 0
    assert "4 of 4 patients were among those that the model was made from" in run.output
    assert "N1, N2, N5, N6" in run.output
    assert not (a / "results/again/centres/predictions.csv").exists()


@pytest.mark.slow
def test_a_summary_alone_goes_back_and_the_first_clone_draws_it(a, b):
    back = a / "models/ci/summaries/ci_b.json"
    back.parent.mkdir(exist_ok=True)
    shutil.copy(b / RESULTS / "centres/summary.json", back)
    before = digests(a / "results/ci", without=("centres", "figures", "report/centres.html"))
    paths = [str(back.relative_to(a)), synthetic(a, "West", 4)]
    run = pooled_by(a, "back", paths).succeeded()
    assert run.jobs.keys() == POOLING
    table = read_csv(a / "results/ci/centres/centres.csv")
    assert {row["centre"] for row in table} == {"ci_b", "West"}
    assert "ci_b" in (a / "results/ci/report/centres.html").read_text(encoding="utf-8")
    # Of B nothing else is in A, and of A's study nothing was made anew.
    assert not (a / RESULTS).exists()
    assert not (a / "data/simulated/ci_b").exists()
    found = digests(a / "results/ci", without=("centres", "figures", "report/centres.html"))
    assert found == before
