"""The benchmarks run, at a size that takes seconds, and see what they are there to see."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

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
