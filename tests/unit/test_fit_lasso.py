import numpy as np
import pytest
from fit_lasso import main
from jobs import job
from synthetic_cohort import PHASES, cohort

from nomoflow.resampling import stratified_folds
from nomoflow.run import read_json, read_table, write_table

TABLES = ("path", "trajectories", "selected", "radscore")


@pytest.fixture(scope="module", params=["early", "combined"])
def results(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    table = cohort(60, features=12)
    write_table(table, folder / "dataset.parquet")
    folds = table[["patient"]].assign(fold=stratified_folds(table["outcome"], 5, [1]))
    write_table(folds.iloc[::-1], folder / "folds.csv")
    main(
        job(
            {"dataset": folder / "dataset.parquet", "folds": folder / "folds.csv"},
            {name: folder / f"{name}.csv" for name in TABLES} | {"status": folder / "status.json"},
            {"penalty": "min", "score": "refit", "phases": PHASES, "harmonisation": None},
            {"signature": request.param},
        )
    )
    return folder


def test_the_chosen_penalty_has_the_least_deviance(results):
    path = read_table(results / "path.csv")
    chosen = path[path["chosen"].isin(["min", "both"])]
    assert len(chosen) == 1
    assert chosen.index[0] == path["deviance"].idxmin()
    assert read_json(results / "status.json")["lambda"] == chosen["lambda"].iloc[0]
    assert chosen["nonzero"].iloc[0] == len(read_table(results / "selected.csv"))


def test_trajectories_are_the_non_zero_coefficients(results):
    path, lines = read_table(results / "path.csv"), read_table(results / "trajectories.csv")
    counts = lines.groupby("lambda").size().reindex(path["lambda"], fill_value=0)
    assert counts.tolist() == path["nonzero"].tolist()


def test_the_radscore_follows_from_the_selected_table(results):
    """By hand: intercept + sum of coefficient times z-score, z with the SD of n, not n - 1."""
    data = cohort(60, features=12)
    selected = read_table(results / "selected.csv")
    score = np.full(60, read_json(results / "status.json")["intercept"])
    for row in selected.itertuples():
        assert row.mean == pytest.approx(data[row.feature].mean())
        assert row.sd == pytest.approx(data[row.feature].std(ddof=0))
        score += row.coefficient * (data[row.feature] - row.mean) / row.sd
    found = read_table(results / "radscore.csv")
    np.testing.assert_allclose(found["radscore"], score, atol=1e-10)
    assert found["radscore"].corr(found["outcome"]) > 0  # it rises with P(positive)


def test_status_counts_what_was_there(results):
    status = read_json(results / "status.json")
    assert status["candidates"] == (24 if "combined" in str(results) else 12)
    assert (status["patients"], status["folds"]) == (60, 5)
