"""The benchmarks run, at a size that takes seconds, and see what they are there to see."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import SimpleITK as sitk
from synthetic_history import STUDY, put_job
from synthetic_scans import make

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
SMALL = ["--resamples", "2", "--block", "1", "--patients", "60", "--features", "12"]
FACTS = {"cores", "cpu", "python", "numpy", "glmstar", "r", "glmnet"}


def bootstrap(results, *options):
    command = [sys.executable, str(BENCHMARKS / "bootstrap_against_glmnet.py"), *SMALL, *options]
    command += ["--results", str(results)]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def has_glmnet():
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", 'quit(status = !requireNamespace("glmnet", quietly = TRUE))']
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def test_bootstrap_without_r(tmp_path):
    said = bootstrap(tmp_path, "--without-r")
    assert "nomoflow, all of it" in said and "1,000 on two cores" in said
    table = pd.read_csv(tmp_path / "bootstrap_against_glmnet.csv")
    assert table["engine"].tolist() == ["nomoflow"] * 2
    assert table["resample"].tolist() == [1, 2]
    assert (table[["cpu_seconds", "wall_seconds"]] > 0).all(axis=None)
    assert set(table) >= FACTS


def test_bootstrap_in_jobs(tmp_path):
    said = bootstrap(tmp_path, "--processes", "2")
    assert "2 resamples in 1 jobs, 2 at once" in said
    row = pd.read_csv(tmp_path / "bootstrap_at_scale.csv").iloc[0]
    assert row["minutes_for_1000"] == pytest.approx(row["wall_seconds"] * 500 / 60)
    assert row["cpu_seconds"] > 0.5  # a start of Python with numpy and pandas alone takes more
    assert set(row.index) >= FACTS


@pytest.mark.skipif(not has_glmnet(), reason="Rscript with the package glmnet is not installed")
def test_bootstrap_against_glmnet(tmp_path):
    said = bootstrap(tmp_path, "--block", "2")
    assert "ours / glmnet, CPU" in said
    table = pd.read_csv(tmp_path / "bootstrap_against_glmnet.csv")
    assert table["engine"].tolist() == ["nomoflow"] * 2 + ["glmnet"] * 2
    agreement = pd.read_csv(tmp_path / "bootstrap_agreement.csv")
    assert len(agreement) == 8
    assert agreement["same_penalty"].all() and agreement["same_features"].all()
    assert agreement["features"].sum() > 0


@pytest.fixture
def program(monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the program sets them; here they go back
    monkeypatch.syspath_prepend(BENCHMARKS)
    place = BENCHMARKS / "bootstrap_against_glmnet.py"
    spec = importlib.util.spec_from_file_location("bootstrap_against_glmnet", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("penalty", "selected", "nonzero", "expected"),
    [
        (0.05, "2 3", 2, (True, True)),
        (0.05 * (1 + 1e-12), "2 3", 2, (True, True)),
        (0.0524, "2 3", 2, (False, True)),
        (0.05, "2 4", 2, (True, False)),
        (0.05, "2 3 4", 3, (True, True)),  # collinear: the refit keeps two of three
        (0.05, "2 3 4", 2, (True, False)),
        (0.05, "", 2, (True, False)),
    ],
)
def test_a_difference_from_r_is_seen(program, penalty, selected, nonzero, expected):
    columns = [f"{phase}_f{i}" for phase in program.PHASES for i in range(4)]
    phase = program.PHASES[1]
    own = pd.DataFrame(
        {"resample": 1, "signature": phase, "feature": [f"{phase}_f1", f"{phase}_f2"]}
    )
    mine = pd.DataFrame({"signature": [phase], "lambda": [0.05], "nonzero": [nonzero]})
    r = pd.DataFrame(
        {"resample": [1], "signature": [phase], "penalty": [penalty], "selected": [selected]}
    )
    ours = [{"resample": 1, "detail": (own, mine)}]
    (found,) = program.agreements(ours, r, columns)
    assert (found["same_penalty"], found["same_features"]) == expected


def selected(results, *options):
    command = [sys.executable, str(BENCHMARKS / "validate_against_full.py"), "--repeats", "1"]
    command += ["--spacing", "2.4", "--results", str(results), *options]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def test_selected_features_against_all(tmp_path):
    run = selected(tmp_path, "--data", str(tmp_path))
    assert run.returncode == 0, run.stderr
    assert "largest relative difference 0\n" in run.stdout
    table = pd.read_csv(tmp_path / "validate_against_full.csv")
    assert table["features"].tolist() == [8, 8, 8]
    assert (table["ratio"] == table["selected_seconds"] / table["full_seconds"]).all()
    assert table["ratio"].median() < 0.6  # a few of 1,158 features, on images of few voxels


def test_a_value_that_differs_is_seen(monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    place = BENCHMARKS / "validate_against_full.py"
    spec = importlib.util.spec_from_file_location("validate_against_full", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    nan = float("nan")
    assert module.relative(nan, nan) == module.relative(2.0, 2.0) == 0
    assert module.relative(1.0, 1.0 + 1e-12) > 0
    assert module.relative(nan, 1.0) == module.relative(1.0, nan) == 1


def benchmark(name, results, *options):
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--results", str(results), *options]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_icc_against_pingouin(tmp_path):
    said = benchmark("icc_against_pingouin", tmp_path, "--sample", "3", "--repeats", "2")
    assert "ours / pingouin, CPU" in said
    table = pd.read_csv(tmp_path / "icc_against_pingouin.csv")
    assert (table["ratio"] < 0.1).all() and (table["difference"] <= 1e-10).all()
    assert table["features"].tolist() == [1144, 1144]


def test_growth(tmp_path):
    small = ["--voxels", "1500", "--patients", "40", "--features", "12", "--repeats", "1"]
    said = benchmark("growth", tmp_path, *small)
    assert "1500 voxels" in said and "40 patients" in said
    regions = pd.read_csv(tmp_path / "growth_of_regions.csv")
    assert regions["fast"].tolist() == [False, True]
    assert (regions["difference"] == 0).all() and (regions["cpu_seconds"] > 0).all()
    assert len(pd.read_csv(tmp_path / "growth_of_cohorts.csv")) == 1


def test_features_against_pyradiomics(tmp_path):
    """Few voxels, so that a start of Python weighs most: the ratio says nothing here."""
    small = ["--cases", "2", "--voxels", "400", "--repeats", "1", "--size", "64", "64", "24"]
    said = benchmark("features_against_pyradiomics", tmp_path, *small)
    assert "largest relative difference 0\n" in said
    table = pd.read_csv(tmp_path / "features_against_pyradiomics.csv")
    assert table["images"].tolist() == ["whole", "cropped"]
    assert (table["features"] == 2 * 1158).all()
    assert (table["wall_ratio"] == table["ours_wall_seconds"] / table["command_wall_seconds"]).all()


def test_dry_run(tmp_path):
    said = benchmark("dry_run", tmp_path, "--patients", "20", "--repeats", "1", "--buckets", "2")
    assert "20 patients" in said
    row = pd.read_csv(tmp_path / "dry_run.csv").iloc[0]
    assert row["scans"] == 20 * 3 + 4 * 3 * 2 and row["jobs"] > 50


def test_scaling(tmp_path):
    steps = ["gather_features", "write_manifest"]
    size = ["--patients", "20", "--buckets", "2"]
    benchmark("scaling", tmp_path, *size, "--steps", "schedule", *steps)
    table = pd.read_csv(tmp_path / "scaling.csv").set_index("step")
    assert table.index.tolist() == [*steps, "schedule, greedy"]
    assert (table[["cpu_seconds", "peak_mb"]] > 0).all(axis=None)


def test_order_of_jobs(tmp_path):
    """Two short jobs and a long one on two cores: 6 s where the long one begins, else 9."""
    took = {"fit_lasso": 3, "draw_roc": 3, "cross_validate": 6}
    for rule, seconds in took.items():
        spent = {"seconds": seconds, "cpu_seconds": seconds - 0.15, "peak_mb": 100.0}
        put_job(tmp_path, rule, [], [f"results/{rule}"], took=spent)
    own = ["--folder", str(tmp_path), "--study", STUDY, "--cores", "2"]
    benchmark("order_of_jobs", tmp_path, *own)
    row = pd.read_csv(tmp_path / "order_of_jobs.csv").iloc[0]
    told = row[["ours", "bound", "any_least", "any_most"]].tolist()
    assert told == pytest.approx([6, 6, 6, 9])


def test_workflow_over_bare(tmp_path):
    """From logs as the jobs write them; the extraction itself is measured anew."""
    image, mask = make()
    for one, part in ((image, "image"), (mask, "mask")):
        sitk.WriteImage(one, str(tmp_path / f"{part}.mha"))
    scan = {"patient": "P1", "phase": "CT", "reading": "a1", "label": "1"}
    scan |= {part: str(tmp_path / f"{part}.mha") for part in ("image", "mask")}
    settings = {"setting": {"binWidth": 25}, "featureClass": {"firstorder": None}}
    params = {"scans": [scan], "settings": {"CT": settings}, "shape": True, "spacing_mm": 1.5}
    for rule, cpu in {"resample_images": 2.0, "extract_features": 3.0, "check_images": 7.0}.items():
        log = tmp_path / f"logs/mine/{rule}/0000.log"
        log.parent.mkdir(parents=True)
        took = {"seconds": 1, "cpu_seconds": cpu, "peak_mb": 1}
        given = {"rule": rule, "params": params}
        lines = f"job {json.dumps(given)}\ntook {json.dumps(took)}\n"
        log.write_text(lines, encoding="utf-8")
    benchmark("workflow_over_bare", tmp_path, "--study", "mine", "--folder", str(tmp_path))
    table = pd.read_csv(tmp_path / "workflow_over_bare.csv").set_index("what")
    assert table["group"].to_dict() == {
        "check_images": "beside", "extract_features": "features", "resample_images": "features",
        "bare": "bare",
    }  # fmt: skip
    bare = table.loc["bare", "cpu_seconds"]
    assert 0 < bare < 2
    assert table.loc["extract_features", "over_bare"] == pytest.approx(3 / bare)


def loaded(name, monkeypatch):
    """A benchmark as a module."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_large_demo_is_as_large_as_the_published_study(tmp_path, monkeypatch):
    program, folder = loaded("large_demo", monkeypatch), tmp_path / "large"
    program.prepare(folder)
    participants, scans = (
        pd.read_csv(folder / f"config/large/{table}.csv") for table in ("participants", "scans")
    )
    assert participants["diagnosis"].value_counts().to_dict() == {"ccRCC": 102, "AML.wovf": 47}
    assert len(scans) == 627 and (scans["reading"] == "a1").sum() == 3 * 149
    assert (folder / "Snakefile").exists() and "study: large" in program.OVERLAY
    with pytest.raises(SystemExit, match="is there"):
        program.prepare(folder)


def test_the_large_demo_tells_what_each_stage_took(tmp_path, monkeypatch):
    program = loaded("large_demo", monkeypatch)
    jobs = (("simulated", "simulate_patient", 2), ("large", "extract_features", 5),
            ("large", "check_engine", 1), ("large", "fit_lasso", 4))  # fmt: skip
    for place, rule, cpu in jobs:
        took = {"seconds": 1, "cpu_seconds": cpu, "peak_mb": 100 * cpu}
        log = tmp_path / f"logs/{place}/{rule}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        lines = f"job {json.dumps({'rule': rule})}\ntook {json.dumps(took)}\n"
        log.write_text(lines, encoding="utf-8")
    rows = program.by_stage(tmp_path, {"cpu_seconds": 16.0, "peak_mb": 700.0})
    told = {row["what"]: (row["jobs"], row["cpu_seconds"], row["share"]) for row in rows}
    assert told == {
        "features": (2, 6, 6 / 16), "signature": (1, 4, 0.25), "images drawn": (1, 2, 0.125),
        "Snakemake itself": (0, 4, 0.25), "all": (4, 16, 1),
    }  # fmt: skip
    assert [row["peak_mb"] for row in rows] == [500, 400, 200, None, 700]


def test_jobs_of_images_are_counted_and_a_patient_added(tmp_path, monkeypatch):
    program = loaded("run_again", monkeypatch)
    table = "Job stats:\njob                 count\n----------------  -------\n"
    table += "all                    1\ncheck_images           2\nfit_lasso              4\n"
    table += "total                  7\n"

    def called(commands, folder):
        (folder / ".snakemake/log").mkdir(parents=True)
        (folder / ".snakemake/log/now.log").write_text(table, encoding="utf-8")
        return {"cpu_seconds": 1.0}

    monkeypatch.setattr(program, "timed", called)
    assert program.run(tmp_path, [], 1) == {"cpu_seconds": 1.0, "jobs": 6, "of_images": 2}

    (tmp_path / "config/mine").mkdir(parents=True)
    for name, column in (("participants", "age"), ("scans", "image")):
        text = f"patient,{column}\nP1,x/P1\nP2,x/P2\n"
        (tmp_path / f"config/mine/{name}.csv").write_text(text, encoding="utf-8")
    program.add_patient(tmp_path, "mine")
    text = (tmp_path / "config/mine/scans.csv").read_text(encoding="utf-8")
    assert text == "patient,image\nP1,x/P1\nP2,x/P2\nP2b,x/P2b\n"
