"""The bootstrap of a whole study against R's glmnet on the same resamples and folds.

    uv run python benchmarks/bootstrap_against_glmnet.py --resamples 20
    uv run python benchmarks/bootstrap_against_glmnet.py --resamples 1000 --processes 2

149 patients, three phases of 1,144 features; every resample repeats four signatures (10-fold
cross-validated LASSO, 11 paths of 100 penalties each), refits, predictor choice, models and
cut-offs.  The first form compares, in turns of a few resamples each, with Rscript and its package
glmnet where they are installed; R does the LASSO alone.  The second form runs jobs of 25 resamples,
as the workflow does, so many at once, and takes the time on the wall.
"""

# ruff: noqa: E402
# One thread is set before numpy is there, and the folder of the modules before they are.
import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np
import pandas as pd
from bootstrap_cohort import CHOICES, PHASES, cohort

from nomoflow.bootstrap import FOLDS, resample_models
from nomoflow.dataset import COMBINED, Dataset
from nomoflow.resampling import draw_patients, stratified_folds

SIGNATURES = (*PHASES, COMBINED)
OTHER_MODELS = ("radiomics", "image_features", "nomogram", "volume")
MODELS = (*(f"radiomics_{phase}" for phase in PHASES), *OTHER_MODELS)
SEED = 1
GOAL_RESAMPLES, GOAL_CORES, RESAMPLES_A_JOB = 1000, 2, 25
# Rounding moves a penalty by some 1e-15; neighbours on the path lie 5 % apart.
SAME_LAMBDA = 1e-9
R_SCRIPT = Path(__file__).with_suffix(".R")
PACKAGES = ("numpy", "pandas", "scipy", "glmstar")


def main(arguments: list[str] | None = None) -> None:
    options = read_options(arguments)
    options.results.mkdir(parents=True, exist_ok=True)
    if options.worker:
        work(options)
    elif options.processes:
        at_scale(options)
    else:
        compare(options)


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--resamples", type=int, default=20, help="20 by default")
    parser.add_argument("--block", type=int, default=5, help="resamples in one turn")
    parser.add_argument("--processes", type=int, default=0, help="ours alone, so many jobs at once")
    parser.add_argument("--patients", type=int, default=149)
    parser.add_argument("--features", type=int, default=1144, help="in each of three phases")
    parser.add_argument("--without-r", action="store_true", help="ours alone, in one process")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results")
    parser.add_argument("--worker", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if min(options.resamples, options.block, options.features) < 1 or options.processes < 0:
        parser.error("resamples, block and features are 1 at least, processes 0 at least")
    return options


def compare(options: argparse.Namespace) -> None:
    """Ours and R's in turns, on the same resamples; writes a row for each resample and engine."""
    start_up = time.process_time()
    data = cohort(options.patients, options.features, SEED)
    facts = machine()
    with_r = not options.without_r and bool(facts["glmnet"])
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        hand_over(data, options.resamples, folder)
        for first in range(1, options.resamples + 1, options.block):
            block = range(first, min(first + options.block, options.resamples + 1))
            ours += [ours_of(data, resample) for resample in block]
            if with_r:
                theirs.append(theirs_of(folder, block))
    table = pd.DataFrame(ours).drop(columns="detail").assign(engine="nomoflow")
    print_facts(facts)
    said = f"{len(data.y)} patients, {len(PHASES)} x {options.features} features"
    print(f"{said}, {options.resamples} resamples")
    print_times("nomoflow, all of it", table)
    if with_r:
        r = pd.concat(theirs, ignore_index=True)
        r_table = r.groupby("resample", as_index=False)[["cpu_seconds", "wall_seconds"]].sum()
        print_times("glmnet, LASSO alone", r_table)
        share = table["cpu_seconds"].to_numpy() / r_table["cpu_seconds"].to_numpy()
        print(f"{'ours / glmnet, CPU':24}{spread(share)}")
        agreement = pd.DataFrame(agreements(ours, r, list(data.features)))
        for name in ("same_penalty", "same_features"):
            right, all_ = int(agreement[name].sum()), len(agreement)
            print(f"{name.replace('_', ' '):24}{right} of {all_} signatures")
        table = pd.concat([table, r_table.assign(engine="glmnet")], ignore_index=True)
    print_minutes(table[table["engine"] == "nomoflow"]["cpu_seconds"].median(), start_up)
    print(f"{'peak memory':24}{peak(resource.RUSAGE_SELF):.0f} MB", end="")
    print(f"; R {peak(resource.RUSAGE_CHILDREN):.0f} MB" if with_r else "")
    columns = ["engine", "resample", "cpu_seconds", "wall_seconds"]
    save(table[columns], facts, options.results / "bootstrap_against_glmnet.csv")
    if with_r:
        save(agreement, facts, options.results / "bootstrap_agreement.csv")


def ours_of(data: Dataset, resample: int) -> dict:
    """One resample of the whole study, timed; its selected features and penalties beside."""
    cpu, wall = time.process_time(), time.perf_counter()
    _, selected, penalties = resample_models(data, CHOICES, MODELS, [resample], SEED)
    return {
        "resample": resample,
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
        "detail": (selected, penalties),
    }


def theirs_of(folder: Path, block: range) -> pd.DataFrame:
    """The same resamples by R: a row for each resample and signature."""
    command = ["Rscript", str(R_SCRIPT), str(folder), str(block[0]), str(block[-1])]
    subprocess.run(command, check=True)
    return pd.read_csv(folder / f"glmnet_{block[0]}.csv", keep_default_na=False)


def hand_over(data: Dataset, resamples: int, folder: Path) -> None:
    """What R needs to do the same: features, outcomes, and each resample's rows and folds."""
    data.features.to_numpy(dtype=float).T.tofile(folder / "features.bin")
    pd.DataFrame({"outcome": data.y}).to_csv(folder / "outcome.csv", index=False)
    columns = list(data.features)
    places = []
    for name in SIGNATURES:
        own = list(data.candidates(name, PHASES))
        places.append((name, columns.index(own[0]) + 1, columns.index(own[-1]) + 1))
    named = pd.DataFrame(places, columns=["signature", "first", "last"])
    named.to_csv(folder / "signatures.csv", index=False)
    drawn = []
    for resample in range(1, resamples + 1):
        positions, _ = draw_patients(data.y, SEED, resample, CHOICES.folds)
        rows = np.sort(positions)
        fold_seed = [SEED, FOLDS, resample]
        fold = stratified_folds(data.y[rows], CHOICES.folds, fold_seed, data.patients[rows])
        drawn.append(pd.DataFrame({"resample": resample, "row": rows + 1, "fold": fold}))
    pd.concat(drawn).to_csv(folder / "resamples.csv", index=False)


def agreements(ours: list[dict], r: pd.DataFrame, columns: list[str]) -> Iterator[dict]:
    """Whether each signature has R's penalty and R's features.

    Of exactly collinear features (more features than different patients make them) the refit keeps
    the first ones: then ours are some of R's, and the LASSO's own count decides.
    """
    first = {name: next(i for i, c in enumerate(columns) if c.startswith(name)) for name in PHASES}
    by_resample = {row["resample"]: row["detail"] for row in ours}
    for row in r.itertuples():
        selected, penalties = by_resample[row.resample]
        own = penalties.set_index("signature").loc[row.signature]
        mine = set(selected.loc[selected["signature"] == row.signature, "feature"])
        offset = first.get(row.signature, 0) - 1
        theirs = {columns[offset + int(place)] for place in str(row.selected).split()}
        yield {
            "resample": row.resample,
            "signature": row.signature,
            "features": len(theirs),
            "same_penalty": abs(own["lambda"] / row.penalty - 1) < SAME_LAMBDA,
            "same_features": mine <= theirs and own["nonzero"] == len(theirs),
        }


def at_scale(options: argparse.Namespace) -> None:
    """Jobs of 25 resamples, each a process of its own, so many at once: the time on the wall."""
    given = ["--patients", options.patients, "--features", options.features]
    command = [sys.executable, __file__, *map(str, given), "--results", str(options.results)]
    starts = range(1, options.resamples + 1, RESAMPLES_A_JOB)
    jobs = [(first, min(first + RESAMPLES_A_JOB - 1, options.resamples)) for first in starts]

    def run(job: tuple[int, int]) -> None:
        subprocess.run([*command, "--worker", *map(str, job)], check=True)

    start = time.perf_counter()
    with ThreadPoolExecutor(options.processes) as pool:
        list(pool.map(run, jobs))
    wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    to_minutes = GOAL_RESAMPLES / options.resamples / 60
    row = {
        "processes": options.processes,
        "resamples": options.resamples,
        "jobs": len(jobs),
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "peak_mb": peak(resource.RUSAGE_CHILDREN),
        "minutes_for_1000": wall * to_minutes,
        "minutes_on_idle_cores": cpu / options.processes * to_minutes,
    }
    facts = machine()
    print_facts(facts)
    many = f"{options.resamples} resamples in {len(jobs)} jobs, {options.processes} at once"
    print(f"{many}: {wall:.1f} s on the wall, {cpu:.1f} CPU s")
    print(f"{cpu / options.resamples:.2f} CPU s a resample, the jobs' start-up with it")
    print(f"largest process {row['peak_mb']:.0f} MB")
    print(f"1,000 resamples: {row['minutes_for_1000']:.1f} minutes at this pace, ", end="")
    print(f"{row['minutes_on_idle_cores']:.1f} where each process has a core to itself")
    save(pd.DataFrame([row]), facts, options.results / "bootstrap_at_scale.csv")


def work(options: argparse.Namespace) -> None:
    """One job."""
    data = cohort(options.patients, options.features, SEED)
    first, last = options.worker
    resample_models(data, CHOICES, MODELS, range(first, last + 1), SEED)


def machine() -> dict[str, str]:
    """What the times depend on; without the machine's name."""
    cpu = platform.processor()
    described = Path("/proc/cpuinfo")
    if described.exists():
        lines = described.read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        cpu = models[0] if models else cpu
    facts = {"cores": str(os.cpu_count()), "cpu": cpu, "python": platform.python_version()}
    facts |= {name: version(name) for name in PACKAGES}
    return facts | dict(zip(("r", "glmnet"), r_versions(), strict=True))


def r_versions() -> tuple[str, str]:
    """Of R and of its package glmnet; empty where one is missing."""
    if shutil.which("Rscript") is None:
        return "", ""
    code = (
        "cat(as.character(getRversion()), "
        'if (requireNamespace("glmnet", quietly = TRUE)) as.character(packageVersion("glmnet")))'
    )
    found = subprocess.run(
        ["Rscript", "-e", code], capture_output=True, encoding="utf-8", check=True
    )
    r, _, glmnet = found.stdout.strip().partition(" ")
    return r, glmnet


def peak(whose: int) -> float:
    """Peak resident memory in MB (1,000,000 bytes) of this process or the largest child."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(whose).ru_maxrss * unit / 1e6


def spread(values) -> str:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def print_facts(facts: dict[str, str]) -> None:
    print(", ".join(f"{name} {value or 'absent'}" for name, value in facts.items()))


def print_times(name: str, table: pd.DataFrame) -> None:
    times = f"CPU {spread(table['cpu_seconds'])}, wall {spread(table['wall_seconds'])}"
    print(f"{name:24}{times} s a resample, median and quartiles")


def print_minutes(cpu: float, start_up: float) -> None:
    jobs = GOAL_RESAMPLES / RESAMPLES_A_JOB
    minutes = (GOAL_RESAMPLES * cpu + jobs * start_up) / GOAL_CORES / 60
    print(f"{'1,000 on two cores':24}{minutes:.1f} minutes, {jobs:.0f} starts at", end="")
    print(f" {start_up:.1f} CPU s with it")


def save(table: pd.DataFrame, facts: dict[str, str], path: Path) -> None:
    table.assign(**facts).to_csv(path, index=False)
    print(f"written: {path.name}")


if __name__ == "__main__":
    main()
