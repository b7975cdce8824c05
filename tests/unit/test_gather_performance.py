import json

import pandas as pd
import pytest
from gather_performance import main
from jobs import job

from nomoflow.run import read_table, write_table

COLUMNS = ["model", "sample", "metric", "estimate", "ci_low", "ci_high", "method"]
MEASURED = [
    ("nomogram", "apparent", "auc", 0.9, 0.8, 0.97, "DeLong"),
    ("nomogram", "apparent", "calibration_slope", None, None, None, "not defined"),
    ("volume", "apparent", "auc", 0.6, 0.5, 0.7, "DeLong"),
    ("nomogram", "cross_validated", "auc", 0.8, 0.7, 0.9, "patients resampled"),
]
CORRECTED = [
    ("nomogram", "corrected", "auc", 0.85, 0.75, 0.95, "Harrell's optimism, 50 resamples"),
    ("nomogram", "corrected_632", "auc", 0.1 + 0.2, 0.7, 0.9, ".632+, 50 resamples"),
    ("volume", "corrected", "auc", 0.55, 0.45, 0.65, "Harrell's optimism, 50 resamples"),
]


def run(folder, measured=MEASURED, corrected=CORRECTED):
    write_table(pd.DataFrame(measured, columns=COLUMNS), folder / "measured.csv")
    write_table(pd.DataFrame(corrected, columns=COLUMNS), folder / "corrected.csv")
    main(
        job(
            {"measured": folder / "measured.csv", "corrected": folder / "corrected.csv"},
            {"performance": folder / "performance.csv", "metrics": folder / "metrics.json"},
        )
    )
    return folder


def test_every_row_comes_through_sample_by_sample(tmp_path):
    table = read_table(run(tmp_path) / "performance.csv")
    assert list(table) == COLUMNS
    order = ["apparent"] * 3 + ["corrected"] * 2 + ["corrected_632", "cross_validated"]
    assert list(table["sample"]) == order
    expected = sorted(map(repr, (row[:3] for row in MEASURED + CORRECTED)))
    assert sorted(map(repr, table[COLUMNS[:3]].itertuples(index=False, name=None))) == expected
    corrected = table[table["sample"] == "corrected"]
    assert list(corrected["model"]) == ["nomogram", "volume"]
    # to the last digit
    assert table.loc[table["sample"] == "corrected_632", "estimate"].item() == 0.1 + 0.2


def test_metrics_are_nested_and_undefined_ones_are_null(tmp_path):
    metrics = json.loads((run(tmp_path) / "metrics.json").read_bytes())
    assert list(metrics) == ["apparent", "corrected", "corrected_632", "cross_validated"]
    assert metrics["apparent"]["nomogram"] == {"auc": 0.9, "calibration_slope": None}
    assert metrics["corrected"] == {"nomogram": {"auc": 0.85}, "volume": {"auc": 0.55}}


def test_an_unknown_sample_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\['optimistic'\].*allowed: apparent, corrected"):
        run(tmp_path, corrected=[("nomogram", "optimistic", *CORRECTED[0][2:])])
